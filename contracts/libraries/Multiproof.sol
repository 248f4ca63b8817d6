// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {PostedTree} from "./PostedTree.sol";
import {IndexOutOfRange, IndicesNotIncreasing, NothingClaimed, ProofLength, VoidRecord} from "./ProofErrors.sol";

/// @title One proof for many records of a `PostedTree`.
/// @dev The caller gives no flags: indices and the number of records say where each proof word belongs; all words are used, one node is left.
library Multiproof {
    /// @param units sum of the claimed records' units
    /// @param earliest smallest start offset of a claimed record
    /// @param latest largest one
    struct Claimed {
        bytes32 root;
        uint256 units;
        uint256 earliest;
        uint256 latest;
        /// 1 + index of the first record without units; 0: there is none
        uint256 firstVoid;
    }

    /// @dev Known nodes of the level in work, from left to right.
    struct Known {
        uint256 count;
        uint256[] positions;
        bytes32[] hashes;
    }

    /// @notice Root that the records and the proof lead to, and what the claimed records add up to.
    /// @param indices claimed records, strictly increasing
    /// @param leaves the whole 96-byte leaf of each claimed record, each leaf once
    /// @param proof hashes of the missing neighbours, level by level from the leaves, from left to right
    /// @param size number of records of the tree
    /// @param voids whether records without units may be among them
    function fold(
        uint32[] calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        uint256 size,
        bool voids
    ) internal pure returns (Claimed memory claimed) {
        require(indices.length > 0, NothingClaimed());
        Known memory known = _read(indices, leaves, size, claimed);
        if (!voids && claimed.firstVoid > 0) revert VoidRecord(claimed.firstVoid - 1);
        require(known.count * PostedTree.LEAF == leaves.length, ProofLength(known.count * PostedTree.LEAF, leaves.length));
        uint256 used = 0;
        for (uint256 width = (size + 3) / 4; width > 1; width = (width + 1) / 2) used = _climb(known, proof, used, width);
        require(used == proof.length, ProofLength(used, proof.length));
        claimed.root = known.hashes[0];
    }

    /// @dev Hashes the leaves and adds the claimed records up; a record without units is void.
    function _read(
        uint32[] calldata indices,
        bytes calldata leaves,
        uint256 size,
        Claimed memory claimed
    ) private pure returns (Known memory known) {
        uint256 most = indices.length;
        known.positions = new uint256[](most);
        known.hashes = new bytes32[](most);
        claimed.earliest = type(uint256).max;
        uint256 next = 0;
        uint256 count = 0;
        for (uint256 i = 0; i < most; ++i) {
            uint256 index = indices[i];
            require(index >= next, IndicesNotIncreasing(index));
            require(index < size, IndexOutOfRange(index, size));
            next = index + 1;
            if (count == 0 || known.positions[count - 1] != index / 4) {
                known.positions[count] = index / 4;
                known.hashes[count] = _hashLeaf(leaves, count);
                ++count;
            }
            _add(claimed, leaves, (count - 1) * PostedTree.LEAF + (index % 4) * PostedTree.RECORD, index);
        }
        known.count = count;
    }

    function _hashLeaf(bytes calldata leaves, uint256 number) private pure returns (bytes32 hash) {
        uint256 end = (number + 1) * PostedTree.LEAF;
        require(end <= leaves.length, ProofLength(end, leaves.length));
        assembly ("memory-safe") {
            let leaf := mload(0x40)
            calldatacopy(leaf, add(leaves.offset, sub(end, 96)), 96)
            hash := keccak256(leaf, 96)
        }
    }

    function _add(Claimed memory claimed, bytes calldata leaves, uint256 at, uint256 index) private pure {
        uint256 record;
        assembly ("memory-safe") {
            record := shr(64, calldataload(add(leaves.offset, at)))
        }
        uint256 units = (record >> 16) & 0xffff;
        uint256 start = record & 0xffff;
        if (units == 0 && claimed.firstVoid == 0) claimed.firstVoid = index + 1;
        claimed.units += units;
        if (start < claimed.earliest) claimed.earliest = start;
        if (start > claimed.latest) claimed.latest = start;
    }

    /// @dev Replaces the known nodes of a level by their parents.
    function _climb(Known memory known, bytes32[] calldata proof, uint256 used, uint256 width) private pure returns (uint256) {
        uint256[] memory positions = known.positions;
        bytes32[] memory hashes = known.hashes;
        uint256 count = known.count;
        uint256 parents = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 position = positions[i];
            bytes32 left = hashes[i];
            bytes32 right = 0;
            if (position % 2 == 1) {
                require(used < proof.length, ProofLength(used + 1, proof.length));
                (left, right) = (proof[used++], left);
            } else if (i + 1 < count && positions[i + 1] == position + 1) {
                right = hashes[++i];
            } else if (position + 1 < width) {
                require(used < proof.length, ProofLength(used + 1, proof.length));
                right = proof[used++];
            }
            positions[parents] = position / 2;
            hashes[parents++] = _hashPair(left, right);
        }
        known.count = parents;
        return used;
    }

    function _hashPair(bytes32 left, bytes32 right) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(32, right)
            hash := keccak256(0, 64)
        }
    }
}
