import pytest

from tests.support.reverts import reverts_with


def test_mint__anyone__raises_the_balance(StableCoin, accounts):
    coin = StableCoin.deploy({"from": accounts[0]})
    coin.mint(accounts[1], 5_000_000, {"from": accounts[1]})
    assert coin.balanceOf(accounts[1]) == 5_000_000
    assert coin.decimals() == 6


def test_transfer__more_than_balance__is_refused(StableCoin, accounts):
    coin = StableCoin.deploy({"from": accounts[0]})
    with reverts_with("ERC20InsufficientBalance", accounts[3], 0, ...):
        coin.transfer(accounts[1], 7, {"from": accounts[3]})


def test_reverts_with__other_error_or_value_or_success__fails(StableCoin, accounts):
    coin = StableCoin.deploy({"from": accounts[0]})
    for expected in (("ERC20InsufficientBalance", accounts[3], 0, 8), ("Other",), ("Other", 1)):
        with pytest.raises(AssertionError), reverts_with(*expected):
            coin.transfer(accounts[1], 7, {"from": accounts[3]})
    with pytest.raises(AssertionError, match="nothing reverted"), reverts_with("Other"):
        coin.mint(accounts[1], 7, {"from": accounts[3]})


def test_reverts_with__reverted_call__reads_the_error(StableCoin, accounts):
    coin = StableCoin.deploy({"from": accounts[0]})
    with reverts_with("ERC20InsufficientBalance", accounts[3], 0, 7):
        coin.transfer.call(accounts[1], 7, {"from": accounts[3]})
