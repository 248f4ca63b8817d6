// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Arithmetic on sixteen scores at once: one word, sixteen lanes of 16 bits, lane 0 highest.
/// @dev A lane holds a score of 0..10,000 or NONE in its low 14 bits. Comparisons need the top bit of each lane clear, so lanes stay
///   below 2^15. Its two top bits are free in storage: together they carry the frame (`spread`).
library Lanes {
    uint256 internal constant ONES = 0x0001000100010001000100010001000100010001000100010001000100010001;
    /// @dev 14 bits a lane
    uint256 internal constant SCORE = 0x3FFF * ONES;
    /// @dev the top bit of each lane
    uint256 internal constant HIGH = 0x8000 * ONES;
    /// @dev lane of a risk without a score
    uint256 internal constant NONE = 0x3FFF;
    uint256 internal constant MAX_SCORE = 10_000;

    /// @dev sum of 2^(17 j), j = 0..15: gathers one bit of each lane in the top 16 bits, lane 0 lowest.
    uint256 private constant GATHER = 0x8000400020001000080004000200010000800040002000100008000400020001;

    /// @notice Larger of each pair of lanes.
    function max(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            uint256 aIsLarger = ((a | HIGH) - b) & HIGH;
            return b ^ ((a ^ b) & (aIsLarger - (aIsLarger >> 15)));
        }
    }

    /// @notice Smaller of each pair of lanes.
    function min(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            uint256 aIsLarger = ((a | HIGH) - b) & HIGH;
            return a ^ ((a ^ b) & (aIsLarger - (aIsLarger >> 15)));
        }
    }

    /// @notice a - b in each lane, zero where b is larger.
    function minusFloor(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return max(a, b) - b;
        }
    }

    /// @notice All 14 bits of the lanes that hold NONE.
    function noneMask(uint256 lanes) internal pure returns (uint256) {
        unchecked {
            uint256 none = (lanes + ONES) & (0x4000 * ONES);
            return none - (none >> 14);
        }
    }

    /// @notice One bit for each lane that is not zero, lane 0 lowest.
    function nonZero(uint256 lanes) internal pure returns (uint256) {
        unchecked {
            return ((((lanes + 0x7FFF * ONES) & HIGH) >> 15) * GATHER) >> 240;
        }
    }

    /// @notice From 14-bit lanes to score vector lanes: NONE becomes 0xFFFF.
    function toVector(uint256 lanes) internal pure returns (uint256) {
        unchecked {
            uint256 none = (lanes + ONES) & (0x4000 * ONES);
            return lanes | none | (none << 1);
        }
    }

    /// @notice Bits set where a score vector's lane is neither 0..10,000 nor 0xFFFF.
    function outOfRange(uint256 vector) internal pure returns (uint256) {
        unchecked {
            uint256 high = vector & HIGH;
            uint256 none = high | (high - (high >> 15));
            return (none & ~vector) | (((vector & ~none) + (0x7FFF - MAX_SCORE) * ONES) & HIGH);
        }
    }

    /// @notice The lanes in opposite order.
    function reverse(uint256 x) internal pure returns (uint256) {
        x = (x >> 128) | (x << 128);
        uint256 low = 0x0000000000000000FFFFFFFFFFFFFFFF0000000000000000FFFFFFFFFFFFFFFF;
        x = ((x >> 64) & low) | ((x & low) << 64);
        low = 0x00000000FFFFFFFF00000000FFFFFFFF00000000FFFFFFFF00000000FFFFFFFF;
        x = ((x >> 32) & low) | ((x & low) << 32);
        low = 0x0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF;
        return ((x >> 16) & low) | ((x & low) << 16);
    }

    /// @notice 32 bits as two in the top of each lane, most significant first, so that the order of numbers is kept.
    function spread(uint32 number) internal pure returns (uint256 x) {
        x = number;
        x = (x | (x << 112)) & (0xFFFF * ((1 << 128) + 1));
        x = (x | (x << 56)) & 0x00000000000000FF00000000000000FF00000000000000FF00000000000000FF;
        x = (x | (x << 28)) & 0x0000000F0000000F0000000F0000000F0000000F0000000F0000000F0000000F;
        x = ((x | (x << 14)) & (3 * ONES)) << 14;
    }

    /// @notice The number that `spread` put into the top bits of each lane.
    function gather(uint256 x) internal pure returns (uint32) {
        x = (x >> 14) & (3 * ONES);
        x = (x | (x >> 14)) & 0x0000000F0000000F0000000F0000000F0000000F0000000F0000000F0000000F;
        x = (x | (x >> 28)) & 0x00000000000000FF00000000000000FF00000000000000FF00000000000000FF;
        x = (x | (x >> 56)) & (0xFFFF * ((1 << 128) + 1));
        return uint32(x | (x >> 112));
    }

    /// @notice Value of one lane, its two top bits left out.
    function at(uint256 lanes, uint256 lane) internal pure returns (uint256) {
        return (lanes >> (16 * (15 - lane))) & NONE;
    }
}
