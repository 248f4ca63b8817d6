"""The guards of docs/security/threats.md: what each keeps out, and the patch that takes it out."""

from __future__ import annotations

from dataclasses import dataclass


class PatchDoesNotFit(Exception):
    """The guard's text is not, or not once, in its file."""

    def __init__(self, file: str, text: str, count: int) -> None:
        super().__init__(f"{file} holds the guard {count} times: {text}")


@dataclass(frozen=True)
class Guard:
    """One guard in one file, the contracts compiled from it, and the test that misses it."""

    threat: str
    guard: str
    file: str
    before: str
    after: str
    contracts: tuple[str, ...]
    test: str

    def taken_out(self, source: str) -> str:
        """The source without the guard.

        :raises PatchDoesNotFit: the guard has been changed or moved
        """
        count = source.count(self.before)
        if count != 1:
            raise PatchDoesNotFit(self.file, self.before, count)
        return source.replace(self.before, self.after)


GUARDS = (
    Guard(
        "self-attack by the insured, bought or staged",
        "an applicant's yearly limit without review",
        "claims/Allowances.sol",
        "return Math.saturatingSub(limit, RollingYear.sumUp(year, block.timestamp));",
        "return limit;",
        ("ClaimsDesk",),
        "test_self_attack__outages_staged_again_and_again__pay_at_most_the_years_limit",
    ),
    Guard(
        "cover bought after the incident began; front-running a public incident",
        "coverage lag",
        "claims/ClaimsDesk.sol",
        "return a.parties.inForce() && a.start >= a.parties.startOf() + terms.coverageLag && "
        "a.start < a.amounts.endOf();",
        "return a.parties.inForce() && a.start < a.amounts.endOf();",
        ("ClaimsDesk",),
        "test_late_cover__bound_after_the_incident_began__pays_nothing",
    ),
    Guard(
        "dust policies multiplying the instant limit",
        "covers of a risk share an incident's instant limit",
        "claims/Allowances.sol",
        "share = insured <= sumInsured ? limit : (limit * sumInsured) / insured;",
        "share = limit;",
        ("ClaimsDesk",),
        "test_dust_policies__beside_one_policy__do_not_multiply_the_instant_limit",
    ),
    Guard(
        "replay of a quote",
        "a quote binds once",
        "cover/PolicyBook.sol",
        "require(_policies[id].holder == address(0), QuoteUsed(digest));",
        "",
        ("PolicyBook",),
        "test_replayed_quote__bound_twice__is_one_policy",
    ),
    Guard(
        "stolen underwriter key: cover sold below its price",
        "rate floor of the product's table",
        "cover/Quotes.sol",
        "require(rate >= tableRate * rateUnit, RateBelowTable(rate, tableRate * rateUnit));",
        "if (rate < tableRate * rateUnit) tableRate = rate / rateUnit;",
        ("PolicyBook",),
        "test_cheap_quote__signed_with_a_stolen_underwriter_key__is_held_by_the_rate_floor",
    ),
    Guard(
        "the same seconds claimed twice",
        "a run is named by its first slot",
        "oracle/RunReader.sol",
        "require(_isFirst(scope, seats, start, mask, gap), NotARun(uint64(start)));",
        "",
        ("IncidentRegistry",),
        "test_same_seconds__claimed_from_the_middle_of_a_run__pay_once",
    ),
    Guard(
        "one dependency triggering all policies",
        "caps of exposure",
        "cover/ExposureLedger.sol",
        "if (before + amount > cap) revert CapExceeded(dimension, key, amount, "
        "Math.saturatingSub(cap, before));",
        "",
        ("ExposureLedger",),
        "test_dependency__insured_by_many__is_bounded_by_its_cap",
    ),
    Guard(
        "f + 1 lying members: a loss that nobody else saw",
        "quorum per lost slot",
        "oracle/IncidentRegistry.sol",
        "return (n + f) / 2 + 1;",
        "return f + 1;",
        ("IncidentRegistry",),
        "test_two_liars_of_four__mark_slots_as_lost__make_none_lost",
    ),
    Guard(
        "forged telemetry",
        "only members' signatures count",
        "libraries/Observations.sol",
        "if or(xor(word, refused), and(1, shr(lane, mload(add(walk, 0xe0))))) { break }",
        "lane := add(mload(add(walk, 0xa0)), gt(mload(add(walk, 0x1a0)), 0))",
        ("IncidentRegistry",),
        "test_forged_marks__by_keys_of_no_member__make_none_lost",
    ),
    Guard(
        "f + 1 lying members, or a rival's junk traffic: scores",
        "change cap of a frame",
        "oracle/RiskFeed.sol",
        "uint256 next = Lanes.within(Lanes.within(median, last, walk.lastRoom), anchor, "
        "walk.anchorRoom);",
        "uint256 next = Lanes.within(median, anchor, walk.anchorRoom);",
        ("RiskFeed",),
        "test_two_liars_of_three__sign_the_highest_score__move_it_by_the_cap_only",
    ),
    Guard(
        "up to f lying members: scores",
        "median of the signed vectors",
        "oracle/RiskFeed.sol",
        "r.scores = LaneMedian.ofCalldata(offsets, r.groups);",
        "for (uint256 k = 0; k < offsets.length; ++k) offsets[k] = offsets[1];\n"
        "        r.scores = LaneMedian.ofCalldata(offsets, r.groups);",
        ("RiskFeed",),
        "test_one_liar__signs_the_highest_score__moves_nothing",
    ),
    Guard(
        "reordered telemetry; replay of a vector in a later frame",
        "frames only move forward",
        "oracle/RiskFeed.sol",
        "require(word ^ last < walk.tag, FrameTooOld(Lanes.gather(walk.tag) >> 1, "
        "Lanes.gather(word) >> 1));",
        "",
        ("RiskFeed",),
        "test_vectors__of_an_older_frame_again__change_nothing",
    ),
    Guard(
        "withheld telemetry",
        "a missing sensor counts as the worse of the last score and the class base",
        "oracle/RiskFeed.sol",
        "if (missing != 0) median = (median & ~missing) | "
        "(_withoutSensor(r.page, r.first + i, word, last) & missing);",
        "median &= ~missing;",
        ("RiskFeed",),
        "test_telemetry__withheld__does_not_lower_the_score",
    ),
    Guard(
        "stolen committee admin",
        "rotation delay",
        "oracle/OracleCommittee.sol",
        "(previous == 0 ? 0 : rotationDelay)",
        "0",
        ("OracleCommittee",),
        "test_committee_admin__puts_in_members_of_its_own__waits_out_the_rotation_delay",
    ),
    Guard(
        "backdated marks",
        "report delay of a slot",
        "oracle/IncidentRegistry.sol",
        "if (late != 0) revert SlotClosed(uint64(first + _lowest(late)), time);",
        "",
        ("IncidentRegistry",),
        "test_marks__after_the_report_delay__are_too_late",
    ),
    Guard(
        "a bribed assessor",
        "two different assessors",
        "claims/Reviews.sol",
        "require(review.deciders[i] != assessor, AlreadyDecided(claim, assessor));",
        "require(i == place || review.deciders[i] != assessor, AlreadyDecided(claim, assessor));",
        ("ClaimsDesk",),
        "test_assessor__alone_and_twice__decides_nothing",
    ),
    Guard(
        "a pair of which one was overruled",
        "assessors of the first round are not heard in the second",
        "claims/Reviews.sol",
        "require(review.deciders[i] != assessor, AlreadyDecided(claim, assessor));",
        "require(i / 2 != place / 2 || review.deciders[i] != assessor, "
        "AlreadyDecided(claim, assessor));",
        ("ClaimsDesk",),
        "test_assessors__of_the_first_round__are_not_heard_in_the_second",
    ),
    Guard(
        "review decided by silence too early",
        "deadlines of both rounds",
        "claims/Reviews.sol",
        "uint40 until = _roundEnd(review, review.silencePays ? 1 : 2);",
        "uint40 until = _roundEnd(review, 0);",
        ("ClaimsDesk",),
        "test_review__open__pays_nothing_by_silence_before_its_rounds_are_over",
    ),
    Guard(
        "a refused claim brought again",
        "nothing more of a refused claim is granted",
        "claims/Reviews.sol",
        "return _reviews[claim].status == Status.Refused;",
        "return false;",
        ("ClaimsDesk",),
        "test_refused_claim__settled_again_with_its_limit_free__pays_nothing_more",
    ),
    Guard(
        "stolen guardian; endless pauses",
        "cool-down after a pause",
        "claims/Pausing.sol",
        "require(block.timestamp >= earliest, PauseTooSoon(earliest));",
        "",
        ("ClaimsDesk",),
        "test_guardian__pauses_again_and_again__stops_payments_for_one_pause_only",
    ),
    Guard(
        "stolen key of the holder of claims; endless holds",
        "latest end of a hold",
        "claims/ClaimsDesk.sol",
        "block.timestamp < settleableAt && until <= latest && block.timestamp < until",
        "block.timestamp < settleableAt",
        ("ClaimsDesk",),
        "test_holder_of_claims__holds_for_ever__is_bounded_by_half_the_claim_window",
    ),
    Guard(
        "gas exhaustion and spoiled lists in mass settlement",
        "a list passes over what is not due",
        "claims/ClaimsDesk.sol",
        "if (a.instant + a.scheduled == 0) continue;",
        "require(a.instant + a.scheduled != 0, NothingDue(a.claim));",
        ("ClaimsDesk",),
        "test_list__spoiled_by_a_policy_without_a_due__still_pays_the_others",
    ),
    Guard(
        "a lying quorum",
        "daily ceiling of a cell",
        "claims/Allowances.sol",
        "taken = uint64(Math.min(amount, dailyInstantCeiling - paid));",
        "taken = uint64(amount);",
        ("ClaimsDesk",),
        "test_ceiling__a_lying_quorum_makes_everything_pay__bounds_a_day",
    ),
    Guard(
        "hostile token or holder",
        "a payment that fails is stored",
        "capital/Cell.sol",
        "if (token.tryTransfer(payee, amount)) return;",
        "token.safeTransfer(payee, amount);\n        if (amount != 0) return;",
        ("Cell",),
        "test_hostile_holder__that_the_token_refuses__blocks_nobody_else",
    ),
    Guard(
        "capital run on bad news",
        "withdrawals are priced after the report delay",
        "capital/CapitalVault.sol",
        "shares = _redeems.due(_before(withdrawalDelay));",
        "shares = _redeems.due(uint48(block.timestamp));",
        ("Cell",),
        "test_capital_run__when_an_incident_is_in_the_news__shares_the_loss",
    ),
    Guard(
        "sandwiching a premium collection",
        "deposits wait for an epoch",
        "capital/CapitalVault.sol",
        "_deposits.due(supply == 0 ? uint48(block.timestamp) : _before(depositDelay));",
        "_deposits.due(uint48(block.timestamp));",
        ("Cell",),
        "test_sandwich__of_a_collection__earns_nothing",
    ),
    Guard(
        "replaced module reaching old money; stolen admin",
        "capital pays on the word of one immutable address",
        "capital/Cell.sol",
        "function pay(address payee, uint128 amount) external {\n"
        "        require(msg.sender == claimsDesk, OnlyClaimsDesk(msg.sender));",
        "function pay(address payee, uint128 amount) external {",
        ("Cell",),
        "test_foreign_module__with_an_assessors_word__cannot_reach_capital",
    ),
    Guard(
        "more cover than capital",
        "locked capital never exceeds assets",
        "capital/Cell.sol",
        "require(amount <= _free(sums), CapacityExceeded(amount, _free(sums)));",
        "",
        ("Cell",),
        "test_solvency__exposure_beyond_the_capital__is_refused",
    ),
    Guard(
        "certificates sold when the incident was known",
        "a bordereau covers from its posting on",
        "certificates/Batches.sol",
        "require(runsFrom >= postedAt, RunBeforePosting(batch, runsFrom, postedAt));",
        "",
        ("CertificateBook",),
        "test_bordereau__posted_after_the_incident_began__is_not_the_pools",
    ),
    Guard(
        "a certificate claimed twice",
        "claimed leaves are marked",
        "certificates/Batches.sol",
        "if (twice != 0) revert AlreadyClaimed(batch, "
        "uint32(word * 256 + Math.log2(twice & (~twice + 1)) - _firstOf(batch)));",
        "",
        ("CertificateBook",),
        "test_certificate__claimed_twice__is_paid_once",
    ),
    Guard(
        "replay of a bordereau",
        "serials are contiguous",
        "certificates/Facility.sol",
        "require(firstSerial == line.committedSerial, "
        "SerialsNotNext(firstSerial, line.committedSerial));",
        "",
        ("Facility",),
        "test_bordereau__posted_again__is_refused_by_its_serials",
    ),
    Guard(
        "a bordereau expired before its claims",
        "the seal of a batch is the one that was posted",
        "cover/BatchExposure.sol",
        "require(digest == word.digest(), ICertificateBook.ProofInvalid(batch));",
        "digest;",
        ("ExposureLedger",),
        "test_bordereau__expired_early_under_a_forged_seal__is_still_paid",
    ),
    Guard(
        "stolen underwriter key: certificates sold and never committed",
        "the bond covers what is reserved",
        "certificates/Facility.sol",
        "require(uncommitted + leaving <= bond.balance, "
        "BondTooLow(uncommitted + leaving, bond.balance));",
        "",
        ("Facility",),
        "test_stolen_underwriter_key__reserves_beyond_the_bond__is_bounded_by_it",
    ),
    Guard(
        "stolen underwriter key: all exposure in one day",
        "daily limit of an underwriter",
        "certificates/Facility.sol",
        "require(exposure <= room, DailyLimitExceeded(exposure, room));",
        "",
        ("Facility",),
        "test_stolen_underwriter_key__in_one_day__is_bounded_by_its_daily_limit",
    ),
)
"""In the order of ARCHITECTURE's list of threats, by subject."""

