// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Price of one unit of per-transaction cover.
library CertificatePricing {
    uint256 private constant RATE_YEAR = 1e18 * 31_536_000;

    /// @notice Premium of one unit of sum insured for its tenor, rounded up.
    /// @param unit token units of sum insured
    /// @param rate 1e18 fixed point per year
    /// @param tenor seconds
    function premiumPerUnitUp(uint256 unit, uint256 rate, uint256 tenor) internal pure returns (uint256) {
        return Math.mulDiv(unit * tenor, rate, RATE_YEAR, Math.Rounding.Ceil);
    }
}
