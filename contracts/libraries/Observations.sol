// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {CommitteeRoll} from "./CommitteeRoll.sol";

/// @title Reads signed observations of one epoch, and marks their slots in their members' lanes.
/// @dev By hand, because it is most of what an attestation computes: observations stay in calldata, and all else lies in memory where it is used.
library Observations {
    /// @dev words of what members sign, of a `Recorded`, and of `ecrecover`'s buffer behind the 66 bytes of a digest
    uint256 internal constant MESSAGE = 7;
    uint256 internal constant RECORD = 4;
    uint256 private constant BUFFER = 3 + 4;

    /// @dev where the walk over the observations is, and what it needs for all of them; addresses are of memory if not said otherwise
    struct Walk {
        /// next observation and the end of them, in calldata
        uint256 at;
        uint256 end;
        /// what members sign; its last three words are overwritten
        uint256 message;
        /// bytes of the digest, of which the last 32 are overwritten
        uint256 digest;
        /// next member of the roll, its lane, and how many lanes there are
        uint256 member;
        uint256 lane;
        uint256 lanes;
        /// one bit for each lane
        uint256 suspended;
        uint256 seesAttacks;
        /// members' masks, four lanes to a word
        uint256 lost;
        uint256 attacked;
        /// place of the next record of the event
        uint256 record;
        /// slots that a member marked for the first time
        uint256 added;
        /// last signer
        uint256 signer;
    }

    /// @param message type hash, version, subject, epoch, and room for three words
    /// @param records room for all records, behind the two words that the event's encoding begins with
    function start(
        IIncidentRegistry.SignedObservation[] calldata observations,
        bytes32 domain,
        bytes memory message,
        bytes memory roll,
        uint256 suspended,
        bytes memory records
    ) internal pure returns (Walk memory walk) {
        (uint256 lanes, ) = CommitteeRoll.sizeOf(roll);
        (walk.lanes, walk.suspended, walk.seesAttacks) = (lanes, suspended, CommitteeRoll.seesAttacks(roll));
        bytes memory buffer = new bytes(32 * BUFFER);
        assembly ("memory-safe") {
            mstore(walk, observations.offset)
            mstore(add(walk, 0x20), add(observations.offset, mul(observations.length, 160)))
            mstore(add(walk, 0x40), add(message, 32))
            mstore(add(walk, 0x60), add(buffer, 32))
            mstore(add(buffer, 32), shl(240, 0x1901))
            mstore(add(buffer, 34), domain)
            // behind the roll's length, f and the lanes that see attacks
            mstore(add(walk, 0x80), add(roll, 35))
            mstore(add(walk, 0x160), add(records, 96))
        }
    }

    /// @notice Marks the observations' slots, and puts those that mark one for the first time into the records.
    /// @custom:throws SignersNotSorted, NotAMember, MemberIsSuspended, CannotSeeAttacks, ECDSAInvalidSignature, ECDSAInvalidSignatureS
    function markAll(Walk memory walk, bytes memory roll, uint32 version) internal view {
        uint256 reached = _mark(walk);
        if (walk.at == walk.end) return;
        address previous = address(uint160(walk.signer));
        if (reached == 0) revert ECDSA.ECDSAInvalidSignature();
        if (reached == 1) revert ECDSA.ECDSAInvalidSignatureS(_lowS(walk.at));
        address signer = address(uint160(reached));
        CommitteeRoll.laneOf(roll, version, uint16(walk.suspended), previous, signer, walk.lane);
        revert IIncidentRegistry.CannotSeeAttacks(signer);
    }

    /// @dev Stops before the first observation that may not be recorded.
    /// @return refused its signer; 0: there is none; 1: its s is too high
    function _mark(Walk memory walk) private view returns (uint256 refused) {
        assembly ("memory-safe") {
            let at := mload(walk)
            for {} lt(at, mload(add(walk, 0x20))) { at := add(at, 160) } {
                let lost := calldataload(at)
                let attacked := calldataload(add(at, 32))
                if shr(64, or(lost, attacked)) { revert(0, 0) }
                // the digest, then what signed it
                let buffer := mload(add(walk, 0x60))
                let place := mload(add(walk, 0x40))
                calldatacopy(add(place, 128), at, 96)
                mstore(add(buffer, 34), keccak256(place, 224))
                place := add(buffer, 96)
                mstore(place, keccak256(buffer, 66))
                let word := calldataload(add(at, 128))
                mstore(add(place, 32), add(27, shr(255, word)))
                calldatacopy(add(place, 64), add(at, 96), 32)
                word := shr(1, shl(1, word))
                refused := 1
                if gt(word, 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0) { break }
                mstore(add(place, 96), word)
                mstore(0, 0)
                pop(staticcall(gas(), 1, place, 128, 0, 32))
                refused := mload(0)
                if iszero(gt(refused, mload(add(walk, 0x1a0)))) { break }
                // its lane
                let lane := mload(add(walk, 0xa0))
                place := mload(add(walk, 0x80))
                word := shr(96, mload(place))
                for {} lt(word, refused) {} {
                    lane := add(lane, 1)
                    place := add(place, 20)
                    word := shr(96, mload(place))
                    if iszero(lt(lane, mload(add(walk, 0xc0)))) { word := not(0) }
                }
                if or(xor(word, refused), and(1, shr(lane, mload(add(walk, 0xe0))))) { break }
                if and(gt(attacked, 0), iszero(and(1, shr(lane, mload(add(walk, 0x100)))))) { break }
                mstore(add(walk, 0x80), place)
                mstore(add(walk, 0xa0), lane)
                mstore(add(walk, 0x1a0), refused)
                // its marks
                let shift := shl(6, and(lane, 3))
                lane := shl(5, shr(2, lane))
                place := add(mload(add(walk, 0x120)), lane)
                word := mload(place)
                mstore(place, or(word, shl(shift, lost)))
                let fresh := and(lost, not(shr(shift, word)))
                place := add(mload(add(walk, 0x140)), lane)
                word := mload(place)
                mstore(place, or(word, shl(shift, attacked)))
                fresh := or(fresh, and(attacked, not(shr(shift, word))))
                if fresh {
                    place := add(walk, 0x180)
                    mstore(place, or(mload(place), fresh))
                    place := mload(add(walk, 0x160))
                    mstore(add(walk, 0x160), add(place, 128))
                    mstore(place, refused)
                    calldatacopy(add(place, 32), at, 96)
                }
            }
            mstore(walk, at)
        }
    }

    function _lowS(uint256 at) private pure returns (bytes32 s) {
        assembly ("memory-safe") {
            s := shr(1, shl(1, calldataload(add(at, 128))))
        }
    }
}
