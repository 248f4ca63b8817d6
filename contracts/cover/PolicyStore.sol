// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IPolicyBook} from "../interfaces/IPolicyBook.sol";
import {IRateIndex} from "../interfaces/IRateIndex.sol";
import {PolicyId, ProductId, RiskIndex} from "../interfaces/Types.sol";

/// @title Policies as stored, and how a policy stands now.
/// @dev Times are seconds in 32 bits (until 2106), amounts token units in 56 bits, an index rate units x seconds.
abstract contract PolicyStore is IPolicyBook {
    /// @dev Two slots; `start`, `index` and `funds` are the current segment's. The second slot is zero once the policy is released.
    ///   `CoverReader` takes fields out of the two words by their places.
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
        /// where cover began that endorsements continued; 0: at `start`
        uint32 coverStart;
    }

    /// @dev An endorsement: with PENDING the cover from `at` on; and what has been booked over the policy's life.
    struct Change {
        uint32 at;
        uint56 sumInsured;
        uint56 lossPerHour;
        uint16 loading;
        uint56 booked;
        uint128 dependencies;
        uint128 bookedDependencies;
    }

    /// @dev Cover on one set of terms, from `start` to an endorsement or a lapse at `end`.
    struct Segment {
        uint32 coverStart;
        uint32 start;
        uint32 end;
        uint56 sumInsured;
        uint56 lossPerHour;
        uint48 index;
        uint16 loading;
        uint56 earned;
        uint128 dependencies;
    }

    /// @dev premium settled: the index is left, `funds` is what the segment consumed, `term` ends with cover
    uint8 internal constant SETTLED = 1;
    /// @dev a lapse was stored, and cover has not begun again
    uint8 internal constant LAPSED = 2;
    /// @dev `_extras` holds something
    uint8 internal constant EXTRA = 4;
    /// @dev `_past` holds something
    uint8 internal constant PAST = 8;
    /// @dev `_changes` holds bookings
    uint8 internal constant ENDORSED = 16;
    /// @dev `_changes` holds an endorsement that has not acted
    uint8 internal constant PENDING = 32;

    /// @notice Most segments that a policy may file, so that reading cover stays bounded.
    uint256 public constant MAX_SEGMENTS = 32;

    IRateIndex public immutable rateIndex;

    mapping(PolicyId => Policy) internal _policies;
    mapping(PolicyId => Extra) internal _extras;
    mapping(PolicyId => Change) internal _changes;
    mapping(PolicyId => Segment[]) internal _past;

    constructor(IRateIndex rateIndex_) {
        rateIndex = rateIndex_;
    }

    function _load(PolicyId id) internal view returns (Policy memory policy, Extra memory extra) {
        policy = _policies[id];
        require(policy.holder != address(0), UnknownPolicy(id));
        if (policy.flags & EXTRA != 0) extra = _extras[id];
    }

    function _endOf(Policy memory policy) internal pure returns (uint256) {
        return uint256(policy.start) + policy.term;
    }

    /// @dev What the current segment consumed by `until`, or by the last second its funds pay.
    function _meter(Policy memory policy, uint256 until) internal view returns (uint40 stop, uint128 premium, uint48 index) {
        return
            rateIndex.consumed(
                IRateIndex.Stream({
                    product: policy.product,
                    risk: policy.risk,
                    from: policy.start,
                    index: policy.index,
                    loading: policy.loading,
                    sumInsured: policy.sumInsured,
                    funds: policy.funds
                }),
                uint40(until)
            );
    }

    /// @dev Lets an endorsement whose time has come act on the copies in memory, unless cover lapsed before.
    /// @return filed the segment that ended, if `filed.end` is not 0
    function _act(PolicyId id, Policy memory policy, Extra memory extra) internal view returns (Segment memory filed) {
        if (policy.flags & PENDING == 0) return filed;
        Change memory change = _changes[id];
        if (block.timestamp < change.at) return filed;
        (uint40 stop, uint128 premium, uint48 index) = _meter(policy, change.at);
        if (stop < change.at) return filed;
        filed = _turn(policy, extra, stop, premium, index);
        policy.flags &= ~PENDING;
        _adopt(policy, extra, change);
    }

    function _adopt(Policy memory policy, Extra memory extra, Change memory change) internal pure {
        (policy.sumInsured, policy.lossPerHour) = (change.sumInsured, change.lossPerHour);
        (policy.loading, extra.dependencies) = (change.loading, change.dependencies);
    }

    /// @dev Ends the current segment at `time`, where it had consumed `premium`, and begins the next with the same terms.
    function _turn(
        Policy memory policy,
        Extra memory extra,
        uint256 time,
        uint256 premium,
        uint48 index
    ) internal pure returns (Segment memory filed) {
        filed = _segmentOf(policy, extra, time, premium);
        extra.coverStart = filed.coverStart;
        policy.term = uint32(_endOf(policy) - time);
        policy.start = uint32(time);
        policy.funds -= uint56(premium);
        policy.index = index;
    }

    function _segmentOf(
        Policy memory policy,
        Extra memory extra,
        uint256 end,
        uint256 earned
    ) internal pure returns (Segment memory) {
        return
            Segment({
                coverStart: extra.coverStart == 0 ? policy.start : extra.coverStart,
                start: policy.start,
                end: uint32(end),
                sumInsured: policy.sumInsured,
                lossPerHour: policy.lossPerHour,
                index: policy.index,
                loading: policy.loading,
                earned: uint56(earned),
                dependencies: extra.dependencies
            });
    }

    function _file(PolicyId id, Policy memory policy, Segment memory segment) internal {
        require(_past[id].length < MAX_SEGMENTS, TooManySegments(id));
        _past[id].push(segment);
        policy.flags |= PAST;
    }
}
