// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Approved hashes of models and of product terms, with forward-only retirement.
interface IModelRegistry {
    enum Kind {
        Model,
        Terms
    }

    event HashApproved(bytes32 indexed hash, Kind indexed kind, string uri);
    event HashRetired(bytes32 indexed hash, uint40 from);

    error UnknownHash(bytes32 hash);
    error HashIsRetired(bytes32 hash, uint40 from);
    error AlreadyApproved(bytes32 hash);
    error RetirementInPast(uint40 from, uint40 time);

    /// @custom:pre the caller has the product admin role
    /// @custom:throws AlreadyApproved
    /// @custom:emits HashApproved
    function approve(bytes32 hash, Kind kind, string calldata uri) external;

    /// @notice From `from` (not before now) on the hash is refused for new reports and quotes. A retirement can be
    ///   brought forward, never postponed or taken back.
    /// @custom:pre the caller has the product admin role
    /// @custom:throws UnknownHash, RetirementInPast, HashIsRetired
    /// @custom:emits HashRetired
    function retire(bytes32 hash, uint40 from) external;

    /// @notice The hash's dense number, from 1.
    /// @custom:throws UnknownHash, HashIsRetired when `hash` may not be used for something dated `time`
    function requireUsable(bytes32 hash, Kind kind, uint40 time) external view returns (uint16 number);

    /// @notice The hash of a number, zero when there is none.
    function hashOf(uint16 number) external view returns (bytes32);

    /// @notice First second at which the hash is refused; 0 while it is not retired.
    /// @custom:throws UnknownHash
    function retiredFrom(bytes32 hash) external view returns (uint40);
}
