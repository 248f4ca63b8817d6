// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";
import {IRateIndex} from "../interfaces/IRateIndex.sol";
import {IRiskFeed} from "../interfaces/IRiskFeed.sol";
import {IRiskRegister} from "../interfaces/IRiskRegister.sol";
import {RiskIndex} from "../interfaces/Types.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {CommitteeRoll} from "../libraries/CommitteeRoll.sol";
import {LaneMedian} from "../libraries/LaneMedian.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {MemberSignature} from "../libraries/MemberSignature.sol";

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
        uint256 page;
        /// place of the first group in its page
        uint256 first;
        uint256 groups;
        /// the frame, spread over the lanes
        uint256 frameTag;
        /// the page's score words when the day began; zero where there was none
        bytes anchors;
        /// medians, which the caps turn into effective scores; when done, as score vectors
        bytes scores;
        /// medians, once a cap binds; until then empty
        bytes uncapped;
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

    mapping(uint256 page => uint256[PAGE]) private _scores;
    /// @dev like `_scores`, but before the caps; a word counts only while its frame is that of the group
    mapping(uint256 page => uint256[PAGE]) private _uncapped;
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
        uint32 current = frameAt(uint40(block.timestamp));
        require(frame < current, FrameNotClosed(frame, current));
        uint256 model = modelRegistry.requireUsable(modelHash, IModelRegistry.Kind.Model, _start(frame));
        Report memory r = _shape(firstRisk, vectors);
        bytes memory message = abi.encode(VECTOR_TYPE, committeeVersion, frame, modelHash, firstRisk, bytes32(0));
        uint256 lanes = _requireQuorum(committeeVersion, frame, _signers(r, message, vectors));

        r.frameTag = Lanes.spread(frame);
        r.anchors = _anchors(r.page, uint32(_start(frame) / DAY));
        _move(r);
        _setModel(r, model);
        emit ScoresReported(frame, committeeVersion, firstRisk, modelHash, lanes, r.scores, r.uncapped);
        if (r.moved != 0) _reprice(r);
    }

    // ---- readers

    /// @inheritdoc IRiskFeed
    function scoreOf(RiskIndex risk) public view returns (uint16 score, uint16 uncapped, uint32 frame) {
        (uint256 page, uint256 place, uint256 lane) = _placeOf(RiskIndex.unwrap(risk));
        uint256 word = _scores[page][place];
        score = uint16(Lanes.scoreAt(word, lane));
        require(word != 0 && score != Lanes.NONE, NoScore(risk));
        frame = Lanes.gather(word);
        uint256 before = _uncapped[page][place];
        uncapped = Lanes.gather(before) == frame ? uint16(Lanes.scoreAt(before, lane)) : score;
    }

    /// @inheritdoc IRiskFeed
    function bindingScore(RiskIndex risk) external view returns (uint16 uncapped, uint32 frame, bytes32 modelHash) {
        (, uncapped, frame) = scoreOf(risk);
        uint32 current = frameAt(uint40(block.timestamp));
        require(current - frame <= maxFrameAge, StaleScore(risk, frame, current));
        (uint256 page, uint256 place, ) = _placeOf(RiskIndex.unwrap(risk));
        modelHash = modelRegistry.hashOf(uint16(_modelNumbers[page] >> (16 * place)));
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

    /// @dev Whole groups, within one page.
    function _shape(uint32 firstRisk, SignedVector[] calldata vectors) private pure returns (Report memory r) {
        require(firstRisk % 16 == 0, FirstRiskUnaligned(firstRisk));
        require(vectors.length != 0, QuorumNotReached(0, 1));
        uint256 length = vectors[0].scores.length;
        (r.page, r.first, ) = _placeOf(firstRisk);
        r.groups = length / 32;
        require(length != 0 && length % 32 == 0 && r.first + r.groups <= PAGE, BadVectorLength(length));
    }

    /// @dev Takes the medians on the way: `r.scores`.
    /// @param message the typed data of a vector without its last word, the hash of the scores
    function _signers(
        Report memory r,
        bytes memory message,
        SignedVector[] calldata vectors
    ) private view returns (address[] memory signers) {
        signers = new address[](vectors.length);
        uint256[] memory offsets = new uint256[](vectors.length);
        bytes32 domain = _domainSeparatorV4();
        for (uint256 i = 0; i < signers.length; ++i) {
            SignedVector calldata vector = vectors[i];
            bytes calldata scores = vector.scores;
            if (scores.length != 32 * r.groups) revert BadVectorLength(scores.length);
            offsets[i] = Lanes.offsetOf(scores);
            Lanes.put(message, 5, uint256(keccak256(scores)));
            signers[i] = MemberSignature.recover(MessageHashUtils.toTypedDataHash(domain, keccak256(message)), vector.signature);
        }
        r.scores = LaneMedian.ofCalldata(offsets, r.groups);
    }

    function _requireQuorum(uint32 version, uint32 frame, address[] memory signers) private view returns (uint256 lanes) {
        (address store, uint16 suspended) = committee.rollOf(version, _start(frame));
        bytes memory roll = CodeStore.read(store);
        uint256 quorum = CommitteeRoll.vectorQuorum(roll);
        require(signers.length >= quorum, QuorumNotReached(signers.length, quorum));
        return CommitteeRoll.lanesOf(roll, version, suspended, signers);
    }

    // ---- state

    /// @dev The first report of a day keeps the page's scores as they stand before it.
    function _anchors(uint256 page, uint32 day) private returns (bytes memory anchors) {
        Day memory kept = _days[page];
        if (day <= kept.number) return CodeStore.read(kept.anchors, 32 * PAGE);
        anchors = new bytes(32 * PAGE);
        uint256 size;
        for (uint256 place = 0; place < PAGE; ++place) {
            uint256 word = _scores[page][place];
            Lanes.put(anchors, place, word);
            if (word != 0) size = 32 * (place + 1);
        }
        _days[page] = Day(CodeStore.write(anchors, size), day);
    }

    /// @dev Nearly all groups take the short way of `Lanes.moveWhilePlain`.
    function _move(Report memory r) private {
        uint256 at = Lanes.start(r.scores);
        Lanes.Walk memory walk = Lanes.Walk({
            slot: _slotOf(r),
            at: at,
            end: at + 32 * r.groups,
            toAnchor: Lanes.start(r.anchors) + 32 * r.first - at,
            tag: r.frameTag,
            lastRoom: _perFrame * Lanes.ONES,
            anchorRoom: _perDay * Lanes.ONES,
            moved: 0
        });
        Lanes.moveWhilePlain(walk);
        while (walk.at != walk.end) {
            _moveWithin(r, walk);
            Lanes.moveWhilePlain(walk);
        }
        r.moved = (walk.moved >> (16 * (PAGE - r.groups))) << (16 * r.first);
    }

    /// @dev The long way, for one group: fills lanes without sensor data, applies the caps, keeps the medians where they differ.
    function _moveWithin(Report memory r, Lanes.Walk memory walk) private {
        uint256 i = (walk.at - Lanes.start(r.scores)) / 32;
        uint256 word = Lanes.load(walk.slot);
        uint256 last = word & Lanes.SCORE;
        require(word ^ last < walk.tag, FrameTooOld(Lanes.gather(walk.tag), Lanes.gather(word)));
        if (word == 0) last = Lanes.SCORE;
        uint256 anchor = Lanes.peek(walk.at + walk.toAnchor) & Lanes.SCORE;
        if (anchor == 0) anchor = last;

        uint256 median = Lanes.orNone(Lanes.peek(walk.at));
        uint256 missing = Lanes.noneMask(median);
        if (missing != 0) median = (median & ~missing) | (_withoutSensor(r.page, r.first + i, word, last) & missing);
        uint256 next = Lanes.within(Lanes.within(median, last, walk.lastRoom), anchor, walk.anchorRoom);
        _show(r, i, median, next);
        if (next != median) _uncapped[r.page][r.first + i] = median | walk.tag;
        Lanes.store(walk.slot, next | walk.tag);
        (walk.slot, walk.at) = (walk.slot + 1, walk.at + 32);
        walk.moved = (walk.moved >> 16) | (Lanes.nonZero(next ^ last) << 240);
    }

    /// @dev Puts a group into the event's vectors; the medians get one of their own when a cap binds for the first time.
    function _show(Report memory r, uint256 i, uint256 median, uint256 next) private pure {
        if (next != median && r.uncapped.length == 0) r.uncapped = bytes.concat(r.scores);
        if (r.uncapped.length != 0) Lanes.put(r.uncapped, i, Lanes.toVector(median));
        Lanes.put(r.scores, i, Lanes.toVector(next));
    }

    function _setModel(Report memory r, uint256 model) private {
        uint256 before = _modelNumbers[r.page];
        uint256 mask;
        unchecked {
            mask = ((1 << (16 * r.groups)) - 1) << (16 * r.first);
        }
        uint256 afterwards = (before & ~mask) | ((model * Lanes.ONES) & mask);
        if (afterwards != before) _modelNumbers[r.page] = afterwards;
    }

    /// @dev Tells the rate index about the groups in which a risk with cover moved.
    function _reprice(Report memory r) private {
        uint256 moved = r.moved & rateIndex.coveredRisks(uint32(r.page));
        for (uint256 i = 0; i < r.groups && moved != 0; ++i) {
            uint256 place = r.first + i;
            uint16 lanes = uint16(moved >> (16 * place));
            if (lanes == 0) continue;
            rateIndex.onScoresMoved(uint32(PAGE * r.page + place), Lanes.reverse(Lanes.wordAt(r.scores, i)), lanes);
        }
    }

    // ---- helpers

    /// @dev Without sensor data a score goes to the largest of the last score, the last median and the class base, so that
    ///   withholding never pays; a lane with none of them stays without a score.
    function _withoutSensor(uint256 page, uint256 place, uint256 word, uint256 last) private view returns (uint256) {
        uint256 base = riskRegister.baseScores(uint32(PAGE * page + place)) & Lanes.SCORE;
        uint256 median = _uncapped[page][place];
        if ((median ^ word) & ~Lanes.SCORE != 0) median = last;
        uint256 known = Lanes.max(Lanes.orZero(last), Lanes.max(Lanes.orZero(median & Lanes.SCORE), Lanes.orZero(base)));
        return known | (Lanes.noneMask(last) & Lanes.noneMask(base));
    }

    function _slotOf(Report memory r) private view returns (uint256 slot) {
        uint256[PAGE] storage words = _scores[r.page];
        assembly ("memory-safe") {
            slot := words.slot
        }
        return slot + r.first;
    }

    function _start(uint32 frame) private view returns (uint40) {
        return uint40(frame) * frameLength;
    }

    function _placeOf(uint256 risk) private pure returns (uint256 page, uint256 place, uint256 lane) {
        return (risk / 256, (risk / 16) % PAGE, risk % 16);
    }
}
