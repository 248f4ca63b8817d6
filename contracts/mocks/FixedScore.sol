// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RiskIndex} from "../interfaces/Types.sol";

/// @title A risk feed whose one score is set by hand.
contract FixedScore {
    uint16 public score;
    bool public stale;

    error StaleScore(RiskIndex risk, uint32 frame, uint32 current);

    function set(uint16 score_, bool stale_) external {
        (score, stale) = (score_, stale_);
    }

    function bindingScore(RiskIndex risk) external view returns (uint16, uint32, bytes32) {
        require(!stale, StaleScore(risk, 7, 99));
        return (score, 7, "model");
    }
}
