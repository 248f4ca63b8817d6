// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Lanes} from "./Lanes.sol";

/// @title Median of several words, lane by lane, sixteen lanes in parallel.
library LaneMedian {
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
