// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, RiskIndex} from "./Types.sol";

/// @title Cumulative premium index per product and risk with streamed cover in force.
/// @dev Inside, an index counts *index units* = the product's rate units x seconds, which is exact, because table rates are whole rate
///   units; times `rateUnit` it is the 1e18 fixed point index (rate x seconds). A *side* is a risk's place in its pair of neighbours.
interface IRateIndex {
    /// @dev What a policy consumes: growth since (`from`, `index`), its own loading in each second, and the money it has for it.
    struct Stream {
        ProductId product;
        RiskIndex risk;
        uint40 from;
        /// index units at `from`
        uint48 index;
        /// rate units on top of the table rate
        uint16 loading;
        uint128 sumInsured;
        uint128 funds;
    }

    event IndexStarted(ProductId indexed product, RiskIndex indexed risk, uint256 rate);
    /// @notice Rates of some of the 16 risks from `firstRisk` on changed, one event for all of them.
    /// @param lanes bit i is set when the rate of risk firstRisk + i changed
    /// @param ratesBefore uint16 lanes in rate units, risk firstRisk lowest; zero where nothing changed
    /// @param ratesAfter likewise, from this second on
    event RateReset(ProductId indexed product, uint32 indexed firstRisk, uint16 lanes, uint256 ratesBefore, uint256 ratesAfter);
    event IndexStopped(ProductId indexed product, RiskIndex indexed risk);

    error OnlyRiskFeed(address caller);
    error OnlyPolicyBook(address caller);
    error IndexNotRunning(ProductId product, RiskIndex risk);
    error TooManyProducts(uint32 group, uint256 most);
    error TooManyPolicies(ProductId product, RiskIndex risk);

    // ------------------------------------------------------------------ risk feed

    /// @notice Called by the feed in the transaction that moves scores: `scores` are the effective scores of 16 risks, lane 0 lowest,
    ///   `movedLanes` those of them that changed (bit 0 = lane 0). A lane of 0xFFFF has no score yet.
    /// @custom:throws OnlyRiskFeed
    /// @custom:emits RateReset for each product in which a rate changed
    function onScoresMoved(uint32 group, uint256 scores, uint16 movedLanes) external;

    // ------------------------------------------------------------------ policy book

    /// @notice Counts a policy in; the first one starts the index at the table rate of the effective score.
    /// @param table the product's rates, and `rateUnit` their unit, as the product book has them
    /// @return index now, index units
    /// @custom:throws OnlyPolicyBook, TooManyProducts, NoScore
    /// @custom:emits IndexStarted by the first
    function enter(ProductId product, RiskIndex risk, uint256 table, uint64 rateUnit) external returns (uint48 index);

    /// @notice Counts policies out whose premium is settled; after the last one the path is forgotten and its storage used again.
    /// @custom:throws OnlyPolicyBook
    /// @custom:emits IndexStopped by the last
    function leave(ProductId product, RiskIndex risk, uint32 policies) external;

    // ------------------------------------------------------------------ views

    /// @notice What a stream has consumed by `until`, or by the last second that its funds pay if that is earlier.
    /// @dev Only for streams that entered and have not left. The answer for a given `until` never changes.
    /// @return stop `until` (not in the future), or the second at which the stream lapsed
    /// @return premium token units, rounded up, at most `funds`
    /// @return index index units at `stop`
    function consumed(Stream calldata stream, uint40 until) external view returns (uint40 stop, uint128 premium, uint48 index);

    /// @notice Index units now.
    /// @custom:throws IndexNotRunning
    function current(ProductId product, RiskIndex risk) external view returns (uint48 index);

    /// @notice Table rate in force, 1e18 fixed point per year.
    /// @custom:throws IndexNotRunning
    function rateOf(ProductId product, RiskIndex risk) external view returns (uint256);

    /// @notice 1e18 fixed point index at `time` (not in the future), from the path kept since cover began without a break.
    /// @custom:throws IndexNotRunning
    function indexAt(ProductId product, RiskIndex risk, uint40 time) external view returns (uint256);

    /// @notice Policies counted in.
    function policiesOn(ProductId product, RiskIndex risk) external view returns (uint32);

    /// @notice Bit i is set when risk group * 16 + i has streamed cover in force; the feed leaves out groups without any.
    function coveredLanes(uint32 group) external view returns (uint16 lanes);
}
