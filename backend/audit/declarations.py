"""The events, calls and views that the audit reads, declared by contract.

Kept true by tests/architecture/test_events.py, which compares them with the compiled contracts.
"""

from __future__ import annotations

from backend.audit.abi import Declaration, declare

TERMS = (
    "(uint8 peril, uint8 form, address cell, uint32 waitingPeriod, uint32 coverageLag, "
    "uint32 mergeGap, uint32 holdWindow, uint32 challengeWindow, uint32 reviewWindow, "
    "uint32 claimWindow, uint32 noticePeriod, uint32 term, uint32 increaseDelay, uint64 rateUnit, "
    "uint128 unit, uint128 maxSumInsured, uint128 instantLimit, uint128 unreviewedLimit, "
    "bytes32 termsHash)"
)
SERIES = (
    "(address underwriter, address platform, uint16 product, uint32 risk, uint64 premiumPerUnit, "
    "uint32 expiryBucket, uint8 leafKind)"
)
QUOTE = (
    "(uint16 product, uint32 riskIndex, address applicant, address holder, uint128 sumInsured, "
    "uint128 lossPerHour, uint128 dependencies, uint64 rate, uint64 rateCeiling, "
    "uint128 minPremium, uint32 scoreFrame, bytes32 modelHash, bytes32 termsHash, uint40 term, "
    "bytes32 salt, uint40 deadline)"
)

COMMITTEE_EVENTS = (
    "CommitteeProposed(uint32 indexed version, uint8 n, uint8 f, bytes32 configDigest, "
    "uint40 activeFrom)",
    "CommitteeCancelled(uint32 indexed version)",
    "MemberSuspended(uint32 indexed version, address indexed signer)",
)
VAULT_EVENTS = (
    "DepositRequest(address indexed controller, address indexed owner, uint256 indexed requestId, "
    "address sender, uint256 assets)",
    "RedeemRequest(address indexed controller, address indexed owner, uint256 indexed requestId, "
    "address sender, uint256 shares)",
    "EpochPriced(uint256 value, uint256 supply, uint256 sharesBurned, uint256 assetsOut, "
    "uint256 assetsIn, uint256 sharesMinted)",
)

