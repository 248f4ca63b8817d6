// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What was spent in at least the last 365 days, in one word.
/// @dev Low to high: number of the newest period of 73 days (15 bits), a mark that its keeper may set (1), then six buckets of 40 bits, newest first. The newest bucket and the
///   five before it always hold the last 365 days. Amounts count in grains of 2^16 token units, rounded up, so the sum is never too low.
library RollingYear {
    uint256 internal constant PERIOD = 73 days;
    uint256 internal constant GRAIN = 1 << 16;
    uint256 private constant WIDTH = 40;
    uint256 private constant BUCKETS = 6;
    uint256 private constant HEAD = 16;
    uint256 private constant MARK = 1 << 15;

    /// @notice Token units spent in the last 365 days, and up to 73 days and a grain a payment more.
    function sumUp(uint256 word, uint256 time) internal pure returns (uint256 sum) {
        for (uint256 rest = _at(word, time) >> HEAD; rest != 0; rest >>= WIDTH) sum += rest & ((1 << WIDTH) - 1);
        sum *= GRAIN;
    }

    /// @notice The word after `amount` token units more were spent at `time`, which is not before the newest period.
    function addUp(uint256 word, uint256 time, uint256 amount) internal pure returns (uint256) {
        return _at(word, time) + (((amount + GRAIN - 1) / GRAIN) << HEAD);
    }

    function isMarked(uint256 word) internal pure returns (bool) {
        return word & MARK != 0;
    }

    /// @notice The word with its mark set, which nothing clears.
    function marked(uint256 word) internal pure returns (uint256) {
        return word | MARK;
    }

    /// @dev The word with the period of `time` as its newest.
    function _at(uint256 word, uint256 time) private pure returns (uint256) {
        uint256 period = time / PERIOD;
        uint256 passed = period - (word & (MARK - 1));
        uint256 buckets = passed >= BUCKETS ? 0 : (word >> HEAD) << (passed * WIDTH);
        return ((buckets & ((1 << (WIDTH * BUCKETS)) - 1)) << HEAD) | (word & MARK) | period;
    }
}
