// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Roles} from "../access/Roles.sol";
import {IAssessorPanel} from "../interfaces/IAssessorPanel.sol";
import {ClaimId} from "../interfaces/Types.sol";

/// @title Says which assessor signed a decision; keeps nothing.
contract AssessorPanel is IAssessorPanel, EIP712 {
    bytes32 private constant DECISION = keccak256("AssessorDecision(bytes32 claim,bool approve,bytes32 reasonHash,uint40 deadline)");

    IAccessManager public immutable authority;

    constructor(IAccessManager authority_) EIP712("flowcover AssessorPanel", "1") {
        authority = authority_;
    }

    /// @inheritdoc IAssessorPanel
    function assessorOf(
        ClaimId claim,
        bool approve,
        bytes32 reasonHash,
        uint40 deadline,
        bytes calldata signature
    ) external view returns (address assessor) {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(DECISION, claim, approve, reasonHash, deadline)));
        (assessor, , ) = ECDSA.tryRecover(digest, signature);
        (bool held, ) = authority.hasRole(Roles.ASSESSOR, assessor);
        require(held, NotAssessor(assessor));
    }
}
