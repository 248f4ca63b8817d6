// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Merkle tree over 24-byte certificate records, built on chain from calldata.
/// @dev Record: holder or commitment 20 bytes, units 2, start offset 2 (big endian). A leaf hashes four neighbouring records (96 bytes, the last
///   leaf padded with zeros), a node its two children (64 bytes), so no leaf is ever a node; a missing right child counts as zero. The depth
///   follows from the number of records, which the book stores.
library PostedTree {
    uint256 internal constant RECORD = 24;
    uint256 internal constant LEAF = 96;

    /// @param units sum of the records' units
    /// @param mostUnits largest of the records' units
    /// @param latest largest start offset of a record
    struct Totals {
        bytes32 root;
        uint256 units;
        uint256 mostUnits;
        uint256 latest;
    }

    /// @notice Root and totals of `records`. @custom:pre a whole number of records, at least one
    function build(bytes calldata records) internal pure returns (Totals memory totals) {
        (uint256 units, uint256 mostUnits, uint256 latest, uint256 nodes, uint256 width) = _leaves(records);
        (totals.units, totals.mostUnits, totals.latest) = (units, mostUnits, latest);
        totals.root = _fold(nodes, width);
    }

    /// @dev Writes the hash of each leaf to memory from `nodes` on (past the free pointer, unallocated) and adds the records up.
    function _leaves(
        bytes calldata records
    ) private pure returns (uint256 units, uint256 mostUnits, uint256 latest, uint256 nodes, uint256 width) {
        assembly ("memory-safe") {
            // the 8 bytes before the leaf belong to the word that is read for its first record
            let leaf := add(mload(0x40), 8)
            nodes := add(mload(0x40), 128)
            width := div(add(records.length, 95), 96)
            let source := records.offset
            let end := add(records.offset, records.length)
            let target := nodes
            for {} lt(source, end) { source := add(source, 96) } {
                switch gt(add(source, 96), end)
                case 0 { calldatacopy(leaf, source, 96) }
                default {
                    calldatacopy(leaf, calldatasize(), 96)
                    calldatacopy(leaf, source, sub(end, source))
                }
                mstore(target, keccak256(leaf, 96))
                target := add(target, 32)
                // each record ends where a word is read from: its units and offset are the word's low four bytes
                let word := mload(sub(leaf, 8))
                let amount := and(shr(16, word), 0xffff)
                units := add(units, amount)
                if gt(amount, mostUnits) { mostUnits := amount }
                if gt(and(word, 0xffff), latest) { latest := and(word, 0xffff) }
                word := mload(add(leaf, 16))
                amount := and(shr(16, word), 0xffff)
                units := add(units, amount)
                if gt(amount, mostUnits) { mostUnits := amount }
                if gt(and(word, 0xffff), latest) { latest := and(word, 0xffff) }
                word := mload(add(leaf, 40))
                amount := and(shr(16, word), 0xffff)
                units := add(units, amount)
                if gt(amount, mostUnits) { mostUnits := amount }
                if gt(and(word, 0xffff), latest) { latest := and(word, 0xffff) }
                word := mload(add(leaf, 64))
                amount := and(shr(16, word), 0xffff)
                units := add(units, amount)
                if gt(amount, mostUnits) { mostUnits := amount }
                if gt(and(word, 0xffff), latest) { latest := and(word, 0xffff) }
            }
        }
    }

    /// @dev Hashes pairs level by level, in place.
    function _fold(uint256 nodes, uint256 width) private pure returns (bytes32 root) {
        assembly ("memory-safe") {
            for {} gt(width, 1) { width := shr(1, add(width, 1)) } {
                let end := add(nodes, shl(5, width))
                mstore(end, 0)
                let target := nodes
                for { let source := nodes } lt(source, end) { source := add(source, 64) } {
                    mstore(target, keccak256(source, 64))
                    target := add(target, 32)
                }
            }
            root := mload(nodes)
        }
    }
}
