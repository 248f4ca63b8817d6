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
import {BatchId, ClaimId, Cover, Payment, Peril, PolicyId, ProductId, RiskIndex, Terms} from "../interfaces/Types.sol";
import {ClaimAccount} from "../libraries/ClaimAccount.sol";
import {ClaimIds} from "../libraries/ClaimIds.sol";
import {Covers} from "../libraries/Covers.sol";
import {Indices} from "../libraries/Indices.sol";
import {Payments} from "../libraries/Payments.sol";
import {ProductRecord} from "../libraries/ProductRecord.sol";
import {RollingYear} from "../libraries/RollingYear.sol";
import {RunMath} from "../libraries/RunMath.sol";
import {Scopes} from "../libraries/Scopes.sol";
import {Allowances} from "./Allowances.sol";
import {Pausing} from "./Pausing.sol";
import {Reviews} from "./Reviews.sol";

/// @title Liability rules and settlement: from attested slots to money, without anyone's permission.
contract ClaimsDesk is Reviews, Allowances {
    using ClaimAccount for uint256;
    using Covers for uint256;
    using Indices for bytes;
    using Payments for Payment;
    using SafeCast for uint256;

    /// @dev The books of one claim: of a run that is not the last one of its policy, or of a bordereau on a run.
    struct Part {
        /// of a bordereau: granted without review
        uint64 booked;
        uint64 routed;
        uint40 heldUntil;
    }

    /// @dev What one call of `settle` would do, beside its product's terms; the run and the risk that were read are kept for the next policy of a
    ///   list. Whole words, because they live in memory only.
    struct Assessment {
        /// the cover, as `Covers` has it
        uint256 parties;
        uint256 amounts;
        uint256 dependencies;
        /// whose terms were read
        ProductId product;
        /// number and first second of the run
        uint256 run;
        uint256 start;
        /// the run that was read is this risk's, and of a dependency outage these dependencies'
        RiskIndex risk;
        uint256 concerning;
        /// last slot of the run that was read, 0 before it was; nothing further can join it when `ended`
        uint256 last;
        bool ended;
        /// of its committee, see `Seats`
        uint256 seats;
        /// whose risk it is, zero before it was asked; sums insured on it for the run, and whether they are to be kept
        address applicant;
        uint256 insured;
        bool fresh;
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

    /// @dev one word a policy, see `ClaimAccount`
    mapping(PolicyId => uint256) private _accounts;
    mapping(ClaimId => Part) private _parts;

    constructor(
        IPolicyBook policyBook_,
        ICertificateBook certificateBook_,
        IIncidentRegistry incidentRegistry_,
        IProductBook productBook_,
        IExposureLedger exposureLedger,
        address appealBoard,
        IAssessorPanel assessorPanel,
        uint56 dailyInstantCeiling,
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
        Assessment memory a;
        _readCover(a, policy, runStart);
        (Terms memory terms, ) = ProductRecord.read(productBook, a.parties.productOf());
        _assess(a, terms, policy);
        _requireDue(a, terms, policy);
        paid = _grant(a, terms, policy);
        if (paid != 0) ICell(terms.cell).pay(a.parties.holderOf(), paid);
        return (paid, uint128(a.scheduled));
    }

    /// @inheritdoc IClaimsDesk
    function settleMany(PolicyId[] calldata policies, uint64 runStart) external {
        Assessment memory a;
        Terms memory terms;
        List memory list;
        for (uint256 i = 0; i < policies.length; ++i) {
            PolicyId policy = policies[i];
            _readCover(a, policy, runStart);
            ProductId product = a.parties.productOf();
            if (!(a.product == product)) (terms, a.product, a.last) = (_termsOf(product), product, 0);
            _assess(a, terms, policy);
            if (a.instant + a.scheduled == 0) continue;
            uint64 paid = _grant(a, terms, policy);
            if (paid == 0) continue;
            if (list.cell != terms.cell) {
                _payAll(list);
                list = List(terms.cell, 0, new Payment[](policies.length));
            }
            list.payments[list.count] = Payments.pack(a.parties.holderOf(), paid);
            list.count += 1;
        }
        _payAll(list);
    }

    /// @inheritdoc IClaimsDesk
    function payWaiting(ClaimId claim) external whileRunning {
        Waiting memory waiting = _waiting[claim];
        require(waiting.amount != 0, NothingDue(claim));
        uint64 paid = _takeToday(waiting.cell, waiting.amount, 0);
        require(paid != 0, CeilingReached(waiting.cell, uint40((block.timestamp / 1 days + 1) * 1 days)));
        _waiting[claim].amount = waiting.amount - paid;
        emit ClaimPaid(claim, ClaimIds.policyOf(claim), waiting.payee, paid, 0, false);
        ICell(waiting.cell).pay(waiting.payee, paid);
    }

    /// @inheritdoc IClaimsDesk
    function preview(PolicyId policy, uint64 runStart) external view returns (uint128 dueInstant, uint128 dueScheduled, uint64 seconds_) {
        Assessment memory a;
        _readCover(a, policy, runStart);
        (Terms memory terms, ) = ProductRecord.read(productBook, a.parties.productOf());
        _assess(a, terms, policy);
        _requireDue(a, terms, policy);
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
        Part memory part = certificates ? _parts[claim] : _partOf(policy, claim);
        require(part.heldUntil == 0, ClaimIsHeld(claim, part.heldUntil));
        ProductId product = certificates
            ? certificateBook.batchOf(ClaimIds.batchOf(claim)).product
            : policyBook.coverAt(policy, uint40(_startOf(run))).product;
        Terms memory terms = _termsOf(product);
        uint40 settleableAt = incidentRegistry.settleableAt(run, terms.holdWindow);
        uint40 latest = settleableAt + terms.claimWindow / 2;
        require(block.timestamp < settleableAt && until <= latest && block.timestamp < until, HoldOutOfTime(until, latest));
        uint256 account = _accounts[policy];
        if (certificates || !account.isOf(run)) _parts[claim].heldUntil = until;
        else _accounts[policy] = ClaimAccount.pack(account.committedOf(), part.booked, part.routed, run, until);
        emit ClaimHeld(claim, until, reasonHash);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IClaimsDesk
    function claimOf(ClaimId claim) external view returns (Claim memory view_) {
        Review storage review = _reviews[claim];
        view_.policy = ClaimIds.policyOf(claim);
        view_.runStart = ClaimIds.runStartOf(claim);
        Part memory part = ClaimIds.isBordereau(claim) ? _parts[claim] : _partOf(view_.policy, claim);
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
        return uint128(_accounts[policy].committedOf());
    }

    // ---------------------------------------------------------------- liability of policies

    /// @dev Tells why nothing is due, unless something is.
    function _requireDue(Assessment memory a, Terms memory terms, PolicyId policy) private view {
        if (a.instant | a.scheduled != 0) return;
        require(_isCovered(a, terms), NotCovered(policy, uint64(a.run)));
        _requireOpen(_closesAt(a.amounts.endOf(), terms));
        _requireNotHeld(a.claim, uint40(a.heldUntil));
        revert NothingDue(a.claim);
    }

    function _readCover(Assessment memory a, PolicyId policy, uint64 runStart) private view {
        (a.run, a.start) = (runStart, _startOf(runStart));
        (a.parties, a.amounts, a.dependencies) = policyBook.packedCoverOf(policy, uint40(a.start));
        if (a.parties != 0) return;
        Cover memory cover = policyBook.coverAt(policy, uint40(a.start));
        (a.parties, a.amounts) = Covers.pack(cover);
        a.dependencies = cover.dependencies;
    }

    /// @dev Fills in what is due now; both parts are 0 when nothing is. Run and risk are read again only when they differ from those of the
    ///   policy before it in a list.
    function _assess(Assessment memory a, Terms memory terms, PolicyId policy) private view {
        (a.instant, a.scheduled, a.heldUntil) = (0, 0, 0);
        a.claim = ClaimIds.ofPolicy(policy, uint64(a.run));
        if (!_isCovered(a, terms) || block.timestamp >= _closesAt(a.amounts.endOf(), terms)) return;
        RiskIndex risk = a.parties.riskOf();
        uint256 concerning = terms.peril == Peril.DependencyOutage ? a.dependencies : 0;
        if (!(a.risk == risk)) (a.risk, a.applicant, a.last) = (risk, address(0), 0);
        if (a.concerning != concerning) (a.concerning, a.last) = (concerning, 0);
        _readBooks(a, policy);
        if (block.timestamp >= a.heldUntil) _split(a, terms, policy);
    }

    function _readBooks(Assessment memory a, PolicyId policy) private view {
        uint256 account = _accounts[policy];
        (a.committed, a.lastRun) = (account.committedOf(), account.runOf());
        if (account.isOf(a.run)) {
            (a.booked, a.routed, a.heldUntil) = (account.bookedOf(), account.routedOf(), account.heldUntilOf());
        } else {
            Part memory part = _parts[a.claim];
            (a.booked, a.routed, a.heldUntil) = (part.booked, part.routed, part.heldUntil);
        }
    }

    /// @dev Due of the run, less what was booked for it, split into the part without review and the part for the assessors. Unchecked: seconds,
    ///   amounts and losses per hour of at most 64 bits.
    function _split(Assessment memory a, Terms memory terms, PolicyId policy) private view {
        unchecked {
            uint256 lossPerHour = a.amounts.lossPerHourOf();
            uint256 most = a.amounts.sumInsuredOf();
            most = a.booked + (most > a.committed ? most - a.committed : 0);
            uint256 until = a.start + terms.waitingPeriod + RunMath.secondsUp(most, lossPerHour);
            if (until > a.amounts.endOf()) until = a.amounts.endOf();
            if (a.last == 0 || (!a.ended && _startOf(a.last + 1) < until)) {
                (a.last, a.ended, a.seats) = _readRun(Scopes.pack(terms, a.risk, a.concerning), a.run, until);
            }
            uint256 end = _startOf(a.last + 1);
            if (end > until) end = until;
            a.lostSeconds = end - a.start;
            uint256 due = RunMath.payoutDown(end - a.start, terms.waitingPeriod, lossPerHour);
            if (due > most) due = most;
            if (due <= a.booked || (a.routed != 0 && _isRefused(a.claim))) return;
            uint256 more = due - a.booked;
            a.instant = _instantRoom(a, terms, policy, more);
            if (more == a.instant) return;
            bool settled = a.ended || end >= until;
            if (settled && _mayBeScheduled(_reviews[a.claim])) a.scheduled = more - a.instant;
        }
    }

    /// @dev What of `wanted` may be granted without review.
    function _instantRoom(
        Assessment memory a,
        Terms memory terms,
        PolicyId policy,
        uint256 wanted
    ) private view returns (uint256 room) {
        if (a.heldUntil != 0) return 0;
        if (a.applicant == address(0)) {
            (a.insured, a.applicant) = exposureLedger.insuredOn(a.risk);
            uint256 kept = RollingYear.isMarked(_yearOf(a.applicant)) ? _keptInsured(a.risk, a.run) : 0;
            a.fresh = kept == 0;
            if (!a.fresh) a.insured = kept;
        }
        uint256 share = _share(terms.instantLimit, a.insured, a.amounts.sumInsuredOf());
        room = Math.min(wanted, Math.saturatingSub(share, a.booked - a.routed));
        if (room == 0 || terms.peril == Peril.DependencyOutage) return room;
        uint256 year = _yearOf(a.applicant);
        if (_yearlyRoom(year, terms.unreviewedLimit) >= room) return room;
        (uint128 earned, ) = policyBook.premiumAt(policy, uint40(block.timestamp));
        return Math.min(room, _yearlyRoom(year, uint256(terms.unreviewedLimit) + earned));
    }

    function _readRun(
        uint256 scope,
        uint256 runStart,
        uint256 until
    ) private view returns (uint256 last, bool ended, uint256 seats) {
        return incidentRegistry.runOf(scope, _keptSeats(), runStart, until);
    }

    /// @dev A run that starts before the lag has passed, or outside of cover, pays nothing.
    function _isCovered(Assessment memory a, Terms memory terms) private pure returns (bool) {
        return a.parties.inForce() && a.start >= a.parties.startOf() + terms.coverageLag && a.start < a.amounts.endOf();
    }

    function _closesAt(uint256 end, Terms memory terms) private view returns (uint256) {
        unchecked {
            return end + _maxReportDelay + terms.claimWindow;
        }
    }

    function _requireOpen(uint256 closesAt) private view {
        require(block.timestamp < closesAt, ClaimWindowClosed(uint40(closesAt), uint40(block.timestamp)));
    }

    function _requireNotHeld(ClaimId claim, uint40 until) private view {
        require(block.timestamp >= until, ClaimIsHeld(claim, until));
    }

    function _termsOf(ProductId product) private view returns (Terms memory terms) {
        (terms, ) = ProductRecord.read(productBook, product);
    }

    function _startOf(uint256 slot) private view returns (uint256) {
        unchecked {
            return uint40(slot * _slotLength);
        }
    }

    // ---------------------------------------------------------------- books of policies

    /// @dev The books of a policy's claim.
    function _partOf(PolicyId policy, ClaimId claim) private view returns (Part memory) {
        uint256 account = _accounts[policy];
        if (!account.isOf(ClaimIds.runStartOf(claim))) return _parts[claim];
        return Part(uint64(account.bookedOf()), uint64(account.routedOf()), uint40(account.heldUntilOf()));
    }

    /// @dev Books what was assessed; returns what is to be paid now.
    function _grant(Assessment memory a, Terms memory terms, PolicyId policy) private returns (uint64 paid) {
        if (a.lastRun != a.run && a.lastRun != 0) _putAway(policy);
        (uint256 instant, uint256 scheduled) = (a.instant, a.scheduled);
        unchecked {
            uint256 granted = instant + scheduled;
            _accounts[policy] = ClaimAccount.pack(a.committed + granted, a.booked + granted, a.routed + scheduled, a.run, a.heldUntil);
        }
        if (a.fresh && a.heldUntil == 0 && a.insured > a.amounts.sumInsuredOf()) {
            _keepInsured(a.risk, a.run, a.insured, a.applicant);
            a.fresh = false;
        }
        address holder = a.parties.holderOf();
        if (instant != 0) {
            if (terms.peril != Peril.DependencyOutage) _countUnreviewed(a.applicant, instant);
            paid = _takeToday(terms.cell, instant, a.seats);
            if (paid != instant) _delay(a.claim, terms.cell, holder, uint64(instant) - paid);
            if (paid != 0) emit ClaimPaid(a.claim, policy, holder, paid, uint64(a.lostSeconds), false);
        }
        if (scheduled != 0) _schedule(a.claim, uint64(scheduled), holder, terms);
    }

    /// @dev Keeps the books of the policy's last run under the name of its claim.
    function _putAway(PolicyId policy) private {
        uint256 account = _accounts[policy];
        ClaimId claim = ClaimIds.ofPolicy(policy, uint64(account.runOf()));
        _parts[claim] = Part(uint64(account.bookedOf()), uint64(account.routedOf()), uint40(account.heldUntilOf()));
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
        uint40 start = uint40(_startOf(b.runStart));
        (uint256 last, , uint256 seats) = _readRun(
            Scopes.pack(terms, due.risk, 0), b.runStart, uint256(start) + terms.waitingPeriod + 1
        );
        uint256 lost = _startOf(last + 1) - start;
        require(lost > terms.waitingPeriod, RunTooShort(lost, terms.waitingPeriod));
        require(due.latestStart + terms.coverageLag <= start, CertificateNotCovered(b.id, due.latestStart, start));
        require(start < due.earliestStart + terms.term, CertificateNotCovered(b.id, due.earliestStart, start));
        require(due.amount != 0, NothingDue(all));
        instant = _grantInstant(b, _parts[all]);
        if (instant != 0) paid = _takeToday(terms.cell, instant, seats);
    }

    /// @dev What is granted without review to a bordereau on a run.
    function _grantInstant(Bordereau memory b, Part storage part) private returns (uint64 instant) {
        if (part.heldUntil != 0) return 0;
        uint256 insured = _keptInsured(b.due.risk, b.runStart);
        bool fresh = insured == 0;
        address applicant;
        if (fresh) (insured, applicant) = exposureLedger.insuredOn(b.due.risk);
        uint256 room = _share(b.terms.instantLimit, insured, b.due.exposure);
        room = Math.min(Math.saturatingSub(room, part.booked), _yearlyRoom(_yearOf(b.due.platform), b.terms.unreviewedLimit));
        instant = Math.min(b.due.amount, room).toUint64();
        if (fresh && insured > b.due.exposure) _keepInsured(b.due.risk, b.runStart, insured, applicant);
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
        if (!certificate) _accounts[policy] = ClaimAccount.lowered(_accounts[policy], amount);
        review.cell.unreserveClaims(amount);
        if (certificate || policyBook.released(policy)) review.cell.release(amount);
    }
}
