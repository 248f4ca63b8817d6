def test_mint__anyone__raises_the_balance(StableCoin, accounts):
    coin = StableCoin.deploy({"from": accounts[0]})
    coin.mint(accounts[1], 5_000_000, {"from": accounts[1]})
    assert coin.balanceOf(accounts[1]) == 5_000_000
    assert coin.decimals() == 6
