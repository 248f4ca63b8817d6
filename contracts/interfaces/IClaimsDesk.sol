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
        Refused,
        Challenged
    }

    struct Claim {
        /// 0 when the claim is a bordereau's
        PolicyId policy;
        uint64 runStart;
        Status status;
        /// not 0: a hold was placed until then, and nothing of the claim is paid without review
        uint40 heldUntil;
        /// due without review, of a policy, token units
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

    event ClaimPaid(ClaimId indexed claim, PolicyId indexed policy, address indexed payee, uint128 amount, uint64 seconds_, bool reviewed);
    /// @param decideFrom first second of the first round
    /// @param deadline last second of the first round
    event ClaimScheduled(ClaimId indexed claim, PolicyId indexed policy, uint128 amount, uint40 decideFrom, uint40 deadline);
    /// @notice A challenge ended without being upheld: the first round begins.
    event ReviewStarted(ClaimId indexed claim, uint40 decideFrom, uint40 deadline);
    event AssessorDecided(ClaimId indexed claim, address indexed assessor, bool approve, bytes32 reasonHash);
    event ClaimApproved(ClaimId indexed claim, uint128 amount);
    event ClaimRefused(ClaimId indexed claim, uint128 amount, bytes32 reasonHash);
    /// @notice No two assessors agreed in time: the scheduled amount was paid.
    event ReviewDefaulted(ClaimId indexed claim, uint128 amount);
    /// @notice Due without review, but over the cell's ceiling of the day, or the desk is paused: `payWaiting` pays it later.
    event PaymentDelayed(ClaimId indexed claim, address indexed payee, uint128 amount);
    /// @notice Nothing is paid before `until`.
    event DeskPaused(uint40 until, bytes32 reasonHash);
    /// @notice Nothing of the claim is settled before `until`, and then nothing of it without review.
    event ClaimHeld(ClaimId indexed claim, uint40 until, bytes32 reasonHash);
    /// @param payee the platform; zero when each holder was paid
    event CertificatesPaid(BatchId indexed batch, uint64 indexed runStart, address indexed payee, uint128 amount, uint32 count);

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
    error DecisionExpired(uint40 deadline, uint40 time);
    /// @notice A decision must not be usable beyond the round that it is meant for.
    error DecisionOutlivesRound(uint40 deadline, uint40 roundEnd);
    error AlreadyDecided(ClaimId claim, address assessor);
    error ReviewNotOpen(ClaimId claim, uint40 from, uint40 until);
    error ReviewStillOpen(ClaimId claim, uint40 until);
    error ClaimIsHeld(ClaimId claim, uint40 until);
    /// @notice Holds are placed before the run may be settled, once, and end in good time.
    error HoldOutOfTime(uint40 until, uint40 latest);
    error CeilingReached(address cell, uint40 until);
    error OnlyAppealBoard(address caller);
    error DeskIsPaused(uint40 until);
    error PauseTooSoon(uint40 earliest);

    /// @notice Pays, or schedules for review, what a policy is due from the run that starts at `runStart`. Anyone may call.
    ///   The instant part is paid as slots close; what exceeds it is scheduled once the run's length can no longer change the due.
    /// @custom:throws NotCovered, ClaimWindowClosed, ClaimIsHeld, NothingDue; RunNotSettleable and NotARun of IncidentRegistry
    /// @custom:emits ClaimPaid, PaymentDelayed, ClaimScheduled
    function settle(PolicyId policy, uint64 runStart) external returns (uint128 paid, uint128 scheduled);
    /// @notice The same for many; policies without anything due are passed over, so that nobody can spoil the list.
    function settleMany(PolicyId[] calldata policies, uint64 runStart) external;

    /// @notice Pays certificates whose start s has s + coverageLag <= run start < s + tenor, netted to the platform; what exceeds the bordereau's
    ///   part of the instant limit or the platform's year is scheduled for review.
    /// @param indices of the certificates in their batch, strictly increasing, 4 bytes each, big endian
    /// @custom:throws WrongPayees, ClaimWindowClosed, RunTooShort, CertificateNotCovered, ClaimIsHeld, NothingDue; RunNotSettleable and NotARun
    ///   of IncidentRegistry; those of CertificateBook.claim
    /// @custom:emits CertificatesPaid, PaymentDelayed, ClaimScheduled
    function settleCertificates(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128 paid);

    /// @notice The same for a series that pays its holders: each in a transfer of its own; one that fails becomes withdrawable at the cell.
    /// @param openings for commitments 72 bytes a record, see CertificateBook.claimPushed
    ///   What exceeds the bordereau's part or the platform's year is scheduled for each holder by itself, in the order of the indices.
    /// @custom:throws as settleCertificates; those of CertificateBook.claimPushed
    /// @custom:emits CertificatesPaid, PaymentDelayed, ClaimScheduled
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
    /// @custom:throws DeskIsPaused, NotScheduled, NotAssessor of AssessorPanel, DecisionExpired, DecisionOutlivesRound, AlreadyDecided, ReviewNotOpen
    /// @custom:emits AssessorDecided; ClaimApproved and ClaimPaid, or ClaimRefused
    function decide(ClaimId claim, bool approve, bytes32 reasonHash, uint40 deadline, bytes calldata signature) external;

    /// @notice Pays the scheduled amount when no two assessors agreed in time. Anyone may call.
    /// @custom:throws DeskIsPaused, NotScheduled, ReviewStillOpen
    /// @custom:emits ReviewDefaulted, ClaimPaid
    function closeReview(ClaimId claim) external;

    /// @notice Pays what a day's ceiling or a pause made wait, as far as today's ceiling allows. Anyone may call.
    /// @custom:throws DeskIsPaused, NothingDue, CeilingReached
    /// @custom:emits ClaimPaid
    function payWaiting(ClaimId claim) external;

    /// @notice A suspicion of fraud: settlement waits until `until`, and then all goes to the assessors. Role CLAIMS_HOLD.
    /// @custom:pre the run's first slot is within its hold window; `until` is within half of the product's claim window from its end
    /// @custom:throws HoldOutOfTime, ClaimIsHeld
    /// @custom:emits ClaimHeld
    function hold(ClaimId claim, bytes32 reasonHash, uint40 until) external;

    /// @notice Stops payments and deadlines for `pauseLength` seconds; what falls due meanwhile is booked and waits. Role GUARDIAN.
    /// @custom:throws PauseTooSoon within the cool-down after the last pause
    /// @custom:emits DeskPaused
    function pause(bytes32 reasonHash) external;

    /// @notice A clock that stands still while the desk is paused; deadlines count on it.
    function runningTime() external view returns (uint40);

    /// @notice A challenge was opened within the challenge window: deadlines stop. Only AppealBoard.
    function challengeOpened(ClaimId claim) external;

    /// @notice The scheduled amount is refused (`upheld`), or its first round begins now. Only AppealBoard.
    function challengeClosed(ClaimId claim, bool upheld, bytes32 reasonHash) external;

    /// @notice What `settle` would do now, and why not.
    function preview(PolicyId policy, uint64 runStart) external view returns (uint128 dueInstant, uint128 dueScheduled, uint64 seconds_);
    function claimOf(ClaimId claim) external view returns (Claim memory);
    function claimIdOf(PolicyId policy, uint64 runStart) external view returns (ClaimId);
    /// @notice Paid without review to an applicant's covers in the last 365 days, and up to 73 days more, token units.
    function unreviewedOf(address applicant) external view returns (uint256);
    /// @notice Whom the scheduled amount of a claim would be paid to.
    function payeeOf(ClaimId claim) external view returns (address);
    /// @notice What a day's ceiling or a pause made wait.
    function waitingOf(ClaimId claim) external view returns (address payee, uint128 amount);
    /// @notice Paid, waiting and scheduled of a policy over all runs, token units.
    function committedOf(PolicyId policy) external view returns (uint128);
}
