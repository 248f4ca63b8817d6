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

    uint40 private _pausedUntil;
    /// @dev seconds of all pauses, the last one whole
    uint40 private _pausedSeconds;

    constructor(uint32 pauseLength_, uint32 pauseCoolDown_) {
        (pauseLength, pauseCoolDown) = (pauseLength_, pauseCoolDown_);
    }

    modifier whileRunning() {
        require(!_isPaused(), DeskIsPaused(_pausedUntil));
        _;
    }

    /// @inheritdoc IClaimsDesk
    function pause(bytes32 reasonHash) external restricted {
        uint40 earliest = _pausedUntil == 0 ? 0 : _pausedUntil + pauseCoolDown;
        require(block.timestamp >= earliest, PauseTooSoon(earliest));
        _pausedUntil = uint40(block.timestamp) + pauseLength;
        _pausedSeconds += pauseLength;
        emit DeskPaused(_pausedUntil, reasonHash);
    }

    /// @inheritdoc IClaimsDesk
    function runningTime() public view returns (uint40) {
        return (_isPaused() ? _pausedUntil : uint40(block.timestamp)) - _pausedSeconds;
    }

    /// @dev The second at which the clock will show `time` if there is no further pause.
    function _chainTime(uint256 time) internal view returns (uint40) {
        return uint40(time + _pausedSeconds);
    }

    function _isPaused() internal view returns (bool) {
        return block.timestamp < _pausedUntil;
    }
}