EVENT_TEXTS: dict[str, tuple[str, ...]] = {
    "OracleCommittee": COMMITTEE_EVENTS,
    "AppealCommittee": COMMITTEE_EVENTS,
    "ModelRegistry": (
        "HashApproved(bytes32 indexed hash, uint8 indexed kind, string uri)",
        "HashRetired(bytes32 indexed hash, uint40 from)",
    ),
    "RiskRegister": (
        "RiskRegistered(uint32 indexed risk, address indexed applicant, bytes32 assetHash, "
        "uint16 baseScore)",
        "DependencyRegistered(uint32 indexed dependency, bytes32 nameHash)",
    ),
    "ProductBook": (
        f"ProductRegistered(uint16 indexed product, bytes32 indexed termsHash, {TERMS} terms, "
        "uint256 table)",
        "ProductClosed(uint16 indexed product)",
    ),
    "RateIndex": (
        "IndexStarted(uint16 indexed product, uint32 indexed risk, uint256 rate)",
        "RateReset(uint16 indexed product, uint32 indexed firstRisk, uint16 lanes, "
        "uint256 ratesBefore, uint256 ratesAfter)",
        "IndexStopped(uint16 indexed product, uint32 indexed risk)",
    ),
    "RiskFeed": (
        "ScoresReported(uint32 indexed frame, uint32 indexed committeeVersion, "
        "uint32 indexed firstRisk, bytes32 modelHash, uint256 signerLanes, bytes scores, "
        "bytes uncapped)",
    ),
    "IncidentRegistry": (
        "ObservationsRecorded(uint64 indexed subject, uint32 indexed epoch, "
        "(address member, uint64 lostMask, uint64 attackMask, bytes32 evidenceHash)[] records)",
        "SlotsAttested(uint64 indexed subject, uint32 indexed epoch, uint64 lostMask, "
        "uint64 attackMask)",
        "DependencySuspected(uint32 indexed dependency, uint32 indexed committeeVersion, "
        "uint256 lanes, uint8 members, uint40 since, uint40 expires)",
    ),
    "ExposureLedger": (
        "CapSet(uint8 indexed dimension, uint256 indexed key, uint128 cap)",
        "PauseSet(uint8 indexed dimension, uint256 indexed key, uint40 until)",
        "DependencyFrozen(uint32 indexed dependency, uint40 until)",
        "BordereauExpired(uint64 indexed batch, uint128 released)",
    ),
    "Cell": (
        "CapitalLocked(address indexed by, uint128 amount, uint128 locked)",
        "CapitalReleased(address indexed by, uint128 amount, uint128 locked)",
        "PremiumCollected(address indexed from, uint128 amount, uint128 fee, uint128 toJunior, "
        "uint128 toSenior)",
        "ClaimPaid(address indexed payee, uint128 amount, uint128 fromJunior, uint128 fromSenior)",
        "ClaimsPaid(uint256 count, uint128 amount, uint128 fromJunior, uint128 fromSenior)",
        "PaymentStored(address indexed payee, uint128 amount)",
        "StoredWithdrawn(address indexed payee, uint128 amount)",
        "ClaimsReserved(uint128 amount, uint128 reserved)",
        "ClaimsUnreserved(uint128 amount, uint128 reserved)",
        "EpochSettled(uint32 indexed epoch, uint128 juniorOut, uint128 seniorOut, "
        "uint128 juniorIn, uint128 seniorIn)",
        "FeesWithdrawn(address indexed to, uint128 amount)",
    ),
    "JuniorVault": VAULT_EVENTS,
    "SeniorVault": VAULT_EVENTS,
    "PolicyBook": (
        "PolicyBound(uint64 indexed policy, uint16 indexed product, uint32 indexed risk, "
        "address holder, address applicant, address payer, bytes32 quoteDigest, "
        "uint128 sumInsured, uint128 lossPerHour, uint128 dependencies, uint64 rate, "
        "uint64 loading, uint128 premium, uint40 start, uint40 end)",
        "PolicyToppedUp(uint64 indexed policy, address indexed payer, uint128 amount, "
        "uint128 balance, bool newSegment)",
        "PolicyCancelled(uint64 indexed policy, uint128 refund, uint40 end)",
        "PolicyLapsed(uint64 indexed policy, uint40 at)",
        "PolicyEndorsed(uint64 indexed policy, bytes32 quoteDigest, uint40 at, uint128 sumInsured, "
        "uint128 lossPerHour, uint128 dependencies, uint64 rate, uint64 loading)",
        "PolicyFinished(uint64 indexed policy, uint128 refund, uint40 end)",
        "PolicyExpired(uint64 indexed policy)",
        "PremiumEarned(uint64 indexed policy, uint128 amount, uint40 until)",
        "RefundStored(address indexed holder, uint128 amount)",
        "StoredWithdrawn(address indexed holder, uint128 amount)",
    ),
    "Facility": (
        "FloatDeposited(address indexed platform, address indexed from, uint128 amount, "
        "uint128 balance)",
        "FloatWithdrawn(address indexed platform, address indexed to, uint128 amount, "
        "uint128 balance)",
        "FloatDrawn(address indexed platform, bytes32 indexed series, uint128 premium, "
        "uint128 commission, uint128 balance)",
        "TermsAgreed(address indexed platform, address indexed underwriter, "
        "uint16 indexed product, uint64 premiumCeiling)",
        "CommissionSet(address indexed platform, uint16 bps)",
        "DailyLimitSet(address indexed underwriter, uint128 limit)",
        "UnderwriterSuspended(address indexed underwriter, bool suspended)",
        "BondDeposited(address indexed underwriter, uint128 amount, uint128 balance)",
        "BondWithdrawalRequested(address indexed underwriter, uint128 amount, uint40 from)",
        "BondWithdrawn(address indexed underwriter, uint128 amount, uint128 balance)",
        "BondPaid(address indexed underwriter, address indexed payee, uint128 amount, "
        "uint128 balance)",
        "ExposureReserved(bytes32 indexed series, address indexed platform, "
        f"address indexed underwriter, {SERIES} terms, uint128 exposure, uint32 firstSerial, "
        "uint32 serials)",
        "ReservationReleased(bytes32 indexed series, uint128 exposure)",
    ),
    "CertificateBook": (
        "BordereauPosted(uint64 indexed batch, bytes32 indexed series, address indexed platform, "
        "uint16 product, uint32 risk, uint32 firstSerial, uint32 size, uint40 base, "
        "uint128 exposure, uint128 premium, bytes32 root)",
        "BordereauCommitted(uint64 indexed batch, bytes32 indexed series, "
        "address indexed platform, uint16 product, uint32 risk, uint32 firstSerial, uint32 size, "
        "uint40 base, uint128 exposure, uint128 premium, bytes32 root, bytes32 leafFileHash)",
        "CertificatesClaimed(uint64 indexed batch, uint64 indexed runStart, bytes indices, "
        "uint128 amount)",
    ),
    "BondDesk": (
        "WrongProven(bytes32 indexed series, uint32 indexed serial, address indexed payee, "
        "uint8 wrong, bytes32 certificate, uint128 amount)",
    ),
    "ClaimsDesk": (
        "ClaimPaid(bytes32 indexed claim, uint64 indexed policy, address indexed payee, "
        "uint128 amount, uint64 seconds_, bool reviewed)",
        "ClaimScheduled(bytes32 indexed claim, uint64 indexed policy, uint128 amount, "
        "uint40 decideFrom, uint40 deadline)",
        "AssessorDecided(bytes32 indexed claim, address indexed assessor, bool approve, "
        "bytes32 reasonHash)",
        "ClaimApproved(bytes32 indexed claim, uint128 amount)",
        "ClaimRefused(bytes32 indexed claim, uint128 amount, bytes32 reasonHash)",
        "ReviewDefaulted(bytes32 indexed claim, uint128 amount)",
        "ReviewStarted(bytes32 indexed claim, uint40 decideFrom, uint40 deadline)",
        "PaymentDelayed(bytes32 indexed claim, address indexed payee, uint128 amount)",
        "DeskPaused(uint40 until, bytes32 reasonHash)",
        "ClaimHeld(bytes32 indexed claim, uint40 until, bytes32 reasonHash)",
        "CertificatesPaid(uint64 indexed batch, uint64 indexed runStart, address indexed payee, "
        "uint128 amount, uint32 count)",
    ),
    "AppealBoard": (
        "ClaimChallenged(bytes32 indexed claim, address indexed challenger, uint128 bond, "
        "bytes32 reasonHash, uint40 deadline)",
        "ChallengeUpheld(bytes32 indexed claim, bytes32 reasonHash)",
        "ChallengeRejected(bytes32 indexed claim, bytes32 reasonHash, uint128 bond)",
        "ChallengeLapsed(bytes32 indexed claim)",
        "ChallengeBondWithdrawn(address indexed account, uint128 amount)",
    ),
}

