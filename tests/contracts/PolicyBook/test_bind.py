import pytest

from tests.support.cover import (
    FRAME,
    LOADING,
    MODEL_HASH,
    RATE_UNIT,
    RISK,
    SUM,
    TABLE,
    TERMS_HASH,
    pack,
    policy_terms,
    premium_of,
    quote_args,
)
from tests.support.reverts import reverts_with

DAY = 86_400
OTHER_HASH = "0x" + "ee" * 32


def b32(text):
    return bytes.fromhex(text[2:])


# ---------------------------------------------------------------- signature


def test_bind__after_the_deadline__is_refused(try_bind, chain):
    deadline = chain[-1].timestamp - 1
    with reverts_with("QuoteExpired", deadline, ...):
        try_bind(deadline=deadline)


def test_bind__signed_by_a_stranger__is_refused(book, underwriter, people):
    quote = underwriter.quote()
    signature = underwriter.sign(quote, key=b"\x22" * 32)
    with reverts_with("WrongSigner", ...):
        book.bind.call(quote_args(quote), signature, 10**7, {"from": people.alice})


def test_bind__changed_after_signing__is_refused(book, underwriter, people):
    quote = underwriter.quote()
    signature = underwriter.sign(quote)
    dearer = quote_args(underwriter.quote(sum_insured=SUM + 1, salt=quote.salt))
    with reverts_with("WrongSigner", ...):
        book.bind.call(dearer, signature, 10**7, {"from": people.alice})


@pytest.mark.parametrize("signature", ["0x", "0x00", "0x" + "00" * 65, "0x" + "00" * 86])
def test_bind__no_signature__is_refused(book, underwriter, people, signature):
    with reverts_with("WrongSigner", "0x" + "00" * 20):
        book.bind.call(quote_args(underwriter.quote()), signature, 10**7, {"from": people.alice})


def test_bind__signer_lost_the_role__is_refused(try_bind, authority, underwriter, people):
    authority.revokeRole(1, underwriter.address, {"from": people.admin})
    with reverts_with("WrongSigner", underwriter.address):
        try_bind()


def test_bind__same_quote_twice__is_refused(book, underwriter, people):
    quote = underwriter.quote()
    signature = underwriter.sign(quote)
    book.bind(quote_args(quote), signature, 10**7, {"from": people.alice})
    with reverts_with("QuoteUsed", underwriter.digest(quote)):
        book.bind.call(quote_args(quote), signature, 10**7, {"from": people.bob})


def test_bind__quote_of_a_released_policy__stays_used(book, underwriter, people, chain):
    quote = underwriter.quote(term=86_400)
    signature = underwriter.sign(quote)
    tx = book.bind(quote_args(quote), signature, 10**7, {"from": people.alice})
    chain.mine(timestamp=tx.timestamp + 2 * 86_400)
    book.expire([tx.events["PolicyBound"]["policy"]], {"from": people.bob})
    with reverts_with("QuoteUsed", underwriter.digest(quote)):
        book.bind.call(quote_args(quote), signature, 10**7, {"from": people.alice})


def test_bind__number__is_the_first_53_bits_of_the_quotes_digest(book, underwriter, people):
    quote = underwriter.quote()
    tx = book.bind(quote_args(quote), underwriter.sign(quote), 10**7, {"from": people.alice})
    number = int.from_bytes(underwriter.digest(quote), "big") >> 203
    assert tx.events["PolicyBound"]["policy"] == number


def test_bind__signed_by_an_underwriting_contract__is_bound(
    book, underwriter, authority, people, ApprovingSigner
):
    signer = ApprovingSigner.deploy({"from": people.admin})
    quote = underwriter.quote()
    signature = signer.address + "aa" * 60
    with reverts_with("WrongSigner", signer.address):
        book.bind.call(quote_args(quote), signature, 10**7, {"from": people.alice})
    signer.approve(underwriter.digest(quote), {"from": people.admin})
    with reverts_with("WrongSigner", signer.address):
        book.bind.call(quote_args(quote), signature, 10**7, {"from": people.alice})
    authority.grantRole(1, signer, 0, {"from": people.admin})
    tx = book.bind(quote_args(quote), signature, 10**7, {"from": people.alice})
    assert tx.events["PolicyBound"]["rate"]


# ---------------------------------------------------------------- parties and score


