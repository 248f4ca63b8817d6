// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Lanes} from "./Lanes.sol";

/// @title Median of several words, lane by lane, sixteen lanes in parallel.
library LaneMedian {
    /// @notice Medians of packed vectors in calldata, group by group.
    /// @param vectors where in calldata each vector begins; those that begin at the same place are neighbours here
    /// @param groups words of each vector
    function ofCalldata(uint256[] memory vectors, uint256 groups) internal pure returns (bytes memory medians) {
        medians = new bytes(32 * groups);
        if (_middleIsMost(vectors)) {
            _copyFromCalldata(vectors[vectors.length / 2], medians);
            return medians;
        }
        if (vectors.length == 3) {
            _threeFromCalldata(vectors, medians);
            return medians;
        }
        uint256[] memory words = new uint256[](vectors.length);
        for (uint256 i = 0; i < groups; ++i) {
            for (uint256 j = 0; j < words.length; ++j) words[j] = Lanes.ofCalldata(vectors[j] + 32 * i);
            Lanes.put(medians, i, medianUp(words));
        }
    }

    /// @dev Whether more than half of the vectors are one and the same: then it is the median, and the middle one of the list.
    function _middleIsMost(uint256[] memory vectors) private pure returns (bool) {
        unchecked {
            uint256 same;
            uint256 middle = vectors[vectors.length / 2];
            for (uint256 i = 0; i < vectors.length; ++i) if (vectors[i] == middle) ++same;
            return 2 * same > vectors.length;
        }
    }

    function _copyFromCalldata(uint256 source, bytes memory target) private pure {
        uint256 score = Lanes.SCORE;
        assembly ("memory-safe") {
            let at := add(target, 32)
            let way := sub(source, at)
            for { let end := add(at, mload(target)) } lt(at, end) { at := add(at, 32) } {
                mstore(at, and(calldataload(add(at, way)), score))
            }
        }
    }

    /// @dev The common case of vectors that differ, five times cheaper by hand: of a, b, c the median is the larger of min(a, b) and min(max(a, b), c).
    ///   `larger` has the top bit of each lane in which the first is not smaller; less its fifteenth part it is a mask of 15 bits.
    function _threeFromCalldata(uint256[] memory vectors, bytes memory medians) private pure {
        (uint256 score, uint256 high) = (Lanes.SCORE, Lanes.HIGH);
        assembly ("memory-safe") {
            let first := mload(add(vectors, 32))
            let second := sub(mload(add(vectors, 64)), first)
            let third := sub(mload(add(vectors, 96)), first)
            let target := add(medians, 32)
            for { let end := add(target, mload(medians)) } lt(target, end) { target := add(target, 32) } {
                let a := and(calldataload(first), score)
                let b := and(calldataload(add(first, second)), score)
                let c := and(calldataload(add(first, third)), score)
                first := add(first, 32)
                let larger := and(sub(or(a, high), b), high)
                let swap := and(xor(a, b), sub(larger, shr(15, larger)))
                a := xor(a, swap)
                b := xor(b, swap)
                larger := and(sub(or(b, high), c), high)
                b := xor(b, and(xor(b, c), sub(larger, shr(15, larger))))
                larger := and(sub(or(a, high), b), high)
                mstore(target, xor(b, and(xor(a, b), sub(larger, shr(15, larger)))))
            }
        }
    }

    /// @notice The middle value in each lane; of an even number of words the upper middle one, which prices higher.
    /// @dev Lanes below 2^15. Of m >= 2f + 1 values at most f are wrong, so the result lies between two honest ones.
    ///   Sorts the lowest m / 2 + 1 words in place by exchanging neighbours.
    function medianUp(uint256[] memory words) internal pure returns (uint256) {
        unchecked {
            uint256 middle = words.length / 2;
            for (uint256 sorted = 0; sorted <= middle; ++sorted) {
                for (uint256 i = words.length - 1; i > sorted; --i) {
                    (uint256 a, uint256 b) = (words[i - 1], words[i]);
                    words[i - 1] = Lanes.min(a, b);
                    words[i] = Lanes.max(a, b);
                }
            }
            return words[middle];
        }
    }
}
