// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IProductBook} from "../interfaces/IProductBook.sol";
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
        /// policies counted in, even risk and odd risk
        uint32[2] policies;
    }

    /// @dev entries in the word of a group, 32 bits each: product (16, high) and the lanes in which it runs (16)
    uint256 private constant PRODUCTS_PER_GROUP = 8;

    address public immutable policyBook;
    IProductBook public immutable productBook;
    IRiskFeed public immutable riskFeed;

    /// @inheritdoc IRateIndex
    mapping(uint32 page => uint256) public coveredRisks;
    mapping(uint32 group => uint256) private _running;
    mapping(ProductId => Tariff) private _tariffs;
    mapping(uint256 pairKey => Pair) private _pairs;
    mapping(uint256 pairKey => mapping(uint256 number => uint256)) private _olderStrips;

    constructor(IProductBook productBook_, IRiskFeed riskFeed_, address policyBook_) {
        (productBook, riskFeed, policyBook) = (productBook_, riskFeed_, policyBook_);
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

    /// @dev Moves the pairs of one product in which a tier changes.
    function _reset(ProductId product, uint32 group, uint256 scores, uint256 lanes) private {
        uint256 table = _tariffs[product].table;
        (uint256 changed, uint256 before, uint256 afterwards) = (0, 0, 0);
        for (uint256 lane = 0; lanes >> lane != 0; lane += 2) {
            uint256 sides = (lanes >> lane) & 3;
            if (sides == 0) continue;
            uint256 pairKey = _pairKey(product, (uint256(group) << 4) | lane);
            uint256 strip = _pairs[pairKey].strip;
            uint256 tiers = strip.tiersOf();
            uint256 next = tiers;
            if (sides & 1 != 0) next = next.withTier(0, RateTable.tierOf(uint16(scores >> (16 * lane))));
            if (sides & 2 != 0) next = next.withTier(1, RateTable.tierOf(uint16(scores >> (16 * lane + 16))));
            if (next == tiers) continue;
            _advance(pairKey, strip, table, next);
            for (uint256 side = 0; side < 2; ++side) {
                if (tiers.tierAt(side) == next.tierAt(side)) continue;
                changed |= 1 << (lane + side);
                before |= table.rateOf(tiers.tierAt(side)) << (16 * (lane + side));
                afterwards |= table.rateOf(next.tierAt(side)) << (16 * (lane + side));
            }
        }
        if (changed != 0) emit RateReset(product, group << 4, uint16(changed), before, afterwards);
    }

    // ------------------------------------------------------------------ policy book

    /// @inheritdoc IRateIndex
    function enter(ProductId product, RiskIndex risk) external onlyPolicyBook returns (uint48 index) {
        Pair storage pair = _pairs[_pairKey(product, RiskIndex.unwrap(risk))];
        uint256 side = RiskIndex.unwrap(risk) & 1;
        uint32 before = pair.policies[side];
        if (before == 0) _start(product, risk, pair);
        pair.policies[side] = before + 1;
        return _current(pair.strip, _tariffs[product].table, side);
    }

    /// @inheritdoc IRateIndex
    function leave(ProductId product, RiskIndex risk, uint32 policies) external onlyPolicyBook {
        Pair storage pair = _pairs[_pairKey(product, RiskIndex.unwrap(risk))];
        uint256 side = RiskIndex.unwrap(risk) & 1;
        uint32 left = pair.policies[side] - policies;
        pair.policies[side] = left;
        if (left != 0 || policies == 0) return;
        _removeLane(product, RiskIndex.unwrap(risk));
        emit IndexStopped(product, risk);
    }

    /// @dev A pair without any policy forgets its path: the next one begins at zero and older strips are written again.
    function _start(ProductId product, RiskIndex risk, Pair storage pair) private {
        uint256 table = _tariffs[product].table;
        if (table == 0) {
            uint64 rateUnit;
            (table, rateUnit) = productBook.table(product);
            _tariffs[product] = Tariff(table, rateUnit);
        }
        (uint16 score, , ) = riskFeed.scoreOf(risk);
        uint256 tier = RateTable.tierOf(score);
        uint256 side = RiskIndex.unwrap(risk) & 1;
        if (pair.policies[1 - side] == 0) {
            pair.strip = RateStrip.begin(block.timestamp, uint256(0).withTier(side, tier));
        } else {
            uint256 strip = pair.strip;
            _advance(_pairKey(product, RiskIndex.unwrap(risk)), strip, table, strip.tiersOf().withTier(side, tier));
        }
        _addLane(product, RiskIndex.unwrap(risk));
        emit IndexStarted(product, risk, table.rateOf(tier) * _tariffs[product].rateUnit);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRateIndex
    function consumed(Stream calldata stream, uint40 until) external view returns (uint40 stop, uint128 premium) {
        Tariff memory tariff = _tariffs[stream.product];
        uint256 budget = PremiumMath.growthDown(stream.funds, stream.sumInsured) / tariff.rateUnit;
        RateStrip.Run memory run = RateStrip.Run({
            side: RiskIndex.unwrap(stream.risk) & 1,
            from: stream.from,
            fromIndex: stream.index,
            loading: stream.loading,
            budget: budget,
            until: until
        });
        (uint256 last, uint256 growth) = _locate(stream.product, stream.risk, tariff.table, run).follow(tariff.table, run);
        return (uint40(last), uint128(PremiumMath.premiumUp(stream.sumInsured, growth * tariff.rateUnit)));
    }

    /// @inheritdoc IRateIndex
    function current(ProductId product, RiskIndex risk) external view returns (uint48 index) {
        Pair storage pair = _runningPair(product, risk);
        return _current(pair.strip, _tariffs[product].table, RiskIndex.unwrap(risk) & 1);
    }

    /// @inheritdoc IRateIndex
    function rateOf(ProductId product, RiskIndex risk) external view returns (uint256) {
        Tariff storage tariff = _tariffs[product];
        uint256 tier = _runningPair(product, risk).strip.tiersOf().tierAt(RiskIndex.unwrap(risk) & 1);
        return tariff.table.rateOf(tier) * tariff.rateUnit;
    }

    /// @inheritdoc IRateIndex
    function indexAt(ProductId product, RiskIndex risk, uint40 time) external view returns (uint256) {
        _runningPair(product, risk);
        Tariff memory tariff = _tariffs[product];
        RateStrip.Run memory run = RateStrip.Run(RiskIndex.unwrap(risk) & 1, 0, 0, 0, type(uint128).max, time);
        uint256 strip = _locate(product, risk, tariff.table, run);
        require(strip.reaches(tariff.table, run), IndexNotRunning(product, risk));
        (, uint256 index) = strip.follow(tariff.table, run);
        return index * tariff.rateUnit;
    }

    /// @inheritdoc IRateIndex
    function policiesOn(ProductId product, RiskIndex risk) external view returns (uint32) {
        return _pairs[_pairKey(product, RiskIndex.unwrap(risk))].policies[RiskIndex.unwrap(risk) & 1];
    }

    // ------------------------------------------------------------------ inside

    function _pairKey(ProductId product, uint256 risk) private pure returns (uint256) {
        return (uint256(ProductId.unwrap(product)) << 32) | (risk >> 1);
    }

    function _runningPair(ProductId product, RiskIndex risk) private view returns (Pair storage pair) {
        pair = _pairs[_pairKey(product, RiskIndex.unwrap(risk))];
        require(pair.policies[RiskIndex.unwrap(risk) & 1] != 0, IndexNotRunning(product, risk));
    }

    function _current(uint256 strip, uint256 table, uint256 side) private view returns (uint48) {
        uint256 rate = table.rateOf(strip.tiersOf().tierAt(side));
        return uint48(strip.indexOf(side) + rate * (block.timestamp - strip.timeOf()));
    }

    function _advance(uint256 pairKey, uint256 strip, uint256 table, uint256 tiers) private {
        (uint256 next, bool full) = strip.advance(table, block.timestamp, tiers);
        if (full) _olderStrips[pairKey][strip.olderOf()] = strip;
        _pairs[pairKey].strip = next;
    }

    /// @dev The newest strip whose first second the run reaches: later ones it does not, so halving the range finds it.
    function _locate(ProductId product, RiskIndex risk, uint256 table, RateStrip.Run memory run) private view returns (uint256 strip) {
        uint256 pairKey = _pairKey(product, RiskIndex.unwrap(risk));
        strip = _pairs[pairKey].strip;
        uint256 above = strip.olderOf();
        if (above == 0 || strip.reaches(table, run)) return strip;
        uint256 found = 0;
        while (above - found > 1) {
            uint256 middle = (found + above) / 2;
            if (_olderStrips[pairKey][middle].reaches(table, run)) found = middle;
            else above = middle;
        }
        return _olderStrips[pairKey][found];
    }

    function _addLane(ProductId product, uint256 risk) private {
        uint32 group = uint32(risk >> 4);
        uint256 entries = _running[group];
        uint256 at = _entryOf(entries, product);
        require(at < PRODUCTS_PER_GROUP, TooManyProducts(group, PRODUCTS_PER_GROUP));
        _running[group] = entries | (((uint256(ProductId.unwrap(product)) << 16) | (1 << (risk & 15))) << (32 * at));
        coveredRisks[uint32(risk >> 8)] |= 1 << (risk & 255);
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
        for (; entries != 0; entries >>= 32) if ((entries >> (risk & 15)) & 1 != 0) return;
        coveredRisks[uint32(risk >> 8)] &= ~(1 << (risk & 255));
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
