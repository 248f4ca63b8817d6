// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRunReader} from "./IRunReader.sol";
import {SubjectId} from "./Types.sol";

/// @title Slot masks of each member per subject and epoch; a slot is lost when a quorum marked it.
/// @dev An epoch is 64 slots; bit i (lowest first) of a mask is slot epoch * 64 + i; slot = floor(timestamp / slotLength).
///   The committee version of an epoch is the one in force at the epoch's first second (`committeeOf`).
interface IIncidentRegistry is IRunReader {
    struct SignedObservation {
        uint64 lostMask;
        uint64 attackMask;
        /// keccak256 of the evidence bundle's canonical JSON
        bytes32 evidenceHash;
        /// compact signature (ERC-2098: r, and s with the parity in its top bit) over
        ///   Observation(uint32 committeeVersion,uint64 subject,uint32 epoch,uint64 lostMask,uint64 attackMask,bytes32 evidenceHash)
        bytes32 r;
        bytes32 vs;
    }

    /// @notice What one member said, four words.
    struct Recorded {
        address member;
        uint64 lostMask;
        uint64 attackMask;
        bytes32 evidenceHash;
    }

    /// @notice The observations of a call that set a bit, in increasing order of member.
    event ObservationsRecorded(SubjectId indexed subject, uint32 indexed epoch, Recorded[] records);
    /// @notice The quorum's masks of an epoch changed.
    event SlotsAttested(SubjectId indexed subject, uint32 indexed epoch, uint64 lostMask, uint64 attackMask);

    /// @notice f + 1 members suspect a dependency, which takes no new cover until then.
    /// @param lanes the members' lanes in the committee, one byte each, lowest byte first
    event DependencySuspected(
        uint32 indexed dependency,
        uint32 indexed committeeVersion,
        uint256 lanes,
        uint8 members,
        uint40 since,
        uint40 expires
    );

    error SlotNotEnded(uint64 slot, uint40 time);
    error SlotClosed(uint64 slot, uint40 time);
    error NothingMarked(SubjectId subject, uint32 epoch);
    error CannotSeeAttacks(address signer);
    error NoCommittee(uint32 epoch);
    error BadConfig(bytes32 field);
    error SuspicionNotCurrent(uint40 since, uint40 expires, uint40 time);
    error SuspicionTooWeak(uint256 have, uint256 needed);

    /// @notice ORs each member's bits into its lane. Anyone may send; one signature suffices; the quorum is counted when read.
    /// @custom:pre observations in order of strictly increasing signer; each newly set slot has ended and is not closed
    /// @custom:throws SlotNotEnded, SlotClosed, NothingMarked, NoCommittee, CannotSeeAttacks, NotAMember, MemberIsSuspended, SignersNotSorted
    /// @custom:emits ObservationsRecorded, SlotsAttested when the quorum's masks changed
    function attest(SubjectId subject, uint32 epoch, SignedObservation[] calldata observations) external;

    /// @notice Freezes new cover and increases on a dependency until `expires`, within the ledger's bounds. Anyone may send.
    /// @param signatures f + 1 members' or more, of the committee in force, in order of strictly increasing signer, each over
    ///   Suspicion(uint32 committeeVersion,uint32 dependency,uint40 since,uint40 expires)
    /// @custom:throws SuspicionNotCurrent, SuspicionTooWeak, NotAMember, MemberIsSuspended, SignersNotSorted, ClosureTooLong, ClosureTooSoon
    /// @custom:emits DependencySuspected; DependencyFrozen in the ledger
    function suspect(uint32 dependency, uint40 since, uint40 expires, bytes[] calldata signatures) external;

    /// @notice Slots lost (quorum) and attacked (f+1) in an epoch, open or closed.
    function masks(SubjectId subject, uint32 epoch) external view returns (uint64 lost, uint64 attacked);

    /// @notice One member's own marks, by its lane in the epoch's committee.
    function marksOf(SubjectId subject, uint32 epoch, uint8 lane) external view returns (uint64 lost, uint64 attacked);

    /// @notice The committee version that may mark an epoch: the one in force at its first second; version 1 for epochs that began before it.
    /// @custom:throws NoCommittee
    function committeeOf(uint32 epoch) external view returns (uint32 version);
}
