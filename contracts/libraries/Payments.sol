// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Payment} from "../interfaces/Types.sol";

/// @title Who is paid how much, in one word: the payee in the upper 160 bits, token units in the lower 96.
library Payments {
    /// @custom:pre amount < 2^96
    function pack(address payee, uint256 amount) internal pure returns (Payment) {
        return Payment.wrap((uint256(uint160(payee)) << 96) | amount);
    }

    function payeeOf(Payment payment) internal pure returns (address) {
        return address(uint160(Payment.unwrap(payment) >> 96));
    }

    function amountOf(Payment payment) internal pure returns (uint128) {
        return uint96(Payment.unwrap(payment));
    }
}
