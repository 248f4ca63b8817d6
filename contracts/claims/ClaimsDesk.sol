// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAssessorPanel} from "../interfaces/IAssessorPanel.sol";
import {ICell} from "../interfaces/ICell.sol";
import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IPolicyBook} from "../interfaces/IPolicyBook.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {IRunReader} from "../interfaces/IRunReader.sol";
import {BatchId, ClaimId, Cover, Payment, Peril, PolicyId, ProductId, RiskIndex, Terms} from "../interfaces/Types.sol";
import {ClaimIds} from "../libraries/ClaimIds.sol";
import {Indices} from "../libraries/Indices.sol";
import {Payments} from "../libraries/Payments.sol";
import {ProductRecord} from "../libraries/ProductRecord.sol";
import {RunMath} from "../libraries/RunMath.sol";
import {Allowances} from "./Allowances.sol";
import {Pausing} from "./Pausing.sol";
import {Reviews} from "./Reviews.sol";

/// @title Liability rules and settlement: from attested slots to money, without anyone's permission.
contract ClaimsDesk is Reviews, Allowances {
    using Indices for bytes;
    using Payments for Payment;
    using SafeCast for uint256;

    /// @dev One slot a policy: everything it was ever granted, and the books of the run settled or held last.
    struct Account {
        /// paid, waiting and scheduled over all runs
        uint56 committed;
        /// of `run`: due so far, refused amounts included
        uint56 booked;
        /// of `run`: what of it was ever scheduled
        uint56 routed;
        uint48 run;
        /// of `run`: not 0 when suspected, so nothing of it is paid without review
        uint40 heldUntil;
    }

    /// @dev The books of one claim: of a run that is not the last one of its policy, or of a bordereau on a run.
    struct Part {
        /// of a bordereau: granted without review
        uint64 booked;
        uint64 routed;
        uint40 heldUntil;
    }

    /// @dev What one call of `settle` would do, beside the cover and its product's terms; the run that it read is kept for the next policy of a
    ///   list. Whole words, because they live in memory only.
    struct Assessment {
        ProductId product;
        uint256 runStart;
        /// the run that was read is this risk's, and of a dependency outage these dependencies'
        RiskIndex risk;
        uint256 dependencies;
        /// last slot of the run that was read, 0 before it was; nothing further can join it when `ended`
        uint64 last;
        bool ended;
        ClaimId claim;
        /// the account before: all runs' grants, and its last run
        uint256 committed;
        uint256 lastRun;
        /// the claim's books before, as in `Part`
        uint256 booked;
        uint256 routed;
        uint256 heldUntil;
        uint256 instant;
        uint256 scheduled;
        uint256 lostSeconds;
        /// sums insured on the risk, when they are to be kept for the run
        uint256 insured;
    }

    /// @dev A bordereau that a run pays, and what its claimed certificates are due.
    struct Bordereau {
        BatchId id;
        uint64 runStart;
        ICertificateBook.Settled due;
        Terms terms;
    }

    /// @dev Payments of a list out of one cell.
    struct List {
        address cell;
        uint256 count;
        Payment[] payments;
    }

    IPolicyBook public immutable policyBook;
    ICertificateBook public immutable certificateBook;
    IIncidentRegistry public immutable incidentRegistry;
    IProductBook public immutable productBook;
    uint32 private immutable _slotLength;
    uint32 private immutable _maxReportDelay;

    mapping(PolicyId => Account) private _accounts;
    mapping(ClaimId => Part) private _parts;

    constructor(
        IPolicyBook policyBook_,
        ICertificateBook certificateBook_,
        IIncidentRegistry incidentRegistry_,
        IProductBook productBook_,
        IExposureLedger exposureLedger,
        address appealBoard,
        IAssessorPanel assessorPanel,
        uint64 dailyInstantCeiling,
        uint32 pauseLength,
        uint32 pauseCoolDown,
        address authority
    )
        Reviews(appealBoard, assessorPanel)
        Allowances(exposureLedger, dailyInstantCeiling)
        Pausing(pauseLength, pauseCoolDown)
        AccessManaged(authority)
    {
        (policyBook, certificateBook) = (policyBook_, certificateBook_);
        (incidentRegistry, productBook) = (incidentRegistry_, productBook_);
        (_slotLength, _maxReportDelay) = (incidentRegistry_.slotLength(), incidentRegistry_.maxReportDelay());
    }

    // ---------------------------------------------------------------- anyone: policies

    /// @inheritdoc IClaimsDesk
    function settle(PolicyId policy, uint64 runStart) external returns (uint128 paid, uint128 scheduled) {
        (Assessment memory a, Cover memory cover, Terms memory terms) = _assessOne(policy, runStart);
        paid = _grant(a, cover, terms, policy);
        if (paid != 0) ICell(terms.cell).pay(cover.holder, paid);
        return (paid, uint128(a.scheduled));
    }

    /// @inheritdoc IClaimsDesk
    function settleMany(PolicyId[] calldata policies, uint64 runStart) external {
        Assessment memory a;
        Terms memory terms;
        List memory list;
        a.runStart = runStart;
        for (uint256 i = 0; i < policies.length; ++i) {
            Cover memory cover = policyBook.coverAt(policies[i], _startOf(runStart));
            if (!(a.product == cover.product)) (terms, a.product, a.last) = (_termsOf(cover.product), cover.product, 0);
            _assess(a, cover, terms, policies[i]);
            if (a.instant + a.scheduled == 0) continue;
            uint64 paid = _grant(a, cover, terms, policies[i]);
            if (paid == 0) continue;
            if (list.cell != terms.cell) {
                _payAll(list);
                list = List(terms.cell, 0, new Payment[](policies.length));
            }
            list.payments[list.count] = Payments.pack(cover.holder, paid);
            list.count += 1;
        }
        _payAll(list);
    }

    /// @inheritdoc IClaimsDesk
    function payWaiting(ClaimId claim) external whileRunning {
        Waiting memory waiting = _waiting[claim];
        require(waiting.amount != 0, NothingDue(claim));
        uint64 paid = _takeToday(waiting.cell, waiting.amount);
        require(paid != 0, CeilingReached(waiting.cell, uint40((block.timestamp / 1 days + 1) * 1 days)));
        _waiting[claim].amount = waiting.amount - paid;
        emit ClaimPaid(claim, ClaimIds.policyOf(claim), waiting.payee, paid, 0, false);
        ICell(waiting.cell).pay(waiting.payee, paid);
    }

    /// @inheritdoc IClaimsDesk
    function preview(PolicyId policy, uint64 runStart) external view returns (uint128 dueInstant, uint128 dueScheduled, uint64 seconds_) {
        (Assessment memory a, , ) = _assessOne(policy, runStart);
        return (uint128(a.instant), uint128(a.scheduled), uint64(a.lostSeconds));
    }

    // ---------------------------------------------------------------- anyone: certificates

    /// @inheritdoc IClaimsDesk
    function settleCertificates(
        BatchId batchId,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128 paid) {
        Bordereau memory b;
        (b.id, b.runStart) = (batchId, runStart);
        b.due = certificateBook.claim(batchId, runStart, indices, leaves, proof);
        uint64 instant;
        (instant, paid) = _grantCertificates(b, false);
        if (paid != b.due.amount) _divide(b, indices.at(0), b.due.platform, b.due.amount, instant, uint64(paid));
        if (paid == 0) return paid;
        emit CertificatesPaid(batchId, runStart, b.due.platform, paid, b.due.count);
        ICell(b.terms.cell).pay(b.due.platform, paid);
    }

    /// @inheritdoc IClaimsDesk
    function settleCertificatesPushed(
        BatchId batchId,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bytes calldata openings
    ) external returns (uint128 paid) {
        Bordereau memory b;
        (b.id, b.runStart) = (batchId, runStart);
        Payment[] memory payments;
        (b.due, payments) = certificateBook.claimPushed(batchId, runStart, indices, leaves, proof, openings);
        uint64 instant;
        (instant, paid) = _grantCertificates(b, true);
        if (paid != b.due.amount) _divideAll(b, indices, payments, instant, uint64(paid));
        if (paid == 0) return paid;
        emit CertificatesPaid(batchId, runStart, address(0), paid, b.due.count);
        ICell(b.terms.cell).payMany(payments);
    }

    // ---------------------------------------------------------------- holder of claims

    /// @inheritdoc IClaimsDesk
    function hold(ClaimId claim, bytes32 reasonHash, uint40 until) external restricted {
        (uint64 run, PolicyId policy) = (ClaimIds.runStartOf(claim), ClaimIds.policyOf(claim));
        bool certificates = ClaimIds.isBordereau(claim);
        Account storage account = _accounts[policy];
        Part memory part = certificates ? _parts[claim] : _partOf(account, claim);
        require(part.heldUntil == 0, ClaimIsHeld(claim, part.heldUntil));
        ProductId product = certificates
            ? certificateBook.batchOf(ClaimIds.batchOf(claim)).product
            : policyBook.coverAt(policy, _startOf(run)).product;
        Terms memory terms = _termsOf(product);
        uint40 settleableAt = incidentRegistry.settleableAt(run, terms.holdWindow);
        uint40 latest = settleableAt + terms.claimWindow / 2;
        require(block.timestamp < settleableAt && until <= latest && block.timestamp < until, HoldOutOfTime(until, latest));
        if (certificates || (account.run != 0 && account.run != run)) _parts[claim].heldUntil = until;
        else (account.run, account.heldUntil) = (uint48(run), until);
        emit ClaimHeld(claim, until, reasonHash);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IClaimsDesk
    function claimOf(ClaimId claim) external view returns (Claim memory view_) {
        Review storage review = _reviews[claim];
        view_.policy = ClaimIds.policyOf(claim);
        view_.runStart = ClaimIds.runStartOf(claim);
        Part memory part = ClaimIds.isBordereau(claim) ? _parts[claim] : _partOf(_accounts[view_.policy], claim);
        view_.instant = part.booked - part.routed;
        view_.status = review.status != Status.None || part.booked == 0 ? review.status : Status.Open;
        view_.heldUntil = part.heldUntil;
        view_.scheduled = review.pending;
        view_.reviewed = review.reviewed;
        view_.decideFrom = review.status == Status.None ? 0 : _chainTime(review.decideFrom);
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

    // ---------------------------------------------------------------- liability of policies

    /// @dev What a policy is due now, which is something.
    function _assessOne(
        PolicyId policy,
        uint64 runStart
    ) private view returns (Assessment memory a, Cover memory cover, Terms memory terms) {
        uint40 start = _startOf(runStart);
        cover = policyBook.coverAt(policy, start);
        terms = _termsOf(cover.product);
        a.runStart = runStart;
        _assess(a, cover, terms, policy);
        if (a.instant + a.scheduled != 0) return (a, cover, terms);
        require(_isCovered(cover, terms, start), NotCovered(policy, runStart));
        _requireOpen(_closesAt(cover.end, terms));
        _requireNotHeld(a.claim, uint40(a.heldUntil));
        revert NothingDue(a.claim);
    }

    /// @dev Fills in what is due now; both parts are 0 when nothing is. The run is read again only when it differs from the policy's before
    ///   it in a list.
    function _assess(Assessment memory a, Cover memory cover, Terms memory terms, PolicyId policy) private view {
        (a.instant, a.scheduled, a.insured, a.heldUntil) = (0, 0, 0, 0);
        uint256 start = _startOf(uint64(a.runStart));
        a.claim = ClaimIds.ofPolicy(policy, uint64(a.runStart));
        if (!_isCovered(cover, terms, start) || block.timestamp >= _closesAt(cover.end, terms)) return;
        uint256 dependencies = terms.peril == Peril.DependencyOutage ? cover.dependencies : 0;
        if (!(a.risk == cover.risk) || a.dependencies != dependencies) {
            (a.risk, a.dependencies, a.last) = (cover.risk, dependencies, 0);
        }
        _readBooks(a, policy);
        if (block.timestamp >= a.heldUntil) _split(a, cover, terms, policy);
    }

    function _readBooks(Assessment memory a, PolicyId policy) private view {
        Account memory account = _accounts[policy];
        (a.committed, a.lastRun) = (account.committed, account.run);
        Part memory part = _partOf(account, a.claim);
        (a.booked, a.routed, a.heldUntil) = (part.booked, part.routed, part.heldUntil);
    }

    /// @dev Due of the run, less what was booked for it, split into the part without review and the part for the assessors.
    function _split(Assessment memory a, Cover memory cover, Terms memory terms, PolicyId policy) private view {
        uint256 start = _startOf(uint64(a.runStart));
        uint256 most = a.booked + Math.saturatingSub(cover.sumInsured, a.committed);
        uint256 until = start + terms.waitingPeriod + RunMath.secondsUp(most, cover.lossPerHour);
        until = Math.min(until, cover.end);
        if (a.last == 0 || (!a.ended && _startOf(a.last + 1) < until)) {
            (a.last, a.ended) = _readRun(terms, cover.risk, uint128(a.dependencies), uint64(a.runStart), until);
        }
        uint256 end = Math.min(_startOf(a.last + 1), until);
        a.lostSeconds = end - start;
        uint256 due = Math.min(RunMath.payoutDown(end - start, terms.waitingPeriod, cover.lossPerHour), most);
        if (due <= a.booked) return;
        uint256 more = due - a.booked;
        a.instant = _instantRoom(a, cover, terms, policy, more);
        if (more == a.instant) return;
        bool settled = a.ended || end >= until;
        if (settled && _mayBeScheduled(_reviews[a.claim])) a.scheduled = more - a.instant;
    }

    /// @dev What of `wanted` may be granted without review.
    function _instantRoom(
        Assessment memory a,
        Cover memory cover,
        Terms memory terms,
        PolicyId policy,
        uint256 wanted
    ) private view returns (uint256 room) {
        if (a.heldUntil != 0) return 0;
        uint256 share;
        (share, a.insured) = _instantShare(terms.instantLimit, cover.risk, a.runStart, cover.sumInsured);
        room = Math.min(wanted, Math.saturatingSub(share, a.booked - a.routed));
        if (room == 0 || terms.peril == Peril.DependencyOutage) return room;
        uint256 year = _yearlyRoom(cover.applicant, terms.unreviewedLimit);
        if (year >= room) return room;
        (uint128 earned, ) = policyBook.premiumAt(policy, uint40(block.timestamp));
        return Math.min(room, _yearlyRoom(cover.applicant, uint256(terms.unreviewedLimit) + earned));
    }

    function _readRun(
        Terms memory terms,
        RiskIndex risk,
        uint128 dependencies,
        uint64 runStart,
        uint256 until
    ) private view returns (uint64 last, bool ended) {
        IRunReader.Scope memory scope = IRunReader.Scope(terms.peril, risk, dependencies, terms.mergeGap, terms.holdWindow);
        return incidentRegistry.readRun(scope, runStart, until);
    }

    /// @dev A run that starts before the lag has passed, or outside of cover, pays nothing.
    function _isCovered(Cover memory cover, Terms memory terms, uint256 start) private pure returns (bool) {
        return cover.inForce && start >= uint256(cover.start) + terms.coverageLag && start < cover.end;
    }

    function _closesAt(uint40 end, Terms memory terms) private view returns (uint40) {
        return end + _maxReportDelay + terms.claimWindow;
    }

    function _requireOpen(uint40 closesAt) private view {
        require(block.timestamp < closesAt, ClaimWindowClosed(closesAt, uint40(block.timestamp)));
    }

    function _requireNotHeld(ClaimId claim, uint40 until) private view {
        require(block.timestamp >= until, ClaimIsHeld(claim, until));
    }

    function _termsOf(ProductId product) private view returns (Terms memory terms) {
        (terms, ) = ProductRecord.read(productBook, product);
    }

    function _startOf(uint64 slot) private view returns (uint40) {
        return uint40(uint256(slot) * _slotLength);
    }

    // ---------------------------------------------------------------- books of policies

    /// @dev The books of a policy's claim. A policy that was never settled or held has no earlier ones.
    function _partOf(Account memory account, ClaimId claim) private view returns (Part memory) {
        if (account.run == 0 || account.run == ClaimIds.runStartOf(claim)) {
            return Part(account.booked, account.routed, account.heldUntil);
        }
        return _parts[claim];
    }

    /// @dev Books what was assessed; returns what is to be paid now.
    function _grant(Assessment memory a, Cover memory cover, Terms memory terms, PolicyId policy) private returns (uint64 paid) {
        if (a.lastRun != a.runStart && a.lastRun != 0) _putAway(policy);
        if (a.booked == 0) emit ClaimOpened(a.claim, policy, uint64(a.runStart));
        uint256 granted = a.instant + a.scheduled;
        _accounts[policy] = Account({
            committed: uint56(a.committed + granted),
            booked: uint56(a.booked + granted),
            routed: uint56(a.routed + a.scheduled),
            run: uint48(a.runStart),
            heldUntil: uint40(a.heldUntil)
        });
        _keepInsured(cover.risk, a.runStart, a.insured);
        if (a.instant != 0) {
            if (terms.peril != Peril.DependencyOutage) _countUnreviewed(cover.applicant, a.instant);
            paid = _takeToday(terms.cell, uint64(a.instant));
            if (paid != a.instant) _delay(a.claim, terms.cell, cover.holder, uint64(a.instant) - paid);
            if (paid != 0) emit ClaimPaid(a.claim, policy, cover.holder, paid, uint64(a.lostSeconds), false);
        }
        if (a.scheduled != 0) _schedule(a.claim, uint64(a.scheduled), cover.holder, terms);
    }

    /// @dev Keeps the books of the policy's last run under the name of its claim.
    function _putAway(PolicyId policy) private {
        Account memory account = _accounts[policy];
        _parts[ClaimIds.ofPolicy(policy, account.run)] = Part(account.booked, account.routed, account.heldUntil);
    }

    function _payAll(List memory list) private {
        if (list.count == 0) return;
        (Payment[] memory payments, uint256 count) = (list.payments, list.count);
        assembly ("memory-safe") {
            mstore(payments, count)
        }
        ICell(list.cell).payMany(payments);
    }

    // ---------------------------------------------------------------- certificates

    /// @dev Books what claimed certificates are due. The run pays the bordereau's holders (`pushed`) or its platform, as the series says; it
    ///   lasted beyond the waiting period, began within the cover of the certificates that start first and last, and may still be claimed.
    ///   That it began after posting is the book's to check.
    /// @return instant granted without review
    /// @return paid what of it is to be paid now
    function _grantCertificates(Bordereau memory b, bool pushed) private returns (uint64 instant, uint64 paid) {
        ICertificateBook.Settled memory due = b.due;
        require(due.pushed == pushed, WrongPayees(b.id, due.pushed));
        Terms memory terms = _termsOf(due.product);
        b.terms = terms;
        _requireOpen(_closesAt(due.lastStart + terms.term, terms));
        ClaimId all = ClaimIds.ofBatch(b.id, b.runStart);
        _requireNotHeld(all, _parts[all].heldUntil);
        uint40 start = _startOf(b.runStart);
        (uint64 last, ) = _readRun(terms, due.risk, 0, b.runStart, uint256(start) + terms.waitingPeriod + 1);
        uint256 lost = _startOf(last + 1) - start;
        require(lost > terms.waitingPeriod, RunTooShort(lost, terms.waitingPeriod));
        require(due.latestStart + terms.coverageLag <= start, CertificateNotCovered(b.id, due.latestStart, start));
        require(start < due.earliestStart + terms.term, CertificateNotCovered(b.id, due.earliestStart, start));
        require(due.amount != 0, NothingDue(all));
        instant = _grantInstant(b, _parts[all]);
        if (instant != 0) paid = _takeToday(terms.cell, instant);
    }

    /// @dev What is granted without review to a bordereau on a run.
    function _grantInstant(Bordereau memory b, Part storage part) private returns (uint64 instant) {
        if (part.heldUntil != 0) return 0;
        (uint256 room, uint256 insured) = _instantShare(b.terms.instantLimit, b.due.risk, b.runStart, b.due.exposure);
        room = Math.min(Math.saturatingSub(room, part.booked), _yearlyRoom(b.due.platform, b.terms.unreviewedLimit));
        instant = Math.min(b.due.amount, room).toUint64();
        _keepInsured(b.due.risk, b.runStart, insured);
        if (instant == 0) return instant;
        part.booked += instant;
        _countUnreviewed(b.due.platform, instant);
    }

    /// @dev First come those named first: each is granted without review what is left of `instant`, and paid what is left of `today`.
    function _divideAll(
        Bordereau memory b,
        bytes calldata indices,
        Payment[] memory payments,
        uint64 instant,
        uint64 today
    ) private {
        for (uint256 i = 0; i < payments.length; ++i) {
            (address payee, uint128 amount) = (payments[i].payeeOf(), payments[i].amountOf());
            (uint64 unreviewed, uint64 paid) = _divide(b, indices.at(i), payee, amount, instant, today);
            (instant, today, payments[i]) = (instant - unreviewed, today - paid, Payments.pack(payee, paid));
        }
    }

    /// @dev Divides what a payee is due, in the name of its first certificate: what is not paid now waits, or is scheduled.
    function _divide(
        Bordereau memory b,
        uint256 index,
        address payee,
        uint128 due,
        uint64 instant,
        uint64 today
    ) private returns (uint64 unreviewed, uint64 paid) {
        unreviewed = uint64(Math.min(due, instant));
        paid = uint64(Math.min(unreviewed, today));
        ClaimId claim = ClaimIds.ofCertificates(b.id, b.runStart, uint32(index));
        if (paid != unreviewed) _delay(claim, b.terms.cell, payee, unreviewed - paid);
        if (unreviewed != due) _schedule(claim, uint256(due - unreviewed).toUint64(), payee, b.terms);
    }

    // ---------------------------------------------------------------- reviews

    /// @inheritdoc Reviews
    function _onReviewed(ClaimId claim, Review storage review, uint64 amount) internal override {
        emit ClaimPaid(claim, ClaimIds.policyOf(claim), review.payee, amount, 0, true);
    }

    /// @inheritdoc Reviews
    /// @dev The limit of a policy can be used again until it is released; a claimed certificate's limit is gone, so its capital is freed.
    function _onRefused(ClaimId claim, Review storage review, uint64 amount) internal override {
        PolicyId policy = ClaimIds.policyOf(claim);
        bool certificate = ClaimIds.isBordereau(claim);
        if (!certificate) _accounts[policy].committed -= uint56(amount);
        review.cell.unreserveClaims(amount);
        if (certificate || policyBook.released(policy)) review.cell.release(amount);
    }
}
