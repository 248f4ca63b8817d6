// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";
import {IRateIndex} from "../interfaces/IRateIndex.sol";
import {IRiskFeed} from "../interfaces/IRiskFeed.sol";
import {IRiskRegister} from "../interfaces/IRiskRegister.sol";
import {RiskIndex} from "../interfaces/Types.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {LaneMedian} from "../libraries/LaneMedian.sol";
import {Lanes} from "../libraries/Lanes.sol";

/// @title Takes the median of the members' signed score vectors and moves scores within their change caps.
/// @dev No role may act here. A group's word holds sixteen 14-bit scores and, in the two free bits of each lane, the frame.
contract RiskFeed is IRiskFeed, EIP712 {
    /// @dev one slot for 256 risks
    struct Day {
        /// code store of the page's sixteen score words as they stood when the day began
        address anchors;
        uint32 number;
    }

    /// @dev what `report` works with, in memory
    struct Report {
        uint256 firstGroup;
        uint256 groups;
        /// the frame, spread over the lanes
        uint256 frameTag;
        uint256 perFrame;
        uint256 perDay;
        bytes anchors;
        /// groups' words after the report, as score vectors
        bytes scores;
        bytes uncapped;
        bool capped;
        /// one bit for each risk of the page
        uint256 moved;
    }

    bytes32 private constant VECTOR_TYPE =
        keccak256("ScoreVector(uint32 committeeVersion,uint32 frame,bytes32 modelHash,uint32 firstRiskIndex,bytes scores)");
    uint256 private constant PAGE = 16;
    uint256 private constant DAY = 86_400;

    IOracleCommittee public immutable committee;
    IModelRegistry public immutable modelRegistry;
    IRiskRegister public immutable riskRegister;
    IRateIndex public immutable rateIndex;
    /// @inheritdoc IRiskFeed
    uint32 public immutable frameLength;
    /// @inheritdoc IRiskFeed
    uint32 public immutable maxFrameAge;
    uint16 private immutable _perFrame;
    uint16 private immutable _perDay;

    mapping(uint256 group => uint256) private _scores;
    /// @dev like `_scores`, but before the caps; counts only while its frame is that of the group
    mapping(uint256 group => uint256) private _uncapped;
    /// @dev number of each group's last model, sixteen to a slot
    mapping(uint256 page => uint256) private _modelNumbers;
    mapping(uint256 page => Day) private _days;

    /// @param frameLength_ seconds
    /// @param maxFrameAge_ frames
    /// @param maxMovePerFrame most that a score moves in one report
    /// @param maxMovePerDay most that a score moves from where it stood when the day began
    constructor(
        IOracleCommittee committee_,
        IModelRegistry modelRegistry_,
        IRiskRegister riskRegister_,
        IRateIndex rateIndex_,
        uint32 frameLength_,
        uint32 maxFrameAge_,
        uint16 maxMovePerFrame,
        uint16 maxMovePerDay
    ) EIP712("flowcover RiskFeed", "1") {
        require(frameLength_ != 0, BadConfig("frameLength"));
        require(maxFrameAge_ != 0, BadConfig("maxFrameAge"));
        require(maxMovePerFrame != 0 && maxMovePerFrame <= maxMovePerDay, BadConfig("maxMovePerFrame"));
        require(maxMovePerDay <= Lanes.MAX_SCORE, BadConfig("maxMovePerDay"));
        (committee, modelRegistry, riskRegister, rateIndex) = (committee_, modelRegistry_, riskRegister_, rateIndex_);
        (frameLength, maxFrameAge, _perFrame, _perDay) = (frameLength_, maxFrameAge_, maxMovePerFrame, maxMovePerDay);
    }

    // ---- anyone, with the members' signatures

    /// @inheritdoc IRiskFeed
    function report(
        uint32 committeeVersion,
        uint32 frame,
        bytes32 modelHash,
        uint32 firstRisk,
        SignedVector[] calldata vectors
    ) external {
        _requireShape(firstRisk, vectors);
        require(frame < frameAt(uint40(block.timestamp)), FrameNotClosed(frame, frameAt(uint40(block.timestamp))));
        uint256 lanes = _requireQuorum(committeeVersion, frame, modelHash, firstRisk, vectors);
        uint256 model = modelRegistry.requireUsable(modelHash, IModelRegistry.Kind.Model, _start(frame));

        Report memory r = _open(frame, firstRisk, vectors[0].scores.length);
        _setModel(r, model);
        _move(r, vectors);
        emit ScoresReported(frame, committeeVersion, firstRisk, modelHash, lanes, r.scores, r.uncapped);
        if (r.moved != 0) _reprice(r);
    }

    // ---- readers

    /// @inheritdoc IRiskFeed
    function scoreOf(RiskIndex risk) public view returns (uint16 score, uint16 uncapped, uint32 frame) {
        (uint256 group, uint256 lane) = (RiskIndex.unwrap(risk) / 16, RiskIndex.unwrap(risk) % 16);
        uint256 word = _scores[group];
        score = uint16(Lanes.at(word, lane));
        require(word != 0 && score != Lanes.NONE, NoScore(risk));
        frame = Lanes.gather(word);
        uint256 other = _uncapped[group];
        uncapped = Lanes.gather(other) == frame ? uint16(Lanes.at(other, lane)) : score;
    }

    /// @inheritdoc IRiskFeed
    function bindingScore(RiskIndex risk) external view returns (uint16 uncapped, uint32 frame, bytes32 modelHash) {
        (, uncapped, frame) = scoreOf(risk);
        uint32 current = frameAt(uint40(block.timestamp));
        require(current - frame <= maxFrameAge, StaleScore(risk, frame, current));
        uint256 group = RiskIndex.unwrap(risk) / 16;
        modelHash = modelRegistry.hashOf(uint16(_modelNumbers[group / PAGE] >> (16 * (group % PAGE))));
    }

    /// @inheritdoc IRiskFeed
    function frameAt(uint40 time) public view returns (uint32) {
        return uint32(time / frameLength);
    }

    /// @inheritdoc IRiskFeed
    function changeCaps() external view returns (uint16 perFrame, uint16 perDay) {
        return (_perFrame, _perDay);
    }

    // ---- checks

    function _requireShape(uint32 firstRisk, SignedVector[] calldata vectors) private pure {
        require(firstRisk % 16 == 0, FirstRiskUnaligned(firstRisk));
        require(vectors.length != 0, QuorumNotReached(0, 1));
        uint256 length = vectors[0].scores.length;
        uint256 mostGroups = PAGE - (firstRisk / 16) % PAGE;
        require(length != 0 && length % 32 == 0 && length / 32 <= mostGroups, BadVectorLength(length));
        for (uint256 i = 1; i < vectors.length; ++i) {
            require(vectors[i].scores.length == length, BadVectorLength(vectors[i].scores.length));
        }
    }

    function _requireQuorum(
        uint32 committeeVersion,
        uint32 frame,
        bytes32 modelHash,
        uint32 firstRisk,
        SignedVector[] calldata vectors
    ) private view returns (uint256 lanes) {
        committee.requireInForce(committeeVersion, _start(frame));
        address[] memory signers = new address[](vectors.length);
        for (uint256 i = 0; i < vectors.length; ++i) {
            bytes32 scoresHash = keccak256(vectors[i].scores);
            bytes32 structHash = keccak256(abi.encode(VECTOR_TYPE, committeeVersion, frame, modelHash, firstRisk, scoresHash));
            signers[i] = ECDSA.recover(_hashTypedDataV4(structHash), vectors[i].signature);
        }
        uint8 f;
        (lanes,,, f) = committee.lanesOf(committeeVersion, signers);
        require(signers.length >= 2 * uint256(f) + 1, QuorumNotReached(signers.length, 2 * uint256(f) + 1));
    }

    // ---- state

    function _open(uint32 frame, uint32 firstRisk, uint256 length) private returns (Report memory r) {
        r.firstGroup = firstRisk / 16;
        r.groups = length / 32;
        r.frameTag = Lanes.spread(frame);
        r.perFrame = _perFrame * Lanes.ONES;
        r.perDay = _perDay * Lanes.ONES;
        r.scores = new bytes(length);
        r.uncapped = new bytes(length);
        r.anchors = _anchors(r.firstGroup / PAGE, uint32(_start(frame) / DAY));
    }

    /// @dev The first report of a day keeps the page's scores as they stand before it.
    function _anchors(uint256 page, uint32 day) private returns (bytes memory anchors) {
        Day storage kept = _days[page];
        if (day <= kept.number) return CodeStore.read(kept.anchors);
        uint256 size;
        anchors = new bytes(32 * PAGE);
        for (uint256 i = 0; i < PAGE; ++i) {
            uint256 word = _scores[page * PAGE + i];
            _put(anchors, i, word);
            if (word != 0) size = 32 * (i + 1);
        }
        assembly ("memory-safe") {
            mstore(anchors, size)
        }
        (kept.anchors, kept.number) = (CodeStore.write(anchors), day);
    }

    function _setModel(Report memory r, uint256 model) private {
        uint256 page = r.firstGroup / PAGE;
        uint256 before = _modelNumbers[page];
        uint256 mask;
        unchecked {
            mask = ((1 << (16 * r.groups)) - 1) << (16 * (r.firstGroup % PAGE));
        }
        uint256 afterwards = (before & ~mask) | ((model * Lanes.ONES) & mask);
        if (afterwards != before) _modelNumbers[page] = afterwards;
    }

    function _move(Report memory r, SignedVector[] calldata vectors) private {
        uint256[] memory words = new uint256[](vectors.length);
        for (uint256 i = 0; i < r.groups; ++i) {
            uint256 group = r.firstGroup + i;
            uint256 median = _median(words, vectors, 32 * i);
            uint256 word = _scores[group];
            uint256 last = Lanes.SCORE;
            if (word != 0) {
                require((word & ~Lanes.SCORE) < r.frameTag, FrameTooOld(Lanes.gather(r.frameTag), Lanes.gather(word)));
                last = word & Lanes.SCORE;
            }
            uint256 missing = Lanes.noneMask(median);
            if (missing != 0) median = (median & ~missing) | (_withoutSensor(group, word, last) & missing);

            uint256 next = _capped(median, last, r.perFrame);
            uint256 anchor = _at(r.anchors, group % PAGE);
            if (anchor != 0) next = _capped(next, anchor & Lanes.SCORE, r.perDay);

            _scores[group] = next | r.frameTag;
            if (next != median) {
                _uncapped[group] = median | r.frameTag;
                r.capped = true;
            }
            _put(r.scores, i, Lanes.toVector(next));
            _put(r.uncapped, i, Lanes.toVector(median));
            r.moved |= Lanes.nonZero(next ^ last) << (16 * (group % PAGE));
        }
        if (!r.capped) r.uncapped = "";
    }

    /// @dev Tells the rate index about the groups in which a risk with cover moved.
    function _reprice(Report memory r) private {
        uint256 moved = r.moved & rateIndex.coveredRisks(uint32(r.firstGroup / PAGE));
        for (uint256 i = 0; i < r.groups && moved != 0; ++i) {
            uint256 shift = 16 * ((r.firstGroup + i) % PAGE);
            uint16 lanes = uint16(moved >> shift);
            if (lanes != 0) rateIndex.onScoresMoved(uint32(r.firstGroup + i), Lanes.reverse(_at(r.scores, i)), lanes);
        }
    }

    // ---- lanes

    function _median(uint256[] memory words, SignedVector[] calldata vectors, uint256 offset) private pure returns (uint256) {
        for (uint256 j = 0; j < words.length; ++j) {
            uint256 word = uint256(bytes32(vectors[j].scores[offset:offset + 32]));
            uint256 bad = Lanes.outOfRange(word);
            if (bad != 0) _revertOutOfRange(word, bad);
            words[j] = word & Lanes.SCORE;
        }
        return LaneMedian.medianUp(words);
    }

    function _revertOutOfRange(uint256 word, uint256 bad) private pure {
        while (uint16(bad) == 0) (bad, word) = (bad >> 16, word >> 16);
        revert ScoreOutOfRange(uint16(word));
    }

    /// @dev Lanes `away` at most from `from`; a lane that had no score moves freely.
    function _capped(uint256 wanted, uint256 from, uint256 away) private pure returns (uint256) {
        uint256 lowest = Lanes.minusFloor(from & ~Lanes.noneMask(from), away);
        return Lanes.max(Lanes.min(wanted, from + away), lowest);
    }

    /// @dev Without sensor data a score goes to the largest of the last score, the last median and the class base, so that
    ///   withholding never pays; a lane with none of them stays without a score.
    function _withoutSensor(uint256 group, uint256 word, uint256 last) private view returns (uint256) {
        uint256 base = riskRegister.baseScores(uint32(group)) & Lanes.SCORE;
        uint256 median = _uncapped[group];
        if ((median ^ word) & ~Lanes.SCORE != 0) median = last;
        uint256 known = Lanes.max(_orZero(last), Lanes.max(_orZero(median & Lanes.SCORE), _orZero(base)));
        return known | (Lanes.noneMask(last) & Lanes.noneMask(base));
    }

    function _orZero(uint256 lanes) private pure returns (uint256) {
        return lanes & ~Lanes.noneMask(lanes);
    }

    // ---- helpers

    function _start(uint32 frame) private view returns (uint40) {
        return uint40(frame) * frameLength;
    }

    function _at(bytes memory words, uint256 i) private pure returns (uint256 word) {
        if (32 * i >= words.length) return 0;
        assembly ("memory-safe") {
            word := mload(add(add(words, 32), mul(i, 32)))
        }
    }

    function _put(bytes memory words, uint256 i, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(words, 32), mul(i, 32)), word)
        }
    }
}
