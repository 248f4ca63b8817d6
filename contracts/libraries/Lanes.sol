// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Arithmetic on sixteen scores at once: one word, sixteen lanes of 16 bits, lane 0 highest.
/// @dev A lane holds a score of 0..10,000 or NONE in its low 14 bits. Comparisons need the top bit of each lane clear, so lanes stay
///   below 2^15. Its two top bits are free in storage: together they carry the frame (`spread`).
library Lanes {
    uint256 internal constant ONES = 0x0001000100010001000100010001000100010001000100010001000100010001;
    /// @dev 14 bits a lane
    uint256 internal constant SCORE = 0x3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF3FFF;
    /// @dev the top bit of each lane
    uint256 internal constant HIGH = 0x8000800080008000800080008000800080008000800080008000800080008000;
    /// @dev 2^15 - 1 - 10,000 in each lane: added to a lane above 10,000 it sets the top bit
    uint256 internal constant ABOVE_MAX = 0x58EF58EF58EF58EF58EF58EF58EF58EF58EF58EF58EF58EF58EF58EF58EF58EF;
    /// @dev lane of a risk without a score
    uint256 internal constant NONE = 0x3FFF;
    uint256 internal constant MAX_SCORE = 10_000;

    uint256 private constant ALMOST_HIGH = 0x7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF;
    uint256 private constant FOURTEENTH = 0x4000400040004000400040004000400040004000400040004000400040004000;
    uint256 private constant TOP_LANE = 0xFFFF000000000000000000000000000000000000000000000000000000000000;
    uint256 private constant PAIRS = 0x0003000300030003000300030003000300030003000300030003000300030003;
    uint256 private constant HALVES = 0x0000000000000000000000000000FFFF0000000000000000000000000000FFFF;
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

    /// @notice Each lane of `wanted`, moved no further than `room` away from `from`; a lane whose `from` is NONE moves freely.
    /// @param room 0..10,000 in each lane
    function within(uint256 wanted, uint256 from, uint256 room) internal pure returns (uint256) {
        unchecked {
            uint256 lowest = max(orZero(from), room) - room;
            return max(min(wanted, from + room), lowest);
        }
    }

    /// @notice All 14 bits of the lanes that hold NONE.
    function noneMask(uint256 lanes) internal pure returns (uint256) {
        unchecked {
            uint256 none = (lanes + ONES) & FOURTEENTH;
            return none - (none >> 14);
        }
    }

    /// @notice The lanes with NONE as zero.
    function orZero(uint256 lanes) internal pure returns (uint256) {
        return lanes & ~noneMask(lanes);
    }

    /// @dev where `moveWhilePlain` is, and what it needs for all words
    struct Walk {
        /// storage slot and place in memory of the next word; the end of the words in memory
        uint256 slot;
        uint256 at;
        uint256 end;
        /// way in memory from a word to its anchor
        uint256 toAnchor;
        /// put into the lanes' top bits; stored words have a smaller one
        uint256 tag;
        /// how far scores may move from the last ones and from the anchors
        uint256 lastRoom;
        uint256 anchorRoom;
        /// one bit for each lane that moved, sixteen for each word, shifted in from above
        uint256 moved;
    }

    /// @notice Stores words from memory in slots, as long as nothing is special about them: each lane is a score within both rooms
    ///   (`within` would not change it), and the slot holds a word with a smaller tag. An anchor of zero stands for the last word.
    /// @dev By hand, because it is most of what a report computes. Five differences are each taken from, or added to, a set top bit,
    ///   which they keep or clear.
    function moveWhilePlain(Walk memory walk) internal {
        uint256 lastRoom = walk.lastRoom | HIGH;
        uint256 anchorRoom = walk.anchorRoom | HIGH;
        assembly ("memory-safe") {
            let slot := mload(walk)
            let at := mload(add(walk, 0x20))
            let moved := mload(add(walk, 0xe0))
            for { let end := mload(add(walk, 0x40)) } lt(at, end) { at := add(at, 32) } {
                let word := sload(slot)
                let last := and(word, SCORE)
                let next := mload(at)
                let move := sub(next, last)
                let good := and(add(lastRoom, move), sub(lastRoom, move))
                move := and(mload(add(at, mload(add(walk, 0x60)))), SCORE)
                if iszero(move) { move := last }
                move := sub(next, move)
                good := and(good, and(add(anchorRoom, move), sub(anchorRoom, move)))
                good := and(and(good, not(add(next, ABOVE_MAX))), HIGH)
                let tag := mload(add(walk, 0x80))
                if or(xor(good, HIGH), iszero(and(gt(word, 0), lt(xor(word, last), tag)))) { break }
                sstore(slot, or(next, tag))
                slot := add(slot, 1)
                move := shr(15, and(add(xor(next, last), ALMOST_HIGH), HIGH))
                moved := or(shr(16, moved), and(mul(move, GATHER), TOP_LANE))
            }
            mstore(walk, slot)
            mstore(add(walk, 0x20), at)
            mstore(add(walk, 0xe0), moved)
        }
    }

    /// @notice One bit for each lane that is not zero, lane 0 lowest.
    function nonZero(uint256 lanes) internal pure returns (uint256) {
        unchecked {
            return ((((lanes + ALMOST_HIGH) & HIGH) >> 15) * GATHER) >> 240;
        }
    }

    /// @notice From 14-bit lanes to score vector lanes: NONE becomes 0xFFFF.
    function toVector(uint256 lanes) internal pure returns (uint256) {
        unchecked {
            uint256 none = (lanes + ONES) & FOURTEENTH;
            return lanes | none | (none << 1);
        }
    }

    /// @notice Lanes above 10,000 made NONE.
    function orNone(uint256 lanes) internal pure returns (uint256) {
        unchecked {
            uint256 above = (lanes + ABOVE_MAX) & HIGH;
            return lanes | ((above >> 1) - (above >> 15));
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
        x = (x | (x << 112)) & HALVES;
        x = (x | (x << 56)) & 0x00000000000000FF00000000000000FF00000000000000FF00000000000000FF;
        x = (x | (x << 28)) & 0x0000000F0000000F0000000F0000000F0000000F0000000F0000000F0000000F;
        x = ((x | (x << 14)) & PAIRS) << 14;
    }

    /// @notice The number that `spread` put into the top bits of each lane.
    function gather(uint256 x) internal pure returns (uint32) {
        x = (x >> 14) & PAIRS;
        x = (x | (x >> 14)) & 0x0000000F0000000F0000000F0000000F0000000F0000000F0000000F0000000F;
        x = (x | (x >> 28)) & 0x00000000000000FF00000000000000FF00000000000000FF00000000000000FF;
        x = (x | (x >> 56)) & HALVES;
        return uint32(x | (x >> 112));
    }

    /// @notice Value of one lane, its two top bits left out.
    function scoreAt(uint256 lanes, uint256 lane) internal pure returns (uint256) {
        return (lanes >> (16 * (15 - lane))) & NONE;
    }

    // ---- words in memory and calldata

    /// @notice Where in calldata the bytes begin.
    function offsetOf(bytes calldata data) internal pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := data.offset
        }
    }

    /// @notice The word at a place of calldata, its lanes' two top bits left out.
    function ofCalldata(uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(offset)
        }
        return word & SCORE;
    }

    /// @notice The i-th word, which the caller knows to be there.
    function wordAt(bytes memory words, uint256 i) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(words, 32), shl(5, i)))
        }
    }

    /// @notice Where in memory the bytes begin.
    function start(bytes memory words) internal pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := add(words, 32)
        }
    }

    function peek(uint256 at) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(at)
        }
    }

    function load(uint256 slot) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function store(uint256 slot, uint256 word) internal {
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }

    function put(bytes memory words, uint256 i, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(words, 32), shl(5, i)), word)
        }
    }
}
