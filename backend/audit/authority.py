"""Whose word stands behind a sale or a decision: signatures, and roles in force at that moment;
changes when a role or a signed message is added."""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_account import Account
from eth_account.messages import encode_typed_data

from backend.audit.abi import Declaration
from backend.audit.checks import Calldata, Parameters, Result, hashed, leaves_of, typed_domain
from backend.audit.declarations import BIND, COMMIT, ENDORSE, POST
from backend.audit.ledger import LEAF, Event, Ledger, Row, hexed, leaf_width
from backend.audit.rules import committed_root, posted_root, table_rate
from backend.audit.segments import segments_of

UNDERWRITER, COMMITTEE_ADMIN, ASSESSOR, PRODUCT_ADMIN = 1, 2, 3, 7
# Events that only an account with a role can cause, and the argument that names it.
ACTORS = {
    ("Facility", "ExposureReserved"): (UNDERWRITER, "underwriter"),
    ("ClaimsDesk", "AssessorDecided"): (ASSESSOR, "assessor"),
}
Names = tuple[tuple[str, str], ...]
ENDORSED: Names = (
    ("sumInsured", "sumInsured"),
    ("lossPerHour", "lossPerHour"),
    ("dependencies", "dependencies"),
    ("rate", "rate"),
)
BOUND: Names = (
    ("product", "product"),
    ("risk", "riskIndex"),
    ("holder", "holder"),
    ("applicant", "applicant"),
    *ENDORSED,
)
"""Arguments of an event, and the members of its quote that they must be."""
QUOTE_TYPE = [{"name": part.name, "type": part.type} for part in BIND.fields[0].parts]
HEADER_TYPE = [
    {"name": name, "type": kind}
    for kind, name in (
        ("address", "platform"),
        ("uint16", "product"),
        ("uint32", "riskIndex"),
        ("uint32", "expiryBucket"),
        ("uint64", "rate"),
        ("uint32", "firstSerial"),
        ("uint32", "size"),
        ("uint40", "base"),
        ("uint128", "exposure"),
        ("uint128", "premium"),
        ("uint8", "leafKind"),
        ("bytes32", "root"),
        ("bytes32", "leafFileHash"),
    )
]


@dataclass
class Roles:
    """Who holds which role, as far as the events were followed."""

    holders: dict[int, dict[str, int]] = field(default_factory=dict)
    """Role → account → second from which it holds."""

    def take(self, event: Event) -> None:
        a = event.args
        if event.name == "RoleGranted":
            self.holders.setdefault(a["roleId"], {})[a["account"]] = a["since"]
        elif event.name == "RoleRevoked":
            self.holders.get(a["roleId"], {}).pop(a["account"], None)

    def holds(self, role: int, account: str, time: int) -> bool:
        return self.holders.get(role, {}).get(account, 2**48) <= time


def check_authority(ledger: Ledger, calldata: Calldata, p: Parameters, result: Result) -> None:
    """Roles of underwriters and assessors, signatures of quotes and bordereaux, in chain order."""
    roles = Roles()
    for event in ledger.events:
        if event.contract == "Authority":
            roles.take(event)
            continue
        actor = ACTORS.get((event.contract, event.name))
        if actor is not None:
            role, name = actor
            _expect_role(roles, role, event.args[name], event, result)
        elif (event.contract, event.name) == ("PolicyBook", "PolicyBound"):
            _check_quote(roles, ledger, event, BIND, BOUND, calldata, p, result)
        elif (event.contract, event.name) == ("PolicyBook", "PolicyEndorsed"):
            _check_endorsement(roles, ledger, event, calldata, p, result)
        elif event.name in ("BordereauPosted", "BordereauCommitted"):
            _check_header(roles, ledger, event, calldata, p, result)


def _expect_role(roles: Roles, role: int, account: str, event: Event, result: Result) -> None:
    holds = roles.holds(role, account, event.time)
    what = f"role {role} of {account} in force"
    result.expect("role", f"behind {event.name} at {event.place}", holds, True, what)


def _signer(
    name: str, kind: str, members: list[Row], message: Row, sig: bytes, p: Parameters
) -> tuple[str, bytes]:
    """Signer, lower case, and digest of an EIP-712 message."""
    typed = encode_typed_data(typed_domain(p, name), {kind: members}, message)
    return str(Account.recover_message(typed, signature=sig)).lower(), hashed(typed)


