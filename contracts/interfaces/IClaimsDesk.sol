// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchId, ClaimId, PolicyId} from "./Types.sol";

/// @title Liability rules and settlement: from attested slots to money, without anyone's permission.
/// @dev A run is named by its first slot. Claims are cumulative: settling a run again pays what has become due since.
///   due = payoutDown(seconds of the run within cover, waiting period, loss per hour), at most the sum insured less what other runs took.
interface IClaimsDesk {
    enum Status {
        None,
        Open,
        Scheduled,
        Approved,
        Refused
    }

    struct Claim {
        /// 0 when the claim is a bordereau's
        PolicyId policy;
        uint64 runStart;
        Status status;
        /// due without review, token units
        uint128 instant;
        /// beyond the instant part, waiting for review, token units
        uint128 scheduled;
        /// paid after review, token units
        uint128 reviewed;
        /// first second of the first round; the second one follows at once
        uint40 decideFrom;
        /// seconds of each round
        uint32 reviewWindow;
    }

    event ClaimOpened(ClaimId indexed claim, PolicyId indexed policy, uint64 indexed runStart);
    event ClaimPaid(ClaimId indexed claim, PolicyId indexed policy, address indexed payee, uint128 amount, uint64 seconds_, bool reviewed);
    /// @param decideFrom first second of the first round
    /// @param deadline last second of the first round
    event ClaimScheduled(ClaimId indexed claim, PolicyId indexed policy, uint128 amount, uint40 decideFrom, uint40 deadline);
    event AssessorDecided(ClaimId indexed claim, address indexed assessor, bool approve, bytes32 reasonHash);
    event ClaimApproved(ClaimId indexed claim, uint128 amount);
    event ClaimRefused(ClaimId indexed claim, uint128 amount, bytes32 reasonHash);
    /// @notice No two assessors agreed in time: the scheduled amount was paid.
    event ReviewDefaulted(ClaimId indexed claim, uint128 amount);
    /// @param payee the platform; zero when each holder was paid
    event CertificatesPaid(BatchId indexed batch, uint64 indexed runStart, address indexed payee, uint128 amount, uint32 count);

    /// @notice The slot is not marked, or belongs to a run that starts before it.
    error NotARun(uint64 slot);
    /// @notice The slot may still change, or is within the hold window.
    error RunNotSettleable(uint64 slot, uint40 settleableAt);
    error NotCovered(PolicyId policy, uint64 slot);
    /// @notice A leaf's cover does not include the start of the run.
    error CertificateNotCovered(BatchId batch, uint40 start, uint40 runStart);
    /// @notice The series of this bordereau pays its holders (pushed), or its platform in one transfer (not).
    error WrongPayees(BatchId batch, bool pushed);
    error RunTooShort(uint256 seconds_, uint32 waitingPeriod);
    error NothingDue(ClaimId claim);
    error ClaimWindowClosed(uint40 closedAt, uint40 time);
    /// @notice Nothing of the claim waits for review.
    error NotScheduled(ClaimId claim);
    error NotAssessor(address signer);
    error DecisionExpired(uint40 deadline, uint40 time);
    /// @notice A decision must not be usable beyond the round that it is meant for.
    error DecisionOutlivesRound(uint40 deadline, uint40 roundEnd);
    error AlreadyDecided(ClaimId claim, address assessor);
    error ReviewNotOpen(ClaimId claim, uint40 from, uint40 until);
    error ReviewStillOpen(ClaimId claim, uint40 until);

    /// @notice Pays, or schedules for review, what a policy is due from the run that starts at `runStart`. Anyone may call.
    ///   The instant part is paid as slots close; what exceeds it is scheduled once the run's length can no longer change the due.
    /// @custom:throws NotCovered, ClaimWindowClosed, RunNotSettleable, NotARun, NothingDue
    /// @custom:emits ClaimOpened, ClaimPaid, ClaimScheduled
    function settle(PolicyId policy, uint64 runStart) external returns (uint128 paid, uint128 scheduled);
    /// @notice The same for many; policies without anything due are passed over, so that nobody can spoil the list.
    function settleMany(PolicyId[] calldata policies, uint64 runStart) external;

    /// @notice Pays certificates whose start s has s + coverageLag <= run start < s + tenor, netted to the platform.
    /// @param indices of the certificates in their batch, strictly increasing, 4 bytes each, big endian
    /// @custom:throws WrongPayees, ClaimWindowClosed, RunNotSettleable, NotARun, RunTooShort, CertificateNotCovered, NothingDue; those of
    ///   CertificateBook.claim
    /// @custom:emits CertificatesPaid
    function settleCertificates(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128 paid);

    /// @notice The same for a series that pays its holders: each in a transfer of its own; one that fails becomes withdrawable at the cell.
    /// @param openings for commitments 72 bytes a record, see CertificateBook.claimPushed
    /// @custom:throws as settleCertificates; those of CertificateBook.claimPushed
    /// @custom:emits CertificatesPaid
    function settleCertificatesPushed(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bytes calldata openings
    ) external returns (uint128 paid);

    /// @notice One assessor's decision, signed over AssessorDecision(bytes32 claim,bool approve,bytes32 reasonHash,uint40 deadline). Anyone may
    ///   hand it in. Two that agree decide. Assessors of the first round are not heard in the second.
    /// @param deadline last second at which the decision counts; before the end of the round
    /// @custom:throws NotScheduled, NotAssessor, DecisionExpired, DecisionOutlivesRound, AlreadyDecided, ReviewNotOpen
    /// @custom:emits AssessorDecided; ClaimApproved and ClaimPaid, or ClaimRefused
    function decide(ClaimId claim, bool approve, bytes32 reasonHash, uint40 deadline, bytes calldata signature) external;

    /// @notice Pays the scheduled amount when no two assessors agreed in time. Anyone may call.
    /// @custom:throws NotScheduled, ReviewStillOpen
    /// @custom:emits ReviewDefaulted, ClaimPaid
    function closeReview(ClaimId claim) external;

    /// @notice What `settle` would do now, and why not.
    function preview(PolicyId policy, uint64 runStart) external view returns (uint128 dueInstant, uint128 dueScheduled, uint64 seconds_);
    function claimOf(ClaimId claim) external view returns (Claim memory);
    function claimIdOf(PolicyId policy, uint64 runStart) external view returns (ClaimId);
    /// @notice Paid plus scheduled of a policy over all runs, token units.
    function committedOf(PolicyId policy) external view returns (uint128);
}
