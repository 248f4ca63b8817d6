// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Rates of the sixteen tiers of a product, in one word: sixteen uint16 lanes, tier 0 lowest, in the product's rate units.
library RateTable {
    uint256 internal constant TIERS = 16;
    /// @dev scores that one tier spans; the last one ends at 10,000
    uint256 internal constant TIER_WIDTH = 625;

    /// @notice min(15, score / 625).
    function tierOf(uint256 score) internal pure returns (uint256 tier) {
        unchecked {
            tier = score / TIER_WIDTH;
            if (tier >= TIERS) tier = TIERS - 1;
        }
    }

    /// @notice Rate of a tier, rate units.
    function rateOf(uint256 table, uint256 tier) internal pure returns (uint256) {
        unchecked {
            return (table >> (16 * tier)) & 0xFFFF;
        }
    }

    /// @notice Rate of the riskiest tier, rate units.
    function top(uint256 table) internal pure returns (uint256) {
        return table >> (16 * (TIERS - 1));
    }

    /// @notice First lane that is lower than the one before it; 16 when there is none.
    function firstFall(uint256 table) internal pure returns (uint256 lane) {
        lane = 1;
        while (lane < TIERS && rateOf(table, lane) >= rateOf(table, lane - 1)) ++lane;
    }
}
