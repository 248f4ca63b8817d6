// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Peril, RiskIndex} from "./Types.sol";

/// @title Runs read from the attested masks: which slots concern a cover, and how far its run reaches by now.
/// @dev The rule is in RunMath. Only slots count that can no longer change and whose hold window is over.
interface IRunReader {
    /// @notice Which slots concern a cover, and which of them make one run.
    struct Scope {
        Peril peril;
        RiskIndex risk;
        /// four of 32 bits, lowest first; read for dependency outages only
        uint128 dependencies;
        uint32 mergeGap;
        uint32 holdWindow;
    }

    /// @notice The slot is not marked, or belongs to a run that starts before it.
    error NotARun(uint64 slot);
    /// @notice The slot may still change, or is within the hold window.
    error RunNotSettleable(uint64 slot, uint40 settleableAt);

    /// @notice Reads the run that starts at slot `start` until it has ended, reached second `until`, or nothing more is settled.
    /// @return last the last slot of the run that was read
    /// @return ended nothing further can join the run
    /// @custom:throws RunNotSettleable, NotARun
    function readRun(Scope calldata scope, uint64 start, uint256 until) external view returns (uint64 last, bool ended);

    /// @notice First second at which a slot may be settled: it is closed and its hold window is over.
    function settleableAt(uint64 slot, uint32 holdWindow) external view returns (uint40);

    /// @notice First slot that is not closed yet at `time`: slots below it can no longer change.
    function closedBefore(uint40 time) external view returns (uint64 slot);

    /// @notice Seconds of a slot.
    function slotLength() external view returns (uint32);
    /// @notice Seconds after a slot's end in which it may still be marked.
    function maxReportDelay() external view returns (uint32);
}
