// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A test coin that, like real stable coins, can refuse a holder, and that can call back its receiver.
contract RefusingCoin is ERC20("Refusing Dollar", "rUSD") {
    mapping(address account => bool) public refused;
    address public calledBack;
    bytes public callback;

    error Refused(address account);

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function refuse(address account, bool value) external {
        refused[account] = value;
    }

    /// @notice From now on each transfer calls `target` with `data` in its midst; its failure is ignored.
    function callBack(address target, bytes calldata data) external {
        (calledBack, callback) = (target, data);
    }

    function _update(address from, address to, uint256 value) internal override {
        require(!refused[to], Refused(to));
        super._update(from, to, value);
        address target = calledBack;
        if (target == address(0)) return;
        calledBack = address(0);
        (bool done, ) = target.call(callback);
        calledBack = done ? address(0) : target;
    }
}
