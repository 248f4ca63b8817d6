// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IRunReader} from "../interfaces/IRunReader.sol";
import {Peril} from "../interfaces/Types.sol";
import {RunMath} from "../libraries/RunMath.sol";
import {Scopes} from "../libraries/Scopes.sol";
import {Seats} from "../libraries/Seats.sol";

/// @title Reads runs where the masks are kept, so that a settlement calls one contract once for them.
/// @dev Slots, epochs and masks are whole words here, where no field is narrower.
abstract contract RunReader is IRunReader {
    using Scopes for uint256;
    using Seats for uint256;

    /// @dev a dependency's slots are marked under this plus its index
    uint256 private constant DEPENDENCIES = 1 << 32;

    /// @inheritdoc IRunReader
    uint32 public immutable slotLength;
    /// @inheritdoc IRunReader
    uint32 public immutable maxReportDelay;

    constructor(uint32 slotLength_, uint32 maxReportDelay_) {
        (slotLength, maxReportDelay) = (slotLength_, maxReportDelay_);
    }

    /// @inheritdoc IRunReader
    function runOf(
        uint256 scope,
        uint256 known,
        uint256 start,
        uint256 until
    ) external view returns (uint256 last, bool ended, uint256 seats) {
        uint256 frontier = closedBefore(uint40(block.timestamp - scope.holdWindowOf()));
        if (start >= frontier) revert RunNotSettleable(uint64(start), settleableAt(uint64(start), scope.holdWindowOf()));
        unchecked {
            uint256 gap = RunMath.bridged(scope.mergeGapOf(), slotLength);
            uint256 epoch = start / RunMath.EPOCH;
            uint256 mask;
            (mask, seats) = _marks(scope, known, epoch);
            require(_isFirst(scope, seats, start, mask, gap), NotARun(uint64(start)));
            (last, ended) = RunMath.absorb(mask, epoch * RunMath.EPOCH, start, gap, frontier);
            while (!ended && (last + 1) * slotLength < until && (epoch + 1) * RunMath.EPOCH < frontier) {
                epoch += 1;
                (mask, seats) = _marks(scope, seats, epoch);
                (last, ended) = RunMath.absorb(mask, epoch * RunMath.EPOCH, last, gap, frontier);
            }
        }
    }

    /// @inheritdoc IRunReader
    function settleableAt(uint64 slot, uint32 holdWindow) public view returns (uint40) {
        return SafeCast.toUint40((uint256(slot) + 1) * slotLength + maxReportDelay + holdWindow);
    }

    /// @inheritdoc IRunReader
    function closedBefore(uint40 time) public view virtual returns (uint64 slot) {
        return time < maxReportDelay ? 0 : (time - maxReportDelay) / slotLength;
    }

    /// @dev Seats of an epoch's committee.
    function _seatsOf(uint256 epoch) internal view virtual returns (uint256 seats);

    /// @dev Slots of an epoch that a quorum marked lost.
    function _lostIn(uint256 subject, uint256 epoch, uint256 seats) internal view virtual returns (uint256);

    /// @dev Slots of an epoch that enough members marked attacked.
    function _attackedIn(uint256 subject, uint256 epoch, uint256 seats) internal view virtual returns (uint256);

    function _firstSecond(uint256 epoch) internal view returns (uint256) {
        unchecked {
            return epoch * RunMath.EPOCH * slotLength;
        }
    }

    /// @dev The start is marked, and no slot that the gap would bridge to it is marked before it.
    function _isFirst(uint256 scope, uint256 seats, uint256 start, uint256 mask, uint256 gap) private view returns (bool) {
        unchecked {
            uint256 from = start > gap + 1 ? start - gap - 1 : 0;
            uint256 last = start / RunMath.EPOCH;
            for (uint256 epoch = from / RunMath.EPOCH; epoch < last; ++epoch) {
                (uint256 before, ) = _marks(scope, seats, epoch);
                if (before & RunMath.window(epoch * RunMath.EPOCH, from, start) != 0) return false;
            }
            uint256 base = last * RunMath.EPOCH;
            return mask & RunMath.window(base, from, start + 1) == 1 << (start - base);
        }
    }

    /// @dev Slots of an epoch that concern the cover, and its committee's seats: the known ones where they are those.
    function _marks(uint256 scope, uint256 known, uint256 epoch) private view returns (uint256 marks, uint256 seats) {
        seats = known.holdAt(_firstSecond(epoch)) ? known : _seatsOf(epoch);
        uint256 risk = scope.riskOf();
        marks = _lostIn(risk, epoch, seats);
        if (scope.isOf(Peril.ServiceOutage) || marks == 0) return (marks, seats);
        if (scope.isOf(Peril.ServiceAttack)) return (marks & _attackedIn(risk, epoch, seats), seats);
        uint256 shared;
        for (uint256 rest = scope.dependenciesOf(); rest != 0; rest >>= 32) {
            shared |= _lostIn(DEPENDENCIES + uint32(rest), epoch, seats);
        }
        return (marks & shared, seats);
    }
}
