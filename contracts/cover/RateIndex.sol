// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRateIndex} from "../interfaces/IRateIndex.sol";
import {IRiskFeed} from "../interfaces/IRiskFeed.sol";
import {ProductId, RiskIndex} from "../interfaces/Types.sol";
import {PremiumMath} from "../libraries/PremiumMath.sol";
import {RateStrip} from "../libraries/RateStrip.sol";
import {RateTable} from "../libraries/RateTable.sol";

/// @title Cumulative premium index per product and risk, moved in the transaction that moves the score.
/// @dev Two neighbouring risks share a word (`RateStrip`), so that a report that moves both pays for one. The path is kept whole as long
///   as a policy needs it: a lapse is found at its true second however late somebody looks.
contract RateIndex is IRateIndex {
    using RateStrip for uint256;
    using RateTable for uint256;

    struct Tariff {
        uint256 table;
        uint64 rateUnit;
    }

    struct Pair {
        uint256 strip;
        /// strips that came before
        uint256 older;
    }

    /// @dev entries in the word of a group, 32 bits each: product (16, high) and the lanes in which it runs (16)
    uint256 private constant PRODUCTS_PER_GROUP = 8;

    address public immutable policyBook;
    IRiskFeed public immutable riskFeed;

    mapping(uint32 group => uint256) private _running;
    mapping(ProductId => Tariff) private _tariffs;
    mapping(uint256 pairKey => Pair) private _pairs;
    mapping(uint256 pairKey => mapping(uint256 number => uint256)) private _olderStrips;

    constructor(IRiskFeed riskFeed_, address policyBook_) {
        (riskFeed, policyBook) = (riskFeed_, policyBook_);
    }

    modifier onlyPolicyBook() {
        require(msg.sender == policyBook, OnlyPolicyBook(msg.sender));
        _;
    }

    // ------------------------------------------------------------------ risk feed

    /// @inheritdoc IRateIndex
    function onScoresMoved(uint32 group, uint256 scores, uint16 movedLanes) external {
        require(msg.sender == address(riskFeed), OnlyRiskFeed(msg.sender));
        for (uint256 entries = _running[group]; entries != 0; entries >>= 32) {
            uint256 lanes = uint16(entries) & movedLanes;
            if (lanes != 0) _reset(ProductId.wrap(uint16(entries >> 16)), group, scores, lanes);
        }
    }

    /// @dev Moves the pairs of one product in which a tier changes. Unchecked: lanes, shifts and 16-bit rates stay in their words.
    function _reset(ProductId product, uint32 group, uint256 scores, uint256 lanes) private {
        uint256 table = _tariffs[product].table;
        uint256 pairKey = _pairKey(product, uint256(group) << 4);
        (uint256 changed, uint256 before, uint256 afterwards) = (0, 0, 0);
        unchecked {
            for (uint256 lane = 0; lanes != 0; lane += 2) {
                uint256 sides = lanes & 3;
                if (sides != 0) {
                    (uint256 tiers, uint256 next) = _resetPair(pairKey, table, sides, scores);
                    if ((tiers ^ next) & 0x0F != 0) {
                        changed |= 1 << lane;
                        before |= table.rateOf(tiers & 0x0F) << (16 * lane);
                        afterwards |= table.rateOf(next & 0x0F) << (16 * lane);
                    }
                    if ((tiers ^ next) & 0xF0 != 0) {
                        changed |= 2 << lane;
                        before |= table.rateOf(tiers >> 4) << (16 * lane + 16);
                        afterwards |= table.rateOf(next >> 4) << (16 * lane + 16);
                    }
                }
                (lanes, scores) = (lanes >> 2, scores >> 32);
                ++pairKey;
            }
        }
        if (changed != 0) emit RateReset(product, group << 4, uint16(changed), before, afterwards);
    }

    /// @param sides bit 0 the even risk, bit 1 the odd one
    /// @param scores theirs, the even risk's lowest
    function _resetPair(uint256 pairKey, uint256 table, uint256 sides, uint256 scores) private returns (uint256 tiers, uint256 next) {
        Pair storage pair = _pairs[pairKey];
        uint256 strip = pair.strip;
        tiers = strip.tiersOf();
        next = tiers;
        unchecked {
            if (sides & 1 != 0) next = (next & 0xF0) | RateTable.tierOf(scores & 0xFFFF);
            if (sides & 2 != 0) next = (next & 0x0F) | (RateTable.tierOf((scores >> 16) & 0xFFFF) << 4);
        }
        if (next != tiers) pair.strip = _advance(pair, pairKey, strip, table, next);
    }

    // ------------------------------------------------------------------ policy book

    /// @inheritdoc IRateIndex
    function enter(
        ProductId product,
        RiskIndex risk,
        uint256 table,
        uint64 rateUnit
    ) external onlyPolicyBook returns (uint48 index) {
        Pair storage pair = _pairOf(product, RiskIndex.unwrap(risk));
        uint256 side = RiskIndex.unwrap(risk) & 1;
        uint256 strip = pair.strip;
        uint256 policies = strip.policiesOf(side);
        if (policies == 0) {
            strip = _start(product, risk, pair, table, rateUnit);
        }
        require(policies < RateStrip.MAX_POLICIES, TooManyPolicies(product, risk));
        pair.strip = strip.withPolicies(side, policies + 1);
        return uint48(strip.indexAt(table, side, block.timestamp));
    }

    /// @inheritdoc IRateIndex
    function leave(ProductId product, RiskIndex risk, uint32 policies) external onlyPolicyBook {
        Pair storage pair = _pairOf(product, RiskIndex.unwrap(risk));
        uint256 side = RiskIndex.unwrap(risk) & 1;
        uint256 strip = pair.strip;
        uint256 left = strip.policiesOf(side) - policies;
        pair.strip = strip.withPolicies(side, left);
        if (left != 0 || policies == 0) return;
        _removeLane(product, RiskIndex.unwrap(risk));
        emit IndexStopped(product, risk);
    }

    /// @dev A pair without any policy forgets its path: the next one begins at zero and older strips are written again.
    function _start(
        ProductId product,
        RiskIndex risk,
        Pair storage pair,
        uint256 table,
        uint64 rateUnit
    ) private returns (uint256 strip) {
        if (_addLane(product, RiskIndex.unwrap(risk)) && _tariffs[product].table == 0) _tariffs[product] = Tariff(table, rateUnit);
        (uint16 score, , ) = riskFeed.scoreOf(risk);
        uint256 tier = RateTable.tierOf(score);
        uint256 side = RiskIndex.unwrap(risk) & 1;
        strip = pair.strip;
        if (strip.policiesOf(1 - side) == 0) {
            pair.older = 0;
            strip = RateStrip.begin(block.timestamp, uint256(0).withTier(side, tier));
        } else {
            strip = _advance(pair, _pairKey(product, RiskIndex.unwrap(risk)), strip, table, strip.tiersOf().withTier(side, tier));
        }
        emit IndexStarted(product, risk, table.rateOf(tier) * rateUnit);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRateIndex
    function consumed(
        Stream calldata stream,
        uint40 until
    ) external view returns (uint40 stop, uint128 premium, uint48 index) {
        Tariff memory tariff = _tariffs[stream.product];
        (uint256 risk, uint256 rateUnit) = (RiskIndex.unwrap(stream.risk), tariff.rateUnit);
        RateStrip.Run memory run = RateStrip.Run({
            side: risk & 1,
            from: stream.from,
            fromIndex: stream.index,
            loading: stream.loading,
            budget: PremiumMath.growthDown(stream.funds, stream.sumInsured) / rateUnit,
            until: until
        });
        (uint256 last, uint256 growth) = _locate(stream.product, risk, tariff.table, run).follow(tariff.table, run);
        premium = uint128(PremiumMath.premiumUp(stream.sumInsured, growth * rateUnit));
        return (uint40(last), premium, uint48(run.fromIndex + growth - run.loading * (last - run.from)));
    }

    /// @inheritdoc IRateIndex
    function current(ProductId product, RiskIndex risk) external view returns (uint48 index) {
        uint256 strip = _runningStrip(product, risk);
        return uint48(strip.indexAt(_tariffs[product].table, RiskIndex.unwrap(risk) & 1, block.timestamp));
    }

    /// @inheritdoc IRateIndex
    function rateOf(ProductId product, RiskIndex risk) external view returns (uint256) {
        Tariff memory tariff = _tariffs[product];
        uint256 tier = _runningStrip(product, risk).tiersOf().tierAt(RiskIndex.unwrap(risk) & 1);
        return tariff.table.rateOf(tier) * tariff.rateUnit;
    }

    /// @inheritdoc IRateIndex
    function indexAt(ProductId product, RiskIndex risk, uint40 time) external view returns (uint256) {
        _runningStrip(product, risk);
        Tariff memory tariff = _tariffs[product];
        RateStrip.Run memory run = RateStrip.Run(RiskIndex.unwrap(risk) & 1, 0, 0, 0, type(uint128).max, time);
        uint256 strip = _locate(product, RiskIndex.unwrap(risk), tariff.table, run);
        require(strip.reaches(tariff.table, run), IndexNotRunning(product, risk));
        (, uint256 index) = strip.follow(tariff.table, run);
        return index * tariff.rateUnit;
    }

    /// @inheritdoc IRateIndex
    function policiesOn(ProductId product, RiskIndex risk) public view returns (uint32) {
        return uint32(_pairOf(product, RiskIndex.unwrap(risk)).strip.policiesOf(RiskIndex.unwrap(risk) & 1));
    }

    /// @inheritdoc IRateIndex
    function coveredLanes(uint32 group) external view returns (uint16 lanes) {
        for (uint256 entries = _running[group]; entries != 0; entries >>= 32) lanes |= uint16(entries);
    }

    // ------------------------------------------------------------------ inside

    function _pairKey(ProductId product, uint256 risk) private pure returns (uint256) {
        return (uint256(ProductId.unwrap(product)) << 32) | (risk >> 1);
    }

    function _pairOf(ProductId product, uint256 risk) private view returns (Pair storage) {
        return _pairs[_pairKey(product, risk)];
    }

    function _runningStrip(ProductId product, RiskIndex risk) private view returns (uint256) {
        require(policiesOn(product, risk) != 0, IndexNotRunning(product, risk));
        return _pairOf(product, RiskIndex.unwrap(risk)).strip;
    }

    /// @dev Gives the strip from now on, for the caller to store.
    function _advance(
        Pair storage pair,
        uint256 pairKey,
        uint256 strip,
        uint256 table,
        uint256 tiers
    ) private returns (uint256 next) {
        bool full;
        (next, full) = strip.advance(table, block.timestamp, tiers);
        if (full) _olderStrips[pairKey][pair.older++] = strip;
    }

    /// @dev The newest strip whose first second the run reaches: later ones it does not, so halving the range finds it.
    function _locate(ProductId product, uint256 risk, uint256 table, RateStrip.Run memory run) private view returns (uint256 strip) {
        uint256 pairKey = _pairKey(product, risk);
        Pair storage pair = _pairs[pairKey];
        strip = pair.strip;
        if (strip.reaches(table, run)) return strip;
        uint256 above = pair.older;
        if (above == 0) return strip;
        uint256 found = 0;
        while (above - found > 1) {
            uint256 middle = (found + above) / 2;
            if (_olderStrips[pairKey][middle].reaches(table, run)) found = middle;
            else above = middle;
        }
        return _olderStrips[pairKey][found];
    }

    /// @return first whether the product ran on no risk of the group before
    function _addLane(ProductId product, uint256 risk) private returns (bool first) {
        uint32 group = uint32(risk >> 4);
        uint256 entries = _running[group];
        uint256 at = _entryOf(entries, product);
        require(at < PRODUCTS_PER_GROUP, TooManyProducts(group, PRODUCTS_PER_GROUP));
        first = uint32(entries >> (32 * at)) == 0;
        _running[group] = entries | (((uint256(ProductId.unwrap(product)) << 16) | (1 << (risk & 15))) << (32 * at));
        if (entries == 0) riskFeed.setCovered(group, true);
    }

    /// @dev An entry without lanes is replaced by the last one, so that a zero ends the list.
    function _removeLane(ProductId product, uint256 risk) private {
        uint256 entries = _running[uint32(risk >> 4)];
        uint256 shift = 32 * _entryOf(entries, product);
        entries ^= 1 << (shift + (risk & 15));
        if (uint16(entries >> shift) == 0) {
            uint256 last = 0;
            while (last < PRODUCTS_PER_GROUP - 1 && entries >> (32 * last + 32) != 0) ++last;
            uint256 moved = uint32(entries >> (32 * last));
            entries &= ~(uint256(0xFFFFFFFF) << (32 * last));
            if (32 * last != shift) entries = (entries & ~(uint256(0xFFFFFFFF) << shift)) | (moved << shift);
        }
        _running[uint32(risk >> 4)] = entries;
        if (entries == 0) riskFeed.setCovered(uint32(risk >> 4), false);
    }

    /// @dev Place of the product's entry, or of the first free one; 8 when all are taken by others.
    function _entryOf(uint256 entries, ProductId product) private pure returns (uint256 at) {
        while (at < PRODUCTS_PER_GROUP) {
            uint256 entry = uint32(entries >> (32 * at));
            if (entry == 0 || entry >> 16 == ProductId.unwrap(product)) return at;
            ++at;
        }
    }
}
