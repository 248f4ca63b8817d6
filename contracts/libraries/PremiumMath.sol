// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What streamed cover costs: sum insured times the growth of a rate index.
/// @dev An index grows by rate x seconds, the rate being 1e18 fixed point per year of sum insured.
library PremiumMath {
    /// @dev growth of an index at a rate of 1 (100 %) over a year of 365 days
    uint256 internal constant FULL_YEAR = 1e18 * 31_536_000;

    /// @notice Premium for an index growth, token units, in the pool's favour.
    function premiumUp(uint256 sumInsured, uint256 growth) internal pure returns (uint256) {
        return (sumInsured * growth + FULL_YEAR - 1) / FULL_YEAR;
    }

    /// @notice Largest growth whose exact premium `funds` still pay: premiumUp of it is at most `funds`.
    function growthDown(uint256 funds, uint256 sumInsured) internal pure returns (uint256) {
        return (funds * FULL_YEAR) / sumInsured;
    }
}
