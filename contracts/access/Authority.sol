// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title OpenZeppelin's AccessManager: who holds which role of `Roles`, with delays.
contract Authority is AccessManager {
    constructor(address admin) AccessManager(admin) {}
}
