// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ClaimId} from "./Types.sol";

/// @title Bonded challenges of scheduled amounts, decided by a committee that shares no key and no operator with the oracles'.
/// @dev Each claim may be challenged once. While a challenge is open nothing above the instant part pays and no deadline runs.
interface IAppealBoard {
    enum Outcome {
        None,
        Open,
        Upheld,
        Rejected,
        Lapsed
    }

    struct Challenge {
        address challenger;
        /// running time of the desk, whose pauses stop the appeal's window too
        uint40 openedAt;
        Outcome outcome;
        bytes32 reasonHash;
    }

    event ClaimChallenged(ClaimId indexed claim, address indexed challenger, uint128 bond, bytes32 reasonHash, uint40 deadline);
    event ChallengeUpheld(ClaimId indexed claim, bytes32 reasonHash);
    event ChallengeRejected(ClaimId indexed claim, bytes32 reasonHash, uint128 bond);
    event ChallengeLapsed(ClaimId indexed claim);
    event ChallengeBondWithdrawn(address indexed account, uint128 amount);

    error AlreadyChallenged(ClaimId claim);
    error NotChallenged(ClaimId claim);
    error AppealQuorumNotReached(uint256 have, uint256 needed);
    error AppealStillOpen(ClaimId claim, uint40 until);
    error AppealOver(ClaimId claim, uint40 until);
    error SharesWithOracles(address signer, bytes32 operator);
    error NothingToWithdraw(address account);

    /// @notice Challenges the scheduled amount of a claim within its challenge window; the caller's bond is drawn.
    /// @custom:throws AlreadyChallenged; NotScheduled, ReviewNotOpen of ClaimsDesk
    /// @custom:emits ClaimChallenged
    function challenge(ClaimId claim, bytes32 reasonHash) external;

    /// @notice The appeal committee's word, signed over AppealDecision(bytes32 claim,bool upheld,bytes32 reasonHash) by a quorum. Upheld: the amount is
    ///   refused and the bond goes back. Rejected: the first round begins, and the bond is the payee's for the wait.
    /// @custom:pre signatures in order of strictly increasing signer; no member shares key or operator with the oracle committee of the run
    /// @custom:throws NotChallenged, AppealOver, AppealQuorumNotReached, SharesWithOracles
    /// @custom:emits ChallengeUpheld, ChallengeRejected
    function decide(ClaimId claim, bool upheld, bytes32 reasonHash, bytes[] calldata signatures) external;

    /// @notice No decision in time: the first round begins and the bond goes back. Anyone may call.
    /// @custom:throws NotChallenged, AppealStillOpen
    /// @custom:emits ChallengeLapsed
    function lapse(ClaimId claim) external;

    /// @notice Pays the caller what bonds left for it.
    /// @custom:throws NothingToWithdraw
    function withdraw() external returns (uint128 amount);

    function challengeOf(ClaimId claim) external view returns (Challenge memory);
    function withdrawable(address account) external view returns (uint128);
    function bond() external view returns (uint128);
    function appealWindow() external view returns (uint32);
}
