// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RiskIndex} from "./Types.sol";

/// @title Scores of all risks, 16 to a slot, from the median of the members' own signed vectors.
interface IRiskFeed {
    struct SignedVector {
        /// big-endian uint16 lanes, 32 bytes for each 16 risks from `firstRisk` on; 0xFFFF = no sensor data
        bytes scores;
        /// 65 bytes r, s, v over ScoreVector(uint32 committeeVersion,uint32 frame,bytes32 modelHash,uint32 firstRiskIndex,bytes scores)
        bytes signature;
    }

    /// @notice A median was taken; the vectors themselves are in calldata.
    event ScoresReported(uint32 indexed frame, uint32 indexed committeeVersion, uint32 firstRisk, uint32 groups, bytes32 modelHash, uint256 signerLanes);
    /// @notice An effective (capped) score moved.
    event ScoreMoved(RiskIndex indexed risk, uint32 indexed frame, uint16 score, uint16 uncapped);

    error FrameNotClosed(uint32 frame, uint32 current);
    error FrameTooOld(uint32 frame, uint32 newest);
    error QuorumNotReached(uint256 have, uint256 needed);
    error BadVectorLength(uint256 length);
    error FirstRiskUnaligned(uint32 firstRisk);
    error ScoreOutOfRange(uint16 score);
    error StaleScore(RiskIndex risk, uint32 frame, uint32 current);
    error NoScore(RiskIndex risk);

    /// @notice Anyone may send; the signatures decide.
    /// @custom:pre vectors in order of strictly increasing signer; `frame` closed and newer than the groups' last
    /// @custom:emits ScoresReported, ScoreMoved
    function report(
        uint32 committeeVersion,
        uint32 frame,
        bytes32 modelHash,
        uint32 firstRisk,
        SignedVector[] calldata vectors
    ) external;

    /// @notice Effective (capped) score that prices cover in force, the newest frame's uncapped median, and that frame.
    function scoreOf(RiskIndex risk) external view returns (uint16 score, uint16 uncapped, uint32 frame);

    /// @notice The uncapped median to bind on.
    /// @custom:throws NoScore, StaleScore when the last frame is older than `maxFrameAge`
    function bindingScore(RiskIndex risk) external view returns (uint16 uncapped, uint32 frame, bytes32 modelHash);

    function frameLength() external view returns (uint32);
    function frameAt(uint40 time) external view returns (uint32);
    function maxFrameAge() external view returns (uint32);
}
