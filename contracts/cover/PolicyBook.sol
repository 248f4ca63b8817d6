// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICell} from "../interfaces/ICell.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IPolicyBook} from "../interfaces/IPolicyBook.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {IRateIndex} from "../interfaces/IRateIndex.sol";
import {IRiskFeed} from "../interfaces/IRiskFeed.sol";
import {IRiskRegister} from "../interfaces/IRiskRegister.sol";
import {Peril, PolicyId, ProductId, RiskIndex, Terms} from "../interfaces/Types.sol";
import {Dependencies} from "../libraries/Dependencies.sol";
import {Transfers} from "../libraries/Transfers.sol";
import {CoverReader} from "./CoverReader.sol";
import {PolicyStore} from "./PolicyStore.sol";
import {Quotes} from "./Quotes.sol";

/// @title Streamed cover of one risk: bound with a quote, paid by the second, endorsed, ended by cancellation, lapse or term.
/// @dev Unearned premium lies here; earned premium goes to the cell.
contract PolicyBook is CoverReader {
    using SafeERC20 for IERC20;
    using Transfers for IERC20;
    using SafeCast for uint256;

    /// @dev Bookings of neighbouring policies of one product and risk in one `expire`.
    struct Batch {
        ProductId product;
        RiskIndex risk;
        address cell;
        uint256 tail;
        uint256 capital;
        uint256 exposure;
        uint256 earned;
        uint256 leaving;
    }

    IERC20 public immutable token;
    IClaimsDesk public immutable claimsDesk;
    /// @notice Seconds after a cover's end in which its last incident may still be reported.
    uint32 public immutable maxReportDelay;

    /// @inheritdoc IPolicyBook
    mapping(address holder => uint128) public stored;

    constructor(
        address authority,
        IERC20 token_,
        IProductBook productBook,
        IRateIndex rateIndex,
        IRiskFeed riskFeed,
        IRiskRegister riskRegister,
        IExposureLedger exposureLedger_,
        IClaimsDesk claimsDesk_,
        IIncidentRegistry incidentRegistry
    ) PolicyStore(rateIndex) Quotes(authority, productBook, riskFeed, riskRegister, exposureLedger_) {
        (token, claimsDesk) = (token_, claimsDesk_);
        maxReportDelay = incidentRegistry.maxReportDelay();
    }

    // ------------------------------------------------------------------ holder or whoever pays for it

    /// @inheritdoc IPolicyBook
    function bind(Quote calldata quote_, bytes calldata signature, uint128 premium) external returns (PolicyId) {
        (bytes32 digest, PolicyId id) = _readQuote(quote_, signature);
        Quote memory quote = quote_;
        require(_policies[id].holder == address(0), QuoteUsed(digest));
        require(quote.holder != address(0), HolderMissing());
        (Terms memory terms, uint256 table, uint16 loading) = _checkQuote(quote, premium);
        _policies[id] = Policy({
            holder: quote.holder,
            product: quote.product,
            risk: quote.riskIndex,
            start: uint32(block.timestamp),
            loading: loading,
            sumInsured: uint56(quote.sumInsured),
            lossPerHour: uint56(quote.lossPerHour),
            funds: uint256(premium).toUint56(),
            index: rateIndex.enter(quote.product, quote.riskIndex, table, terms.rateUnit),
            term: uint32(quote.term),
            flags: quote.dependencies == 0 ? 0 : EXTRA
        });
        if (quote.dependencies != 0) _extras[id].dependencies = quote.dependencies;
        _emitBound(id, digest, loading * terms.rateUnit, premium, quote);
        token.safeTransferFrom(msg.sender, address(this), premium);
        ICell(terms.cell).lock(quote.sumInsured);
        _exposureLedger.book(quote.product, terms.cell, quote.riskIndex, quote.dependencies, quote.sumInsured);
        return id;
    }

    /// @inheritdoc IPolicyBook
    function topUp(PolicyId id, uint128 amount) external {
        (Policy memory policy, Extra memory extra) = _loadOpen(id);
        uint256 earned = _bring(id, policy, extra);
        bool again = policy.flags & LAPSED != 0;
        if (again) _beginAgain(id, policy, extra);
        policy.funds = (uint256(policy.funds) + amount).toUint56();
        if (again) _requireNotice(policy);
        _store(id, policy, extra);
        emit PolicyToppedUp(id, msg.sender, amount, uint128(policy.funds) - extra.collected, again);
        token.safeTransferFrom(msg.sender, address(this), amount);
        _moveEarned(policy.product, earned);
    }

    // ------------------------------------------------------------------ holder

    /// @inheritdoc IPolicyBook
    function endorse(PolicyId id, Quote calldata quote_, bytes calldata signature) external returns (uint40 at) {
        (Policy memory policy, Extra memory extra, uint256 earned) = _openToHolder(id);
        bytes32 digest = _takeUp(id, policy, quote_, signature);
        Quote memory quote = quote_;
        at = _schedule(id, policy, extra, digest, quote);
        _moveEarned(policy.product, earned);
    }

    /// @inheritdoc IPolicyBook
    function reduce(PolicyId id, uint128 sumInsured, uint128 lossPerHour, uint128 dependencies) external {
        (Policy memory policy, Extra memory extra, uint256 earned) = _openToHolder(id);
        require(sumInsured <= policy.sumInsured && lossPerHour <= policy.lossPerHour, NotAReduction(id));
        require(lossPerHour > 0 && lossPerHour <= sumInsured, LossPerHourOutOfRange(lossPerHour, sumInsured));
        require(Dependencies.union(extra.dependencies, dependencies) == extra.dependencies, NotAReduction(id));
        (Terms memory terms, ) = _productOf(policy.product);
        require(terms.peril != Peril.DependencyOutage || dependencies != 0, DependenciesMissing(policy.product));
        Change memory change = _bookingsOf(id, policy, extra);
        (change.at, change.loading) = (uint32(block.timestamp), policy.loading);
        (change.sumInsured, change.lossPerHour) = (uint56(sumInsured), uint56(lossPerHour));
        change.dependencies = dependencies;
        _changes[id] = change;
        uint48 index = rateIndex.current(policy.product, policy.risk);
        _file(id, policy, _turn(policy, extra, block.timestamp, extra.collected, index));
        extra.collected = 0;
        _adopt(policy, extra, change);
        policy.flags |= ENDORSED;
        _store(id, policy, extra);
        uint256 rate = rateIndex.rateOf(policy.product, policy.risk) + uint256(policy.loading) * terms.rateUnit;
        _emitEndorsed(id, 0, change, uint64(rate), terms.rateUnit);
        _moveEarned(policy.product, earned);
    }

    /// @inheritdoc IPolicyBook
    function cancel(PolicyId id) external returns (uint128 refund) {
        (Policy memory policy, Extra memory extra) = _loadOpen(id);
        require(msg.sender == policy.holder, NotHolder(id, msg.sender));
        uint256 earned;
        (earned, refund) = _end(id, policy, extra);
        _store(id, policy, extra);
        emit PolicyCancelled(id, refund, uint40(_endOf(policy)));
        rateIndex.leave(policy.product, policy.risk, 1);
        _moveEarned(policy.product, earned);
        _refund(policy.holder, refund);
    }

    /// @inheritdoc IPolicyBook
    function withdrawStored() external returns (uint128 amount) {
        amount = stored[msg.sender];
        require(amount > 0, NothingStored(msg.sender));
        delete stored[msg.sender];
        emit StoredWithdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc IPolicyBook
    function touch(PolicyId id) external {
        (Policy memory policy, Extra memory extra) = _load(id);
        if (policy.flags & SETTLED != 0 || policy.sumInsured == 0) return;
        uint256 earned = _bring(id, policy, extra);
        _store(id, policy, extra);
        _moveEarned(policy.product, earned);
    }

    /// @inheritdoc IPolicyBook
    function finish(PolicyId[] calldata policies) external {
        _close(policies, false);
    }

    /// @inheritdoc IPolicyBook
    function expire(PolicyId[] calldata policies) external {
        _close(policies, true);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IPolicyBook
    function cancelPreview(PolicyId id) external view returns (uint128 refund, uint128 earned) {
        _loadOpen(id);
        (earned, refund) = premiumAt(id, uint40(block.timestamp));
    }

    // ------------------------------------------------------------------ inside

    /// @dev A policy before its end that was not cancelled, lapsed or not.
    function _loadOpen(PolicyId id) private view returns (Policy memory policy, Extra memory extra) {
        (policy, extra) = _load(id);
        require(policy.flags & SETTLED == 0 && block.timestamp < _endOf(policy), PolicyNotInForce(id));
    }

    /// @dev A policy in force that its holder may endorse: no other endorsement waits. Premium is brought up to now.
    function _openToHolder(PolicyId id) private returns (Policy memory policy, Extra memory extra, uint256 earned) {
        (policy, extra) = _loadOpen(id);
        require(msg.sender == policy.holder, NotHolder(id, msg.sender));
        earned = _bring(id, policy, extra);
        require(policy.flags & LAPSED == 0, PolicyNotInForce(id));
        require(policy.flags & PENDING == 0, EndorsementPending(id, _changes[id].at));
    }

    function _store(PolicyId id, Policy memory policy, Extra memory extra) private {
        if (extra.dependencies | extra.collected | extra.lapsedAt | extra.coverStart != 0) policy.flags |= EXTRA;
        _policies[id] = policy;
        if (policy.flags & EXTRA != 0) _extras[id] = extra;
    }

    function _emitBound(PolicyId id, bytes32 digest, uint64 loading, uint128 premium, Quote memory quote) private {
        emit PolicyBound(
            id,
            quote.product,
            quote.riskIndex,
            quote.holder,
            quote.applicant,
            msg.sender,
            digest,
            quote.sumInsured,
            quote.lossPerHour,
            quote.dependencies,
            quote.rate,
            loading,
            premium,
            uint40(block.timestamp),
            uint40(block.timestamp) + quote.term
        );
    }

    /// @dev Brings the copies in memory up to now: an endorsement that acted, premium consumed, a lapse. The caller stores them.
    /// @return earned what goes to the cell
    function _bring(PolicyId id, Policy memory policy, Extra memory extra) private returns (uint256 earned) {
        Segment memory filed = _act(id, policy, extra);
        if (filed.end != 0) {
            _file(id, policy, filed);
            earned = filed.earned - extra.collected;
            extra.collected = 0;
        }
        if (policy.flags & LAPSED != 0) return earned;
        uint256 until = Math.min(block.timestamp, _endOf(policy));
        (uint40 stop, uint128 premium, ) = _meter(policy, until);
        earned += premium - extra.collected;
        extra.collected = uint56(premium);
        if (stop < until) {
            policy.flags = (policy.flags | LAPSED) & ~PENDING;
            extra.lapsedAt = uint32(stop);
            emit PolicyLapsed(id, stop);
        }
        if (earned > 0) emit PremiumEarned(id, uint128(earned), stop);
    }

    /// @dev Files the lapsed segment and opens the next one with what it left.
    function _beginAgain(PolicyId id, Policy memory policy, Extra memory extra) private {
        _file(id, policy, _segmentOf(policy, extra, extra.lapsedAt, extra.collected));
        policy.flags &= ~LAPSED;
        policy.term = uint32(_endOf(policy) - block.timestamp);
        policy.start = uint32(block.timestamp);
        policy.funds -= extra.collected;
        policy.index = rateIndex.current(policy.product, policy.risk);
        (extra.collected, extra.lapsedAt, extra.coverStart) = (0, 0, 0);
    }

    /// @dev A segment that begins holds notice, as at bind.
    function _requireNotice(Policy memory policy) private view {
        (Terms memory terms, uint256 table) = _productOf(policy.product);
        uint256 needed = _topPremium(policy, table, terms.rateUnit, Math.min(terms.noticePeriod, policy.term));
        require(policy.funds >= needed, PremiumTooLow(policy.funds, needed));
    }

    /// @dev Checks and stores what a quote changes, and books for more cover at once.
    function _schedule(
        PolicyId id,
        Policy memory policy,
        Extra memory extra,
        bytes32 digest,
        Quote memory quote
    ) private returns (uint40 at) {
        (Terms memory terms, , uint16 loading) = _checkQuote(quote, uint256(policy.funds) - extra.collected);
        at = uint40(block.timestamp) + terms.increaseDelay;
        require(at < _endOf(policy), PolicyNotInForce(id));
        Change memory before = _bookingsOf(id, policy, extra);
        Change memory change = _changeOf(quote, before, at, loading);
        _changes[id] = change;
        policy.flags |= ENDORSED | PENDING;
        _store(id, policy, extra);
        _emitEndorsed(id, digest, change, quote.rate, terms.rateUnit);
        _rebook(policy, terms.cell, before, change);
    }

    /// @dev Checks that a quote may endorse the policy, and marks it used.
    function _takeUp(
        PolicyId id,
        Policy memory policy,
        Quote calldata quote,
        bytes calldata signature
    ) private returns (bytes32 digest) {
        PolicyId used;
        (digest, used) = _readQuote(quote, signature);
        require(_policies[used].holder == address(0), QuoteUsed(digest));
        require(
            quote.holder == policy.holder && quote.product == policy.product && quote.riskIndex == policy.risk,
            QuoteOfAnother(id)
        );
        _policies[used].holder = policy.holder;
    }

    /// @dev What has been booked for a policy: the most it insured at any time, and every dependency it named.
    function _bookingsOf(PolicyId id, Policy memory policy, Extra memory extra) private view returns (Change memory change) {
        if (policy.flags & ENDORSED != 0) return _changes[id];
        (change.booked, change.bookedDependencies) = (policy.sumInsured, extra.dependencies);
    }

    function _changeOf(
        Quote memory quote,
        Change memory before,
        uint40 at,
        uint16 loading
    ) private pure returns (Change memory) {
        return
            Change({
                at: uint32(at),
                sumInsured: uint56(quote.sumInsured),
                lossPerHour: uint56(quote.lossPerHour),
                loading: loading,
                booked: uint56(Math.max(before.booked, quote.sumInsured)),
                dependencies: quote.dependencies,
                bookedDependencies: Dependencies.union(before.bookedDependencies, quote.dependencies)
            });
    }

    function _rebook(Policy memory policy, address cell, Change memory before, Change memory change) private {
        if (change.booked > before.booked) ICell(cell).lock(change.booked - before.booked);
        _exposureLedger.release(policy.product, cell, policy.risk, before.bookedDependencies, before.booked);
        _exposureLedger.book(policy.product, cell, policy.risk, change.bookedDependencies, change.booked);
    }

    function _emitEndorsed(PolicyId id, bytes32 digest, Change memory change, uint64 rate, uint64 rateUnit) private {
        emit PolicyEndorsed(
            id,
            digest,
            change.at,
            change.sumInsured,
            change.lossPerHour,
            change.dependencies,
            rate,
            change.loading * rateUnit
        );
    }

    /// @dev Books a batch and begins the next where product or risk change.
    function _follow(Batch memory batch, Policy memory policy) private {
        if (policy.product == batch.product && policy.risk == batch.risk) return;
        _book(batch);
        (batch.product, batch.risk) = (policy.product, policy.risk);
        (Terms memory terms, ) = _productOf(policy.product);
        (batch.cell, batch.tail) = (terms.cell, uint256(maxReportDelay) + terms.claimWindow);
        (batch.capital, batch.exposure, batch.earned, batch.leaving) = (0, 0, 0, 0);
    }

    /// @dev Settles the premium of a policy whose cover ends now or has ended; the caller stores the copies, leaves the index and pays.
    function _end(PolicyId id, Policy memory policy, Extra memory extra) private returns (uint256 earned, uint128 refund) {
        earned = _bring(id, policy, extra);
        uint256 end = policy.flags & LAPSED != 0 ? extra.lapsedAt : Math.min(block.timestamp, _endOf(policy));
        refund = policy.funds - extra.collected;
        policy.flags = (policy.flags | SETTLED) & ~(LAPSED | PENDING);
        (policy.funds, policy.term) = (extra.collected, uint32(end - policy.start));
        (extra.collected, extra.lapsedAt) = (0, 0);
    }

    /// @dev Finishes policies that are not settled; with `release` gives back capital and caps, which closes them for good.
    function _close(PolicyId[] calldata policies, bool release) private {
        Batch memory batch;
        for (uint256 i = 0; i < policies.length; ++i) {
            PolicyId id = policies[i];
            (Policy memory policy, Extra memory extra) = _load(id);
            bool settled = policy.flags & SETTLED != 0;
            if (policy.sumInsured == 0 || (settled && !release)) continue;
            _follow(batch, policy);
            uint256 from = _endOf(policy) + (release ? batch.tail : 0);
            require(block.timestamp >= from, PolicyNotEnded(id, uint40(from)));
            uint128 refund = settled ? 0 : _finish(id, policy, extra, batch);
            if (release) _release(id, policy, extra, batch);
            else _store(id, policy, extra);
            _refund(policy.holder, refund);
        }
        _book(batch);
    }

    function _finish(
        PolicyId id,
        Policy memory policy,
        Extra memory extra,
        Batch memory batch
    ) private returns (uint128 refund) {
        uint256 earned;
        (earned, refund) = _end(id, policy, extra);
        batch.earned += earned;
        ++batch.leaving;
        emit PolicyFinished(id, refund, uint40(_endOf(policy)));
    }

    /// @dev Adds a policy's bookings to the batch. Exposure to dependencies is its own.
    function _release(PolicyId id, Policy memory policy, Extra memory extra, Batch memory batch) private {
        Change memory change = _bookingsOf(id, policy, extra);
        _forget(id, policy.flags);
        emit PolicyExpired(id);
        batch.capital += change.booked - claimsDesk.committedOf(id);
        if (change.bookedDependencies == 0) {
            batch.exposure += change.booked;
        } else {
            _exposureLedger.release(policy.product, batch.cell, policy.risk, change.bookedDependencies, change.booked);
        }
    }

    /// @dev Leaves the first slot: it keeps the quote from being used again, and the holder for whoever asks.
    function _forget(PolicyId id, uint8 flags) private {
        Policy storage policy = _policies[id];
        assembly ("memory-safe") {
            sstore(add(policy.slot, 1), 0)
        }
        if (flags & EXTRA != 0) delete _extras[id];
        if (flags & ENDORSED != 0) delete _changes[id];
    }

    function _book(Batch memory batch) private {
        if (batch.leaving > 0) rateIndex.leave(batch.product, batch.risk, uint32(batch.leaving));
        if (batch.exposure > 0) _exposureLedger.release(batch.product, batch.cell, batch.risk, 0, uint128(batch.exposure));
        if (batch.capital > 0) ICell(batch.cell).release(uint128(batch.capital));
        _toCell(batch.cell, batch.earned);
    }

    function _moveEarned(ProductId product, uint256 amount) private {
        if (amount == 0) return;
        (Terms memory terms, ) = _productOf(product);
        _toCell(terms.cell, amount);
    }

    function _toCell(address cell, uint256 amount) private {
        if (amount == 0) return;
        token.safeTransfer(cell, amount);
        ICell(cell).collectPremium(uint128(amount));
    }

    /// @dev A holder that cannot receive blocks nobody: the amount waits for it here.
    function _refund(address holder, uint128 amount) private {
        if (amount == 0 || token.tryTransfer(holder, amount)) return;
        stored[holder] += amount;
        emit RefundStored(holder, amount);
    }
}
