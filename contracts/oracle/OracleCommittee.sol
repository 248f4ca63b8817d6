// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";
import {CodeStore} from "../libraries/CodeStore.sol";

/// @title Keeps the members of the oracle quorum by version, their rotation and suspension.
/// @dev Verifiers read a version in two cold reads: its slot, and its signers from a code store.
contract OracleCommittee is IOracleCommittee, AccessManaged {
    /// @dev one slot; in force while activeFrom <= time < activeUntil
    struct Version {
        /// code store: f (1 byte), lanes that see attacks (2 bytes), then the signers (20 bytes each) in order
        address roll;
        uint40 activeFrom;
        uint40 activeUntil;
        /// one bit for each suspended lane
        uint16 suspended;
    }

    uint256 private constant MAX_MEMBERS = 16;
    uint256 private constant ROLL_HEADER = 3;

    /// @inheritdoc IOracleCommittee
    uint40 public immutable rotationDelay;

    /// @dev last number given out, and the newest version that was not cancelled with its first second: one slot
    uint32 private _count;
    uint32 private _newest;
    uint40 private _newestFrom;
    mapping(uint32 version => Version) private _versions;
    mapping(uint32 version => Member[]) private _members;
    /// @inheritdoc IOracleCommittee
    mapping(uint32 version => bytes32) public configDigestOf;

    /// @param rotationDelay_ seconds, longer than the tail of any product that relies on this committee
    constructor(address authority, uint40 rotationDelay_) AccessManaged(authority) {
        rotationDelay = rotationDelay_;
    }

    // ---- committee admin

    /// @inheritdoc IOracleCommittee
    function propose(Member[] calldata members_, uint8 f, bytes32 configDigest) external restricted returns (uint32 version) {
        uint256 n = members_.length;
        require(n > 3 * uint256(f), TooFewMembers(n, f));
        require(n <= MAX_MEMBERS, TooManyMembers(n));
        (uint256 independent, uint256 seeAttacks) = (_independent(members_, false), _independent(members_, true));
        require(independent >= _lostQuorum(n, f) + f, NotIndependent(independent, _lostQuorum(n, f) + f));
        require(seeAttacks >= 2 * uint256(f) + 1, TooFewSeeAttacks(seeAttacks, 2 * uint256(f) + 1));

        version = ++_count;
        uint40 activeFrom = uint40(block.timestamp) + (_newest == 0 ? 0 : rotationDelay);
        _versions[version] = Version(CodeStore.write(_roll(members_, f)), activeFrom, type(uint40).max, 0);
        if (_newest != 0) _versions[_newest].activeUntil = activeFrom;
        (_newest, _newestFrom) = (version, activeFrom);
        for (uint256 i = 0; i < n; ++i) _members[version].push(members_[i]);
        configDigestOf[version] = configDigest;
        emit CommitteeProposed(version, uint8(n), f, configDigest, activeFrom);
    }

    /// @inheritdoc IOracleCommittee
    function cancel(uint32 version) external restricted {
        require(version != 0 && version == _newest, UnknownVersion(version));
        uint40 activeFrom = _newestFrom;
        require(activeFrom > block.timestamp, AlreadyInForce(version, activeFrom));
        _versions[version].activeUntil = activeFrom;
        uint32 previous = version - 1;
        while (_versions[previous].activeUntil != activeFrom || _isCancelled(previous)) --previous;
        _versions[previous].activeUntil = type(uint40).max;
        (_newest, _newestFrom) = (previous, _versions[previous].activeFrom);
        emit CommitteeCancelled(version);
    }

    /// @inheritdoc IOracleCommittee
    function suspend(uint32 version, address signer) external restricted {
        address[] memory signers = new address[](1);
        signers[0] = signer;
        (uint256 lane,,, uint8 f) = _lanesOf(version, signers);
        uint16 suspended = _versions[version].suspended | uint16(1 << lane);
        require(_bitCount(suspended) <= f, TooManySuspended(version, f));
        _versions[version].suspended = suspended;
        emit MemberSuspended(version, signer);
    }

    // ---- verifiers and anyone

    /// @inheritdoc IOracleCommittee
    function versionAt(uint40 time) public view returns (uint32 version) {
        version = _newest;
        if (time >= _newestFrom) return version;
        while (version != 0 && !_inForce(version, time)) --version;
    }

    /// @inheritdoc IOracleCommittee
    function currentVersion() external view returns (uint32) {
        return versionAt(uint40(block.timestamp));
    }

    /// @inheritdoc IOracleCommittee
    function requireInForce(uint32 version, uint40 time) external view {
        require(_inForce(version, time), VersionNotInForce(version, time));
    }

    /// @inheritdoc IOracleCommittee
    function thresholds(
        uint32 version
    ) external view returns (uint8 n, uint8 f, uint8 vectorQuorum, uint8 lostQuorum, uint8 attackQuorum) {
        bytes memory roll = _rollOf(version);
        (n, f) = _size(roll);
        return (n, f, 2 * f + 1, uint8(_lostQuorum(n, f)), f + 1);
    }

    /// @inheritdoc IOracleCommittee
    function lanesOf(
        uint32 version,
        address[] calldata signers
    ) external view returns (uint256 lanes, uint16 seesAttacks, uint8 n, uint8 f) {
        return _lanesOf(version, signers);
    }

    /// @inheritdoc IOracleCommittee
    function members(uint32 version) external view returns (Member[] memory) {
        _rollOf(version);
        return _members[version];
    }

    /// @inheritdoc IOracleCommittee
    function termOf(uint32 version) external view returns (uint40 activeFrom, uint40 activeUntil, uint16 suspended) {
        Version storage v = _versions[version];
        return (v.activeFrom, v.activeUntil, v.suspended);
    }

    // ---- internal

    /// @dev Both lists are sorted, so one pass over the roll finds all signers.
    function _lanesOf(
        uint32 version,
        address[] memory signers
    ) private view returns (uint256 lanes, uint16 seesAttacks, uint8 n, uint8 f) {
        bytes memory roll = _rollOf(version);
        uint256 suspended = _versions[version].suspended;
        (n, f) = _size(roll);
        seesAttacks = uint16(bytes2(_word(roll, 1)));
        uint256 lane;
        for (uint256 i = 0; i < signers.length; ++i) {
            address signer = signers[i];
            require(i == 0 || signers[i - 1] < signer, SignersNotSorted(signers[i == 0 ? 0 : i - 1], signer));
            while (lane < n && _signer(roll, lane) < signer) ++lane;
            require(lane < n && _signer(roll, lane) == signer, NotAMember(version, signer));
            require((suspended >> lane) & 1 == 0, MemberIsSuspended(version, signer));
            lanes |= lane << (8 * i);
        }
    }

    function _rollOf(uint32 version) private view returns (bytes memory roll) {
        roll = CodeStore.read(_versions[version].roll);
        require(roll.length != 0, UnknownVersion(version));
    }

    function _roll(Member[] calldata members_, uint8 f) private pure returns (bytes memory roll) {
        uint16 seesAttacks;
        for (uint256 i = 0; i < members_.length; ++i) {
            address signer = members_[i].signer;
            address previous = i == 0 ? address(0) : members_[i - 1].signer;
            require(previous < signer, SignersNotSorted(previous, signer));
            if (members_[i].seesAttacks) seesAttacks |= uint16(1 << i);
            roll = bytes.concat(roll, bytes20(signer));
        }
        return bytes.concat(bytes1(f), bytes2(seesAttacks), roll);
    }

    function _size(bytes memory roll) private pure returns (uint8 n, uint8 f) {
        return (uint8((roll.length - ROLL_HEADER) / 20), uint8(roll[0]));
    }

    function _signer(bytes memory roll, uint256 lane) private pure returns (address) {
        return address(bytes20(_word(roll, ROLL_HEADER + 20 * lane)));
    }

    function _word(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), offset))
        }
    }

    /// @dev Members of whom no two share an operator or a vantage point, taken in order: never more than there really are.
    function _independent(Member[] calldata members_, bool onlySeeingAttacks) private pure returns (uint256 count) {
        bool[] memory counted = new bool[](members_.length);
        for (uint256 i = 0; i < members_.length; ++i) {
            if (onlySeeingAttacks && !members_[i].seesAttacks) continue;
            counted[i] = true;
            for (uint256 j = 0; j < i && counted[i]; ++j) {
                counted[i] = !counted[j] || !_related(members_[i], members_[j]);
            }
            if (counted[i]) ++count;
        }
    }

    function _related(Member calldata a, Member calldata b) private pure returns (bool) {
        return a.operator == b.operator || a.vantage == b.vantage;
    }

    function _inForce(uint32 version, uint40 time) private view returns (bool) {
        Version storage v = _versions[version];
        return v.activeFrom <= time && time < v.activeUntil;
    }

    function _isCancelled(uint32 version) private view returns (bool) {
        return _versions[version].activeFrom == _versions[version].activeUntil;
    }

    function _lostQuorum(uint256 n, uint256 f) private pure returns (uint256) {
        return (n + f) / 2 + 1;
    }

    function _bitCount(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) ++count;
    }
}
