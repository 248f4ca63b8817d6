// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Terms} from "../interfaces/Types.sol";
import {CodeStore} from "./CodeStore.sol";

/// @title A product as stored: its terms, one word a field, then its rate table.
/// @dev `Terms` holds no dynamic field, so its ABI encoding is its layout in memory, and reading needs no decoding.
library ProductRecord {
    uint256 private constant TERMS_SIZE = 19 * 32;

    function write(Terms memory terms, uint256 table) internal returns (address record) {
        return CodeStore.write(abi.encode(terms, table));
    }

    /// @param record as `write` gave it
    function read(address record) internal view returns (Terms memory terms, uint256 table) {
        bytes memory data = CodeStore.read(record);
        assert(data.length == TERMS_SIZE + 32);
        assembly ("memory-safe") {
            terms := add(data, 32)
            table := mload(add(data, 640))
        }
    }
}
