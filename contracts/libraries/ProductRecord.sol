// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IProductBook} from "../interfaces/IProductBook.sol";
import {ProductId, Terms} from "../interfaces/Types.sol";
import {CodeStore} from "./CodeStore.sol";

/// @title A product as stored: its terms, one word a field, then its rate table.
/// @dev `Terms` holds no dynamic field, so its ABI encoding is its layout in memory, and reading needs no decoding.
///   The product book creates nothing but records, one for each product in order, so a product's number is the nonce with which its record
///   was created, and whoever knows book and number can read the record without asking the book.
library ProductRecord {
    uint256 private constant TERMS_SIZE = 19 * 32;
    /// @dev in the record's code, which begins with one byte of its own
    uint256 private constant RATE_UNIT_AT = 13 * 32 + 1;

    function write(Terms memory terms, uint256 table) internal returns (address record) {
        return CodeStore.write(abi.encode(terms, table));
    }

    /// @custom:throws UnknownProduct
    function read(IProductBook book, ProductId product) internal view returns (Terms memory terms, uint256 table) {
        bytes memory data = CodeStore.read(addressOf(address(book), product));
        require(data.length == TERMS_SIZE + 32, IProductBook.UnknownProduct(product));
        assembly ("memory-safe") {
            terms := add(data, 32)
            table := mload(add(data, 640))
        }
    }

    /// @notice Rate table and rate unit alone; zeros of a product that does not exist.
    function ratesOf(IProductBook book, ProductId product) internal view returns (uint256 table, uint256 rateUnit) {
        address record = addressOf(address(book), product);
        (uint256 unitAt, uint256 tableAt) = (RATE_UNIT_AT, TERMS_SIZE + 1);
        assembly ("memory-safe") {
            extcodecopy(record, 0, unitAt, 32)
            extcodecopy(record, 32, tableAt, 32)
            rateUnit := mload(0)
            table := mload(32)
        }
    }

    /// @notice Where `book` created the record: the low 20 bytes of keccak256(rlp([book, number])).
    function addressOf(address book, ProductId product) internal pure returns (address record) {
        unchecked {
            uint256 tail = ProductId.unwrap(product);
            uint256 size = tail < 0x80 ? 1 : tail < 0x100 ? 2 : 3;
            if (size == 2) tail |= 0x8100;
            if (size == 3) tail |= 0x820000;
            uint256 list = ((((0xd594 + (size << 8)) << 160) | uint160(book)) << (8 * size)) | tail;
            assembly ("memory-safe") {
                mstore(0, list)
                record := and(keccak256(sub(10, size), add(22, size)), 0xffffffffffffffffffffffffffffffffffffffff)
            }
        }
    }
}
