// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Merkle tree over 24-byte certificate records, built on chain from calldata.
/// @dev Record: holder or commitment 20 bytes, units 2, start offset 2 (big endian). A leaf hashes four neighbouring records (96 bytes, the last
///   leaf padded with zeros), a node its two children (64 bytes), so no leaf is ever a node; a missing right child counts as zero. The depth
///   follows from the number of records, which the book stores.
library PostedTree {
    uint256 internal constant RECORD = 24;
    uint256 internal constant LEAF = 96;
    /// @dev Sums are kept in lanes of 32 bits, one for each of a leaf's four records: 2^16 leaves of at most 2^16 - 1 fit.
    uint256 internal constant MOST_RECORDS = 2 ** 18;

    /// @dev The low half of each of the eight lanes, and the guard bit above it.
    uint256 private constant LOW = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    uint256 private constant GUARD = 0x8000000080000000800000008000000080000000800000008000000080000000;

    error BadLeaves(uint256 length);

    /// @param size number of records
    /// @param units sum of the records' units
    /// @param mostUnits largest of the records' units
    /// @param latest largest start offset of a record
    struct Totals {
        bytes32 root;
        uint256 size;
        uint256 units;
        uint256 mostUnits;
        uint256 latest;
    }

    /// @notice Root and totals of `records`.
    /// @custom:throws BadLeaves unless there are 1 to MOST_RECORDS whole records
    function build(bytes calldata records) internal pure returns (Totals memory totals) {
        totals.size = records.length / RECORD;
        bool whole = totals.size * RECORD == records.length;
        require(whole && totals.size > 0 && totals.size <= MOST_RECORDS, BadLeaves(records.length));
        (uint256 sums, uint256 most, uint256 nodes, uint256 width) = _leaves(records);
        totals.units = _sumOfLanes(sums >> 128);
        totals.mostUnits = _mostOfLanes(uint128(most >> 128));
        totals.latest = _mostOfLanes(uint128(most));
        totals.root = _fold(nodes, width);
    }

    /// @notice The 20 bytes that record `place` of packed records names, and its units. @custom:pre there is such a record
    function recordAt(bytes calldata records, uint256 place) internal pure returns (bytes20 holder, uint256 units) {
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(add(records.offset, mul(place, 24)))
        }
        return (bytes20(bytes32(word)), uint16(word >> 80));
    }

    /// @dev Writes the hash of each leaf to memory from `nodes` on (past the free pointer, unallocated). `sums` and `most` hold, in eight lanes, the
    ///   four records' units (upper half) and start offsets (lower half), added up and at their largest over all leaves.
    function _leaves(bytes calldata records) private pure returns (uint256 sums, uint256 most, uint256 nodes, uint256 width) {
        assembly ("memory-safe") {
            // a leaf's first word is read 8 bytes before it, its last 12 bytes behind it
            let leaf := add(mload(0x40), 8)
            nodes := add(leaf, 120)
            width := div(add(records.length, 95), 96)
            let source := records.offset
            let end := add(source, records.length)
            let target := nodes
            for {} lt(source, end) {} {
                calldatacopy(leaf, source, 96)
                let next := add(source, 96)
                // what lies behind the last record is none of it: zeros from behind the call data take its place
                if gt(next, end) { calldatacopy(add(leaf, sub(end, source)), calldatasize(), sub(next, end)) }
                source := next
                mstore(target, keccak256(leaf, 96))
                target := add(target, 32)
                // record i ends at leaf + 24 i + 24; the word read at leaf + 28 i - 8 has those four bytes in its lane i
                let lanes := or(
                    or(
                        and(mload(sub(leaf, 8)), 0xffffffff),
                        and(mload(add(leaf, 20)), 0xffffffff00000000)
                    ),
                    or(
                        and(mload(add(leaf, 48)), 0xffffffff0000000000000000),
                        and(mload(add(leaf, 76)), 0xffffffff000000000000000000000000)
                    )
                )
                lanes := and(or(lanes, shl(112, lanes)), LOW)
                sums := add(sums, lanes)
                // guard bits stay where the largest so far is not exceeded
                let kept := and(sub(or(most, GUARD), lanes), GUARD)
                kept := sub(shr(15, kept), shr(31, kept))
                most := xor(lanes, and(xor(lanes, most), kept))
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

    function _sumOfLanes(uint256 lanes) private pure returns (uint256) {
        return uint32(lanes) + uint256(uint32(lanes >> 32)) + uint32(lanes >> 64) + uint32(lanes >> 96);
    }

    function _mostOfLanes(uint128 lanes) private pure returns (uint256 most) {
        for (; lanes != 0; lanes >>= 32) {
            if (uint32(lanes) > most) most = uint32(lanes);
        }
    }
}
