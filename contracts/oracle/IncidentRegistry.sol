// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";
import {SubjectId} from "../interfaces/Types.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {CommitteeRoll} from "../libraries/CommitteeRoll.sol";
import {LaneQuorum} from "../libraries/LaneQuorum.sol";
import {MemberSignature} from "../libraries/MemberSignature.sol";
import {Observations} from "../libraries/Observations.sol";
import {Seats} from "../libraries/Seats.sol";
import {RunReader} from "./RunReader.sol";

/// @title Keeps each member's own slot marks, and counts the quorum when it is asked.
/// @dev No role may act here, and marks are only ever added.
contract IncidentRegistry is IIncidentRegistry, RunReader, EIP712 {
    /// @dev members' masks of one epoch, four lanes of 64 bits to a word, lane 0 lowest
    struct Marks {
        uint256[4] lost;
        uint256[4] attacked;
    }

    /// @dev what `attest` works with, in memory: an epoch's committee and its members' masks, as many words as there are
    struct Session {
        uint32 version;
        uint16 suspended;
        bytes roll;
        uint256[] lost;
        uint256[] attacked;
        uint256 lostQuorum;
        uint256 attackQuorum;
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

    mapping(uint256 subjectAndEpoch => Marks) private _marks;

    /// @param slotLength_ seconds
    /// @param maxReportDelay_ seconds after a slot's end in which it may still be marked
    constructor(
        IOracleCommittee committee_,
        IExposureLedger exposureLedger_,
        uint32 slotLength_,
        uint32 maxReportDelay_
    ) RunReader(slotLength_, maxReportDelay_) EIP712("flowcover IncidentRegistry", "1") {
        require(slotLength_ != 0, BadConfig("slotLength"));
        require(maxReportDelay_ != 0, BadConfig("maxReportDelay"));
        (committee, exposureLedger) = (committee_, exposureLedger_);
    }

    // ---- anyone, with the members' signatures

    /// @inheritdoc IIncidentRegistry
    function attest(SubjectId subject, uint32 epoch, SignedObservation[] calldata observations) external {
        Marks storage kept = _marks[_key(subject, epoch)];
        Session memory s = _open(epoch);
        bool marked = _load(kept, s.lost, s.attacked);
        uint64 lostBefore;
        uint64 attackedBefore;
        if (marked) (lostBefore, attackedBefore) = _count(s);
        uint256 added = _record(s, subject, epoch, observations);
        require(added != 0, NothingMarked(subject, epoch));
        _requireOpen(epoch, added);
        _store(kept, s.lost, s.attacked);
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
        (uint256 seats, uint256 key) = (_seatsOf(epoch), SubjectId.unwrap(subject));
        return (uint64(_lostIn(key, epoch, seats)), uint64(_attackedIn(key, epoch, seats)));
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

    // ---- checks

    function _committeeOf(uint32 epoch) private view returns (uint32 version, address roll, uint16 suspended) {
        (version, roll, suspended) = committee.rollAt(uint40(_firstSecond(epoch)));
        require(version != 0, NoCommittee(epoch));
    }

    /// @inheritdoc RunReader
    function _seatsOf(uint256 epoch) internal view override returns (uint256 seats) {
        seats = committee.seatsAt(uint40(_firstSecond(epoch)));
        require(seats != 0, NoCommittee(uint32(epoch)));
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

    function _open(uint32 epoch) private view returns (Session memory s) {
        address store;
        (s.version, store, s.suspended) = _committeeOf(epoch);
        s.roll = CodeStore.read(store);
        (uint256 n, uint256 f) = CommitteeRoll.sizeOf(s.roll);
        uint256 words = (n + 3) / 4;
        (s.lost, s.attacked) = (new uint256[](words), new uint256[](words));
        (s.lostQuorum, s.attackQuorum) = (_lostQuorum(n, f), f + 1);
    }

    /// @dev Copies the words of both kinds, which have one length, to memory.
    /// @return marked whether any bit is set
    function _load(Marks storage kept, uint256[] memory lost, uint256[] memory attacked) private view returns (bool marked) {
        assembly ("memory-safe") {
            let count := mload(lost)
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                let at := add(32, shl(5, i))
                let word := sload(add(kept.slot, i))
                mstore(add(lost, at), word)
                marked := or(marked, word)
                word := sload(add(kept.slot, add(4, i)))
                mstore(add(attacked, at), word)
                marked := or(marked, word)
            }
            marked := gt(marked, 0)
        }
    }

    /// @dev ORs each observation into its member's lane, and tells in one event those that set a bit.
    /// @return added slots that a member marked for the first time
    function _record(
        Session memory s,
        SubjectId subject,
        uint32 epoch,
        SignedObservation[] calldata observations
    ) private returns (uint256 added) {
        bytes memory message = abi.encode(OBSERVATION_TYPE, s.version, subject, epoch, 0, 0, 0);
        bytes memory records = new bytes(32 * (2 + Observations.RECORD * observations.length));
        Observations.Walk memory walk = Observations.start(
            observations, _domainSeparatorV4(), message, s.roll, s.suspended, records
        );
        (walk.lost, walk.attacked) = (_begin(s.lost), _begin(s.attacked));
        Observations.markAll(walk, s.roll, s.version);
        if (walk.added != 0) _emitRecorded(subject, epoch, records, walk.record);
        return walk.added;
    }

    /// @dev `emit ObservationsRecorded(subject, epoch, records)` of records that lie in memory as the event holds them.
    /// @param end of the records in memory
    function _emitRecorded(SubjectId subject, uint32 epoch, bytes memory records, uint256 end) private {
        bytes32 topic = ObservationsRecorded.selector;
        assembly ("memory-safe") {
            let data := add(records, 32)
            mstore(data, 32)
            mstore(add(data, 32), shr(7, sub(end, add(data, 64))))
            log3(data, sub(end, data), topic, subject, epoch)
        }
    }

    /// @dev Where in memory the words begin.
    function _begin(uint256[] memory words) private pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := add(words, 32)
        }
    }

    /// @dev A word that did not change costs no more to store than to compare.
    function _store(Marks storage kept, uint256[] memory lost, uint256[] memory attacked) private {
        assembly ("memory-safe") {
            let count := mload(lost)
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                let at := add(32, shl(5, i))
                sstore(add(kept.slot, i), mload(add(lost, at)))
                sstore(add(kept.slot, add(4, i)), mload(add(attacked, at)))
            }
        }
    }

    // ---- helpers

    /// @inheritdoc RunReader
    function _lostIn(uint256 subject, uint256 epoch, uint256 seats) internal view override returns (uint256) {
        (uint256 n, uint256 f) = Seats.sizeOf(seats);
        return _atLeast(_marks[(subject << 32) | epoch].lost, n, _lostQuorum(n, f));
    }

    /// @inheritdoc RunReader
    function _attackedIn(uint256 subject, uint256 epoch, uint256 seats) internal view override returns (uint256) {
        (uint256 n, uint256 f) = Seats.sizeOf(seats);
        return _atLeast(_marks[(subject << 32) | epoch].attacked, n, f + 1);
    }

    function _count(Session memory s) private pure returns (uint64 lost, uint64 attacked) {
        return (LaneQuorum.atLeast(s.lost, s.lostQuorum), LaneQuorum.atLeast(s.attacked, s.attackQuorum));
    }

    /// @dev Counts in as many words as `n` members have, copied to memory.
    function _atLeast(uint256[4] storage kept, uint256 n, uint256 quorum) private view returns (uint256) {
        uint256[] memory words;
        assembly ("memory-safe") {
            words := mload(0x40)
            let count := shr(2, add(n, 3))
            mstore(words, count)
            let at := add(words, 32)
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                mstore(at, sload(add(kept.slot, i)))
                at := add(at, 32)
            }
            mstore(0x40, at)
        }
        return LaneQuorum.atLeast(words, quorum);
    }

    function _lostQuorum(uint256 n, uint256 f) private pure returns (uint256) {
        unchecked {
            return (n + f) / 2 + 1;
        }
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
