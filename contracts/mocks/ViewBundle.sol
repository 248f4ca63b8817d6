// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Many views in one call, so that a test compares the whole state after each of its moves.
contract ViewBundle {
    error ViewFailed(uint256 place, bytes reason);

    /// @notice What each target answers to its call, in order, and the time of the block.
    function read(
        address[] calldata targets,
        bytes[] calldata calls
    ) external view returns (uint256 time, bytes[] memory answers) {
        answers = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool ok, bytes memory answer) = targets[i].staticcall(calls[i]);
            require(ok, ViewFailed(i, answer));
            answers[i] = answer;
        }
        return (block.timestamp, answers);
    }
}
