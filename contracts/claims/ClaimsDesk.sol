// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICell} from "../interfaces/ICell.sol";
import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IPolicyBook} from "../interfaces/IPolicyBook.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {BatchId, ClaimId, Cover, Payment, Peril, PolicyId, ProductId, Terms} from "../interfaces/Types.sol";
import {ClaimIds} from "../libraries/ClaimIds.sol";
import {RunMath} from "../libraries/RunMath.sol";
import {Reviews} from "./Reviews.sol";
import {Runs} from "./Runs.sol";

/// @title Liability rules and settlement: from attested slots to money, without anyone's permission.
contract ClaimsDesk is Runs, Reviews {
    using SafeCast for uint256;

    /// @dev One slot a policy: everything it was ever granted, and the same for the run settled last.
    struct Account {
        /// paid plus scheduled over all runs
        uint96 committed;
        uint64 run;
        /// of `run`: due so far, refused amounts included
        uint96 booked;
    }

    /// @dev What one call of `settle` would do, and the terms and run it read, kept for the next policy of a list.
    struct Assessment {
        ProductId product;
        Terms terms;
        Walk walk;
        ClaimId claim;
        Cover cover;
        uint96 instant;
        uint96 scheduled;
        /// of this run: booked before
        uint96 booked;
        uint256 lostSeconds;
    }

    IPolicyBook public immutable policyBook;
    ICertificateBook public immutable certificateBook;
    IProductBook public immutable productBook;

    mapping(PolicyId => Account) private _accounts;
    /// @dev booked amounts of runs that are not the last one of their policy
    mapping(ClaimId => uint96) private _earlier;

    constructor(
        address authority,
        IPolicyBook policyBook_,
        ICertificateBook certificateBook_,
        IIncidentRegistry incidentRegistry,
        IProductBook productBook_
    ) Runs(incidentRegistry) EIP712("flowcover ClaimsDesk", "1") AccessManaged(authority) {
        policyBook = policyBook_;
        certificateBook = certificateBook_;
        productBook = productBook_;
    }

    // ---------------------------------------------------------------- anyone: policies

    /// @inheritdoc IClaimsDesk
    function settle(PolicyId policy, uint64 runStart) external returns (uint128 paid, uint128 scheduled) {
        Assessment memory assessment;
        _assess(assessment, policy, runStart);
        _requireDue(assessment, policy);
        _grant(assessment, policy);
        return (assessment.instant, assessment.scheduled);
    }

    /// @inheritdoc IClaimsDesk
    function settleMany(PolicyId[] calldata policies, uint64 runStart) external {
        Assessment memory assessment;
        for (uint256 i = 0; i < policies.length; ++i) {
            _assess(assessment, policies[i], runStart);
            if (assessment.instant + assessment.scheduled != 0) _grant(assessment, policies[i]);
        }
    }

    /// @inheritdoc IClaimsDesk
    function preview(PolicyId policy, uint64 runStart) external view returns (uint128 dueInstant, uint128 dueScheduled, uint64 seconds_) {
        Assessment memory assessment;
        _assess(assessment, policy, runStart);
        _requireDue(assessment, policy);
        return (assessment.instant, assessment.scheduled, uint64(assessment.lostSeconds));
    }

    // ---------------------------------------------------------------- anyone: certificates

    /// @inheritdoc IClaimsDesk
    function settleCertificates(
        BatchId batchId,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128) {
        ICertificateBook.Settled memory due = certificateBook.claim(batchId, runStart, indices, leaves, proof);
        ICell cell = _payingCell(batchId, runStart, due, false);
        emit CertificatesPaid(batchId, runStart, due.platform, due.amount, due.count);
        cell.pay(due.platform, due.amount);
        return due.amount;
    }

    /// @inheritdoc IClaimsDesk
    function settleCertificatesPushed(
        BatchId batchId,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bytes calldata openings
    ) external returns (uint128) {
        (ICertificateBook.Settled memory due, Payment[] memory payments) = certificateBook.claimPushed(
            batchId, runStart, indices, leaves, proof, openings
        );
        ICell cell = _payingCell(batchId, runStart, due, true);
        emit CertificatesPaid(batchId, runStart, address(0), due.amount, due.count);
        cell.payMany(payments);
        return due.amount;
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IClaimsDesk
    function claimOf(ClaimId claim) external view returns (Claim memory view_) {
        Review storage review = _reviews[claim];
        view_.policy = ClaimIds.policyOf(claim);
        view_.runStart = ClaimIds.runStartOf(claim);
        uint96 booked = _bookedOf(view_.policy, view_.runStart);
        view_.instant = booked - review.routed;
        view_.status = review.status != Status.None || booked == 0 ? review.status : Status.Open;
        view_.scheduled = review.pending;
        view_.reviewed = review.reviewed;
        view_.decideFrom = review.decideFrom;
        view_.reviewWindow = review.reviewWindow;
    }

    /// @inheritdoc IClaimsDesk
    function claimIdOf(PolicyId policy, uint64 runStart) external pure returns (ClaimId) {
        return ClaimIds.ofPolicy(policy, runStart);
    }

    /// @inheritdoc IClaimsDesk
    function committedOf(PolicyId policy) external view returns (uint128) {
        return _accounts[policy].committed;
    }

    // ---------------------------------------------------------------- liability

    /// @dev Fills in what is due now; both parts are 0 when nothing is. Terms and run are read again only when they differ from the
    ///   policy's before it in a list.
    function _assess(Assessment memory a, PolicyId policy, uint64 runStart) private view {
        uint40 start = _startOf(runStart);
        a.claim = ClaimIds.ofPolicy(policy, runStart);
        a.cover = policyBook.coverAt(policy, start);
        (a.instant, a.scheduled, a.lostSeconds) = (0, 0, 0);
        bool sameTerms = a.product == a.cover.product;
        if (!sameTerms) {
            a.product = a.cover.product;
            a.terms = productBook.termsOf(a.product);
        }
        if (!_isCovered(a, start) || block.timestamp >= _closesAt(a) || policyBook.released(policy)) return;
        uint128 dependencies = a.terms.peril == Peril.DependencyOutage ? a.cover.dependencies : 0;
        if (!sameTerms || a.walk.start != runStart || !(a.walk.risk == a.cover.risk) || a.walk.dependencies != dependencies) {
            a.walk = _walkFrom(runStart, a.terms, a.cover.risk, dependencies);
        }
        _split(a, policy, start);
    }

    /// @dev Due of the run, less what was booked for it, split into the part without review and the part for the assessors.
    function _split(Assessment memory a, PolicyId policy, uint40 start) private view {
        Account memory account = _accounts[policy];
        a.booked = account.run == a.walk.start ? account.booked : _earlier[a.claim];
        uint256 left = uint256(a.cover.sumInsured) - Math.min(a.cover.sumInsured, account.committed);
        uint256 most = a.booked + left;
        uint256 until = start + a.terms.waitingPeriod + RunMath.secondsUp(most, a.cover.lossPerHour);
        until = Math.min(until, a.cover.end);
        _advance(a.walk, until);
        uint256 end = Math.min(_endOf(a.walk), until);
        a.lostSeconds = end - start;
        uint256 due = Math.min(RunMath.payoutDown(a.lostSeconds, a.terms.waitingPeriod, a.cover.lossPerHour), most);
        if (due <= a.booked) return;
        Review storage review = _reviews[a.claim];
        uint256 unreviewed = a.booked - review.routed;
        uint256 room = a.terms.instantLimit - Math.min(a.terms.instantLimit, unreviewed);
        a.instant = Math.min(due - a.booked, room).toUint96();
        bool settled = a.walk.ended || end >= until;
        if (settled && _mayBeScheduled(review)) a.scheduled = (due - a.booked - a.instant).toUint96();
    }

    /// @dev A run that starts before the lag has passed, or outside of cover, pays nothing.
    function _isCovered(Assessment memory a, uint40 start) private pure returns (bool) {
        return a.cover.inForce && start >= a.cover.start + a.terms.coverageLag && start < a.cover.end;
    }

    function _closesAt(Assessment memory a) private view returns (uint40) {
        return a.cover.end + maxReportDelay + a.terms.claimWindow;
    }

    /// @dev Says why nothing is due.
    function _requireDue(Assessment memory a, PolicyId policy) private view {
        if (a.instant + a.scheduled != 0) return;
        uint64 runStart = ClaimIds.runStartOf(a.claim);
        require(_isCovered(a, _startOf(runStart)), NotCovered(policy, runStart));
        bool open = block.timestamp < _closesAt(a) && !policyBook.released(policy);
        require(open, ClaimWindowClosed(_closesAt(a), uint40(block.timestamp)));
        revert NothingDue(a.claim);
    }

    /// @dev Cell that pays claimed certificates: the run pays, begins within the cover of those that start first and last, and the batch's payees
    ///   are those that the caller expects. That the run began after posting is the book's to check.
    function _payingCell(
        BatchId id,
        uint64 runStart,
        ICertificateBook.Settled memory due,
        bool pushed
    ) private view returns (ICell) {
        require(due.pushed == pushed, WrongPayees(id, due.pushed));
        Terms memory terms = productBook.termsOf(due.product);
        _requirePayingRun(due, terms, runStart);
        uint40 start = _startOf(runStart);
        require(due.latestStart + terms.coverageLag <= start, CertificateNotCovered(id, due.latestStart, start));
        require(start < due.earliestStart + terms.term, CertificateNotCovered(id, due.earliestStart, start));
        require(due.amount != 0, NothingDue(ClaimIds.ofBatch(id, runStart)));
        return ICell(terms.cell);
    }

    /// @dev The run lasted beyond the waiting period and may still be claimed.
    function _requirePayingRun(ICertificateBook.Settled memory due, Terms memory terms, uint64 runStart) private view {
        uint40 start = _startOf(runStart);
        uint40 closesAt = due.lastStart + terms.term + maxReportDelay + terms.claimWindow;
        require(block.timestamp < closesAt, ClaimWindowClosed(closesAt, uint40(block.timestamp)));
        Walk memory walk = _walkFrom(runStart, terms, due.risk, 0);
        _advance(walk, uint256(start) + terms.waitingPeriod + 1);
        uint256 lost = _endOf(walk) - start;
        require(lost > terms.waitingPeriod, RunTooShort(lost, terms.waitingPeriod));
    }

    // ---------------------------------------------------------------- books

    /// @dev Books what was assessed, then pays the instant part.
    function _grant(Assessment memory a, PolicyId policy) private {
        Account memory account = _accounts[policy];
        uint64 runStart = a.walk.start;
        if (account.run != runStart) {
            if (account.run != 0) _earlier[ClaimIds.ofPolicy(policy, account.run)] = account.booked;
            (account.run, account.booked) = (runStart, a.booked);
        }
        uint96 added = a.instant + a.scheduled;
        if (account.booked == 0) emit ClaimOpened(a.claim, policy, runStart);
        account.committed += added;
        account.booked += added;
        _accounts[policy] = account;
        if (a.scheduled != 0) _putBeforeAssessors(a, policy);
        if (a.instant != 0) {
            emit ClaimPaid(a.claim, policy, a.cover.holder, a.instant, uint64(a.lostSeconds), false);
            ICell(a.terms.cell).pay(a.cover.holder, a.instant);
        }
    }

    function _putBeforeAssessors(Assessment memory a, PolicyId policy) private {
        uint40 decideFrom = uint40(block.timestamp) + a.terms.challengeWindow;
        bool silencePays = a.terms.peril == Peril.DependencyOutage;
        _schedule(a.claim, a.scheduled, ICell(a.terms.cell), a.cover.holder, decideFrom, a.terms.reviewWindow, silencePays);
        emit ClaimScheduled(a.claim, policy, a.scheduled, decideFrom, decideFrom + a.terms.reviewWindow - 1);
        ICell(a.terms.cell).reserveClaims(a.scheduled);
    }

    function _bookedOf(PolicyId policy, uint64 runStart) private view returns (uint96) {
        Account memory account = _accounts[policy];
        return account.run == runStart ? account.booked : _earlier[ClaimIds.ofPolicy(policy, runStart)];
    }

    /// @inheritdoc Reviews
    function _onReviewed(ClaimId claim, Review storage review, uint96 amount) internal override {
        emit ClaimPaid(claim, ClaimIds.policyOf(claim), review.payee, amount, 0, true);
    }

    /// @inheritdoc Reviews
    function _onRefused(ClaimId claim, Review storage review, uint96 amount) internal override {
        PolicyId policy = ClaimIds.policyOf(claim);
        _accounts[policy].committed -= amount;
        review.cell.unreserveClaims(amount);
        if (policyBook.released(policy)) review.cell.release(amount);
    }
}
