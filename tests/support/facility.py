"""A facility with its certificate book and cell on a chain of its own; the neighbours are mocks.

Ulla underwrites, Petra's platform sells; the claims desk is an account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import rlp
from eth_utils import keccak, to_checksum_address

from contracts.client.certificates import BatchTerms, PostedBatch, PostedTree, Record, pack
from contracts.client.messages import BordereauHeader, Domain, digest
from contracts.client.signatures import sign

from .capital import UNIT, request_deposit, vaults_of

UNDERWRITER, TREASURER, PRODUCT_ADMIN = 1, 6, 7
ULLA_KEY = bytes.fromhex("11" * 32)
CHAIN_ID = 1337
SLOT = 10
REPORT_DELAY = 2_000
CLAIM_WINDOW = 3_000
TENOR = 7_200
LAG = 60
COVER_UNIT = UNIT
"""One unit of sum insured is one dollar."""
BOND_DELAY = 50_000
DAILY_LIMIT = 100_000 * UNIT
PRODUCT = 1
RISK = 5
FIRST_BATCH = 1 << 32
"""Id of the batch that begins with serial 0 of series 1."""


@dataclass(frozen=True)
class World:
    """The contracts and who plays which part."""

    token: Any
    authority: Any
    products: Any
    feed: Any
    ledger: Any
    cell: Any
    facility: Any
    book: Any
    bonds: Any
    admin: Any
    desk: Any
    petra: Any
    ulla: Any
    eve: Any
    treasurer: Any

    def booked(self) -> int:
        """Exposure that the ledger has booked on the risk."""
        return int(self.ledger.booked(1, RISK)[0])

    def series(self, **change: Any) -> tuple[Any, ...]:
        """Petra's first series: 3 token units a unit, ending in one day."""
        terms = {
            "underwriter": self.ulla.address,
            "platform": self.petra.address,
            "product": PRODUCT,
            "risk": RISK,
            "premiumPerUnit": 3,
            "expiryBucket": 0,
            "leafKind": 0,
        } | change
        return tuple(terms.values())


def terms(cell: Any, **change: Any) -> tuple[Any, ...]:
    """Terms of a certificate product."""
    fields = {
        "peril": 0, "form": 1, "cell": cell.address, "waitingPeriod": 0, "coverageLag": LAG,
        "mergeGap": 20, "holdWindow": 30, "challengeWindow": 0, "reviewWindow": 0,
        "claimWindow": CLAIM_WINDOW, "noticePeriod": 0, "term": TENOR, "increaseDelay": LAG,
        "rateUnit": 10**15, "unit": COVER_UNIT, "maxSumInsured": 500 * COVER_UNIT,
        "instantLimit": 0, "unreviewedLimit": 0, "termsHash": b"\x07" * 32,
    }  # fmt: skip
    return tuple((fields | change).values())


def _created(deployer: Any, nonce: int) -> str:
    raw = rlp.encode([bytes.fromhex(deployer.address[2:]), nonce])
    return to_checksum_address(keccak(raw)[12:])


