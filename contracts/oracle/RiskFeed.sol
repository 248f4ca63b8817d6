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
/// @dev No role may act here. A group's word holds sixteen 14-bit scores and, in the two free bits of each lane, twice the frame, plus one
///   when a cap bound.
contract RiskFeed is IRiskFeed, EIP712 {
    /// @dev one slot for 256 risks
    struct Page {
        /// code store of the page's sixteen score words as they stood when the day began
        address anchors;
        /// number of that day
        uint32 day;
        /// number of the last model of all groups that have scores; MIXED: each group's is in `_modelNumbers`
        uint24 model;
        /// one bit for each group that has streamed cover
        uint16 covered;
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
    uint24 private constant MIXED = 1 << 16;
    /// @dev in a group's word: its lowest frame bit
    uint256 private constant CAPPED = 1 << 14;
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
    /// @dev like `_scores`, but before the caps; a word counts only while the group's is marked CAPPED
    mapping(uint256 page => uint256[PAGE]) private _uncapped;
    mapping(uint256 page => Page) private _pages;
    /// @dev number of each group's last model, sixteen to a slot
    mapping(uint256 page => uint256) private _modelNumbers;
    mapping(uint256 number => bytes32) private _modelHashes;

    /// @param frameLength_ seconds, at least 2, so that a frame needs 31 bits
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
        require(frameLength_ > 1, BadConfig("frameLength"));
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

        r.frameTag = Lanes.spread(frame << 1);
        Page memory page = _pages[r.page];
        r.anchors = _anchors(r.page, page, uint32(_start(frame) / DAY));
        _move(r);
        if (page.model != model) _setModel(r, page, uint16(model), modelHash);
        emit ScoresReported(frame, committeeVersion, firstRisk, modelHash, lanes, r.scores, r.uncapped);
        if (page.covered != 0) _reprice(r, page.covered);
    }

    // ---- rate index

    /// @inheritdoc IRiskFeed
    function setCovered(uint32 group, bool covered) external {
        require(msg.sender == address(rateIndex), OnlyRateIndex(msg.sender));
        Page storage page = _pages[group / PAGE];
        uint16 bit = uint16(1 << (group % PAGE));
        page.covered = covered ? page.covered | bit : page.covered & ~bit;
    }

    // ---- readers

    /// @inheritdoc IRiskFeed
    function scoreOf(RiskIndex risk) public view returns (uint16 score, uint16 uncapped, uint32 frame) {
        (uint256 page, uint256 place, uint256 lane) = _placeOf(RiskIndex.unwrap(risk));
        uint256 word = _scores[page][place];
        score = uint16(Lanes.scoreAt(word, lane));
        require(word != 0 && score != Lanes.NONE, NoScore(risk));
        frame = Lanes.gather(word) >> 1;
        uncapped = word & CAPPED == 0 ? score : uint16(Lanes.scoreAt(_uncapped[page][place], lane));
    }

    /// @inheritdoc IRiskFeed
    function bindingScore(RiskIndex risk) external view returns (uint16 uncapped, uint32 frame, bytes32 modelHash) {
        (, uncapped, frame) = scoreOf(risk);
        uint32 current = frameAt(uint40(block.timestamp));
        require(current - frame <= maxFrameAge, StaleScore(risk, frame, current));
        (uint256 page, uint256 place, ) = _placeOf(RiskIndex.unwrap(risk));
        uint256 number = _pages[page].model;
        if (number == MIXED) number = uint16(_modelNumbers[page] >> (16 * place));
        modelHash = _modelHashes[number];
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
            if (scores.length == 0 && i != 0) {
                offsets[i] = offsets[i - 1];
            } else {
                if (scores.length != 32 * r.groups) revert BadVectorLength(scores.length);
                offsets[i] = Lanes.offsetOf(scores);
                Lanes.put(message, 5, uint256(keccak256(scores)));
            }
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
    function _anchors(uint256 number, Page memory page, uint32 day) private returns (bytes memory anchors) {
        if (day <= page.day) return CodeStore.read(page.anchors, 32 * PAGE);
        anchors = new bytes(32 * PAGE);
        uint256 size;
        for (uint256 place = 0; place < PAGE; ++place) {
            uint256 word = _scores[number][place];
            Lanes.put(anchors, place, word);
            if (word != 0) size = 32 * (place + 1);
        }
        (page.anchors, page.day) = (CodeStore.write(anchors, size), day);
        _pages[number] = page;
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
        require(word ^ last < walk.tag, FrameTooOld(Lanes.gather(walk.tag) >> 1, Lanes.gather(word) >> 1));
        if (word == 0) last = Lanes.SCORE;
        uint256 anchor = Lanes.peek(walk.at + walk.toAnchor) & Lanes.SCORE;
        if (anchor == 0) anchor = last;

        uint256 median = Lanes.orNone(Lanes.peek(walk.at));
        uint256 missing = Lanes.noneMask(median);
        if (missing != 0) median = (median & ~missing) | (_withoutSensor(r.page, r.first + i, word, last) & missing);
        uint256 next = Lanes.within(Lanes.within(median, last, walk.lastRoom), anchor, walk.anchorRoom);
        _show(r, i, median, next);
        if (next != median) _uncapped[r.page][r.first + i] = median;
        Lanes.store(walk.slot, next | walk.tag | (next == median ? 0 : CAPPED));
        (walk.slot, walk.at) = (walk.slot + 1, walk.at + 32);
        walk.moved = (walk.moved >> 16) | (Lanes.nonZero(next ^ last) << 240);
    }

    /// @dev Puts a group into the event's vectors; the medians get one of their own when a cap binds for the first time.
    function _show(Report memory r, uint256 i, uint256 median, uint256 next) private pure {
        if (next != median && r.uncapped.length == 0) r.uncapped = bytes.concat(r.scores);
        if (r.uncapped.length != 0) Lanes.put(r.uncapped, i, Lanes.toVector(median));
        Lanes.put(r.scores, i, Lanes.toVector(next));
    }

    /// @dev A page whose groups have one model says so itself; only a model that reports part of a page splits it.
    function _setModel(Report memory r, Page memory page, uint16 model, bytes32 modelHash) private {
        if (_modelHashes[model] == 0) _modelHashes[model] = modelHash;
        if (page.model == 0 || r.groups == PAGE) {
            _pages[r.page].model = model;
            return;
        }
        uint256 before = page.model == MIXED ? _modelNumbers[r.page] : page.model * Lanes.ONES;
        uint256 mask = ((1 << (16 * r.groups)) - 1) << (16 * r.first);
        uint256 afterwards = (before & ~mask) | ((model * Lanes.ONES) & mask);
        if (page.model != MIXED) _pages[r.page].model = MIXED;
        if (page.model != MIXED || afterwards != before) _modelNumbers[r.page] = afterwards;
    }

    /// @dev Tells the rate index about the groups in which a score moved and something is covered.
    function _reprice(Report memory r, uint256 covered) private {
        for (uint256 i = 0; i < r.groups; ++i) {
            uint256 place = r.first + i;
            uint16 lanes = uint16(r.moved >> (16 * place));
            if (lanes == 0 || (covered >> place) & 1 == 0) continue;
            rateIndex.onScoresMoved(uint32(PAGE * r.page + place), Lanes.reverse(Lanes.wordAt(r.scores, i)), lanes);
        }
    }

    // ---- helpers

    /// @dev Without sensor data a score goes to the largest of the last score, the last median and the class base, so that
    ///   withholding never pays; a lane with none of them stays without a score.
    function _withoutSensor(uint256 page, uint256 place, uint256 word, uint256 last) private view returns (uint256) {
        uint256 base = riskRegister.baseScores(uint32(PAGE * page + place)) & Lanes.SCORE;
        uint256 median = word & CAPPED == 0 ? last : _uncapped[page][place];
        uint256 known = Lanes.max(Lanes.orZero(last), Lanes.max(Lanes.orZero(median), Lanes.orZero(base)));
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
