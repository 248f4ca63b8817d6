// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchId, ClaimId, PolicyId} from "./Types.sol";

/// @title Liability rules and settlement: from attested slots to money, without anyone's permission.
/// @dev A run is named by its first slot. Claims are cumulative: settling a run again pays what has become due since.
interface IClaimsDesk {
    enum Status {
        None,
        Open,
        Scheduled,
        Approved,
        Refused
    }

    struct Claim {
        PolicyId policy;
        uint64 runStart;
        Status status;
        /// paid at once, token units
        uint128 instant;
        /// beyond the instant part, waiting for review, token units
        uint128 scheduled;
        /// paid after review, token units
        uint128 reviewed;
        uint40 scheduledAt;
    }

    event ClaimOpened(ClaimId indexed claim, PolicyId indexed policy, uint64 indexed runStart);
    event ClaimPaid(ClaimId indexed claim, PolicyId indexed policy, address indexed payee, uint128 amount, uint64 seconds_, bool reviewed);
    event ClaimScheduled(ClaimId indexed claim, PolicyId indexed policy, uint128 amount, uint40 decideFrom, uint40 deadline);
    event AssessorDecided(ClaimId indexed claim, address indexed assessor, bool approve, bytes32 reasonHash);
    event ClaimApproved(ClaimId indexed claim, uint128 amount);
    event ClaimRefused(ClaimId indexed claim, uint128 amount, bytes32 reasonHash);
    event CertificatesPaid(BatchId indexed batch, uint64 indexed runStart, address indexed payee, uint128 amount, uint32 count);

    error NotARun(uint64 slot);
    error RunNotSettleable(uint64 slot, uint40 settleableAt);
    error NotCovered(PolicyId policy, uint64 slot);
    error CertificateNotCovered(BatchId batch, uint40 start, uint40 runStart);
    error NothingDue(ClaimId claim);
    error ClaimWindowClosed(uint40 closedAt, uint40 time);
    error UnknownClaim(ClaimId claim);
    error NotAssessor(address signer);
    error DecisionExpired(uint40 deadline, uint40 time);
    error AlreadyDecided(ClaimId claim, address assessor);
    error ReviewNotOpen(ClaimId claim, uint40 from, uint40 until);

    /// @notice Pays, or schedules for review, what a policy is due from the run that starts at `runStart`. Anyone may call.
    function settle(PolicyId policy, uint64 runStart) external returns (uint128 paid, uint128 scheduled);
    function settleMany(PolicyId[] calldata policies, uint64 runStart) external;

    /// @notice Pays certificates whose start s has s + coverageLag <= run start < s + tenor, netted to the platform.
    function settleCertificates(
        BatchId batch,
        uint64 runStart,
        uint32[] calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128 paid);

    /// @notice One assessor's decision, signed over AssessorDecision(bytes32 claim,bool approve,bytes32 reasonHash,uint40 deadline); two that agree decide.
    function decide(ClaimId claim, bool approve, bytes32 reasonHash, uint40 deadline, bytes calldata signature) external;

    /// @notice What `settle` would do now, and why not.
    function preview(PolicyId policy, uint64 runStart) external view returns (uint128 dueInstant, uint128 dueScheduled, uint64 seconds_);
    function claimOf(ClaimId claim) external view returns (Claim memory);
    function claimIdOf(PolicyId policy, uint64 runStart) external view returns (ClaimId);
    /// @notice Paid plus scheduled of a policy over all runs, token units.
    function committedOf(PolicyId policy) external view returns (uint128);
}
