// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Members of the oracle quorum, by version, and the thresholds n, f give.
interface IOracleCommittee {
    struct Member {
        address signer;
        /// who runs it; two members of one operator count once for independence
        bytes32 operator;
        /// where it probes from (for example an ASN and city, hashed)
        bytes32 vantage;
        /// sees upstream flows, so it can attest an attack
        bool seesAttacks;
    }

    event CommitteeProposed(uint32 indexed version, uint8 n, uint8 f, bytes32 configDigest, uint40 activeFrom);
    event MemberSuspended(uint32 indexed version, address indexed signer);

    error NotAMember(uint32 version, address signer);
    error SignersNotSorted(address previous, address next);
    error TooFewMembers(uint256 n, uint8 f);
    error UnknownVersion(uint32 version);

    /// @notice Proposes the next version; it acts from now + rotationDelay on (version 1: at once).
    /// @custom:pre the caller has the committee admin role; members sorted by signer; n > 3f; n <= 16;
    ///   independent (operator, vantage) pairs >= lostQuorum + f; those that see attacks >= 2f + 1
    /// @custom:emits CommitteeProposed
    function propose(Member[] calldata members, uint8 f, bytes32 configDigest) external returns (uint32 version);

    /// @notice The version in force at `time`; 0 before the first.
    function versionAt(uint40 time) external view returns (uint32);
    function currentVersion() external view returns (uint32);

    /// @notice n, f, and the counts needed: vectors 2f+1, lost slot floor((n+f)/2)+1, attacked slot f+1.
    function thresholds(
        uint32 version
    ) external view returns (uint8 n, uint8 f, uint8 vectorQuorum, uint8 lostQuorum, uint8 attackQuorum);

    /// @notice Lane (0..n-1) of each signer, one byte each, lowest byte first.
    /// @custom:throws NotAMember, SignersNotSorted (signers must be strictly increasing)
    function lanesOf(uint32 version, address[] calldata signers) external view returns (uint256 lanes);

    function members(uint32 version) external view returns (Member[] memory);
}
