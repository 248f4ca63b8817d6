// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";
import {SubjectId} from "../interfaces/Types.sol";
import {LaneQuorum} from "../libraries/LaneQuorum.sol";

/// @title Keeps each member's own slot marks, and counts the quorum when it is asked.
/// @dev No role may act here, and marks are only ever added. Four members' masks share a slot, lost and attacked apart.
contract IncidentRegistry is IIncidentRegistry, EIP712 {
    /// @dev members' masks of one epoch in memory, four lanes to a word, and how to count them
    struct Epoch {
        SubjectId subject;
        uint32 number;
        uint256[] lost;
        uint256[] attacked;
        uint8 lostQuorum;
        uint8 attackQuorum;
    }

    bytes32 private constant OBSERVATION_TYPE =
        keccak256(
            "Observation(uint32 committeeVersion,uint64 subject,uint32 epoch,uint64 lostMask,uint64 attackMask,bytes32 evidenceHash)"
        );
    uint256 private constant SLOTS = 64;
    uint256 private constant ATTACKED = 1 << 8;

    IOracleCommittee public immutable committee;
    /// @inheritdoc IIncidentRegistry
    uint32 public immutable slotLength;
    /// @inheritdoc IIncidentRegistry
    uint32 public immutable maxReportDelay;

    /// @dev key: subject, epoch, lost or attacked, word of four members
    mapping(uint256 key => uint256) private _marks;

    /// @param slotLength_ seconds
    /// @param maxReportDelay_ seconds after a slot's end in which it may still be marked
    constructor(IOracleCommittee committee_, uint32 slotLength_, uint32 maxReportDelay_) EIP712("flowcover IncidentRegistry", "1") {
        require(slotLength_ != 0, BadConfig("slotLength"));
        require(maxReportDelay_ != 0, BadConfig("maxReportDelay"));
        (committee, slotLength, maxReportDelay) = (committee_, slotLength_, maxReportDelay_);
    }

    // ---- anyone, with the members' signatures

    /// @inheritdoc IIncidentRegistry
    function attest(SubjectId subject, uint32 epoch, SignedObservation[] calldata observations) external {
        uint32 version = committeeOf(epoch);
        address[] memory signers = _signers(version, subject, epoch, observations);
        (uint256 lanes, uint16 seesAttacks, uint8 n, uint8 f) = committee.lanesOf(version, signers);
        Epoch memory e = _load(subject, epoch, n, f);
        (uint64 lostBefore, uint64 attackedBefore) = _count(e);
        _requireOpen(epoch, _record(e, observations, signers, lanes, seesAttacks));
        _store(e);
        (uint64 lost, uint64 attacked) = _count(e);
        if (lost != lostBefore || attacked != attackedBefore) emit SlotsAttested(subject, epoch, lost, attacked);
    }

    // ---- readers

    /// @inheritdoc IIncidentRegistry
    function masks(SubjectId subject, uint32 epoch) external view returns (uint64 lost, uint64 attacked) {
        (uint8 n, uint8 f,,,) = committee.thresholds(committeeOf(epoch));
        return _count(_load(subject, epoch, n, f));
    }

    /// @inheritdoc IIncidentRegistry
    function marksOf(SubjectId subject, uint32 epoch, uint8 lane) external view returns (uint64 lost, uint64 attacked) {
        uint256 key = _key(subject, epoch) | (lane / 4);
        uint256 shift = SLOTS * (lane % 4);
        return (uint64(_marks[key] >> shift), uint64(_marks[key | ATTACKED] >> shift));
    }

    /// @inheritdoc IIncidentRegistry
    function committeeOf(uint32 epoch) public view returns (uint32 version) {
        version = committee.versionAt(uint40(epoch * SLOTS * slotLength));
        if (version == 0 && committee.currentVersion() != 0) version = 1;
        require(version != 0, NoCommittee(epoch));
    }

    /// @inheritdoc IIncidentRegistry
    function closedBefore(uint40 time) public view returns (uint64 slot) {
        return time < maxReportDelay ? 0 : (time - maxReportDelay) / slotLength;
    }

    // ---- internal

    function _signers(
        uint32 version,
        SubjectId subject,
        uint32 epoch,
        SignedObservation[] calldata observations
    ) private view returns (address[] memory signers) {
        signers = new address[](observations.length);
        for (uint256 i = 0; i < observations.length; ++i) {
            SignedObservation calldata o = observations[i];
            bytes32 structHash = keccak256(
                abi.encode(OBSERVATION_TYPE, version, subject, epoch, o.lostMask, o.attackMask, o.evidenceHash)
            );
            signers[i] = ECDSA.recover(_hashTypedDataV4(structHash), o.signature);
        }
    }

    /// @dev Newly marked slots have ended and are not closed.
    function _requireOpen(uint32 epoch, uint256 added) private view {
        uint40 time = uint40(block.timestamp);
        uint256 first = epoch * SLOTS;
        uint256 early = added & ~_slotsBelow(first, time / slotLength);
        require(early == 0, SlotNotEnded(uint64(first + _lowest(early)), time));
        uint256 late = added & _slotsBelow(first, closedBefore(time));
        require(late == 0, SlotClosed(uint64(first + _lowest(late)), time));
    }

    function _load(SubjectId subject, uint32 epoch, uint8 n, uint8 f) private view returns (Epoch memory e) {
        uint256 words = (uint256(n) + 3) / 4;
        uint256 key = _key(subject, epoch);
        (e.subject, e.number) = (subject, epoch);
        (e.lost, e.attacked) = (new uint256[](words), new uint256[](words));
        for (uint256 i = 0; i < words; ++i) {
            (e.lost[i], e.attacked[i]) = (_marks[key | i], _marks[key | ATTACKED | i]);
        }
        (e.lostQuorum, e.attackQuorum) = ((n + f) / 2 + 1, f + 1);
    }

    function _store(Epoch memory e) private {
        uint256 key = _key(e.subject, e.number);
        for (uint256 i = 0; i < e.lost.length; ++i) {
            if (_marks[key | i] != e.lost[i]) _marks[key | i] = e.lost[i];
            if (_marks[key | ATTACKED | i] != e.attacked[i]) _marks[key | ATTACKED | i] = e.attacked[i];
        }
    }

    function _count(Epoch memory e) private pure returns (uint64 lost, uint64 attacked) {
        return (LaneQuorum.atLeast(e.lost, e.lostQuorum), LaneQuorum.atLeast(e.attacked, e.attackQuorum));
    }

    /// @dev ORs each observation into its member's lane.
    /// @return added slots that a member marked for the first time
    function _record(
        Epoch memory e,
        SignedObservation[] calldata observations,
        address[] memory signers,
        uint256 lanes,
        uint16 seesAttacks
    ) private returns (uint256 added) {
        for (uint256 i = 0; i < signers.length; ++i) {
            SignedObservation calldata o = observations[i];
            uint256 lane = uint8(lanes >> (8 * i));
            require(o.attackMask == 0 || (seesAttacks >> lane) & 1 == 1, CannotSeeAttacks(signers[i]));
            uint256 fresh = _mark(e.lost, lane, o.lostMask) | _mark(e.attacked, lane, o.attackMask);
            added |= fresh;
            if (fresh != 0) emit ObservationRecorded(e.subject, e.number, signers[i], o.lostMask, o.attackMask, o.evidenceHash);
        }
        require(added != 0, NothingMarked(e.subject, e.number));
    }

    /// @return fresh bits that the lane did not hold before
    function _mark(uint256[] memory words, uint256 lane, uint256 mask) private pure returns (uint256 fresh) {
        uint256 shift = SLOTS * (lane % 4);
        uint256 word = words[lane / 4];
        fresh = mask & ~(word >> shift);
        words[lane / 4] = word | (mask << shift);
    }

    function _key(SubjectId subject, uint32 epoch) private pure returns (uint256) {
        return (uint256(SubjectId.unwrap(subject)) << 64) | (uint256(epoch) << 32);
    }

    /// @dev Bits of the epoch's slots that lie below `slot`.
    function _slotsBelow(uint256 first, uint256 slot) private pure returns (uint256) {
        if (slot <= first) return 0;
        return slot - first >= SLOTS ? type(uint64).max : (1 << (slot - first)) - 1;
    }

    function _lowest(uint256 bits) private pure returns (uint256 index) {
        while (index < SLOTS - 1 && (bits >> index) & 1 == 0) ++index;
    }
}
