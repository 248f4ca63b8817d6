// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Members of the oracle quorum, by version, and the thresholds n, f give.
interface IOracleCommittee {
    struct Member {
        address signer;
        /// who runs it; two members of one operator count once for independence
        bytes32 operator;
        /// where it probes from (for example an ASN and city, hashed)
        bytes32 vantage;
        /// sees upstream flows, so it can attest an attack
        bool seesAttacks;
    }

    event CommitteeProposed(uint32 indexed version, uint8 n, uint8 f, bytes32 configDigest, uint40 activeFrom);
    event CommitteeCancelled(uint32 indexed version);
    event MemberSuspended(uint32 indexed version, address indexed signer);

    error NotAMember(uint32 version, address signer);
    error MemberIsSuspended(uint32 version, address signer);
    error SignersNotSorted(address previous, address next);
    error TooFewMembers(uint256 n, uint8 f);
    error TooManyMembers(uint256 n);
    error NotIndependent(uint256 independent, uint256 needed);
    error TooFewSeeAttacks(uint256 independent, uint256 needed);
    error UnknownVersion(uint32 version);
    error VersionNotInForce(uint32 version, uint40 time);
    error AlreadyInForce(uint32 version, uint40 activeFrom);
    error TooManySuspended(uint32 version, uint8 f);

    /// @notice Proposes the next version; it acts from now + rotationDelay on (version 1: at once).
    /// @custom:pre the caller has the committee admin role; members sorted by signer; n > 3f; n <= 16;
    ///   independent members (no operator and no vantage point counted twice) >= lostQuorum + f; those that see attacks >= 2f + 1
    /// @custom:throws TooFewMembers, TooManyMembers, SignersNotSorted, NotIndependent, TooFewSeeAttacks
    /// @custom:emits CommitteeProposed
    function propose(Member[] calldata members, uint8 f, bytes32 configDigest) external returns (uint32 version);

    /// @notice Takes the newest version back before it acts; its number is not used again.
    /// @custom:pre the caller has the committee admin role
    /// @custom:throws UnknownVersion, AlreadyInForce
    /// @custom:emits CommitteeCancelled
    function cancel(uint32 version) external;

    /// @notice From now on the member's signatures are refused; what it signed before stays. At most f members of a version, so that a
    ///   quorum is always left.
    /// @custom:pre the caller has the committee admin role
    /// @custom:throws UnknownVersion, NotAMember, MemberIsSuspended, TooManySuspended
    /// @custom:emits MemberSuspended
    function suspend(uint32 version, address signer) external;

    /// @notice Seconds between a proposal and the moment it acts.
    function rotationDelay() external view returns (uint40);

    /// @notice The version in force at `time`; 0 before the first.
    function versionAt(uint40 time) external view returns (uint32);
    function currentVersion() external view returns (uint32);

    /// @notice n, f, and the counts needed: vectors 2f+1, lost slot floor((n+f)/2)+1, attacked slot f+1.
    /// @custom:throws UnknownVersion
    function thresholds(
        uint32 version
    ) external view returns (uint8 n, uint8 f, uint8 vectorQuorum, uint8 lostQuorum, uint8 attackQuorum);

    /// @notice Lane (0..n-1) of each signer, one byte each, lowest byte first; and which lanes see attacks, one bit each.
    /// @custom:throws UnknownVersion, NotAMember, MemberIsSuspended, SignersNotSorted (signers must be strictly increasing)
    function lanesOf(
        uint32 version,
        address[] calldata signers
    ) external view returns (uint256 lanes, uint16 seesAttacks, uint8 n, uint8 f);

    /// @notice For contracts that match signatures themselves (`CommitteeRoll`): the code store of a version's signers, and its suspended
    ///   lanes, one bit each.
    /// @custom:throws VersionNotInForce when it is not the one at `time`
    function rollOf(uint32 version, uint40 time) external view returns (address roll, uint16 suspended);

    /// @notice The same of the version at `time`, or of version 1 for times before it; version 0 when there is none.
    function rollAt(uint40 time) external view returns (uint32 version, address roll, uint16 suspended);

    /// @notice Seats of that version, see `Seats`; 0 when there is none. They may be kept when it is the newest one and in force: whatever is
    ///   proposed acts after the rotation delay.
    function seatsAt(uint40 time) external view returns (uint256 seats);

    /// @custom:throws UnknownVersion
    function members(uint32 version) external view returns (Member[] memory);

    /// @notice Hash of the members' configuration (sources, probe targets, thresholds), which each member checks at start.
    function configDigestOf(uint32 version) external view returns (bytes32);

    /// @notice First second of a version, the first second after it, and its suspended lanes, one bit each.
    function termOf(uint32 version) external view returns (uint40 activeFrom, uint40 activeUntil, uint16 suspended);
}
