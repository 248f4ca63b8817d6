// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IOracleCommittee} from "../interfaces/IOracleCommittee.sol";
import {CodeStore} from "../libraries/CodeStore.sol";
import {CommitteeRoll} from "../libraries/CommitteeRoll.sol";
import {Seats} from "../libraries/Seats.sol";

/// @title Keeps the members of the oracle quorum by version, their rotation and suspension.
/// @dev Verifiers read the newest version in two cold reads: its slot, and its signers from a code store.
contract OracleCommittee is IOracleCommittee, AccessManaged {
    using CommitteeRoll for bytes;

    /// @dev one slot; in force while activeFrom <= time < activeUntil
    struct Version {
        /// code store of the signers, see `CommitteeRoll`
        address roll;
        uint40 activeFrom;
        uint40 activeUntil;
        /// one bit for each suspended lane
        uint16 suspended;
    }

    /// @dev one slot: the newest version that was not cancelled, once more
    struct Newest {
        address roll;
        uint40 activeFrom;
        uint32 number;
        uint16 suspended;
        /// n - 1 (4 bits, high) and f (4 bits)
        uint8 seats;
    }

    uint256 private constant MAX_MEMBERS = 16;

    /// @inheritdoc IOracleCommittee
    uint40 public immutable rotationDelay;

    /// @dev last number given out: beside the authority in one slot
    uint32 private _count;
    Newest private _newest;
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
        uint32 previous = _newest.number;
        uint40 activeFrom = uint40(block.timestamp) + (previous == 0 ? 0 : rotationDelay);
        _versions[version] = Version(CodeStore.write(CommitteeRoll.encode(members_, f)), activeFrom, type(uint40).max, 0);
        if (previous != 0) _versions[previous].activeUntil = activeFrom;
        _setNewest(version);
        for (uint256 i = 0; i < n; ++i) _members[version].push(members_[i]);
        configDigestOf[version] = configDigest;
        emit CommitteeProposed(version, uint8(n), f, configDigest, activeFrom);
    }

    /// @inheritdoc IOracleCommittee
    function cancel(uint32 version) external restricted {
        require(version != 0 && version == _newest.number, UnknownVersion(version));
        uint40 activeFrom = _newest.activeFrom;
        require(activeFrom > block.timestamp, AlreadyInForce(version, activeFrom));
        _versions[version].activeUntil = activeFrom;
        uint32 previous = version - 1;
        while (_versions[previous].activeUntil != activeFrom || _isCancelled(previous)) --previous;
        _versions[previous].activeUntil = type(uint40).max;
        _setNewest(previous);
        emit CommitteeCancelled(version);
    }

    /// @inheritdoc IOracleCommittee
    function suspend(uint32 version, address signer) external restricted {
        address[] memory signers = new address[](1);
        signers[0] = signer;
        bytes memory roll = _rollOf(version);
        (, uint8 f) = roll.sizeOf();
        uint16 suspended = _versions[version].suspended;
        suspended |= uint16(1 << roll.lanesOf(version, suspended, signers));
        require(_bitCount(suspended) <= f, TooManySuspended(version, f));
        _versions[version].suspended = suspended;
        if (version == _newest.number) _newest.suspended = suspended;
        emit MemberSuspended(version, signer);
    }

    // ---- verifiers and anyone

    /// @inheritdoc IOracleCommittee
    function versionAt(uint40 time) public view returns (uint32 version) {
        version = _newest.number;
        if (time >= _newest.activeFrom) return version;
        while (version != 0 && !_inForce(version, time)) --version;
    }

    /// @inheritdoc IOracleCommittee
    function currentVersion() external view returns (uint32) {
        return versionAt(uint40(block.timestamp));
    }

    /// @inheritdoc IOracleCommittee
    function rollOf(uint32 version, uint40 time) external view returns (address roll, uint16 suspended) {
        Newest memory newest = _newest;
        if (version == newest.number && time >= newest.activeFrom) return (newest.roll, newest.suspended);
        require(_inForce(version, time), VersionNotInForce(version, time));
        return (_versions[version].roll, _versions[version].suspended);
    }

    /// @inheritdoc IOracleCommittee
    function rollAt(uint40 time) external view returns (uint32 version, address roll, uint16 suspended) {
        Newest memory newest = _newest;
        if (time >= newest.activeFrom) return (newest.number, newest.roll, newest.suspended);
        version = _versionBefore(time);
        return (version, _versions[version].roll, _versions[version].suspended);
    }

    /// @inheritdoc IOracleCommittee
    function seatsAt(uint40 time) external view returns (uint256 seats) {
        Newest memory newest = _newest;
        if (newest.number == 0) return 0;
        if (time < newest.activeFrom) {
            (uint8 n, uint8 f) = _rollOf(_versionBefore(time)).sizeOf();
            return Seats.pack(n, f, 0, 0);
        }
        uint256 until = block.timestamp < newest.activeFrom ? 0 : block.timestamp + rotationDelay;
        return Seats.pack((newest.seats >> 4) + 1, newest.seats & 0xF, newest.activeFrom, until);
    }

    /// @inheritdoc IOracleCommittee
    function thresholds(
        uint32 version
    ) external view returns (uint8 n, uint8 f, uint8 vectorQuorum, uint8 lostQuorum, uint8 attackQuorum) {
        bytes memory roll = _rollOf(version);
        (n, f) = roll.sizeOf();
        return (n, f, 2 * f + 1, uint8(_lostQuorum(n, f)), f + 1);
    }

    /// @inheritdoc IOracleCommittee
    function lanesOf(
        uint32 version,
        address[] calldata signers
    ) external view returns (uint256 lanes, uint16 seesAttacks, uint8 n, uint8 f) {
        bytes memory roll = _rollOf(version);
        lanes = roll.lanesOf(version, _versions[version].suspended, signers);
        seesAttacks = roll.seesAttacks();
        (n, f) = roll.sizeOf();
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

    function _setNewest(uint32 version) private {
        Version memory v = _versions[version];
        (uint8 n, uint8 f) = CodeStore.read(v.roll).sizeOf();
        _newest = Newest(v.roll, v.activeFrom, version, v.suspended, ((n - 1) << 4) | f);
    }

    /// @dev The version at a time before the newest one's, or version 1 before that.
    function _versionBefore(uint40 time) private view returns (uint32 version) {
        version = versionAt(time);
        return version == 0 ? 1 : version;
    }

    function _rollOf(uint32 version) private view returns (bytes memory roll) {
        roll = CodeStore.read(_versions[version].roll);
        require(roll.length != 0, UnknownVersion(version));
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
