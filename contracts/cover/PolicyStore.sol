// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPolicyBook} from "../interfaces/IPolicyBook.sol";
import {IRateIndex} from "../interfaces/IRateIndex.sol";
import {IRiskRegister} from "../interfaces/IRiskRegister.sol";
import {Cover, PolicyId, ProductId, RiskIndex} from "../interfaces/Types.sol";

/// @title Policies as stored, and cover and premium at any second read from them.
/// @dev Times are seconds in 32 bits (until 2106), amounts token units in 56 bits, an index rate units x seconds.
abstract contract PolicyStore is IPolicyBook {
    /// @dev Two slots; `start`, `index` and `funds` are the current segment's.
    struct Policy {
        address holder;
        ProductId product;
        RiskIndex risk;
        uint32 start;
        /// rate units on top of the table rate
        uint16 loading;
        uint56 sumInsured;
        uint56 lossPerHour;
        /// paid in for the segment; once settled, what it consumed
        uint56 funds;
        uint48 index;
        /// seconds from `start` to the policy's end
        uint32 term;
        uint8 flags;
    }

    /// @dev Written only where a policy needs it.
    struct Extra {
        uint128 dependencies;
        /// of `funds`, moved to the cell
        uint56 collected;
        /// with LAPSED: first second no longer paid for
        uint32 lapsedAt;
    }

    /// @dev A segment that ended in a lapse before cover began again.
    struct Segment {
        uint32 start;
        uint32 end;
        uint56 sumInsured;
        uint56 lossPerHour;
        uint48 index;
        uint16 loading;
        uint56 earned;
    }

    /// @dev premium settled: the index is left, `funds` is what the segment consumed, `term` ends with cover
    uint8 internal constant SETTLED = 1;
    /// @dev capital and caps given back
    uint8 internal constant RELEASED = 2;
    /// @dev a lapse was stored, and cover has not begun again
    uint8 internal constant LAPSED = 4;
    /// @dev `_extras` holds something
    uint8 internal constant EXTRA = 8;
    /// @dev `_past` holds something
    uint8 internal constant PAST = 16;

    IRateIndex public immutable rateIndex;

    /// @inheritdoc IPolicyBook
    uint64 public policyCount;
    mapping(PolicyId => Policy) internal _policies;
    mapping(PolicyId => Extra) internal _extras;
    mapping(PolicyId => Segment[]) internal _past;

    constructor(IRateIndex rateIndex_) {
        rateIndex = rateIndex_;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IPolicyBook
    function coverAt(PolicyId id, uint40 time) external view returns (Cover memory cover) {
        Policy memory policy = _policy(id);
        cover.product = policy.product;
        cover.risk = policy.risk;
        cover.holder = policy.holder;
        cover.applicant = _register().applicantOf(policy.risk);
        if (policy.flags & EXTRA != 0) cover.dependencies = _extras[id].dependencies;
        (cover.start, cover.end) = (policy.start, uint40(_coverEnd(id, policy)));
        (cover.sumInsured, cover.lossPerHour) = (policy.sumInsured, policy.lossPerHour);
        if (time < policy.start && policy.flags & PAST != 0) _toPast(id, time, cover);
        cover.inForce = cover.start <= time && time < cover.end;
    }

    /// @inheritdoc IPolicyBook
    function premiumAt(PolicyId id, uint40 time) public view returns (uint128 earned, uint128 balance) {
        Policy memory policy = _policy(id);
        bool settled = policy.flags & SETTLED != 0;
        require(!settled || time >= _endOf(policy), PremiumSettled(id, uint40(_endOf(policy))));
        uint256 until = Math.min(time, block.timestamp);
        uint256 paid = settled ? 0 : policy.funds;
        if (policy.flags & PAST != 0) {
            Segment[] memory past = _past[id];
            for (uint256 i = 0; i < past.length; ++i) {
                earned += _earnedBy(policy, past[i], until);
                paid += past[i].earned;
            }
        }
        earned += settled ? policy.funds : _consumed(id, policy, until);
        balance = settled ? 0 : uint128(paid) - earned;
    }

    /// @inheritdoc IPolicyBook
    function released(PolicyId id) external view returns (bool) {
        return _policies[id].flags & RELEASED != 0;
    }

    // ------------------------------------------------------------------ inside

    function _register() internal view virtual returns (IRiskRegister);

    function _policy(PolicyId id) internal view returns (Policy memory policy) {
        policy = _policies[id];
        require(policy.holder != address(0), UnknownPolicy(id));
    }

    function _endOf(Policy memory policy) internal pure returns (uint256) {
        return uint256(policy.start) + policy.term;
    }

    function _streamOf(Policy memory policy) internal pure returns (IRateIndex.Stream memory) {
        return
            IRateIndex.Stream({
                product: policy.product,
                risk: policy.risk,
                from: policy.start,
                index: policy.index,
                loading: policy.loading,
                sumInsured: policy.sumInsured,
                funds: policy.funds
            });
    }

    /// @dev First second that is not covered, as far as it can be known now.
    function _coverEnd(PolicyId id, Policy memory policy) internal view returns (uint256) {
        if (policy.flags & LAPSED != 0) return _extras[id].lapsedAt;
        uint256 end = _endOf(policy);
        if (policy.flags & SETTLED != 0) return end;
        uint256 until = Math.min(block.timestamp, end);
        (uint256 stop, ) = rateIndex.consumed(_streamOf(policy), uint40(until));
        return stop < until ? stop : end;
    }

    /// @dev What the current segment, not settled, consumed by `until`.
    function _consumed(PolicyId id, Policy memory policy, uint256 until) private view returns (uint128 premium) {
        if (until <= policy.start) return 0;
        if (policy.flags & LAPSED != 0 && until >= _extras[id].lapsedAt) return _extras[id].collected;
        (, premium) = rateIndex.consumed(_streamOf(policy), uint40(Math.min(until, _endOf(policy))));
    }

    /// @dev What a past segment consumed by `until`, while the path of the index is still kept for the policy.
    function _earnedBy(Policy memory policy, Segment memory segment, uint256 until) private view returns (uint128 premium) {
        if (until >= segment.end) return segment.earned;
        if (until <= segment.start) return 0;
        (, premium) = rateIndex.consumed(
            IRateIndex.Stream({
                product: policy.product,
                risk: policy.risk,
                from: segment.start,
                index: segment.index,
                loading: segment.loading,
                sumInsured: segment.sumInsured,
                funds: segment.earned
            }),
            uint40(until)
        );
    }

    /// @dev Puts the past segment that held `time`, if any, into `cover`.
    function _toPast(PolicyId id, uint40 time, Cover memory cover) private view {
        Segment[] memory past = _past[id];
        for (uint256 i = 0; i < past.length; ++i) {
            if (time < past[i].start || time >= past[i].end) continue;
            (cover.start, cover.end) = (past[i].start, past[i].end);
            (cover.sumInsured, cover.lossPerHour) = (past[i].sumInsured, past[i].lossPerHour);
        }
    }
}