ELSEWHERE = (
    (
        "cover raised after the incident began",
        "an increase acts after `increaseDelay`, which is no shorter than the coverage lag",
        "`PolicyBook/test_endorse.py`, `ProductBook/test_register.py`",
    ),
    (
        "wash transactions, or a platform that stages outages",
        "a certificate's lag, and one yearly limit for all that a platform is paid without review",
        "`ClaimsDesk/test_settle_certificates.py`, `ClaimsDesk/test_allowances.py`",
    ),
    (
        "an equivocating member",
        "its own marks are only ever added to, in its own lane",
        "`IncidentRegistry/test_attest.py`",
    ),
    (
        'backdated "omitted" certificates',
        "an omission can be proven only for a reserved serial, after its commit-by time, and paid "
        "by the bond of the key that signed",
        "`BondDesk/test_prove_omission.py`",
    ),
    (
        "endless freezes of a dependency",
        "longest closure and cool-down in the ledger",
        "`ExposureLedger/test_pause.py`, `IncidentRegistry/test_suspect.py`",
    ),
    (
        "replay on another chain, contract, version or frame",
        "EIP-712 domain, committee version and frame in every digest",
        "`IncidentRegistry/test_attest.py`, `RiskFeed/test_report.py`, `PolicyBook/test_bind.py`",
    ),
    (
        "a fresh vault's first shares inflated",
        "value is the cell's own count; 10^6 virtual shares",
        "`CapitalVault/test_settle.py`",
    ),
    (
        "a token's callback in the midst of a payment",
        "state is written before any token moves",
        "`Cell/test_pay.py`, `Cell/test_withdraw_stored.py`",
    ),
    (
        "a retired or unknown model",
        "hashes are approved, and retired forward only",
        "`ModelRegistry/test_retire.py`, `RiskFeed/test_report.py`",
    ),
)
"""(threat, guard, test) for guards that are not one line."""
