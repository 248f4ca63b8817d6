// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RateTable} from "./RateTable.sol";

/// @title A strip: one word with the premium indices of two neighbouring risks at one moment and the last pieces of their path.
/// @dev Index units are rate units x seconds. From the lowest bit: index of the even and of the odd risk (48 bits each), time of both (32),
///   tier of each since then (4 each), policies counted in on each (20 each), number of pieces (2), six bits free, and up to three pieces,
///   newest lowest, each of seconds (16) and the tiers that ran in it (4 each). 48 bits hold the highest rate over all of the 32-bit time.
library RateStrip {
    using RateTable for uint256;

    uint256 internal constant MAX_PIECES = 3;
    uint256 internal constant MAX_POLICIES = (1 << 20) - 1;
    uint256 private constant INDEX_BITS = 48;
    uint256 private constant INDEX_MASK = (1 << 48) - 1;
    uint256 private constant TIME_AT = 96;
    uint256 private constant TIERS_AT = 128;
    uint256 private constant POLICIES_AT = 136;
    uint256 private constant POLICIES_BITS = 20;
    uint256 private constant POLICIES_MASK = ((1 << 40) - 1) << 136;
    uint256 private constant USED_AT = 176;
    uint256 private constant PIECES_AT = 184;
    uint256 private constant PIECE_BITS = 24;

    /// @notice How far a stream may run: growth counts from (`from`, `fromIndex`) and includes `loading` rate units in each second.
    struct Run {
        /// 0 the even risk, 1 the odd one
        uint256 side;
        uint256 from;
        uint256 fromIndex;
        uint256 loading;
        /// most growth that is paid for
        uint256 budget;
        /// last second asked for, not before `from`
        uint256 until;
    }

    // ------------------------------------------------------------------ reading

    function timeOf(uint256 strip) internal pure returns (uint256) {
        return uint32(strip >> TIME_AT);
    }

    function tiersOf(uint256 strip) internal pure returns (uint256) {
        return uint8(strip >> TIERS_AT);
    }

    function indexOf(uint256 strip, uint256 side) internal pure returns (uint256) {
        return (strip >> (INDEX_BITS * side)) & INDEX_MASK;
    }

    function policiesOf(uint256 strip, uint256 side) internal pure returns (uint256) {
        return (strip >> (POLICIES_AT + POLICIES_BITS * side)) & MAX_POLICIES;
    }

    function tierAt(uint256 tiers, uint256 side) internal pure returns (uint256) {
        return (tiers >> (4 * side)) & 0xF;
    }

    /// @notice Tiers with one side's exchanged.
    function withTier(uint256 tiers, uint256 side, uint256 tier) internal pure returns (uint256) {
        return (tiers & ~(uint256(0xF) << (4 * side))) | (tier << (4 * side));
    }

    /// @notice A side's index at `time`, not before the strip's.
    function indexAt(uint256 strip, uint256 table, uint256 side, uint256 time) internal pure returns (uint256) {
        return indexOf(strip, side) + table.rateOf(tierAt(tiersOf(strip), side)) * (time - timeOf(strip));
    }

    // ------------------------------------------------------------------ writing

    /// @notice A path that begins now, both indices at zero.
    function begin(uint256 time, uint256 tiers) internal pure returns (uint256) {
        return (time << TIME_AT) | (tiers << TIERS_AT);
    }

    /// @notice The strip with `policies` counted in on a side, at most MAX_POLICIES.
    function withPolicies(uint256 strip, uint256 side, uint256 policies) internal pure returns (uint256) {
        uint256 shift = POLICIES_AT + POLICIES_BITS * side;
        return (strip & ~(MAX_POLICIES << shift)) | (policies << shift);
    }

    /// @notice Brings both indices to `time` and lets `tiers` run from there.
    /// @return next the strip from now on
    /// @return full the old strip has no room for the piece that ended: it must be kept, and `next` begins a new one
    function advance(uint256 strip, uint256 table, uint256 time, uint256 tiers) internal pure returns (uint256 next, bool full) {
        unchecked {
            uint256 ran = tiersOf(strip);
            uint256 lasted = time - timeOf(strip);
            if (lasted == 0) return (strip ^ ((ran ^ tiers) << TIERS_AT), false);
            next = (strip & POLICIES_MASK) | begin(time, tiers);
            next |= indexOf(strip, 0) + table.rateOf(ran & 0xF) * lasted;
            next |= (indexOf(strip, 1) + table.rateOf(ran >> 4) * lasted) << INDEX_BITS;
            uint256 used = (strip >> USED_AT) & 3;
            if (used == MAX_PIECES || lasted > 0xFFFF) return (next, true);
            uint256 pieces = ((strip >> PIECES_AT) << PIECE_BITS) | (lasted << 8) | ran;
            next |= ((used + 1) << USED_AT) | (pieces << PIECES_AT);
        }
    }

    // ------------------------------------------------------------------ following

    /// @notice Whether the run is still going at the strip's first second.
    function reaches(uint256 strip, uint256 table, Run memory run) internal pure returns (bool) {
        (uint256 time, uint256 index) = (timeOf(strip), indexOf(strip, run.side));
        if (_going(time, index, run)) return true;
        uint256 pieces = strip >> PIECES_AT;
        for (uint256 i = (strip >> USED_AT) & 3; i > 0; --i) {
            (time, index, pieces) = _back(time, index, pieces, table, run.side);
        }
        return _going(time, index, run);
    }

    /// @notice Where a run that reaches the strip's first second stops: at `until`, or at the last second that its budget pays.
    /// @return stop that second
    /// @return growth from `from` to `stop`, index units
    function follow(uint256 strip, uint256 table, Run memory run) internal pure returns (uint256 stop, uint256 growth) {
        (uint256 time, uint256 index) = (timeOf(strip), indexOf(strip, run.side));
        uint256 tiers = tiersOf(strip);
        uint256 pieces = strip >> PIECES_AT;
        for (uint256 i = (strip >> USED_AT) & 3; i > 0 && !_going(time, index, run); --i) {
            tiers = uint8(pieces);
            (time, index, pieces) = _back(time, index, pieces, table, run.side);
        }
        if (time > run.from) {
            growth = index - run.fromIndex + run.loading * (time - run.from);
        } else {
            time = run.from;
        }
        uint256 slope = table.rateOf(tierAt(tiers, run.side)) + run.loading;
        stop = time + (run.budget - growth) / slope;
        if (stop > run.until) stop = run.until;
        growth += slope * (stop - time);
    }

    /// @dev An older piece begins where the one before it, in time, ended; indices only grow.
    function _back(
        uint256 time,
        uint256 index,
        uint256 pieces,
        uint256 table,
        uint256 side
    ) private pure returns (uint256, uint256, uint256) {
        unchecked {
            uint256 lasted = uint16(pieces >> 8);
            return (time - lasted, index - table.rateOf(tierAt(uint8(pieces), side)) * lasted, pieces >> PIECE_BITS);
        }
    }

    function _going(uint256 time, uint256 index, Run memory run) private pure returns (bool) {
        if (time > run.until) return false;
        return time <= run.from || index - run.fromIndex + run.loading * (time - run.from) <= run.budget;
    }
}
