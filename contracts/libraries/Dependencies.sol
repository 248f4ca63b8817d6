// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Sets of up to four dependency indices in 128 bits: strictly increasing from the lowest lane on, 0 above the last.
library Dependencies {
    error TooManyDependencies(uint128 a, uint128 b);

    /// @notice Members of either set, in order.
    function union(uint128 a, uint128 b) internal pure returns (uint128 all) {
        (uint128 left, uint128 right, uint256 shift) = (a, b, 0);
        while (left != 0 || right != 0) {
            require(shift < 128, TooManyDependencies(a, b));
            (uint32 x, uint32 y) = (uint32(left), uint32(right));
            bool takeLeft = y == 0 || (x != 0 && x <= y);
            bool takeRight = x == 0 || (y != 0 && y <= x);
            all |= uint128(takeLeft ? x : y) << uint128(shift);
            if (takeLeft) left >>= 32;
            if (takeRight) right >>= 32;
            shift += 32;
        }
    }
}