def _check_endorsement(
    roles: Roles, ledger: Ledger, event: Event, calldata: Calldata, p: Parameters, result: Result
) -> None:
    """A quote's acts after the delay that its product states; without a quote it only reduces, at
    once."""
    a, where = event.args, f"of policy {event.args['policy']}"
    policy = ledger.rows("ledger_policies").get((a["policy"],))
    if policy is None:
        return  # told as an event whose object never came to be
    by_quote = bool(int.from_bytes(a["quoteDigest"], "big"))
    delay = ledger.terms[policy["product"]]["increaseDelay"] if by_quote else 0
    result.expect("endorsement", where, a["at"], event.time + delay, "second from which it acts")
    if by_quote:
        _check_quote(roles, ledger, event, ENDORSE, ENDORSED, calldata, p, result)
        return
    ended = (s for s in segments_of(ledger, a["policy"]) if s.end == a["at"])
    before = next(ended, None)
    if before is None:
        result.cannot("endorsement", where, f"no cover runs up to {a['at']}")
        return
    for said, most in (
        ("sumInsured", before.sum_insured),
        ("lossPerHour", before.loss_per_hour),
    ):
        what = f"{said} at most {most}"
        result.expect("endorsement", where, a[said] <= most, True, what)


def _check_quote(
    roles: Roles, ledger: Ledger, event: Event, call_of: Declaration, names: Names,
    calldata: Calldata, p: Parameters, result: Result,
) -> None:  # fmt: skip
    """The policy, or what an endorsement makes of it, is what an underwriter signed, at a rate that
    the table allows."""
    a, where = event.args, f"of policy {event.args['policy']}"
    try:
        call = call_of.decode_call(calldata[event.transaction][2])
        quote = call["quote"]
        signer, digest = _signer("PolicyBook", "Quote", QUOTE_TYPE, quote, call["signature"], p)
    except (ValueError, KeyError):
        return  # sent through another contract, or signed by one: its digest alone is on the chain
    result.expect("quote", where, hexed(a["quoteDigest"]), hexed(digest), "digest")
    _expect_role(roles, UNDERWRITER, signer, event, result)
    for said, name in names:
        result.expect("quote", where, a[said], quote[name], said)
    in_time = event.time <= quote["deadline"]
    result.expect("quote", where, in_time, True, f"{event.name[6:].lower()} before deadline")
    product, risk = quote["product"], quote["riskIndex"]
    terms = ledger.terms[product]
    result.expect(
        "quote", where, hexed(quote["termsHash"]), hexed(terms["termsHash"]), "terms hash"
    )
    score = ledger.rows("ledger_scores").get((risk, quote["scoreFrame"]))
    if score is None:
        result.cannot("quote", where, f"no score of its frame {quote['scoreFrame']} is on chain")
        return
    least = table_rate(ledger.tables_of[product], terms["rateUnit"], score["uncapped"])
    result.expect("quote", where, a["rate"] >= least, True, f"rate at least the table's {least}")


def _check_header(
    roles: Roles, ledger: Ledger, event: Event, calldata: Calldata, p: Parameters, result: Result
) -> None:
    """The bordereau's header is signed by the underwriter of its series."""
    row = ledger.row("ledger_bordereaux", event.args["batch"])
    series = ledger.row("ledger_series", row["series"])
    width = leaf_width(row)
    try:
        leaves = leaves_of(row, calldata, p.leaf_files)
        data = calldata[event.transaction][2]
        call = POST.decode_call(data) if width == LEAF else COMMIT.decode_call(data)
    except (ValueError, KeyError):
        return  # told where its leaves are checked
    units = sum(
        int.from_bytes(leaves[i + 20 : i + 22], "big") for i in range(0, len(leaves), width)
    )
    message = {
        "platform": series["platform"],
        "product": series["product"],
        "riskIndex": series["risk"],
        "expiryBucket": ledger.series_terms[row["series"]]["expiryBucket"],
        "rate": series["premium_per_unit"],
        "firstSerial": call["firstSerial"],
        "size": len(leaves) // width,
        "base": row["base"],
        "exposure": units * ledger.terms[series["product"]]["unit"],
        "premium": units * series["premium_per_unit"],
        "leafKind": ledger.series_terms[row["series"]]["leafKind"],
        "root": posted_root(leaves) if width == LEAF else committed_root(leaves),
        "leafFileHash": bytes.fromhex((row["leaf_file_hash"] or "0x" + "00" * 32)[2:]),
    }
    where = f"{row['batch']}"
    try:
        signer, _ = _signer(
            "CertificateBook", "BordereauHeader", HEADER_TYPE, message, call["signature"], p
        )
    except ValueError:
        return  # a contract's signature: only the chain can ask it
    result.expect("bordereau", where, signer, series["underwriter"].lower(), "signer")
