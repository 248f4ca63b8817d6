// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPolicyBook} from "../interfaces/IPolicyBook.sol";
import {Cover, PolicyId} from "../interfaces/Types.sol";
import {Covers} from "../libraries/Covers.sol";
import {PremiumMath} from "../libraries/PremiumMath.sol";
import {ProductRecord} from "../libraries/ProductRecord.sol";
import {RateTable} from "../libraries/RateTable.sol";
import {PolicyStore} from "./PolicyStore.sol";
import {Quotes} from "./Quotes.sol";

/// @title Cover and premium of a policy at any second, from its segments and the path of the index; nobody's call changes the answer.
abstract contract CoverReader is PolicyStore, Quotes {
    using RateTable for uint256;

    /// @dev first bits of fields in a stored policy's two words
    uint256 private constant START_AT = 208;
    uint256 private constant LOADING_AT = 240;
    uint256 private constant FUNDS_AT = 112;
    uint256 private constant TERM_AT = 216;
    uint256 private constant FLAGS_AT = 248;
    /// @dev in its third one, if it has one
    uint256 private constant COVER_START_AT = 216;

    /// @inheritdoc IPolicyBook
    function coverAt(PolicyId id, uint40 time) external view returns (Cover memory cover) {
        (Policy memory policy, Extra memory extra) = _load(id);
        Segment memory filed = _act(id, policy, extra);
        cover.product = policy.product;
        cover.risk = policy.risk;
        cover.holder = policy.holder;
        cover.end = uint40(_coverEnd(policy, extra));
        if (time < policy.start && (filed.end != 0 || policy.flags & PAST != 0)) {
            _fillPast(cover, id, filed, policy.start, time);
        } else {
            _fill(cover, _segmentOf(policy, extra, 0, 0));
            cover.inForce = policy.start <= time && time < cover.end;
        }
    }

    /// @inheritdoc IPolicyBook
    /// @dev Unchecked: fields of 16, 32 and 56 bits and a rate unit of 64 stay in a word.
    function packedCoverOf(
        PolicyId id,
        uint40 time
    ) external view returns (uint256 parties, uint256 amounts, uint256 dependencies) {
        (Policy storage policy, Extra storage extra) = (_policies[id], _extras[id]);
        assembly ("memory-safe") {
            parties := sload(policy.slot)
            amounts := sload(add(policy.slot, 1))
        }
        unchecked {
            (uint256 flags, uint256 start) = (amounts >> FLAGS_AT, Covers.startOf(parties));
            uint256 end = start + uint32(amounts >> TERM_AT);
            if (flags & (LAPSED | PENDING) != 0 || (flags & PAST != 0 && time < start)) return (0, 0, 0);
            if (flags & SETTLED == 0 && !_paysTopRate(parties, amounts, Math.min(block.timestamp, end) - start)) return (0, 0, 0);
            parties &= (1 << Covers.IN_FORCE) - 1;
            if (start <= time && time < end) parties |= 1 << Covers.IN_FORCE;
            amounts = (amounts & ((1 << Covers.END) - 1)) | (end << Covers.END);
            if (flags & EXTRA == 0) return (parties, amounts, 0);
            assembly ("memory-safe") {
                dependencies := sload(extra.slot)
            }
            uint256 coverStart = dependencies >> COVER_START_AT;
            if (coverStart != 0) parties ^= (start ^ coverStart) << START_AT;
            dependencies = uint128(dependencies);
        }
    }

    /// @inheritdoc IPolicyBook
    function premiumAt(PolicyId id, uint40 time) public view returns (uint128 earned, uint128 balance) {
        (Policy memory policy, Extra memory extra) = _load(id);
        require(policy.sumInsured != 0, PolicyReleased(id));
        bool settled = policy.flags & SETTLED != 0;
        require(!settled || time >= _endOf(policy), PremiumSettled(id, uint40(_endOf(policy))));
        Segment memory filed = _act(id, policy, extra);
        uint256 until = Math.min(time, block.timestamp);
        earned = settled ? policy.funds : _consumedBy(policy, extra, until);
        uint256 paid = policy.funds;
        for (uint256 i = _filedCount(id, filed); i > 0; --i) {
            Segment memory segment = _filedAt(id, filed, i - 1);
            earned += _earnedBy(policy, segment, until);
            paid += segment.earned;
        }
        balance = settled ? 0 : uint128(paid) - earned;
    }

    /// @inheritdoc IPolicyBook
    function released(PolicyId id) external view returns (bool) {
        Policy storage policy = _policies[id];
        return policy.holder != address(0) && policy.sumInsured == 0;
    }

    // ------------------------------------------------------------------ inside

    /// @dev First second that is not covered, as far as it can be known now.
    function _coverEnd(Policy memory policy, Extra memory extra) private view returns (uint256 end) {
        if (policy.flags & LAPSED != 0) return extra.lapsedAt;
        end = _endOf(policy);
        if (policy.flags & SETTLED != 0 || policy.sumInsured == 0) return end;
        uint256 until = Math.min(block.timestamp, end);
        (uint256 stop, , ) = _meter(policy, until);
        if (stop < until) end = stop;
    }

    /// @dev Whether the segment's funds last for `time` seconds whatever the score was: no rate of the product is above its top rate.
    function _paysTopRate(uint256 parties, uint256 amounts, uint256 time) private view returns (bool) {
        unchecked {
            (uint256 table, uint256 rateUnit) = ProductRecord.ratesOf(_productBook, Covers.productOf(parties));
            uint256 growth = (table.top() + (parties >> LOADING_AT)) * rateUnit * time;
            return PremiumMath.premiumUp(uint56(amounts), growth) <= uint56(amounts >> FUNDS_AT);
        }
    }

    /// @dev What a policy consumes in `time` seconds at its product's top rate. Two lanes of 16 bits, a unit of 64, and 32 bits of time fit.
    function _topPremium(Policy memory policy, uint256 table, uint256 rateUnit, uint256 time) internal pure returns (uint256) {
        unchecked {
            return PremiumMath.premiumUp(policy.sumInsured, (table.top() + policy.loading) * rateUnit * time);
        }
    }

    /// @dev Number of filed segments, the one that `_act` ended included.
    function _filedCount(PolicyId id, Segment memory filed) private view returns (uint256) {
        return _past[id].length + (filed.end == 0 ? 0 : 1);
    }

    function _filedAt(PolicyId id, Segment memory filed, uint256 place) private view returns (Segment memory) {
        return place < _past[id].length ? _past[id][place] : filed;
    }

    /// @dev Newest first. Where the next segment begins at once, an endorsement continued the cover; after a lapse there is a gap.
    function _fillPast(Cover memory cover, PolicyId id, Segment memory filed, uint256 next, uint256 time) private view {
        for (uint256 i = _filedCount(id, filed); i > 0 && time < next; --i) {
            Segment memory segment = _filedAt(id, filed, i - 1);
            if (segment.end < next) cover.end = segment.end;
            next = segment.start;
            _fill(cover, segment);
        }
        cover.inForce = next <= time && time < cover.end;
    }

    function _fill(Cover memory cover, Segment memory segment) private pure {
        cover.start = segment.coverStart;
        (cover.sumInsured, cover.lossPerHour) = (segment.sumInsured, segment.lossPerHour);
        cover.dependencies = segment.dependencies;
    }

    /// @dev What the current segment, not settled, consumed by `until`.
    function _consumedBy(Policy memory policy, Extra memory extra, uint256 until) private view returns (uint128 premium) {
        if (until <= policy.start) return 0;
        if (policy.flags & LAPSED != 0 && until >= extra.lapsedAt) return extra.collected;
        (, premium, ) = _meter(policy, Math.min(until, _endOf(policy)));
    }

    /// @dev What a filed segment consumed by `until`, while the path of the index is still kept for the policy.
    function _earnedBy(Policy memory policy, Segment memory segment, uint256 until) private view returns (uint128 premium) {
        if (until >= segment.end) return segment.earned;
        if (until <= segment.start) return 0;
        (policy.start, policy.index) = (segment.start, segment.index);
        (policy.loading, policy.sumInsured, policy.funds) = (segment.loading, segment.sumInsured, segment.earned);
        (, premium, ) = _meter(policy, until);
    }
}
