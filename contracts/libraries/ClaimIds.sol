// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchId, ClaimId, PolicyId} from "../interfaces/Types.sol";

/// @title Names of claims, from which cover and run can be read back.
library ClaimIds {
    uint256 private constant BORDEREAU = 1 << 128;

    function ofPolicy(PolicyId policy, uint64 runStart) internal pure returns (ClaimId) {
        return ClaimId.wrap(bytes32((uint256(PolicyId.unwrap(policy)) << 64) | runStart));
    }

    function ofBatch(BatchId batch, uint64 runStart) internal pure returns (ClaimId) {
        return ClaimId.wrap(bytes32(BORDEREAU | (uint256(BatchId.unwrap(batch)) << 64) | runStart));
    }

    /// @notice The policy of a claim; 0 when it is a bordereau's.
    function policyOf(ClaimId claim) internal pure returns (PolicyId) {
        uint256 raw = uint256(ClaimId.unwrap(claim));
        return PolicyId.wrap(raw & BORDEREAU == 0 ? uint64(raw >> 64) : 0);
    }

    function runStartOf(ClaimId claim) internal pure returns (uint64) {
        return uint64(uint256(ClaimId.unwrap(claim)));
    }
}
