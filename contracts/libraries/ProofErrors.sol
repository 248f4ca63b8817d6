// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

error NothingClaimed();
error IndicesNotIncreasing(uint256 index);
error IndexOutOfRange(uint256 index, uint256 size);
/// @dev A record without units: its serial was never sold.
error VoidRecord(uint256 index);
/// @dev `used` bytes or words belong to the proof, `given` were handed in.
error ProofLength(uint256 used, uint256 given);
error SumOverflow(uint256 level);
