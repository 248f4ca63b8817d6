// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CertificatePricing} from "../libraries/CertificatePricing.sol";
import {LaneMedian} from "../libraries/LaneMedian.sol";
import {PremiumMath} from "../libraries/PremiumMath.sol";
import {RollingYear} from "../libraries/RollingYear.sol";
import {RunMath} from "../libraries/RunMath.sol";
import {SumTree} from "../libraries/SumTree.sol";

/// @title The pure libraries that decide money, callable from outside for their mutation check.
contract PureMaths {
    function premiumUp(uint256 sumInsured, uint256 growth) external pure returns (uint256) {
        return PremiumMath.premiumUp(sumInsured, growth);
    }

    function growthDown(uint256 funds, uint256 sumInsured) external pure returns (uint256) {
        return PremiumMath.growthDown(funds, sumInsured);
    }

    function premiumPerUnitUp(uint256 unit, uint256 rate, uint256 tenor) external pure returns (uint256) {
        return CertificatePricing.premiumPerUnitUp(unit, rate, tenor);
    }

    function payoutDown(uint256 lostSeconds, uint256 waitingPeriod, uint256 lossPerHour) external pure returns (uint256) {
        return RunMath.payoutDown(lostSeconds, waitingPeriod, lossPerHour);
    }

    function secondsUp(uint256 amount, uint256 lossPerHour) external pure returns (uint256) {
        return RunMath.secondsUp(amount, lossPerHour);
    }

    function bridged(uint32 mergeGap, uint32 slotLength) external pure returns (uint64) {
        return uint64(RunMath.bridged(mergeGap, slotLength));
    }

    function window(uint64 base, uint64 from, uint64 to) external pure returns (uint64) {
        return uint64(RunMath.window(base, from, to));
    }

    function extend(uint64 mask, uint64 base, uint64 last, uint64 gap) external pure returns (uint64 last_, bool ended) {
        uint256 slot;
        (slot, ended) = RunMath.extend(mask, base, last, gap);
        last_ = uint64(slot);
    }

    function absorb(uint64 mask, uint64 base, uint64 last, uint64 gap, uint64 frontier) external pure returns (uint64 last_, bool ended) {
        uint256 slot;
        (slot, ended) = RunMath.absorb(mask, base, last, gap, frontier);
        last_ = uint64(slot);
    }

    function medianUp(uint256[] memory words) external pure returns (uint256) {
        return LaneMedian.medianUp(words);
    }

    /// @param data the vectors, one after the other
    /// @param places which vector each member brought
    /// @param groups words of each vector
    function medians(bytes calldata data, uint256[] memory places, uint256 groups) external pure returns (bytes memory) {
        uint256 start;
        assembly ("memory-safe") {
            start := data.offset
        }
        for (uint256 i = 0; i < places.length; ++i) places[i] = start + 32 * groups * places[i];
        return LaneMedian.ofCalldata(places, groups);
    }

    function sumUp(uint256 word, uint256 time) external pure returns (uint256) {
        return RollingYear.sumUp(word, time);
    }

    function addUp(uint256 word, uint256 time, uint256 amount) external pure returns (uint256) {
        return RollingYear.addUp(word, time, amount);
    }

    function isMarked(uint256 word) external pure returns (bool) {
        return RollingYear.isMarked(word);
    }

    function marked(uint256 word) external pure returns (uint256) {
        return RollingYear.marked(word);
    }

    function fold(
        bytes calldata indices,
        bytes calldata records,
        bytes32[] calldata proof,
        uint256 size,
        bool voids
    ) external pure returns (SumTree.Claimed memory) {
        return SumTree.fold(indices, records, proof, size, voids);
    }

    function recordAt(bytes calldata records, uint256 number) external pure returns (bytes20, uint256) {
        return SumTree.recordAt(records, number);
    }
}
