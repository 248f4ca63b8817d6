// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Roles} from "../access/Roles.sol";
import {ICell} from "../interfaces/ICell.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {ClaimId} from "../interfaces/Types.sol";

/// @title Amounts that wait for two assessors who agree.
/// @dev Rounds follow each other by time alone: the first from `decideFrom` for `reviewWindow`; then, unless silence pays at once
///   (dependency outages), the second for as long. Whoever decided in the first is not heard in the second.
abstract contract Reviews is IClaimsDesk, EIP712, AccessManaged {
    struct Review {
        uint96 pending;
        /// everything of the claim that was ever scheduled
        uint96 routed;
        uint40 decideFrom;
        Status status;
        bool silencePays;
        address payee;
        uint96 reviewed;
        ICell cell;
        uint32 reviewWindow;
        /// approver and refuser of the first round, of the second round
        address[4] deciders;
    }

    bytes32 private constant DECISION = keccak256("AssessorDecision(bytes32 claim,bool approve,bytes32 reasonHash,uint40 deadline)");

    mapping(ClaimId => Review) internal _reviews;

    // ---------------------------------------------------------------- assessors

    /// @inheritdoc IClaimsDesk
    function decide(ClaimId claim, bool approve, bytes32 reasonHash, uint40 deadline, bytes calldata signature) external {
        Review storage review = _scheduled(claim);
        address assessor = _assessorOf(claim, approve, reasonHash, deadline, signature);
        uint256 place = _place(claim, review, deadline) + (approve ? 0 : 1);
        for (uint256 i = 0; i < 4; ++i) require(review.deciders[i] != assessor, AlreadyDecided(claim, assessor));
        bool agreed = review.deciders[place] != address(0);
        if (!agreed) review.deciders[place] = assessor;
        emit AssessorDecided(claim, assessor, approve, reasonHash);
        if (agreed && approve) _payReviewed(claim, review, Status.Approved);
        if (agreed && !approve) _refuse(claim, review, reasonHash);
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IClaimsDesk
    function closeReview(ClaimId claim) external {
        Review storage review = _scheduled(claim);
        uint40 until = _roundEnd(review, review.silencePays ? 1 : 2);
        require(block.timestamp >= until, ReviewStillOpen(claim, until));
        emit ReviewDefaulted(claim, review.pending);
        _payReviewed(claim, review, Status.Approved);
    }

    // ---------------------------------------------------------------- internal

    /// @dev Puts an amount before the assessors. A claim is scheduled again only after the last round of its earlier review.
    function _schedule(ClaimId claim, uint96 amount, ICell cell, address payee, uint40 decideFrom, uint32 reviewWindow, bool silencePays) internal {
        Review storage review = _reviews[claim];
        review.pending = amount;
        review.routed += amount;
        review.decideFrom = decideFrom;
        review.status = Status.Scheduled;
        review.silencePays = silencePays;
        review.payee = payee;
        review.cell = cell;
        review.reviewWindow = reviewWindow;
        delete review.deciders;
    }

    /// @dev Whether something may be scheduled: never after a refusal, and not while decisions of an earlier review could still be handed in.
    function _mayBeScheduled(Review storage review) internal view returns (bool) {
        if (review.status == Status.None) return true;
        return review.status == Status.Approved && block.timestamp > _roundEnd(review, 2);
    }

    /// @dev What a claim's payment after review means for the desk's own books.
    function _onReviewed(ClaimId claim, Review storage review, uint96 amount) internal virtual;

    /// @dev What a refusal means for the desk's own books.
    function _onRefused(ClaimId claim, Review storage review, uint96 amount) internal virtual;

    function _payReviewed(ClaimId claim, Review storage review, Status status) private {
        uint96 amount = review.pending;
        review.pending = 0;
        review.reviewed += amount;
        review.status = status;
        emit ClaimApproved(claim, amount);
        _onReviewed(claim, review, amount);
        review.cell.unreserveClaims(amount);
        review.cell.pay(review.payee, amount);
    }

    function _refuse(ClaimId claim, Review storage review, bytes32 reasonHash) private {
        uint96 amount = review.pending;
        review.pending = 0;
        review.status = Status.Refused;
        emit ClaimRefused(claim, amount, reasonHash);
        _onRefused(claim, review, amount);
    }

    function _scheduled(ClaimId claim) private view returns (Review storage review) {
        review = _reviews[claim];
        require(review.status == Status.Scheduled, NotScheduled(claim));
    }

    function _assessorOf(
        ClaimId claim,
        bool approve,
        bytes32 reasonHash,
        uint40 deadline,
        bytes calldata signature
    ) private view returns (address assessor) {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(DECISION, claim, approve, reasonHash, deadline)));
        (assessor, , ) = ECDSA.tryRecover(digest, signature);
        (bool held, ) = IAccessManager(authority()).hasRole(Roles.ASSESSOR, assessor);
        require(held, NotAssessor(assessor));
    }

    /// @dev Index in `deciders` of the open round's approver.
    function _place(ClaimId claim, Review storage review, uint40 deadline) private view returns (uint256) {
        uint256 rounds = review.silencePays ? 1 : 2;
        uint40 time = uint40(block.timestamp);
        require(time >= review.decideFrom && time < _roundEnd(review, rounds), ReviewNotOpen(claim, review.decideFrom, _roundEnd(review, rounds)));
        require(time <= deadline, DecisionExpired(deadline, time));
        uint256 round = time < _roundEnd(review, 1) ? 1 : 2;
        uint40 end = _roundEnd(review, round);
        require(deadline < end, DecisionOutlivesRound(deadline, end));
        return (round - 1) * 2;
    }

    function _roundEnd(Review storage review, uint256 round) private view returns (uint40) {
        return uint40(review.decideFrom + round * review.reviewWindow);
    }
}
