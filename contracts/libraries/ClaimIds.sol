// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchId, ClaimId, PolicyId} from "../interfaces/Types.sol";

/// @title Names of claims, from which cover and run can be read back.
library ClaimIds {
    uint256 private constant BORDEREAU = 1 << 128;
    uint256 private constant FIRST_INDEX = 136;

    function ofPolicy(PolicyId policy, uint64 runStart) internal pure returns (ClaimId) {
        return ClaimId.wrap(bytes32((uint256(PolicyId.unwrap(policy)) << 64) | runStart));
    }

    /// @notice All of a bordereau's claims on a run.
    function ofBatch(BatchId batch, uint64 runStart) internal pure returns (ClaimId) {
        return ClaimId.wrap(bytes32(BORDEREAU | (uint256(BatchId.unwrap(batch)) << 64) | runStart));
    }

    /// @notice The claim of the certificates of which `firstIndex` is the first; each is claimed once, so the name is.
    function ofCertificates(BatchId batch, uint64 runStart, uint32 firstIndex) internal pure returns (ClaimId) {
        return ClaimId.wrap(ClaimId.unwrap(ofBatch(batch, runStart)) | bytes32((uint256(firstIndex) + 1) << FIRST_INDEX));
    }

    /// @notice The policy of a claim; 0 when it is a bordereau's.
    function policyOf(ClaimId claim) internal pure returns (PolicyId) {
        return PolicyId.wrap(isBordereau(claim) ? 0 : uint64(uint256(ClaimId.unwrap(claim)) >> 64));
    }

    /// @notice The bordereau of a claim that is not a policy's.
    function batchOf(ClaimId claim) internal pure returns (BatchId) {
        return BatchId.wrap(uint64(uint256(ClaimId.unwrap(claim)) >> 64));
    }

    function isBordereau(ClaimId claim) internal pure returns (bool) {
        return uint256(ClaimId.unwrap(claim)) & BORDEREAU != 0;
    }

    function runStartOf(ClaimId claim) internal pure returns (uint64) {
        return uint64(uint256(ClaimId.unwrap(claim)));
    }
}
