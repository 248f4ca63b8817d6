// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Transfers of tokens, one after the other, that may fail each on its own.
library Transfers {
    /// @notice Whether the token moved: the call succeeded, and answered true, or nothing from an account that has code.
    /// @dev `SafeERC20.trySafeTransfer` with its call data behind the end of used memory, where the next transfer writes over it: selector, payee
    ///   and amount are 68 bytes; the answer takes the place of the first word.
    function tryTransfer(IERC20 token, address payee, uint256 amount) internal returns (bool done) {
        bytes4 selector = IERC20.transfer.selector;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, selector)
            mstore(add(data, 4), and(payee, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(data, 36), amount)
            done := call(gas(), token, 0, data, 68, data, 32)
            if done {
                switch returndatasize()
                case 0 { done := gt(extcodesize(token), 0) }
                default { done := and(gt(returndatasize(), 31), eq(mload(data), 1)) }
            }
        }
    }
}
