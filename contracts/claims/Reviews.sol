// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAssessorPanel} from "../interfaces/IAssessorPanel.sol";
import {ICell} from "../interfaces/ICell.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {ClaimId, Peril, Terms} from "../interfaces/Types.sol";
import {ClaimIds} from "../libraries/ClaimIds.sol";
import {Pausing} from "./Pausing.sol";

/// @title Amounts that wait for two assessors who agree.
/// @dev Rounds follow each other by time alone: the first from `decideFrom` for `reviewWindow`; then, unless silence pays at once
///   (dependency outages), the second for as long. Whoever decided in the first is not heard in the second. All times here are running time.
abstract contract Reviews is IClaimsDesk, Pausing {
    struct Review {
        uint64 pending;
        /// paid after review so far
        uint64 reviewed;
        uint40 decideFrom;
        uint32 reviewWindow;
        Status status;
        bool silencePays;
        address payee;
        ICell cell;
        /// approver and refuser of the first round, of the second round
        address[4] deciders;
    }

    /// @notice Where a scheduled amount may be challenged.
    address public immutable appealBoard;
    IAssessorPanel public immutable assessorPanel;

    mapping(ClaimId => Review) internal _reviews;

    constructor(address appealBoard_, IAssessorPanel assessorPanel_) {
        (appealBoard, assessorPanel) = (appealBoard_, assessorPanel_);
    }

    // ---------------------------------------------------------------- assessors

    /// @inheritdoc IClaimsDesk
    function decide(ClaimId claim, bool approve, bytes32 reasonHash, uint40 deadline, bytes calldata signature) external whileRunning {
        Review storage review = _scheduled(claim);
        address assessor = assessorPanel.assessorOf(claim, approve, reasonHash, deadline, signature);
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
    function closeReview(ClaimId claim) external whileRunning {
        Review storage review = _scheduled(claim);
        uint40 until = _roundEnd(review, review.silencePays ? 1 : 2);
        require(runningTime() >= until, ReviewStillOpen(claim, _chainTime(until)));
        emit ReviewDefaulted(claim, review.pending);
        _payReviewed(claim, review, Status.Approved);
    }

    /// @inheritdoc IClaimsDesk
    function payeeOf(ClaimId claim) external view returns (address) {
        return _reviews[claim].payee;
    }

    // ---------------------------------------------------------------- appeal board

    /// @inheritdoc IClaimsDesk
    function challengeOpened(ClaimId claim) external {
        require(msg.sender == appealBoard, OnlyAppealBoard(msg.sender));
        Review storage review = _scheduled(claim);
        require(runningTime() < review.decideFrom, ReviewNotOpen(claim, 0, _chainTime(review.decideFrom)));
        review.status = Status.Challenged;
    }

    /// @inheritdoc IClaimsDesk
    function challengeClosed(ClaimId claim, bool upheld, bytes32 reasonHash) external {
        require(msg.sender == appealBoard, OnlyAppealBoard(msg.sender));
        Review storage review = _reviews[claim];
        require(review.status == Status.Challenged, NotScheduled(claim));
        if (upheld) {
            _refuse(claim, review, reasonHash);
        } else {
            review.status = Status.Scheduled;
            review.decideFrom = runningTime();
            emit ReviewStarted(claim, _chainTime(review.decideFrom), _chainTime(_roundEnd(review, 1)) - 1);
        }
    }

    // ---------------------------------------------------------------- internal

    /// @dev Puts an amount before the assessors. A claim is scheduled again only after the last round of its earlier review.
    function _schedule(ClaimId claim, uint64 amount, address payee, Terms memory terms) internal {
        Review storage review = _reviews[claim];
        review.pending = amount;
        review.decideFrom = runningTime() + terms.challengeWindow;
        review.status = Status.Scheduled;
        review.silencePays = terms.peril == Peril.DependencyOutage;
        review.payee = payee;
        review.cell = ICell(terms.cell);
        review.reviewWindow = terms.reviewWindow;
        delete review.deciders;
        uint40 last = _chainTime(_roundEnd(review, 1)) - 1;
        emit ClaimScheduled(claim, ClaimIds.policyOf(claim), amount, _chainTime(review.decideFrom), last);
        review.cell.reserveClaims(amount);
    }

    /// @dev Whether something may be scheduled: never after a refusal, and not while decisions of an earlier review could still be handed in.
    function _mayBeScheduled(Review storage review) internal view returns (bool) {
        if (review.status == Status.None) return true;
        return review.status == Status.Approved && runningTime() > _roundEnd(review, 2);
    }

    /// @dev Of a refused claim nothing is granted any more, even where its limit can be used again.
    function _isRefused(ClaimId claim) internal view returns (bool) {
        return _reviews[claim].status == Status.Refused;
    }

    /// @dev What a claim's payment after review means for the desk's own books.
    function _onReviewed(ClaimId claim, Review storage review, uint64 amount) internal virtual;

    /// @dev What a refusal means for the desk's own books.
    function _onRefused(ClaimId claim, Review storage review, uint64 amount) internal virtual;

    function _payReviewed(ClaimId claim, Review storage review, Status status) private {
        uint64 amount = review.pending;
        review.pending = 0;
        review.reviewed += amount;
        review.status = status;
        emit ClaimApproved(claim, amount);
        _onReviewed(claim, review, amount);
        review.cell.unreserveClaims(amount);
        review.cell.pay(review.payee, amount);
    }

    function _refuse(ClaimId claim, Review storage review, bytes32 reasonHash) private {
        uint64 amount = review.pending;
        review.pending = 0;
        review.status = Status.Refused;
        emit ClaimRefused(claim, amount, reasonHash);
        _onRefused(claim, review, amount);
    }

    function _scheduled(ClaimId claim) private view returns (Review storage review) {
        review = _reviews[claim];
        require(review.status == Status.Scheduled, NotScheduled(claim));
    }

    /// @dev Index in `deciders` of the open round's approver.
    function _place(ClaimId claim, Review storage review, uint40 deadline) private view returns (uint256) {
        uint40 time = runningTime();
        uint40 over = _roundEnd(review, review.silencePays ? 1 : 2);
        require(time >= review.decideFrom && time < over, ReviewNotOpen(claim, _chainTime(review.decideFrom), _chainTime(over)));
        require(block.timestamp <= deadline, DecisionExpired(deadline, uint40(block.timestamp)));
        uint256 round = time < _roundEnd(review, 1) ? 1 : 2;
        uint40 end = _chainTime(_roundEnd(review, round));
        require(deadline < end, DecisionOutlivesRound(deadline, end));
        return (round - 1) * 2;
    }

    function _roundEnd(Review storage review, uint256 round) private view returns (uint40) {
        return uint40(review.decideFrom + round * review.reviewWindow);
    }
}
