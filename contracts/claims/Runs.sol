// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {Peril, RiskIndex, SubjectId, Terms} from "../interfaces/Types.sol";
import {RunMath} from "../libraries/RunMath.sol";

/// @title Runs read from the attested masks: which slots concern a cover, and how far its run reaches by now.
abstract contract Runs {
    /// @dev A run while it is read, forward only: epochs below `nextEpoch` have been seen.
    struct Walk {
        Peril peril;
        RiskIndex risk;
        uint128 dependencies;
        uint64 start;
        /// clear slots that are bridged
        uint64 gap;
        /// slots from here on may still change or are within the hold window
        uint64 frontier;
        uint64 nextEpoch;
        /// last slot of the run that has been seen
        uint64 last;
        /// nothing further can join the run
        bool ended;
    }

    /// @dev a dependency's slots are marked under this plus its index
    uint64 private constant DEPENDENCIES = 1 << 32;

    IIncidentRegistry public immutable incidentRegistry;
    uint32 internal immutable slotLength;
    uint32 internal immutable maxReportDelay;

    constructor(IIncidentRegistry incidentRegistry_) {
        incidentRegistry = incidentRegistry_;
        slotLength = incidentRegistry_.slotLength();
        maxReportDelay = incidentRegistry_.maxReportDelay();
    }

    /// @notice Begins to read the run that starts at `start`.
    /// @custom:throws RunNotSettleable, NotARun
    function _walkFrom(uint64 start, Terms memory terms, RiskIndex risk, uint128 dependencies) internal view returns (Walk memory walk) {
        walk.peril = terms.peril;
        walk.risk = risk;
        walk.dependencies = terms.peril == Peril.DependencyOutage ? dependencies : 0;
        walk.start = start;
        walk.last = start;
        walk.gap = RunMath.bridged(terms.mergeGap, slotLength);
        walk.nextEpoch = start / RunMath.EPOCH;
        walk.frontier = incidentRegistry.closedBefore(uint40(block.timestamp - terms.holdWindow));
        uint256 settleableAt = (uint256(start) + 1) * slotLength + maxReportDelay + terms.holdWindow;
        require(start < walk.frontier, IClaimsDesk.RunNotSettleable(start, uint40(settleableAt)));
        uint64 mask = _marks(walk, walk.nextEpoch);
        require(_isFirst(walk, mask), IClaimsDesk.NotARun(start));
        _absorb(walk, mask);
    }

    /// @notice Reads on until the run has ended, reached second `until`, or nothing more is settled.
    function _advance(Walk memory walk, uint256 until) internal view {
        while (!walk.ended && _endOf(walk) < until && walk.nextEpoch * RunMath.EPOCH < walk.frontier) {
            _absorb(walk, _marks(walk, walk.nextEpoch));
        }
    }

    /// @notice First second after what has been read of the run.
    function _endOf(Walk memory walk) internal view returns (uint256) {
        return (uint256(walk.last) + 1) * slotLength;
    }

    function _startOf(uint64 slot) internal view returns (uint40) {
        return uint40(uint256(slot) * slotLength);
    }

    /// @dev Carries the run through the next epoch, whose marks are `mask`.
    function _absorb(Walk memory walk, uint64 mask) private pure {
        uint64 base = walk.nextEpoch * RunMath.EPOCH;
        uint64 settled = mask & RunMath.window(base, base, walk.frontier);
        (walk.last, walk.ended) = RunMath.extend(settled, base, walk.last, walk.gap);
        walk.nextEpoch += 1;
        uint64 seen = base + RunMath.EPOCH < walk.frontier ? base + RunMath.EPOCH : walk.frontier;
        walk.ended = walk.ended || seen - walk.last - 1 > walk.gap;
    }

    /// @dev The start is marked, and no slot that the gap would bridge to it is marked before it.
    function _isFirst(Walk memory walk, uint64 mask) private view returns (bool) {
        uint64 from = walk.start > walk.gap + 1 ? walk.start - walk.gap - 1 : 0;
        for (uint64 epoch = from / RunMath.EPOCH; epoch < walk.nextEpoch; ++epoch) {
            if (_marks(walk, epoch) & RunMath.window(epoch * RunMath.EPOCH, from, walk.start) != 0) return false;
        }
        uint64 base = walk.nextEpoch * RunMath.EPOCH;
        return mask & RunMath.window(base, from, walk.start + 1) == uint64(1) << (walk.start - base);
    }

    /// @dev Slots of an epoch that concern the cover.
    function _marks(Walk memory walk, uint64 epoch) private view returns (uint64) {
        (uint64 lost, uint64 attacked) = _masks(RiskIndex.unwrap(walk.risk), epoch);
        if (walk.peril == Peril.ServiceOutage || lost == 0) return lost;
        if (walk.peril == Peril.ServiceAttack) return lost & attacked;
        uint64 shared;
        for (uint128 rest = walk.dependencies; rest != 0; rest >>= 32) {
            (uint64 down, ) = _masks(DEPENDENCIES + uint32(rest), epoch);
            shared |= down;
        }
        return lost & shared;
    }

    function _masks(uint64 subject, uint64 epoch) private view returns (uint64, uint64) {
        return incidentRegistry.masks(SubjectId.wrap(subject), uint32(epoch));
    }
}
