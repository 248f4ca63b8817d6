// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";

/// @title Finds signers in a committee's roll.
/// @dev A roll is f (1 byte), the lanes that see attacks (2 bytes, one bit each), then the signers (20 bytes each) in increasing order.
library CommitteeRoll {
    uint256 private constant HEADER = 3;

    function encode(IOracleCommittee.Member[] calldata members, uint8 f) internal pure returns (bytes memory) {
        uint16 seeing;
        bytes memory signers;
        for (uint256 i = 0; i < members.length; ++i) {
            address signer = members[i].signer;
            address previous = i == 0 ? address(0) : members[i - 1].signer;
            require(previous < signer, IOracleCommittee.SignersNotSorted(previous, signer));
            if (members[i].seesAttacks) seeing |= uint16(1 << i);
            signers = bytes.concat(signers, bytes20(signer));
        }
        return bytes.concat(bytes1(f), bytes2(seeing), signers);
    }

    function sizeOf(bytes memory roll) internal pure returns (uint8 n, uint8 f) {
        return (uint8((roll.length - HEADER) / 20), uint8(roll[0]));
    }

    /// @notice Vectors that a median needs: 2f + 1.
    function vectorQuorum(bytes memory roll) internal pure returns (uint256) {
        return 2 * uint256(uint8(roll[0])) + 1;
    }

    function seesAttacks(bytes memory roll) internal pure returns (uint16 lanes) {
        assembly ("memory-safe") {
            lanes := and(mload(add(roll, 3)), 0xFFFF)
        }
    }

    /// @notice Lanes of the signers, one byte each, lowest byte first. Signers must be strictly increasing.
    function lanesOf(
        bytes memory roll,
        uint32 version,
        uint16 suspended,
        address[] memory signers
    ) internal pure returns (uint256 lanes) {
        unchecked {
            uint256 lane;
            address previous;
            for (uint256 i = 0; i < signers.length; ++i) {
                address signer = signers[i];
                lane = laneOf(roll, version, suspended, previous, signer, lane);
                lanes |= lane << (8 * i);
                previous = signer;
            }
        }
    }

    /// @notice The signer's lane, which is looked for from `lane` on, the lane of the signer before it.
    /// @dev Both lists are sorted, so one pass over the roll finds all.
    function laneOf(
        bytes memory roll,
        uint32 version,
        uint16 suspended,
        address previous,
        address signer,
        uint256 lane
    ) internal pure returns (uint256) {
        unchecked {
            if (signer <= previous) revert IOracleCommittee.SignersNotSorted(previous, signer);
            uint256 end = (roll.length - HEADER) / 20;
            address member = _at(roll, lane);
            while (member < signer && ++lane < end) member = _at(roll, lane);
            if (member != signer) revert IOracleCommittee.NotAMember(version, signer);
            if ((suspended >> lane) & 1 != 0) revert IOracleCommittee.MemberIsSuspended(version, signer);
            return lane;
        }
    }

    function _at(bytes memory roll, uint256 lane) private pure returns (address signer) {
        assembly ("memory-safe") {
            signer := shr(96, mload(add(add(roll, add(32, HEADER)), mul(lane, 20))))
        }
    }
}
