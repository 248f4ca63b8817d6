// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Runs of marked slots, and what their seconds are worth.
/// @dev Unchecked: numbers of slots are seconds over a length, far from the ends of their types. Slot s is the seconds [s * length, (s + 1) * length). Two marked slots belong to one run when the clear slots between them last
///   less than the merge gap (neighbours always do); those clear slots then count as lost. A run is named by its first slot, which has no
///   marked slot within the merge gap before it. `backend/domain/liability.py` is the same rule written another way.
library RunMath {
    /// @dev slots in an epoch's mask
    uint256 internal constant EPOCH = 64;
    /// @dev mask of all of them
    uint256 private constant SLOTS = type(uint64).max;
    uint256 private constant HOUR = 3600;

    /// @notice Most clear slots that a run still bridges: the largest g with g * slotLength < mergeGap, 0 when there is none.
    function bridged(uint256 mergeGap, uint256 slotLength) internal pure returns (uint256) {
        return mergeGap == 0 ? 0 : (mergeGap - 1) / slotLength;
    }

    /// @notice Mask of the slots of an epoch from `from` up to but not including `to`, which may lie outside of it.
    function window(uint256 base, uint256 from, uint256 to) internal pure returns (uint256) {
        unchecked {
            uint256 low = from > base ? from - base : 0;
            uint256 high = to > base ? to - base : 0;
            uint256 below = high >= EPOCH ? SLOTS : (1 << high) - 1;
            return low >= EPOCH ? 0 : below & (SLOTS << low);
        }
    }

    /// @notice Carries a run whose last marked slot is `last` through the epoch that begins at slot `base`.
    /// @param gap clear slots that are bridged
    /// @return last_ the last marked slot of the run that lies in or before the epoch
    /// @return ended whether a marked slot further away than the gap was met
    function extend(uint256 mask, uint256 base, uint256 last, uint256 gap) internal pure returns (uint256 last_, bool ended) {
        unchecked {
            uint256 next = last + 1 > base ? last + 1 : base;
            uint256 rest = next - base >= EPOCH ? 0 : mask >> (next - base);
            last_ = last;
            while (rest != 0) {
                uint256 clear = trailingZeros(rest);
                if (next + clear - last_ - 1 > gap) return (last_, true);
                rest >>= clear;
                uint256 marked = trailingZeros(~rest);
                last_ = next + clear + marked - 1;
                next = last_ + 1;
                rest >>= marked;
            }
        }
    }

    /// @notice `extend` over the slots of the epoch below `frontier`, the first slot that is not settled yet.
    /// @return last_ the last marked slot of the run that lies in or before the epoch
    /// @return ended whether nothing further can join the run
    function absorb(uint256 mask, uint256 base, uint256 last, uint256 gap, uint256 frontier) internal pure returns (uint256 last_, bool ended) {
        (last_, ended) = extend(mask & window(base, base, frontier), base, last, gap);
        unchecked {
            uint256 seen = base + EPOCH < frontier ? base + EPOCH : frontier;
            ended = ended || seen - last_ - 1 > gap;
        }
    }

    /// @notice Number of clear bits below the lowest set one; 64 for 0.
    function trailingZeros(uint256 value) internal pure returns (uint256) {
        unchecked {
            return value == 0 ? EPOCH : Math.log2(value & (~value + 1));
        }
    }

    /// @notice What seconds of loss beyond the waiting period are worth, token units.
    /// @custom:pre seconds and loss per hour below 2^128
    function payoutDown(uint256 lostSeconds, uint256 waitingPeriod, uint256 lossPerHour) internal pure returns (uint256) {
        unchecked {
            return lostSeconds <= waitingPeriod ? 0 : ((lostSeconds - waitingPeriod) * lossPerHour) / HOUR;
        }
    }

    /// @notice Least seconds beyond the waiting period that are worth `amount`.
    function secondsUp(uint256 amount, uint256 lossPerHour) internal pure returns (uint256) {
        return lossPerHour == 0 ? 0 : Math.ceilDiv(amount * HOUR, lossPerHour);
    }
}
