// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, RiskIndex} from "../interfaces/Types.sol";

/// @title An exposure ledger with one cap and one tally, open to all callers.
contract TallyLedger {
    uint128 public booked;
    uint128 public cap = type(uint128).max;

    error CapExceeded(uint8 dimension, uint256 key, uint256 wanted, uint256 room);

    function setCap(uint128 cap_) external {
        cap = cap_;
    }

    function book(ProductId, address, RiskIndex risk, uint128, uint128 amount) external {
        require(booked + amount <= cap, CapExceeded(1, RiskIndex.unwrap(risk), amount, cap - booked));
        booked += amount;
    }

    function release(ProductId, address, RiskIndex, uint128, uint128 amount) external {
        booked -= amount;
    }
}
