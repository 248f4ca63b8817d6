// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Indices} from "./Indices.sol";
import {IndexOutOfRange, IndicesNotIncreasing, ProofLength, SumOverflow, VoidRecord} from "./ProofErrors.sol";

/// @title Merkle sum tree over 34-byte certificate records, built off chain: its root proves the sum of all units.
/// @dev Record: holder or commitment 20 bytes, units 2, start offset 3, salt 9 (big endian). A leaf hashes a record (34 bytes) and counts its
///   units; a node hashes its level, and hash and sum of both children (81 bytes), and counts both. A missing right child is zero and counts
///   nothing. Sums are 64 bits wide; a node that would count more does not verify. So whatever distinct records can ever be proven add up to at
///   most the root's sum, whoever built the tree.
library SumTree {
    using Indices for bytes;

    uint256 internal constant RECORD = 34;

    /// @param root hash of the root that records and proof lead to
    /// @param sum units that this root counts
    /// @param count of the claimed records
    /// @param units of the claimed records
    /// @param mostUnits of the largest of them
    /// @param earliest smallest start offset of a claimed record
    /// @param latest largest one
    struct Claimed {
        bytes32 root;
        uint256 sum;
        uint256 count;
        uint256 units;
        uint256 mostUnits;
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
        uint256[] sums;
    }

    /// @notice Root that the records and the proof lead to, and what the records add up to.
    /// @param indices claimed records, strictly increasing, see `Indices`
    /// @param records their 34 bytes each
    /// @param proof m hashes of the missing neighbours, level by level from the leaves, from left to right, then their m sums, four to a word,
    ///   the first highest, the rest of the last word zero
    /// @param size number of records of the tree
    /// @param voids whether records without units may be among them
    function fold(
        bytes calldata indices,
        bytes calldata records,
        bytes32[] calldata proof,
        uint256 size,
        bool voids
    ) internal pure returns (Claimed memory claimed) {
        uint256 count = indices.count();
        require(records.length == count * RECORD, ProofLength(count * RECORD, records.length));
        uint256 hashes = (proof.length * 4) / 5;
        require(hashes + (hashes + 3) / 4 == proof.length, ProofLength(hashes + (hashes + 3) / 4, proof.length));
        claimed.count = count;
        Known memory known = _read(indices, records, size, claimed);
        if (!voids && claimed.firstVoid > 0) revert VoidRecord(claimed.firstVoid - 1);
        uint256 used = 0;
        uint256 level = 0;
        for (uint256 width = size; width > 1; width = (width + 1) / 2) used = _climb(known, proof, used, width, ++level);
        require(used == hashes, ProofLength(used, hashes));
        require(hashes % 4 == 0 || uint256(proof[proof.length - 1]) << (64 * (hashes % 4)) == 0, ProofLength(used, hashes));
        (claimed.root, claimed.sum) = (known.hashes[0], known.sums[0]);
    }

    /// @notice The 20 bytes that record `number` of packed records names, and its units.
    function recordAt(bytes calldata records, uint256 number) internal pure returns (bytes20 holder, uint256 units) {
        bytes22 record = bytes22(records[number * RECORD:number * RECORD + 22]);
        return (bytes20(record), uint16(uint176(record)));
    }

    /// @dev Hashes the records and adds them up; a record without units is void.
    function _read(
        bytes calldata indices,
        bytes calldata records,
        uint256 size,
        Claimed memory claimed
    ) private pure returns (Known memory known) {
        uint256 count = claimed.count;
        known.count = count;
        known.positions = new uint256[](count);
        known.hashes = new bytes32[](count);
        known.sums = new uint256[](count);
        claimed.earliest = type(uint256).max;
        uint256 next = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 index = indices.at(i);
            require(index >= next, IndicesNotIncreasing(index));
            require(index < size, IndexOutOfRange(index, size));
            next = index + 1;
            known.positions[i] = index;
            known.hashes[i] = keccak256(records[i * RECORD:(i + 1) * RECORD]);
            known.sums[i] = _add(claimed, uint200(bytes25(records[i * RECORD:i * RECORD + 25])), index);
        }
    }

    /// @param record the record without its salt
    function _add(Claimed memory claimed, uint256 record, uint256 index) private pure returns (uint256 units) {
        units = (record >> 24) & 0xffff;
        uint256 start = record & 0xffffff;
        if (units == 0 && claimed.firstVoid == 0) claimed.firstVoid = index + 1;
        claimed.units += units;
        if (units > claimed.mostUnits) claimed.mostUnits = units;
        if (start < claimed.earliest) claimed.earliest = start;
        if (start > claimed.latest) claimed.latest = start;
    }

    /// @dev Replaces the known nodes of a level by their parents.
    function _climb(
        Known memory known,
        bytes32[] calldata proof,
        uint256 used,
        uint256 width,
        uint256 level
    ) private pure returns (uint256) {
        uint256 parents = 0;
        for (uint256 i = 0; i < known.count; ++i) {
            uint256 position = known.positions[i];
            (bytes32 left, uint256 leftSum) = (known.hashes[i], known.sums[i]);
            (bytes32 right, uint256 rightSum) = (bytes32(0), 0);
            if (position % 2 == 1) {
                (right, rightSum) = (left, leftSum);
                (left, leftSum) = _given(proof, used++);
            } else if (i + 1 < known.count && known.positions[i + 1] == position + 1) {
                ++i;
                (right, rightSum) = (known.hashes[i], known.sums[i]);
            } else if (position + 1 < width) {
                (right, rightSum) = _given(proof, used++);
            }
            require(leftSum + rightSum <= type(uint64).max, SumOverflow(level));
            known.positions[parents] = position / 2;
            known.sums[parents] = leftSum + rightSum;
            known.hashes[parents++] = keccak256(abi.encodePacked(uint8(level), left, uint64(leftSum), right, uint64(rightSum)));
        }
        known.count = parents;
        return used;
    }

    /// @dev Hash and sum number `i` of a proof.
    function _given(bytes32[] calldata proof, uint256 i) private pure returns (bytes32 hash, uint256 sum) {
        uint256 hashes = (proof.length * 4) / 5;
        require(i < hashes, ProofLength(i + 1, hashes));
        return (proof[i], uint64(uint256(proof[hashes + i / 4]) >> (192 - 64 * (i % 4))));
    }
}
