// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Peril, RiskIndex, Terms} from "../interfaces/Types.sol";

/// @title Which slots concern a cover, and which of them make one run, in one word.
/// @dev Low to high: dependencies 128 (four of 32, lowest first; read for dependency outages only), risk 32, merge gap 32, hold window 32, peril 8.
library Scopes {
    uint256 private constant RISK = 128;
    uint256 private constant MERGE_GAP = 160;
    uint256 private constant HOLD_WINDOW = 192;
    uint256 private constant PERIL = 224;

    function pack(Terms memory terms, RiskIndex risk, uint256 dependencies) internal pure returns (uint256) {
        return
            dependencies |
            (uint256(RiskIndex.unwrap(risk)) << RISK) |
            (uint256(terms.mergeGap) << MERGE_GAP) |
            (uint256(terms.holdWindow) << HOLD_WINDOW) |
            (uint256(terms.peril) << PERIL);
    }

    function dependenciesOf(uint256 scope) internal pure returns (uint256) {
        return uint128(scope);
    }

    function riskOf(uint256 scope) internal pure returns (uint256) {
        return uint32(scope >> RISK);
    }

    function mergeGapOf(uint256 scope) internal pure returns (uint256) {
        return uint32(scope >> MERGE_GAP);
    }

    function holdWindowOf(uint256 scope) internal pure returns (uint32) {
        return uint32(scope >> HOLD_WINDOW);
    }

    function isOf(uint256 scope, Peril peril) internal pure returns (bool) {
        return scope >> PERIL == uint256(peril);
    }
}
