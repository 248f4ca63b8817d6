// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";
import {SubjectId} from "../interfaces/Types.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {CommitteeRoll} from "../libraries/CommitteeRoll.sol";
import {LaneQuorum} from "../libraries/LaneQuorum.sol";
import {MemberSignature} from "../libraries/MemberSignature.sol";

/// @title Keeps each member's own slot marks, and counts the quorum when it is asked.
/// @dev No role may act here, and marks are only ever added.
contract IncidentRegistry is IIncidentRegistry, EIP712 {
    /// @dev members' masks of one epoch, four lanes of 64 bits to a word, lane 0 lowest
    struct Marks {
        uint256[4] lost;
        uint256[4] attacked;
    }

    /// @dev what `attest` works with, in memory
    struct Session {
        SubjectId subject;
        uint32 epoch;
        uint32 version;
        uint16 suspended;
        bytes roll;
        address[] signers;
        Marks marks;
    }

    bytes32 private constant OBSERVATION_TYPE =
        keccak256(
            "Observation(uint32 committeeVersion,uint64 subject,uint32 epoch,uint64 lostMask,uint64 attackMask,bytes32 evidenceHash)"
        );
    bytes32 private constant SUSPICION_TYPE =
        keccak256("Suspicion(uint32 committeeVersion,uint32 dependency,uint40 since,uint40 expires)");
    uint256 private constant SLOTS = 64;

    IOracleCommittee public immutable committee;
    IExposureLedger public immutable exposureLedger;
    /// @inheritdoc IIncidentRegistry
    uint32 public immutable slotLength;
    /// @inheritdoc IIncidentRegistry
    uint32 public immutable maxReportDelay;

    mapping(uint256 subjectAndEpoch => Marks) private _marks;

    /// @param slotLength_ seconds
    /// @param maxReportDelay_ seconds after a slot's end in which it may still be marked
    constructor(
        IOracleCommittee committee_,
        IExposureLedger exposureLedger_,
        uint32 slotLength_,
        uint32 maxReportDelay_
    ) EIP712("flowcover IncidentRegistry", "1") {
        require(slotLength_ != 0, BadConfig("slotLength"));
        require(maxReportDelay_ != 0, BadConfig("maxReportDelay"));
        (committee, exposureLedger) = (committee_, exposureLedger_);
        (slotLength, maxReportDelay) = (slotLength_, maxReportDelay_);
    }

    // ---- anyone, with the members' signatures

    /// @inheritdoc IIncidentRegistry
    function attest(SubjectId subject, uint32 epoch, SignedObservation[] calldata observations) external {
        Session memory s = _open(subject, epoch);
        s.signers = _signers(s, observations);
        (uint64 lostBefore, uint64 attackedBefore) = _count(s);
        _requireOpen(epoch, _record(s, observations));
        _store(s);
        (uint64 lost, uint64 attacked) = _count(s);
        if (lost != lostBefore || attacked != attackedBefore) emit SlotsAttested(subject, epoch, lost, attacked);
    }

    /// @inheritdoc IIncidentRegistry
    function suspect(uint32 dependency, uint40 since, uint40 expires, bytes[] calldata signatures) external {
        uint40 time = uint40(block.timestamp);
        require(since <= time && time < expires, SuspicionNotCurrent(since, expires, time));
        (uint32 version, uint256 lanes) = _suspecting(dependency, since, expires, signatures);
        emit DependencySuspected(dependency, version, lanes, uint8(signatures.length), since, expires);
        exposureLedger.freeze(dependency, expires);
    }

    // ---- readers

    /// @inheritdoc IIncidentRegistry
    function masks(SubjectId subject, uint32 epoch) external view returns (uint64 lost, uint64 attacked) {
        return _count(_open(subject, epoch));
    }

    /// @inheritdoc IIncidentRegistry
    function marksOf(SubjectId subject, uint32 epoch, uint8 lane) external view returns (uint64 lost, uint64 attacked) {
        Marks storage kept = _marks[_key(subject, epoch)];
        uint256 shift = SLOTS * (lane % 4);
        return (uint64(kept.lost[lane / 4] >> shift), uint64(kept.attacked[lane / 4] >> shift));
    }

    /// @inheritdoc IIncidentRegistry
    function committeeOf(uint32 epoch) external view returns (uint32 version) {
        (version, , ) = _committeeOf(epoch);
    }

    /// @inheritdoc IIncidentRegistry
    function closedBefore(uint40 time) public view returns (uint64 slot) {
        return time < maxReportDelay ? 0 : (time - maxReportDelay) / slotLength;
    }

    // ---- checks

    function _committeeOf(uint32 epoch) private view returns (uint32 version, address roll, uint16 suspended) {
        (version, roll, suspended) = committee.rollAt(uint40(epoch * SLOTS * slotLength));
        require(version != 0, NoCommittee(epoch));
    }

    function _signers(
        Session memory s,
        SignedObservation[] calldata observations
    ) private view returns (address[] memory signers) {
        bytes32 domain = _domainSeparatorV4();
        signers = new address[](observations.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            SignedObservation calldata o = observations[i];
            bytes32 structHash = keccak256(
                abi.encode(OBSERVATION_TYPE, s.version, s.subject, s.epoch, o.lostMask, o.attackMask, o.evidenceHash)
            );
            signers[i] = MemberSignature.recover(MessageHashUtils.toTypedDataHash(domain, structHash), o.signature);
        }
    }

    /// @dev f + 1 members or more of the committee in force, and its version.
    function _suspecting(
        uint32 dependency,
        uint40 since,
        uint40 expires,
        bytes[] calldata signatures
    ) private view returns (uint32 version, uint256 lanes) {
        address store;
        uint16 suspended;
        (version, store, suspended) = committee.rollAt(uint40(block.timestamp));
        bytes memory roll = CodeStore.read(store);
        (, uint8 f) = CommitteeRoll.sizeOf(roll);
        require(signatures.length > f, SuspicionTooWeak(signatures.length, uint256(f) + 1));
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(SUSPICION_TYPE, version, dependency, since, expires)));
        address[] memory signers = new address[](signatures.length);
        for (uint256 i = 0; i < signers.length; ++i) signers[i] = MemberSignature.recover(digest, signatures[i]);
        lanes = CommitteeRoll.lanesOf(roll, version, suspended, signers);
    }

    /// @dev Newly marked slots have ended and are not closed.
    function _requireOpen(uint32 epoch, uint256 added) private view {
        uint40 time = uint40(block.timestamp);
        uint256 first = epoch * SLOTS;
        uint256 early = added & ~_slotsBelow(first, time / slotLength);
        if (early != 0) revert SlotNotEnded(uint64(first + _lowest(early)), time);
        uint256 late = added & _slotsBelow(first, closedBefore(time));
        if (late != 0) revert SlotClosed(uint64(first + _lowest(late)), time);
    }

    // ---- state

    function _open(SubjectId subject, uint32 epoch) private view returns (Session memory s) {
        address store;
        (s.subject, s.epoch) = (subject, epoch);
        (s.version, store, s.suspended) = _committeeOf(epoch);
        s.roll = CodeStore.read(store);
        Marks storage kept = _marks[_key(subject, epoch)];
        for (uint256 i = _words(s); i-- != 0; ) {
            (s.marks.lost[i], s.marks.attacked[i]) = (kept.lost[i], kept.attacked[i]);
        }
    }

    /// @dev ORs each observation into its member's lane.
    /// @return added slots that a member marked for the first time
    function _record(Session memory s, SignedObservation[] calldata observations) private returns (uint256 added) {
        uint256 lanes = CommitteeRoll.lanesOf(s.roll, s.version, s.suspended, s.signers);
        uint256 seesAttacks = CommitteeRoll.seesAttacks(s.roll);
        for (uint256 i = 0; i < observations.length; ++i) {
            SignedObservation calldata o = observations[i];
            uint256 lane = uint8(lanes >> (8 * i));
            require(o.attackMask == 0 || (seesAttacks >> lane) & 1 == 1, CannotSeeAttacks(s.signers[i]));
            uint256 fresh = _mark(s.marks.lost, lane, o.lostMask) | _mark(s.marks.attacked, lane, o.attackMask);
            if (fresh == 0) continue;
            added |= fresh;
            emit ObservationRecorded(s.subject, s.epoch, s.signers[i], o.lostMask, o.attackMask, o.evidenceHash);
        }
        require(added != 0, NothingMarked(s.subject, s.epoch));
    }

    /// @return fresh bits that the lane did not hold before
    function _mark(uint256[4] memory words, uint256 lane, uint256 mask) private pure returns (uint256 fresh) {
        uint256 shift = SLOTS * (lane % 4);
        uint256 word = words[lane / 4];
        words[lane / 4] = word | (mask << shift);
        return mask & ~(word >> shift);
    }

    function _store(Session memory s) private {
        Marks storage kept = _marks[_key(s.subject, s.epoch)];
        for (uint256 i = _words(s); i-- != 0; ) {
            if (kept.lost[i] != s.marks.lost[i]) kept.lost[i] = s.marks.lost[i];
            if (kept.attacked[i] != s.marks.attacked[i]) kept.attacked[i] = s.marks.attacked[i];
        }
    }

    // ---- helpers

    function _count(Session memory s) private pure returns (uint64 lost, uint64 attacked) {
        (uint8 n, uint8 f) = CommitteeRoll.sizeOf(s.roll);
        return (LaneQuorum.atLeast(s.marks.lost, (n + f) / 2 + 1), LaneQuorum.atLeast(s.marks.attacked, f + 1));
    }

    /// @dev Words of four members.
    function _words(Session memory s) private pure returns (uint256) {
        (uint8 n, ) = CommitteeRoll.sizeOf(s.roll);
        return (n + 3) / 4;
    }

    function _key(SubjectId subject, uint32 epoch) private pure returns (uint256) {
        return (uint256(SubjectId.unwrap(subject)) << 32) | epoch;
    }

    /// @dev Bits of the epoch's slots that lie below `slot`.
    function _slotsBelow(uint256 first, uint256 slot) private pure returns (uint256) {
        if (slot <= first) return 0;
        return slot - first >= SLOTS ? type(uint64).max : (1 << (slot - first)) - 1;
    }

    function _lowest(uint256 bits) private pure returns (uint256 index) {
        while ((bits >> index) & 1 == 0) ++index;
    }
}
