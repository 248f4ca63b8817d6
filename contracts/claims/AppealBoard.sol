// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAppealBoard} from "../interfaces/IAppealBoard.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";
import {ClaimId} from "../interfaces/Types.sol";
import {ClaimIds} from "../libraries/ClaimIds.sol";
import {RunMath} from "../libraries/RunMath.sol";

/// @title Bonded challenges of scheduled amounts.
contract AppealBoard is IAppealBoard, EIP712 {
    using SafeERC20 for IERC20;

    bytes32 private constant DECISION = keccak256("AppealDecision(bytes32 claim,bool upheld,bytes32 reasonHash)");

    IERC20 public immutable token;
    IClaimsDesk public immutable claimsDesk;
    IIncidentRegistry public immutable incidentRegistry;
    IOracleCommittee public immutable oracleCommittee;
    IOracleCommittee public immutable appealCommittee;
    /// @inheritdoc IAppealBoard
    uint128 public immutable bond;
    /// @inheritdoc IAppealBoard
    uint32 public immutable appealWindow;

    mapping(ClaimId => Challenge) private _challenges;
    /// @inheritdoc IAppealBoard
    mapping(address account => uint128) public withdrawable;

    constructor(
        IERC20 token_,
        IClaimsDesk claimsDesk_,
        IIncidentRegistry incidentRegistry_,
        IOracleCommittee oracleCommittee_,
        IOracleCommittee appealCommittee_,
        uint128 challengeBond,
        uint32 appealWindow_
    ) EIP712("flowcover AppealBoard", "1") {
        (token, claimsDesk, incidentRegistry) = (token_, claimsDesk_, incidentRegistry_);
        (oracleCommittee, appealCommittee) = (oracleCommittee_, appealCommittee_);
        (bond, appealWindow) = (challengeBond, appealWindow_);
    }

    // ---------------------------------------------------------------- challengers

    /// @inheritdoc IAppealBoard
    function challenge(ClaimId claim, bytes32 reasonHash) external {
        require(_challenges[claim].outcome == Outcome.None, AlreadyChallenged(claim));
        uint40 openedAt = claimsDesk.runningTime();
        _challenges[claim] = Challenge(msg.sender, openedAt, Outcome.Open, reasonHash);
        emit ClaimChallenged(claim, msg.sender, bond, reasonHash, uint40(block.timestamp) + appealWindow);
        claimsDesk.challengeOpened(claim);
        token.safeTransferFrom(msg.sender, address(this), bond);
    }

    /// @inheritdoc IAppealBoard
    function withdraw() external returns (uint128 amount) {
        amount = withdrawable[msg.sender];
        require(amount != 0, NothingToWithdraw(msg.sender));
        withdrawable[msg.sender] = 0;
        emit ChallengeBondWithdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IAppealBoard
    function decide(ClaimId claim, bool upheld, bytes32 reasonHash, bytes[] calldata signatures) external {
        Challenge storage open = _open(claim);
        uint40 until = open.openedAt + appealWindow;
        require(claimsDesk.runningTime() < until, AppealOver(claim, until));
        uint32 version = appealCommittee.currentVersion();
        _requireIndependent(version, ClaimIds.runStartOf(claim));
        _requireQuorum(version, keccak256(abi.encode(DECISION, claim, upheld, reasonHash)), signatures);
        open.outcome = upheld ? Outcome.Upheld : Outcome.Rejected;
        withdrawable[upheld ? open.challenger : claimsDesk.payeeOf(claim)] += bond;
        if (upheld) emit ChallengeUpheld(claim, reasonHash);
        else emit ChallengeRejected(claim, reasonHash, bond);
        claimsDesk.challengeClosed(claim, upheld, reasonHash);
    }

    /// @inheritdoc IAppealBoard
    function lapse(ClaimId claim) external {
        Challenge storage open = _open(claim);
        uint40 until = open.openedAt + appealWindow;
        require(claimsDesk.runningTime() >= until, AppealStillOpen(claim, until));
        open.outcome = Outcome.Lapsed;
        withdrawable[open.challenger] += bond;
        emit ChallengeLapsed(claim);
        claimsDesk.challengeClosed(claim, false, 0);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IAppealBoard
    function challengeOf(ClaimId claim) external view returns (Challenge memory) {
        return _challenges[claim];
    }

    // ---------------------------------------------------------------- inside

    function _open(ClaimId claim) private view returns (Challenge storage open) {
        open = _challenges[claim];
        require(open.outcome == Outcome.Open, NotChallenged(claim));
    }

    function _requireQuorum(uint32 version, bytes32 structHash, bytes[] calldata signatures) private view {
        bytes32 digest = _hashTypedDataV4(structHash);
        address[] memory signers = new address[](signatures.length);
        for (uint256 i = 0; i < signers.length; ++i) (signers[i], , ) = ECDSA.tryRecover(digest, signatures[i]);
        appealCommittee.lanesOf(version, signers);
        (, , , uint8 quorum, ) = appealCommittee.thresholds(version);
        require(signers.length >= quorum, AppealQuorumNotReached(signers.length, quorum));
    }

    /// @dev No key and no operator of the appeal committee is one of the oracle committee that may mark the run's first epoch.
    function _requireIndependent(uint32 version, uint64 runStart) private view {
        uint32 oracles = incidentRegistry.committeeOf(uint32(runStart / RunMath.EPOCH));
        IOracleCommittee.Member[] memory theirs = oracleCommittee.members(oracles);
        IOracleCommittee.Member[] memory ours = appealCommittee.members(version);
        for (uint256 i = 0; i < ours.length; ++i) {
            for (uint256 j = 0; j < theirs.length; ++j) {
                bool apart = ours[i].signer != theirs[j].signer && ours[i].operator != theirs[j].operator;
                require(apart, SharesWithOracles(ours[i].signer, ours[i].operator));
            }
        }
    }
}
