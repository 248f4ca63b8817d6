import pytest

from tests.support.reverts import reverts_with

ASSET = b"\x01" * 32
OTHER_ASSET = b"\x02" * 32


def test_register_risk__caller_without_role__is_refused(register, accounts):
    with reverts_with("AccessManagedUnauthorized", accounts[5]):
        register.registerRisk(accounts[3], ASSET, 3_000, {"from": accounts[5]})


def test_register_risk__no_applicant__is_refused(register, underwriter):
    with reverts_with("ApplicantMissing"):
        register.registerRisk("0x" + "00" * 20, ASSET, 3_000, {"from": underwriter})


def test_register_risk__base_score_above_10_000__is_refused(register, accounts, underwriter):
    with reverts_with("ScoreTooHigh", 10_001):
        register.registerRisk(accounts[3], ASSET, 10_001, {"from": underwriter})


def test_register_risk__asset_registered_before__is_refused(register, accounts, underwriter):
    register.registerRisk(accounts[3], ASSET, 3_000, {"from": underwriter})
    with reverts_with("AssetKnown", ASSET):
        register.registerRisk(accounts[4], ASSET, 3_000, {"from": underwriter})


def test_register_risk__new_assets__get_dense_indices(register, accounts, underwriter):
    first = register.registerRisk(accounts[3], ASSET, 3_000, {"from": underwriter})
    second = register.registerRisk(accounts[4], OTHER_ASSET, 0, {"from": underwriter})
    assert second.events["RiskRegistered"]["risk"] == 1
    assert register.riskCount() == 2
    assert tuple(register.riskOf(1)) == (accounts[4], 0, "0x" + OTHER_ASSET.hex())
    assert dict(first.events["RiskRegistered"]) == {
        "risk": 0,
        "applicant": accounts[3],
        "assetHash": "0x" + ASSET.hex(),
        "baseScore": 3_000,
    }


def test_register_risk__new_asset__tells_the_ledger_whose_risk_it_is(
    register, ledger, accounts, underwriter
):
    register.registerRisk(accounts[3], ASSET, 3_000, {"from": underwriter})
    assert ledger.applicantOf(0) == accounts[3]


def test_risk_of__index_not_given__is_refused(register):
    with reverts_with("UnknownRisk", 0):
        register.riskOf(0)


def test_applicant_of__index_not_given__is_refused(register):
    with reverts_with("UnknownRisk", 7):
        register.applicantOf(7)


def test_applicant_of__registered_risk__is_its_applicant(register, accounts, underwriter):
    register.registerRisk(accounts[3], ASSET, 3_000, {"from": underwriter})
    assert register.applicantOf(0) == accounts[3]


@pytest.mark.parametrize("count", [1, 17])
def test_base_scores__group_partly_registered__marks_the_rest(
    register, accounts, underwriter, count
):
    bases = [1_000 + i for i in range(count)]
    for i, base in enumerate(bases):
        register.registerRisk(accounts[3], i.to_bytes(32, "big"), base, {"from": underwriter})
    expected = [*bases, *[0xFFFF] * (32 - count)]
    for group in range(2):
        lanes = register.baseScores(group).to_bytes(32, "big")
        found = [int.from_bytes(lanes[i : i + 2], "big") for i in range(0, 32, 2)]
        assert found == expected[16 * group : 16 * group + 16]
