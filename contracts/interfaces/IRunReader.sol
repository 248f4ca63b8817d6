// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Runs read from the attested masks: which slots concern a cover, and how far its run reaches by now.
/// @dev The rule is in RunMath. Only slots count that can no longer change and whose hold window is over.
interface IRunReader {
    /// @notice The slot is not marked, or belongs to a run that starts before it.
    error NotARun(uint64 slot);
    /// @notice The slot may still change, or is within the hold window.
    error RunNotSettleable(uint64 slot, uint40 settleableAt);

    /// @notice Reads the run that starts at slot `start` until it has ended, reached second `until`, or nothing more is settled.
    /// @param scope which slots concern the cover, see `Scopes`
    /// @param known seats of a committee that the caller had from here before (`Seats`), so that they need not be asked for again; 0: none.
    ///   Whoever makes up others is told wrong runs
    /// @return last the last slot of the run that was read
    /// @return ended nothing further can join the run
    /// @return seats of the committee of the epoch that was read last, for the next call
    /// @custom:throws RunNotSettleable, NotARun
    function runOf(
        uint256 scope,
        uint256 known,
        uint256 start,
        uint256 until
    ) external view returns (uint256 last, bool ended, uint256 seats);

    /// @notice First second at which a slot may be settled: it is closed and its hold window is over.
    function settleableAt(uint64 slot, uint32 holdWindow) external view returns (uint40);

    /// @notice First slot that is not closed yet at `time`: slots below it can no longer change.
    function closedBefore(uint40 time) external view returns (uint64 slot);

    /// @notice Seconds of a slot.
    function slotLength() external view returns (uint32);
    /// @notice Seconds after a slot's end in which it may still be marked.
    function maxReportDelay() external view returns (uint32);
}
