// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Members and tolerated faults of a committee, and the times for which that is known to stay so, in 56 bits.
/// @dev Low to high: n 5, f 3, first second 32, day (UTC) before which it stays so 16. A word without n knows nothing. A committee that is in
///   force stays so for at least its rotation delay, whatever is proposed; so its seats may be kept and need not be asked for again.
library Seats {
    uint256 private constant FAULTS = 5;
    uint256 private constant FROM = 8;
    uint256 private constant UNTIL = 40;
    uint256 private constant MOST_DAYS = type(uint16).max;

    /// @param from first second of the committee
    /// @param until nothing proposed from now on acts before it; 0 when the seats are not to be kept
    function pack(uint256 n, uint256 f, uint256 from, uint256 until) internal pure returns (uint256) {
        uint256 untilDay = until / 1 days;
        if (untilDay > MOST_DAYS) untilDay = MOST_DAYS;
        return n | (f << FAULTS) | (uint256(uint32(from)) << FROM) | (untilDay << UNTIL);
    }

    function sizeOf(uint256 seats) internal pure returns (uint256 n, uint256 f) {
        return (seats & 0x1F, (seats >> FAULTS) & 7);
    }

    /// @notice Whether they are the seats of the committee at `time`, and may be kept.
    function holdAt(uint256 seats, uint256 time) internal pure returns (bool) {
        unchecked {
            return time >= uint32(seats >> FROM) && time < uint256(uint16(seats >> UNTIL)) * 1 days;
        }
    }
}