EVENTS: dict[str, dict[bytes, Declaration]] = {
    contract: {d.topic: d for d in map(declare, texts)} for contract, texts in EVENT_TEXTS.items()
}

# Events of OpenZeppelin's token, vault and access contracts that the audit reads.
_TAKEN = (
    "Withdraw(address indexed sender, address indexed receiver, address indexed owner, "
    "uint256 assets, uint256 shares)",
)
FOREIGN_TEXTS: dict[str, tuple[str, ...]] = {
    "Authority": (
        "RoleGranted(uint64 indexed roleId, address indexed account, uint32 delay, uint48 since, "
        "bool newMember)",
        "RoleRevoked(uint64 indexed roleId, address indexed account)",
    ),
    "StableCoin": ("Transfer(address indexed from, address indexed to, uint256 value)",),
    "JuniorVault": _TAKEN,
    "SeniorVault": _TAKEN,
}
READ: dict[str, dict[bytes, Declaration]] = {
    contract: EVENTS.get(contract, {})
    | {d.topic: d for d in map(declare, FOREIGN_TEXTS.get(contract, ()))}
    for contract in EVENTS.keys() | FOREIGN_TEXTS.keys()
}
"""Everything that the audit reads, by contract and topic."""

REPORT = declare(
    "report(uint32 committeeVersion, uint32 frame, bytes32 modelHash, uint32 firstRisk, "
    "(bytes scores, bytes signature)[] vectors)"
)
ATTEST = declare(
    "attest(uint64 subject, uint32 epoch, (uint64 lostMask, uint64 attackMask, "
    "bytes32 evidenceHash, bytes32 r, bytes32 vs)[] observations)"
)
POST = declare(
    "post(bytes32 series, uint32 firstSerial, uint40 base, bytes leaves, bytes signature)"
)
COMMIT = declare(
    "commit(bytes32 series, uint32 firstSerial, (bytes32 root, bytes32 leafFileHash, uint64 units, "
    "uint32 size, uint40 base, uint40 committedAt) commitment, bytes signature)"
)
BIND = declare(f"bind({QUOTE} quote, bytes signature, uint128 premium)")
ENDORSE = declare(f"endorse(uint64 id, {QUOTE} quote, bytes signature)")

BALANCE_OF = declare("balanceOf(address account)")
PREMIUM_AT = declare("premiumAt(uint64 policy, uint40 time)")
MEMBERS = declare("members(uint32 version)")
