// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";

/// @title A guardian's pause, which ends by itself; deadlines count on a clock that stands still meanwhile.
/// @dev While paused, what falls due is still booked, and waits; so a pause takes nothing from anyone but time.
abstract contract Pausing is IClaimsDesk, AccessManaged {
    /// @notice Seconds that a pause lasts.
    uint32 public immutable pauseLength;
    /// @notice Seconds from the end of a pause in which there is no other.
    uint32 public immutable pauseCoolDown;

    /// @dev One slot for what every settlement asks: the pause, what was paid without review on the day of the cell that paid last, and the seats
    ///   of the committee whose marks were counted last. Times are seconds in 32 bits (until 2106).
    struct Gate {
        uint32 pausedUntil;
        /// of all pauses, the last one whole
        uint32 pausedSeconds;
        /// number of the day
        uint16 day;
        /// token units
        uint56 paid;
        /// low bits of the cell's address
        uint64 cell;
        /// see `Seats`
        uint56 seats;
    }

    Gate internal _gate;

    constructor(uint32 pauseLength_, uint32 pauseCoolDown_) {
        (pauseLength, pauseCoolDown) = (pauseLength_, pauseCoolDown_);
    }

    modifier whileRunning() {
        require(!_isPaused(), DeskIsPaused(_gate.pausedUntil));
        _;
    }

    /// @inheritdoc IClaimsDesk
    function pause(bytes32 reasonHash) external restricted {
        uint40 before = _gate.pausedUntil;
        uint40 earliest = before == 0 ? 0 : before + pauseCoolDown;
        require(block.timestamp >= earliest, PauseTooSoon(earliest));
        uint40 until = uint40(block.timestamp) + pauseLength;
        _gate.pausedUntil = uint32(until);
        _gate.pausedSeconds += pauseLength;
        emit DeskPaused(until, reasonHash);
    }

    /// @inheritdoc IClaimsDesk
    function runningTime() public view returns (uint40) {
        return (_isPaused() ? _gate.pausedUntil : uint40(block.timestamp)) - _gate.pausedSeconds;
    }

    /// @dev The second at which the clock will show `time` if there is no further pause.
    function _chainTime(uint256 time) internal view returns (uint40) {
        return uint40(time + _gate.pausedSeconds);
    }

    function _isPaused() internal view returns (bool) {
        return block.timestamp < _gate.pausedUntil;
    }
}