def test_bind__nobody_holds__is_refused(try_bind):
    with reverts_with("HolderMissing"):
        try_bind(holder="0x" + "00" * 20)


def test_bind__other_applicant_than_registered__is_refused(try_bind, people):
    with reverts_with("ApplicantMismatch", people.bob, people.alice):
        try_bind(applicant=people.bob.address)


def test_bind__risk_never_registered__is_refused(try_bind):
    nobody = "0x" + "00" * 20
    with reverts_with("ApplicantMismatch", nobody, nobody):
        try_bind(risk_index=RISK + 2, applicant=nobody)


def test_bind__stale_feed__is_refused(try_bind, neighbours, people):
    neighbours.setReport(FRAME, MODEL_HASH, True, {"from": people.admin})
    with reverts_with("StaleScore", RISK, FRAME, ...):
        try_bind()


@pytest.mark.parametrize("newest", [FRAME - 1, FRAME + 6])
def test_bind__frame_not_among_the_last__is_refused(try_bind, neighbours, people, newest):
    neighbours.setReport(newest, MODEL_HASH, False, {"from": people.admin})
    with reverts_with("ScoreFrameNotNewest", FRAME, newest):
        try_bind()


def test_bind__frame_among_the_last__is_bound(bind, neighbours, people):
    neighbours.setReport(FRAME + 5, MODEL_HASH, False, {"from": people.admin})
    assert "PolicyBound" in bind().events


def test_bind__other_model_than_reported__is_refused(try_bind):
    with reverts_with("ModelMismatch", OTHER_HASH, MODEL_HASH):
        try_bind(model_hash=b32(OTHER_HASH))


# ---------------------------------------------------------------- product


def test_bind__closed_product__is_refused(try_bind, products, people):
    products.close(1, {"from": people.admin})
    with reverts_with("ProductIsClosed", 1):
        try_bind()


def test_bind__certificate_product__is_refused(try_bind, products, neighbours, people):
    terms = policy_terms(neighbours.address, form=1, unit=1_000_000)
    products.register(terms.args(), pack(TABLE), {"from": people.admin})
    with reverts_with("FormMismatch", 2):
        try_bind(product=2)


def test_bind__other_terms_than_registered__is_refused(try_bind):
    with reverts_with("TermsMismatch", OTHER_HASH, TERMS_HASH):
        try_bind(terms_hash=b32(OTHER_HASH))


@pytest.mark.parametrize("term", [0, 30 * DAY + 1])
def test_bind__term_outside_the_product__is_refused(try_bind, term):
    with reverts_with("TermOutOfRange", term, 30 * DAY):
        try_bind(term=term)


def test_bind__sum_insured_above_the_product__is_refused(try_bind):
    with reverts_with("SumInsuredTooHigh", 10**12 + 1, 10**12):
        try_bind(sum_insured=10**12 + 1)


@pytest.mark.parametrize("loss", [0, SUM + 1])
def test_bind__loss_per_hour_zero_or_above_the_sum__is_refused(try_bind, loss):
    with reverts_with("LossPerHourOutOfRange", loss, SUM):
        try_bind(loss_per_hour=loss)


# ---------------------------------------------------------------- dependencies


def test_bind__dependency_product_without_dependency__is_refused(
    try_bind, products, neighbours, people
):
    terms = policy_terms(neighbours.address, peril=2)
    products.register(terms.args(), pack(TABLE), {"from": people.admin})
    with reverts_with("DependenciesMissing", 2):
        try_bind(product=2)


def test_bind__unknown_dependency__is_refused(try_bind, neighbours, people):
    neighbours.setDependencyCount(2, {"from": people.admin})
    with reverts_with("UnknownDependency", 3):
        try_bind(dependencies=3)


@pytest.mark.parametrize("dependencies", [2 | 1 << 32, 1 | 1 << 32, 1 << 32])
def test_bind__dependencies_out_of_order__are_refused(try_bind, neighbours, people, dependencies):
    neighbours.setDependencyCount(2, {"from": people.admin})
    with reverts_with("BadDependencies", dependencies):
        try_bind(dependencies=dependencies)