def deploy_world(project: Any, accounts: Any, capital: int = 100_000 * UNIT) -> World:
    """Everything deployed, senior capital, float and bond paid in, terms agreed."""
    admin, desk, petra, eve, treasurer = (
        accounts[0],
        accounts[1],
        accounts[2],
        accounts[3],
        accounts[4],
    )
    ulla = accounts.add(ULLA_KEY.hex())
    admin.transfer(ulla, 10**19)
    sender = {"from": admin}
    token = project.StableCoin.deploy(sender)
    authority = project.Authority.deploy(admin, sender)
    products = project.ProductShelf.deploy(sender)
    feed = project.FixedScore.deploy(sender)
    clock = project.IncidentClock.deploy(SLOT, REPORT_DELAY, sender)
    facility_at, book_at, bonds_at, cell_at = (
        _created(admin, admin.nonce + n) for n in (1, 2, 3, 4)
    )
    ledger = project.ExposureLedger.deploy(
        authority, eve, facility_at, book_at, clock, eve, 10**6 * UNIT, sender
    )
    facility = project.Facility.deploy(
        authority,
        token,
        products,
        feed,
        clock,
        ledger,
        book_at,
        bonds_at,
        BOND_DELAY,
        DAILY_LIMIT,
        sender,
    )
    book = project.CertificateBook.deploy(clock, ledger, facility, desk, bonds_at, sender)
    bonds = project.BondDesk.deploy(products, facility, book, sender)
    cell = project.Cell.deploy(
        authority,
        token,
        clock,
        eve,
        facility,
        ledger,
        desk,
        0,
        4_000,
        0,
        1_000,
        REPORT_DELAY,
        sender,
    )
    assert (book.address, bonds.address, cell.address) == (book_at, bonds_at, cell_at)
    for role, account in (UNDERWRITER, ulla), (TREASURER, treasurer), (PRODUCT_ADMIN, admin):
        authority.grantRole(role, account, 0, sender)
    for role, name in (
        (UNDERWRITER, "reserve"), (TREASURER, "setCommission"),
        (PRODUCT_ADMIN, "setDailyLimit"), (PRODUCT_ADMIN, "setSuspended"),
    ):  # fmt: skip
        selector = getattr(facility, name).signature
        authority.setTargetFunctionRole(facility, [selector], role, sender)
    authority.setTargetFunctionRole(ledger, [ledger.setCap.signature], PRODUCT_ADMIN, sender)
    products.put(PRODUCT, terms(cell), sender)
    world = World(
        token, authority, products, feed, ledger, cell, facility, book, bonds,
        admin, desk, petra, ulla, eve, treasurer,
    )  # fmt: skip
    _, senior = vaults_of(project, cell)
    request_deposit(token, senior, eve, capital)
    cell.settleEpoch(sender)
    for owner, amount, call in (
        (
            petra,
            10_000 * UNIT,
            lambda: facility.depositFloat(petra, 10_000 * UNIT, {"from": petra}),
        ),
        (ulla, 50_000 * UNIT, lambda: facility.depositBond(50_000 * UNIT, {"from": ulla})),
    ):
        token.mint(owner, amount, sender)
        token.approve(facility, amount, {"from": owner})
        call()
    facility.agreeTerms(ulla, PRODUCT, 10, {"from": petra})
    return world


def records(count: int, units: int = 100) -> list[Record | None]:
    """Certificates of different holders that start a second apart."""
    return [Record((0xA000 + n).to_bytes(20, "big"), units, n) for n in range(count)]


def header(
    world: World, series: tuple[Any, ...], first: int, base: int, tree: PostedTree
) -> BordereauHeader:
    """What Ulla signs for a batch."""
    return BordereauHeader(
        platform=series[1], product=series[2], risk_index=series[3], rate=series[4],
        expiry_bucket=series[5], first_serial=first, size=tree.size, base=base,
        exposure=tree.units * COVER_UNIT, premium=tree.units * series[4],
        leaf_kind=series[6], root=tree.root, leaf_file_hash=bytes(32),
    )  # fmt: skip


def signed(world: World, message: BordereauHeader, key: bytes = ULLA_KEY) -> bytes:
    """Signature over a header."""
    domain = Domain("CertificateBook", CHAIN_ID, world.book.address)
    return sign(digest(message, domain), key)


def reserve(world: World, series: tuple[Any, ...], exposure: int, serials: int) -> str:
    """Series id after Ulla has reserved."""
    world.facility.reserve(series, exposure, serials, {"from": world.ulla})
    return str(world.facility.seriesId(series))


def posting(
    world: World, series: tuple[Any, ...], batch: list[Record | None], base: int, first: int = 0
) -> tuple[Any, ...]:
    """Arguments of posting a batch that Ulla signed."""
    packed = pack(batch)
    tree = PostedTree(packed)
    signature = signed(world, header(world, series, first, base, tree))
    return world.facility.seriesId(series), first, base, packed, signature, {"from": world.eve}


def post(
    world: World, series: tuple[Any, ...], batch: list[Record | None], base: int, first: int = 0
) -> Any:
    """Receipt of posting a batch that Ulla signed."""
    return world.book.post(*posting(world, series, batch, base, first))


def on_chain(
    world: World, series: tuple[Any, ...], batch: list[Record | None], base: int, receipt: Any
) -> PostedBatch:
    """The batch that a receipt of `post` tells of."""
    tail = TENOR + REPORT_DELAY + CLAIM_WINDOW
    terms = BatchTerms(series[2], series[3], COVER_UNIT, tail, world.cell.address)
    return PostedBatch(PostedTree(pack(batch)), base, receipt.timestamp, terms)


def try_post(
    world: World, series: tuple[Any, ...], batch: list[Record | None], base: int, first: int = 0
) -> Any:
    """`post` as a call: a refusal costs no trace."""
    return world.book.post.call(*posting(world, series, batch, base, first))
