// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RiskIndex} from "./Types.sol";

/// @title Scores of all risks, 16 to a slot, from the median of the members' own signed vectors.
/// @dev A *group* is 16 risks (16 g .. 16 g + 15), a *page* 256 risks. Score vectors, here and in events, are big-endian uint16
///   lanes in order of risk index, 32 bytes for each group; 0xFFFF = no sensor data (in), no score yet (out).
interface IRiskFeed {
    struct SignedVector {
        /// whole groups from `firstRisk` on, within one page; a lane's low 14 bits are read, above 10,000 they mean no sensor data;
        /// empty: the same scores as in the vector before
        bytes scores;
        /// 65 bytes r, s, v over ScoreVector(uint32 committeeVersion,uint32 frame,bytes32 modelHash,uint32 firstRiskIndex,bytes scores)
        bytes signature;
    }

    /// @notice A median was taken; the vectors themselves are in calldata.
    /// @param signerLanes the members' lanes in the committee, one byte each, lowest byte first
    /// @param scores effective (capped) scores after the report
    /// @param uncapped medians before the caps; empty when no cap bound, so that they equal `scores`
    event ScoresReported(
        uint32 indexed frame,
        uint32 indexed committeeVersion,
        uint32 indexed firstRisk,
        bytes32 modelHash,
        uint256 signerLanes,
        bytes scores,
        bytes uncapped
    );

    error FrameNotClosed(uint32 frame, uint32 current);
    error FrameTooOld(uint32 frame, uint32 newest);
    error QuorumNotReached(uint256 have, uint256 needed);
    error BadVectorLength(uint256 length);
    error FirstRiskUnaligned(uint32 firstRisk);
    error StaleScore(RiskIndex risk, uint32 frame, uint32 current);
    error NoScore(RiskIndex risk);
    error BadConfig(bytes32 field);
    error OnlyRateIndex(address caller);

    /// @notice Anyone may send; the signatures decide. The committee is the one in force at the frame's first second.
    /// @custom:pre vectors in order of strictly increasing signer, at least 2f + 1, all of one length; `frame` closed and newer than each
    ///   group's last; the model usable at the frame's first second
    /// @custom:throws FirstRiskUnaligned, BadVectorLength, FrameNotClosed, FrameTooOld, QuorumNotReached,
    ///   VersionNotInForce, NotAMember, MemberIsSuspended, SignersNotSorted, UnknownHash, HashIsRetired
    /// @custom:emits ScoresReported
    function report(
        uint32 committeeVersion,
        uint32 frame,
        bytes32 modelHash,
        uint32 firstRisk,
        SignedVector[] calldata vectors
    ) external;

    /// @notice Called by the rate index when a group of risks gets its first streamed cover, or loses its last.
    /// @custom:throws OnlyRateIndex
    function setCovered(uint32 group, bool covered) external;

    /// @notice Effective (capped) score that prices cover in force, the newest frame's uncapped median, and that frame.
    /// @custom:throws NoScore
    function scoreOf(RiskIndex risk) external view returns (uint16 score, uint16 uncapped, uint32 frame);

    /// @notice The uncapped median to bind on.
    /// @custom:throws NoScore, StaleScore when the last frame is older than `maxFrameAge`
    function bindingScore(RiskIndex risk) external view returns (uint16 uncapped, uint32 frame, bytes32 modelHash);

    /// @notice Seconds of a frame; frame = floor(timestamp / frameLength).
    function frameLength() external view returns (uint32);
    function frameAt(uint40 time) external view returns (uint32);
    /// @notice Frames after which a score is too old to bind on.
    function maxFrameAge() external view returns (uint32);
    /// @notice Most that a score moves in one report, and away from where it stood when its day (UTC) began.
    function changeCaps() external view returns (uint16 perFrame, uint16 perDay);
}
