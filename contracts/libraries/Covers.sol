// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Cover, ProductId, RiskIndex} from "../interfaces/Types.sol";

/// @title A policy's cover at one moment in two words, which a settlement reads without unfolding them; dependencies are a third.
/// @dev Parties, low to high: holder 160, product 16, risk 32, start 32, in force 1. Amounts: sum insured 56, loss per hour 56, end 40.
library Covers {
    uint256 internal constant IN_FORCE = 240;
    uint256 internal constant END = 112;

    function pack(Cover memory cover) internal pure returns (uint256 parties, uint256 amounts) {
        parties = uint160(cover.holder) | (uint256(ProductId.unwrap(cover.product)) << 160);
        parties |= (uint256(RiskIndex.unwrap(cover.risk)) << 176) | (uint256(uint32(cover.start)) << 208);
        if (cover.inForce) parties |= 1 << IN_FORCE;
        amounts = uint56(cover.sumInsured) | (uint256(uint56(cover.lossPerHour)) << 56) | (uint256(cover.end) << END);
    }

    function holderOf(uint256 parties) internal pure returns (address) {
        return address(uint160(parties));
    }

    function productOf(uint256 parties) internal pure returns (ProductId) {
        return ProductId.wrap(uint16(parties >> 160));
    }

    function riskOf(uint256 parties) internal pure returns (RiskIndex) {
        return RiskIndex.wrap(uint32(parties >> 176));
    }

    /// @notice Start of the segment, seconds.
    function startOf(uint256 parties) internal pure returns (uint256) {
        return uint32(parties >> 208);
    }

    function inForce(uint256 parties) internal pure returns (bool) {
        return parties >> IN_FORCE != 0;
    }

    function sumInsuredOf(uint256 amounts) internal pure returns (uint256) {
        return uint56(amounts);
    }

    function lossPerHourOf(uint256 amounts) internal pure returns (uint256) {
        return uint56(amounts >> 56);
    }

    /// @notice First second that is not covered.
    function endOf(uint256 amounts) internal pure returns (uint256) {
        return amounts >> END;
    }
}
