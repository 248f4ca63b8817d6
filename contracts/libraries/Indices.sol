// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {NothingClaimed, ProofLength} from "./ProofErrors.sol";

/// @title Places of records in a batch, 4 bytes each, big endian, one after the other: an eighth of what an array of words costs.
library Indices {
    uint256 internal constant WIDTH = 4;

    /// @notice How many there are.
    /// @custom:throws NothingClaimed for none, ProofLength when the last is not whole
    function count(bytes calldata indices) internal pure returns (uint256 number) {
        number = indices.length / WIDTH;
        require(indices.length > 0, NothingClaimed());
        require(number * WIDTH == indices.length, ProofLength((number + 1) * WIDTH, indices.length));
    }

    /// @custom:pre i is below the count
    function at(bytes calldata indices, uint256 i) internal pure returns (uint256 index) {
        assembly ("memory-safe") {
            index := shr(224, calldataload(add(indices.offset, shl(2, i))))
        }
    }
}
