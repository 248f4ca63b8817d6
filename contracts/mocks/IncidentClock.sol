// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The two durations that capital and certificates ask of an incident registry.
contract IncidentClock {
    uint32 public immutable slotLength;
    uint32 public immutable maxReportDelay;

    constructor(uint32 slotLength_, uint32 maxReportDelay_) {
        (slotLength, maxReportDelay) = (slotLength_, maxReportDelay_);
    }
}
