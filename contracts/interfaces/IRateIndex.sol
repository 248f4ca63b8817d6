// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, RiskIndex} from "./Types.sol";

/// @title Cumulative premium index (rate x seconds, 1e18) per product and risk with streamed cover in force.
interface IRateIndex {
    event IndexStarted(ProductId indexed product, RiskIndex indexed risk, uint256 rate);
    event RateReset(ProductId indexed product, RiskIndex indexed risk, uint256 rateBefore, uint256 rateAfter, uint256 index);
    event IndexStopped(ProductId indexed product, RiskIndex indexed risk);

    error OnlyRiskFeed(address caller);
    error OnlyPolicyBook(address caller);
    error IndexNotRunning(ProductId product, RiskIndex risk);

    /// @notice Called by the feed in the transaction that moves scores: `scores` are the effective scores of 16 risks, lane 0 lowest,
    ///   `movedLanes` the lanes that changed (bit 0 = lane 0). A lane of 0xFFFF has no score yet and never moves.
    function onScoresMoved(uint32 group, uint256 scores, uint16 movedLanes) external;

    /// @notice Bit i is set when risk page * 256 + i has streamed cover in force; the feed leaves out groups without any.
    function coveredRisks(uint32 page) external view returns (uint256 bitmap);

    /// @notice Called by the policy book at bind; the first one starts the index at the table rate of the effective score.
    function enter(ProductId product, RiskIndex risk) external returns (uint256 index);
    /// @notice Called by the policy book when cover ends.
    function leave(ProductId product, RiskIndex risk) external returns (uint256 index);

    function rateOf(ProductId product, RiskIndex risk) external view returns (uint256);
    /// @notice Index at `time` (not in the future), from the checkpoints.
    function indexAt(ProductId product, RiskIndex risk, uint40 time) external view returns (uint256);
    /// @notice First second at which index + loading x (t - from) has grown by at least `budget` since `from`; max if not reached now.
    function exhaustedAt(ProductId product, RiskIndex risk, uint40 from, uint256 loading, uint256 budget) external view returns (uint40);
}
