// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ClaimId} from "./Types.sol";

/// @title Whose word a decision is.
interface IAssessorPanel {
    error NotAssessor(address signer);

    /// @notice The assessor who signed AssessorDecision(bytes32 claim,bool approve,bytes32 reasonHash,uint40 deadline), 65 bytes r, s, v.
    /// @custom:throws NotAssessor
    function assessorOf(
        ClaimId claim,
        bool approve,
        bytes32 reasonHash,
        uint40 deadline,
        bytes calldata signature
    ) external view returns (address assessor);
}
