// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
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
import {PolicyId, ProductId, RiskIndex} from "../interfaces/Types.sol";
import {PolicyStore} from "./PolicyStore.sol";
import {Quotes} from "./Quotes.sol";

/// @title Streamed cover of one risk: bound with a quote, paid by the second, ended by cancellation, lapse or term.
/// @dev Unearned premium lies here; earned premium goes to the cell. Cover itself is read from storage and the index (`PolicyStore`).
contract PolicyBook is PolicyStore, Quotes {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// @dev Bookings of neighbouring policies of one product and risk in one `expire`.
    struct Batch {
        ProductId product;
        RiskIndex risk;
        address cell;
        uint256 tail;
        uint128 capital;
        uint128 exposure;
        uint128 earned;
        uint32 leaving;
    }

    /// @dev The end of a segment's premium.
    struct Settlement {
        /// first second not consumed
        uint256 stop;
        /// goes to the cell, and back to the holder
        uint128 earned;
        uint128 refund;
    }

    IERC20 public immutable token;
    IExposureLedger public immutable exposureLedger;
    IClaimsDesk public immutable claimsDesk;
    /// @notice Seconds after a cover's end in which its last incident may still be reported.
    uint32 public immutable maxReportDelay;

    /// @inheritdoc IPolicyBook
    mapping(address holder => uint128) public stored;

    constructor(
        address authority,
        IERC20 token_,
        IProductBook productBook_,
        IRateIndex rateIndex_,
        IRiskFeed riskFeed_,
        IRiskRegister riskRegister_,
        IExposureLedger exposureLedger_,
        IClaimsDesk claimsDesk_,
        IIncidentRegistry incidentRegistry_
    )
        AccessManaged(authority)
        EIP712("flowcover PolicyBook", "1")
        PolicyStore(rateIndex_)
        Quotes(productBook_, riskFeed_, riskRegister_)
    {
        (token, exposureLedger, claimsDesk) = (token_, exposureLedger_, claimsDesk_);
        maxReportDelay = incidentRegistry_.maxReportDelay();
    }

    // ------------------------------------------------------------------ holder or whoever pays for it

    /// @inheritdoc IPolicyBook
    function bind(Quote calldata quote, bytes calldata signature, uint128 premium) external returns (PolicyId id) {
        bytes32 digest = _useQuote(quote, signature);
        (address cell, uint16 loading, uint64 rateUnit) = _checkQuote(quote, premium);
        id = PolicyId.wrap(++policyCount);
        _policies[id] = Policy({
            holder: quote.holder,
            product: quote.product,
            risk: quote.riskIndex,
            start: uint32(block.timestamp),
            loading: loading,
            sumInsured: uint56(quote.sumInsured),
            lossPerHour: uint56(quote.lossPerHour),
            funds: uint256(premium).toUint56(),
            index: rateIndex.enter(quote.product, quote.riskIndex),
            term: uint32(quote.term),
            flags: quote.dependencies == 0 ? 0 : EXTRA
        });
        if (quote.dependencies != 0) _extras[id].dependencies = quote.dependencies;
        _emitBound(id, digest, loading * rateUnit, premium, quote);
        token.safeTransferFrom(msg.sender, address(this), premium);
        ICell(cell).lock(quote.sumInsured);
        exposureLedger.book(quote.product, cell, quote.riskIndex, quote.dependencies, quote.sumInsured);
    }

    /// @inheritdoc IPolicyBook
    function topUp(PolicyId id, uint128 amount) external {
        Policy memory policy = _openPolicy(id);
        (address cell, uint128 earned) = _touch(id, policy);
        bool again = policy.flags & LAPSED != 0;
        if (again) _beginAgain(id, policy, amount);
        else policy.funds = (uint256(policy.funds) + amount).toUint56();
        _policies[id] = policy;
        (, uint128 balance) = premiumAt(id, uint40(block.timestamp));
        emit PolicyToppedUp(id, msg.sender, amount, balance, again);
        token.safeTransferFrom(msg.sender, address(this), amount);
        _moveEarned(cell, earned);
    }

    /// @inheritdoc IPolicyBook
    function cancel(PolicyId id) external returns (uint128 refund) {
        Policy memory policy = _openPolicy(id);
        require(msg.sender == policy.holder, NotHolder(id, msg.sender));
        Settlement memory settlement = _settle(id, policy, block.timestamp);
        _policies[id] = policy;
        refund = settlement.refund;
        emit PolicyCancelled(id, refund, uint40(settlement.stop));
        rateIndex.leave(policy.product, policy.risk, 1);
        (address cell, ) = productBook.tailOf(policy.product);
        _moveEarned(cell, settlement.earned);
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
        Policy memory policy = _policy(id);
        if (policy.flags & SETTLED != 0) return;
        (address cell, uint128 earned) = _touch(id, policy);
        _policies[id] = policy;
        _moveEarned(cell, earned);
    }

    /// @inheritdoc IPolicyBook
    function expire(PolicyId[] calldata policies) external {
        Batch memory batch;
        for (uint256 i = 0; i < policies.length; ++i) {
            Policy memory policy = _policy(policies[i]);
            if (policy.flags & RELEASED != 0) continue;
            if (!(policy.product == batch.product && policy.risk == batch.risk)) {
                _book(batch);
                batch = _batchOf(policy);
            }
            _expire(policies[i], policy, batch);
        }
        _book(batch);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IPolicyBook
    function cancelPreview(PolicyId id) external view returns (uint128 refund, uint128 earned) {
        _openPolicy(id);
        (earned, refund) = premiumAt(id, uint40(block.timestamp));
    }

    // ------------------------------------------------------------------ inside

    function _register() internal view override returns (IRiskRegister) {
        return riskRegister;
    }

    /// @dev A policy that may be topped up or cancelled: before its end, lapsed or not.
    function _openPolicy(PolicyId id) private view returns (Policy memory policy) {
        policy = _policy(id);
        require(policy.flags & SETTLED == 0 && block.timestamp < _endOf(policy), PolicyNotInForce(id));
    }

    function _emitBound(PolicyId id, bytes32 digest, uint64 loading, uint128 premium, Quote calldata quote) private {
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

    /// @dev Books what the current segment consumed so far, and a lapse; changes `policy.flags` in memory only.
    function _touch(PolicyId id, Policy memory policy) private returns (address cell, uint128 earned) {
        if (policy.flags & LAPSED != 0) return (address(0), 0);
        uint256 until = Math.min(block.timestamp, _endOf(policy));
        (uint40 stop, uint128 premium) = rateIndex.consumed(_streamOf(policy), uint40(until));
        Extra storage extra = _extras[id];
        earned = premium - extra.collected;
        extra.collected = uint56(premium);
        policy.flags |= EXTRA;
        if (stop < until) {
            policy.flags |= LAPSED;
            extra.lapsedAt = uint32(stop);
            emit PolicyLapsed(id, stop);
        }
        if (earned > 0) emit PremiumEarned(id, earned, stop);
        (cell, ) = productBook.tailOf(policy.product);
    }

    /// @dev Files the lapsed segment and opens the next one with what it left and `amount`.
    function _beginAgain(PolicyId id, Policy memory policy, uint128 amount) private {
        Extra storage extra = _extras[id];
        uint256 funds = uint256(policy.funds) - extra.collected + amount;
        uint256 left = _endOf(policy) - block.timestamp;
        (uint32 notice, uint256 topRate, uint64 rateUnit) = productBook.noticeOf(policy.product);
        uint256 needed = _noticePremium(policy.sumInsured, (topRate + policy.loading) * rateUnit, Math.min(notice, left));
        require(funds >= needed, PremiumTooLow(funds, needed));
        _past[id].push(
            Segment({
                start: policy.start,
                end: extra.lapsedAt,
                sumInsured: policy.sumInsured,
                lossPerHour: policy.lossPerHour,
                index: policy.index,
                loading: policy.loading,
                earned: extra.collected
            })
        );
        (extra.collected, extra.lapsedAt) = (0, 0);
        policy.flags = (policy.flags & ~LAPSED) | PAST;
        policy.start = uint32(block.timestamp);
        policy.term = uint32(left);
        policy.funds = funds.toUint56();
        policy.index = rateIndex.current(policy.product, policy.risk);
    }

    /// @dev Ends the premium of the current segment at `until` or its lapse; the caller stores `policy` and leaves the index.
    function _settle(PolicyId id, Policy memory policy, uint256 until) private returns (Settlement memory settlement) {
        uint128 collected = policy.flags & EXTRA == 0 ? 0 : _extras[id].collected;
        uint128 premium = collected;
        if (policy.flags & LAPSED != 0) {
            settlement.stop = _extras[id].lapsedAt;
        } else {
            (settlement.stop, premium) = rateIndex.consumed(_streamOf(policy), uint40(until));
            if (settlement.stop < until) emit PolicyLapsed(id, uint40(settlement.stop));
        }
        settlement.earned = premium - collected;
        settlement.refund = policy.funds - premium;
        if (settlement.earned > 0) emit PremiumEarned(id, settlement.earned, uint40(settlement.stop));
        policy.flags |= SETTLED;
        policy.funds = uint56(premium);
        policy.term = uint32(settlement.stop - policy.start);
    }

    function _batchOf(Policy memory policy) private view returns (Batch memory batch) {
        (batch.product, batch.risk) = (policy.product, policy.risk);
        uint32 claimWindow;
        (batch.cell, claimWindow) = productBook.tailOf(policy.product);
        batch.tail = uint256(maxReportDelay) + claimWindow;
    }

    /// @dev Ends one policy and adds its bookings to the batch. Exposure to dependencies is its own.
    function _expire(PolicyId id, Policy memory policy, Batch memory batch) private {
        uint256 releasableAt = _endOf(policy) + batch.tail;
        require(block.timestamp >= releasableAt, PolicyNotEnded(id, uint40(releasableAt)));
        uint128 refund = 0;
        if (policy.flags & SETTLED == 0) {
            Settlement memory settlement = _settle(id, policy, _endOf(policy));
            refund = settlement.refund;
            batch.earned += settlement.earned;
            ++batch.leaving;
        }
        policy.flags |= RELEASED;
        _policies[id] = policy;
        emit PolicyExpired(id, refund);
        batch.capital += policy.sumInsured - claimsDesk.committedOf(id);
        uint128 dependencies = policy.flags & EXTRA == 0 ? 0 : _extras[id].dependencies;
        if (dependencies == 0) batch.exposure += policy.sumInsured;
        else exposureLedger.release(policy.product, batch.cell, policy.risk, dependencies, policy.sumInsured);
        _refund(policy.holder, refund);
    }

    function _book(Batch memory batch) private {
        if (batch.leaving > 0) rateIndex.leave(batch.product, batch.risk, batch.leaving);
        if (batch.exposure > 0) exposureLedger.release(batch.product, batch.cell, batch.risk, 0, batch.exposure);
        if (batch.capital > 0) ICell(batch.cell).release(batch.capital);
        _moveEarned(batch.cell, batch.earned);
    }

    function _moveEarned(address cell, uint128 amount) private {
        if (amount == 0) return;
        token.safeTransfer(cell, amount);
        ICell(cell).collectPremium(amount);
    }

    /// @dev A holder that cannot receive blocks nobody: the amount waits for it here.
    function _refund(address holder, uint128 amount) private {
        if (amount == 0 || token.trySafeTransfer(holder, amount)) return;
        stored[holder] += amount;
        emit RefundStored(holder, amount);
    }
}
