import pytest

from contracts.client.certificates import PostedTree, Record, pack
from tests.support.capital import ints
from tests.support.facility import (
    COVER_UNIT,
    FIRST_BATCH,
    TENOR,
    UNIT,
    header,
    on_chain,
    post,
    records,
    reserve,
    signed,
    try_post,
)
from tests.support.reverts import reverts_with

EVE_KEY = bytes.fromhex("22" * 32)


@pytest.fixture(scope="module")
def reserved(world, series):
    """20,000 dollars of exposure and 300 serials."""
    return reserve(world, series, 20_000 * UNIT, 300)


@pytest.fixture
def base(chain):
    return chain.time()


@pytest.mark.parametrize("length", [0, 23, 25, 49])
def test_post__bytes_that_are_no_records__is_refused(world, reserved, base, length):
    with reverts_with("BadLeaves", length):
        world.book.post.call(reserved, 0, base, b"\x01" * length, b"", {"from": world.eve})


def test_post__unknown_series__is_refused(world, base):
    with reverts_with("UnknownSeries", b"\x09" * 32):
        world.book.post.call(b"\x09" * 32, 0, base, pack(records(1)), b"", {"from": world.eve})


def test_post__signed_by_another__is_refused(world, series, reserved, base):
    packed = pack(records(3))
    message = header(world, series, 0, base, PostedTree(packed))
    with reverts_with("WrongUnderwriter"):
        signature = signed(world, message, EVE_KEY)
        world.book.post.call(reserved, 0, base, packed, signature, {"from": world.eve})


def test_post__any_other_content_than_signed__is_refused(world, series, reserved, base):
    packed = pack(records(3))
    signature = signed(world, header(world, series, 0, base, PostedTree(packed)))
    for first, start, leaves in (
        (0, base + 1, packed),
        (0, base, pack(records(4))),
        (0, base, pack(records(2))),
        (0, base, pack(list(reversed(records(3))))),
        (0, base, packed[:-1] + b"\xff"),
    ):
        with reverts_with("WrongUnderwriter"):
            world.book.post.call(reserved, first, start, leaves, signature, {"from": world.eve})


def test_post__signature_without_length__is_refused(world, reserved, base):
    with reverts_with("WrongUnderwriter", "0x" + "00" * 20, world.ulla):
        world.book.post.call(reserved, 0, base, pack(records(1)), b"", {"from": world.eve})


def test_post__certificate_above_the_product_s_most__is_refused(world, series, reserved, base):
    with reverts_with("UnitsTooMany", 501, 500):
        try_post(world, series, [*records(4), Record(b"\x01" * 20, 501, 9)], base)


def test_post__base_beyond_32_bits__is_refused(world, series, reserved):
    with reverts_with("BaseOutOfRange", 2**32):
        try_post(world, series, records(1), 2**32)


def test_post__twice__is_refused(world, series, reserved, base):
    post(world, series, records(3), base)
    with reverts_with("SerialsNotNext", 0, 3):
        try_post(world, series, records(3), base)


def test_post__serials_with_a_gap__is_refused(world, series, reserved, base):
    with reverts_with("SerialsNotNext", 1, 0):
        try_post(world, series, records(3), base, first=1)


def test_post__more_serials_than_reserved__is_refused(world, series, reserved, base):
    with reverts_with("SerialsNotReserved", 301, 300):
        try_post(world, series, records(301, units=1), base)


def test_post__more_exposure_than_reserved__is_refused(world, series, reserved, base):
    with reverts_with("ReservationTooSmall", 20_100, 20_000):
        try_post(world, series, records(201), base)


def test_post__certificate_ending_after_the_bucket__is_refused(world, series, reserved):
    last = series[5] - TENOR
    with reverts_with("BucketTooEarly", last + 1, last):
        try_post(world, series, records(3), last - 1)


def test_post__suspended_underwriter__is_refused(world, series, reserved, base):
    world.facility.setSuspended(world.ulla, True, {"from": world.admin})
    with reverts_with("UnderwriterIsSuspended", world.ulla):
        try_post(world, series, records(3), base)


@pytest.mark.parametrize("count", [1, 2, 4, 5, 13, 100])
def test_post__batch__has_the_root_and_totals_of_the_python_tree(
    world, series, reserved, base, count
):
    batch = records(count)
    batch[count // 2] = None if count > 1 else batch[0]
    tree = PostedTree(pack(batch))
    event = post(world, series, batch, base).events["BordereauPosted"]
    assert event["root"] == "0x" + tree.root.hex()
    assert event["exposure"] == tree.units * COVER_UNIT
    assert event["premium"] == tree.units * 3
    assert event["size"] == count


def test_post__batch__moves_premium_and_reservation(world, series, reserved, base):
    before = world.cell.assets()
    receipt = post(world, series, records(50), base)
    premium = 50 * 100 * 3
    assert world.cell.assets() - before == premium
    assert world.token.balanceOf(world.cell) == world.cell.assets()
    assert world.facility.floatOf(world.petra)[0] == 10_000 * UNIT - premium
    assert world.facility.floatOf(world.petra)[1] == 20_000 * 3 - premium
    assert world.facility.bondOf(world.ulla)[1] == 15_000 * UNIT
    assert ints(world.facility.seriesOf(reserved)[1:]) == (15_000 * UNIT, 300, 50)
    assert world.cell.locked() == 20_000 * UNIT
    assert receipt.events["BordereauPosted"]["premium"] == premium


def test_post__batch__reads_back(world, series, reserved, base):
    receipt = post(world, series, records(50), base)
    batch = world.book.batchOf(FIRST_BATCH).dict()
    assert batch["series"] == reserved
    assert (batch["platform"], batch["product"], batch["risk"]) == (world.petra, 1, 5)
    assert batch["end"] == series[5]
    assert (batch["exposure"], batch["paid"]) == (5_000 * UNIT, 0)
    posted = on_chain(world, series, records(50), base, receipt)
    assert batch["digest"] == int.from_bytes(posted.digest, "big")


def test_batch_of__unknown__is_refused(world):
    with reverts_with("UnknownBatch", 77):
        world.book.batchOf(77)
