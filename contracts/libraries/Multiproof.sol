// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Indices} from "./Indices.sol";
import {PostedTree} from "./PostedTree.sol";
import {IndexOutOfRange, IndicesNotIncreasing, ProofLength, VoidRecord} from "./ProofErrors.sol";

/// @title One proof for many records of a `PostedTree`.
/// @dev The caller gives no flags: indices and the number of records say where each proof word belongs; all words are used, one node is left.
///   Nodes that are known of a level lie in memory from left to right, 64 bytes each: position, then hash.
library Multiproof {
    using Indices for bytes;

    /// @param count of the claimed records
    /// @param units sum of the claimed records' units
    /// @param earliest smallest start offset of a claimed record
    /// @param latest largest one
    struct Claimed {
        bytes32 root;
        uint256 count;
        uint256 units;
        uint256 earliest;
        uint256 latest;
    }

    /// @dev What a walk over the claimed records finds; `_read` writes it word by word.
    struct Found {
        /// where the leaves' nodes lie in memory
        uint256 nodes;
        uint256 end;
        /// units times 2^16
        uint256 units;
        uint256 earliest;
        uint256 latest;
        /// 1 + last index read
        uint256 next;
        /// 1 + last index without units; 0: there is none
        uint256 void;
        /// whether the last index read is not above the one before it; nothing was read behind it
        bool unordered;
    }

    /// @notice Root that the records and the proof lead to, and what the claimed records add up to.
    /// @param indices claimed records, strictly increasing, see `Indices`
    /// @param leaves the whole 96-byte leaf of each claimed record, each leaf once
    /// @param proof hashes of the missing neighbours, level by level from the leaves, from left to right
    /// @param size number of records of the tree
    /// @param voids whether records without units may be among them
    /// @custom:throws NothingClaimed, IndicesNotIncreasing, IndexOutOfRange with the last index, VoidRecord with the last void one, ProofLength
    function fold(
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        uint256 size,
        bool voids
    ) internal pure returns (Claimed memory claimed) {
        claimed.count = indices.count();
        Found memory found = _read(indices, leaves);
        if (found.unordered) revert IndicesNotIncreasing(found.next - 1);
        if (found.next > size) revert IndexOutOfRange(found.next - 1, size);
        uint256 length = ((found.end - found.nodes) / 64) * PostedTree.LEAF;
        if (length != leaves.length) revert ProofLength(length, leaves.length);
        if (found.void > 0 && !voids) revert VoidRecord(found.void - 1);
        uint256 used;
        (claimed.root, used) = _climb(found.nodes, found.end, proof, (size + 3) / 4);
        if (used != proof.length) revert ProofLength(used, proof.length);
        (claimed.units, claimed.earliest, claimed.latest) = (found.units >> 16, found.earliest, found.latest);
    }

    /// @dev Hashes each leaf once and adds the claimed records up. An index over four is its leaf's place, the rest the record's place in the leaf. Records
    ///   are read straight from calldata: a record's 24 bytes are the upper ones of the word that begins at it, so a shift by 64 bits leaves its units
    ///   and start lowest. Nothing is checked against the length of `leaves` here: too few leaves read what lies behind them, and the caller then finds
    ///   another length than their number needs, before it heeds what was found in them.
    function _read(bytes calldata indices, bytes calldata leaves) private pure returns (Found memory found) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let node := add(buffer, 96)
            mstore(found, node)
            let next := 0
            let place := not(0)
            let leaf := sub(leaves.offset, 96)
            let units := 0
            let earliest := not(0)
            let latest := 0
            let end := add(indices.offset, indices.length)
            for { let at := indices.offset } lt(at, end) { at := add(at, 4) } {
                let index := shr(224, calldataload(at))
                if lt(index, next) {
                    mstore(add(found, 0xe0), 1)
                    next := add(index, 1)
                    break
                }
                next := add(index, 1)
                if iszero(eq(place, shr(2, index))) {
                    place := shr(2, index)
                    leaf := add(leaf, 96)
                    calldatacopy(buffer, leaf, 96)
                    mstore(node, place)
                    mstore(add(node, 32), keccak256(buffer, 96))
                    node := add(node, 64)
                }
                let record := and(shr(64, calldataload(add(leaf, mul(and(index, 3), 24)))), 0xffffffff)
                let start := and(record, 0xffff)
                if eq(start, record) { mstore(add(found, 0xc0), next) }
                units := add(units, sub(record, start))
                if lt(start, earliest) { earliest := start }
                if gt(start, latest) { latest := start }
            }
            mstore(add(found, 0x20), node)
            mstore(add(found, 0x40), units)
            mstore(add(found, 0x60), earliest)
            mstore(add(found, 0x80), latest)
            mstore(add(found, 0xa0), next)
            // one word more: a level's end is marked behind its last node
            mstore(0x40, add(node, 32))
        }
    }

    /// @dev Replaces the known nodes of each level by their parents, in place, up to the root. A node at an odd place takes its left neighbour from
    ///   the proof. One at an even place takes its right neighbour from the next known node if that is it, else from the proof if the level, which has
    ///   `width` nodes, goes on there, else it is zero. Place 0, which is nobody's right neighbour, is written behind the last node. Proof words behind
    ///   the proof's end read as whatever lies there; the caller refuses a proof of another length than was used.
    function _climb(
        uint256 nodes,
        uint256 end,
        bytes32[] calldata proof,
        uint256 width
    ) private pure returns (bytes32 root, uint256 used) {
        assembly ("memory-safe") {
            let word := proof.offset
            for {} gt(width, 1) { width := shr(1, add(width, 1)) } {
                mstore(end, 0)
                let parent := nodes
                for { let node := nodes } lt(node, end) {} {
                    let place := mload(node)
                    let hash := mload(add(node, 32))
                    node := add(node, 64)
                    switch and(place, 1)
                    case 1 {
                        mstore(0, calldataload(word))
                        mstore(32, hash)
                        word := add(word, 32)
                    }
                    default {
                        let right := add(place, 1)
                        mstore(0, hash)
                        switch eq(mload(node), right)
                        case 1 {
                            mstore(32, mload(add(node, 32)))
                            node := add(node, 64)
                        }
                        default {
                            mstore(32, 0)
                            if lt(right, width) {
                                mstore(32, calldataload(word))
                                word := add(word, 32)
                            }
                        }
                    }
                    mstore(parent, shr(1, place))
                    mstore(add(parent, 32), keccak256(0, 64))
                    parent := add(parent, 64)
                }
                end := parent
            }
            root := mload(add(nodes, 32))
            used := shr(5, sub(word, proof.offset))
        }
    }
}
