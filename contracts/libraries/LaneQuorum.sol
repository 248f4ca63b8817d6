// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Counts, for 64 slots at once, whether at least k of the members marked each.
library LaneQuorum {
    /// @notice Slots marked in at least `quorum` lanes.
    /// @param words members' masks, four lanes of 64 bits to a word, lane 0 lowest; at most 16 lanes
    /// @param quorum 1..16
    /// @dev A counter of four bits a slot, one word for each bit, begins at 16 - quorum; it carries out of its fourth bit when
    ///   the quorum is reached, and 16 lanes are too few to carry out twice.
    function atLeast(uint256[] memory words, uint256 quorum) internal pure returns (uint64) {
        unchecked {
            uint256 start = 16 - quorum;
            uint256 ones = 0 - (start & 1);
            uint256 twos = 0 - ((start >> 1) & 1);
            uint256 fours = 0 - ((start >> 2) & 1);
            uint256 eights = 0 - (start >> 3);
            uint256 reached;
            for (uint256 i = 0; i < words.length; ++i) {
                for (uint256 word = words[i]; word != 0; word >>= 64) {
                    uint256 carry = ones & word;
                    ones ^= word;
                    (twos, carry) = (twos ^ carry, twos & carry);
                    (fours, carry) = (fours ^ carry, fours & carry);
                    (eights, carry) = (eights ^ carry, eights & carry);
                    reached |= carry;
                }
            }
            return uint64(reached);
        }
    }
}