def test_bind__dependencies__are_booked_and_kept(n, bind, book, ledger, neighbours, people):
    neighbours.setDependencyCount(2, {"from": people.admin})
    tx = bind(dependencies=1 | 2 << 32)
    assert tx.events["PolicyBound"]["dependencies"] == 1 | 2 << 32
    assert book.coverAt(n(1), tx.timestamp)["dependencies"] == 1 | 2 << 32
    assert [ledger.booked(0, key)[0] for key in (1, 2, 3)] == [SUM, SUM, 0]


# ---------------------------------------------------------------- price


def test_bind__rate_between_two_units__is_refused(try_bind):
    rate = TABLE[3] * RATE_UNIT + 1
    with reverts_with("RateNotInUnits", rate, RATE_UNIT):
        try_bind(rate=rate)


def test_bind__rate_below_the_table__is_refused(try_bind):
    rate = (TABLE[2] - 1) * RATE_UNIT
    with reverts_with("RateBelowTable", rate, TABLE[2] * RATE_UNIT):
        try_bind(rate=rate)


def test_bind__score_rose_since_the_quote__is_held_to_the_newest_uncapped_score(
    try_bind, neighbours, people
):
    neighbours.setScore(RISK, 1_300, 6_250, {"from": people.admin})
    quoted = (TABLE[2] + LOADING) * RATE_UNIT
    with reverts_with("RateBelowTable", quoted, TABLE[10] * RATE_UNIT):
        try_bind()


def test_bind__top_rate_above_the_holders_ceiling__is_refused(try_bind):
    top = (TABLE[15] + LOADING) * RATE_UNIT
    with reverts_with("RateAboveCeiling", top, top - 1):
        try_bind(rate_ceiling=top - 1)


def test_bind__premium_below_notice_at_the_top_rate__is_refused(bind, try_bind):
    needed = premium_of((TABLE[15] + LOADING) * 3_600)
    with reverts_with("PremiumTooLow", needed - 1, needed):
        try_bind(premium=needed - 1)
    assert "PolicyBound" in bind(premium=needed).events


def test_bind__term_shorter_than_notice__needs_the_term_at_the_top_rate(bind, try_bind):
    needed = premium_of((TABLE[15] + LOADING) * 60)
    with reverts_with("PremiumTooLow", needed - 1, needed):
        try_bind(premium=needed - 1, term=60)
    assert "PolicyBound" in bind(premium=needed, term=60).events


def test_bind__premium_below_the_quotes_minimum__is_refused(try_bind):
    with reverts_with("PremiumTooLow", 999_999, 1_000_000):
        try_bind(premium=999_999, min_premium=1_000_000)


# ---------------------------------------------------------------- caps


def test_bind__past_a_cap__is_refused(bind, try_bind, ledger, people):
    ledger.setCap(1, RISK, SUM + 5, {"from": people.admin})
    bind()
    with reverts_with("CapExceeded", 1, RISK, SUM, 5):
        try_bind()


# ---------------------------------------------------------------- bound


def test_bind__good_quote__moves_money_and_books(
    n, bind, book, coin, index, ledger, neighbours, people
):
    had = coin.balanceOf(people.alice)
    tx = bind(premium=10_000_000)
    bound = tx.events["PolicyBound"]
    assert (bound["holder"], bound["applicant"], bound["payer"]) == (people.alice,) * 3
    assert (bound["rate"], bound["loading"]) == (
        (TABLE[2] + LOADING) * RATE_UNIT,
        LOADING * RATE_UNIT,
    )
    assert (bound["start"], bound["end"]) == (tx.timestamp, tx.timestamp + 30 * DAY)
    assert (bound["sumInsured"], bound["lossPerHour"]) == (SUM, SUM // 10)
    assert coin.balanceOf(people.alice) == had - 10_000_000
    assert coin.balanceOf(book) == 10_000_000
    assert neighbours.locked() == SUM
    assert ledger.booked(1, RISK)[0] == ledger.booked(2, 1)[0] == SUM
    assert index.policiesOn(1, RISK) == 1
    assert not book.released(n(1))


def test_bind__platform_pays__holder_is_covered(n, bind, book, coin, people):
    had = coin.balanceOf(people.platform)
    tx = bind(payer=people.platform)
    assert tx.events["PolicyBound"]["payer"] == people.platform
    assert coin.balanceOf(people.platform) == had - 10_000_000
    assert book.coverAt(n(1), tx.timestamp)["holder"] == people.alice
