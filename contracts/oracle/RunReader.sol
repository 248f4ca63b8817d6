// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IRunReader} from "../interfaces/IRunReader.sol";
import {Peril, RiskIndex} from "../interfaces/Types.sol";
import {RunMath} from "../libraries/RunMath.sol";

/// @title Reads runs where the masks are kept, so that a settlement calls one contract once for them.
abstract contract RunReader is IRunReader {
    /// @dev a dependency's slots are marked under this plus its index
    uint64 private constant DEPENDENCIES = 1 << 32;

    /// @inheritdoc IRunReader
    uint32 public immutable slotLength;
    /// @inheritdoc IRunReader
    uint32 public immutable maxReportDelay;

    constructor(uint32 slotLength_, uint32 maxReportDelay_) {
        (slotLength, maxReportDelay) = (slotLength_, maxReportDelay_);
    }

    /// @inheritdoc IRunReader
    function readRun(Scope calldata scope, uint64 start, uint256 until) external view returns (uint64 last, bool ended) {
        uint64 frontier = closedBefore(uint40(block.timestamp - scope.holdWindow));
        if (start >= frontier) revert RunNotSettleable(start, settleableAt(start, scope.holdWindow));
        uint64 gap = RunMath.bridged(scope.mergeGap, slotLength);
        uint64 epoch = start / RunMath.EPOCH;
        uint64 mask = _marks(scope, epoch);
        require(_isFirst(scope, start, mask, gap), NotARun(start));
        (last, ended) = RunMath.absorb(mask, epoch * RunMath.EPOCH, start, gap, frontier);
        while (!ended && (uint256(last) + 1) * slotLength < until && (epoch + 1) * RunMath.EPOCH < frontier) {
            epoch += 1;
            (last, ended) = RunMath.absorb(_marks(scope, epoch), epoch * RunMath.EPOCH, last, gap, frontier);
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

    /// @dev Slots of an epoch that a quorum marked lost.
    function _lostIn(uint64 subject, uint32 epoch) internal view virtual returns (uint64);

    /// @dev Slots of an epoch that enough members marked attacked.
    function _attackedIn(uint64 subject, uint32 epoch) internal view virtual returns (uint64);

    /// @dev The start is marked, and no slot that the gap would bridge to it is marked before it.
    function _isFirst(Scope calldata scope, uint64 start, uint64 mask, uint64 gap) private view returns (bool) {
        uint64 from = start > gap + 1 ? start - gap - 1 : 0;
        uint64 last = start / RunMath.EPOCH;
        for (uint64 epoch = from / RunMath.EPOCH; epoch < last; ++epoch) {
            if (_marks(scope, epoch) & RunMath.window(epoch * RunMath.EPOCH, from, start) != 0) return false;
        }
        uint64 base = last * RunMath.EPOCH;
        return mask & RunMath.window(base, from, start + 1) == uint64(1) << (start - base);
    }

    /// @dev Slots of an epoch that concern the cover.
    function _marks(Scope calldata scope, uint64 epoch_) private view returns (uint64 marks) {
        (uint64 risk, uint32 epoch) = (RiskIndex.unwrap(scope.risk), uint32(epoch_));
        marks = _lostIn(risk, epoch);
        if (scope.peril == Peril.ServiceOutage || marks == 0) return marks;
        if (scope.peril == Peril.ServiceAttack) return marks & _attackedIn(risk, epoch);
        uint64 shared;
        for (uint128 rest = scope.dependencies; rest != 0; rest >>= 32) shared |= _lostIn(DEPENDENCIES + uint32(rest), epoch);
        return marks & shared;
    }
}
