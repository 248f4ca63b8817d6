// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICapitalVault} from "../interfaces/ICapitalVault.sol";
import {ICell} from "../interfaces/ICell.sol";
import {RequestQueue} from "../libraries/RequestQueue.sol";

/// @title Shares of one tranche of a cell, bought and sold by request at the price of a collection epoch.
/// @dev The cell holds the tranche's capital; the vault holds only requested deposits and filled withdrawals.
///   Value is the cell's own count, so tokens sent here or there by anyone move no price; 10^6 virtual shares guard a fresh vault.
contract CapitalVault is ICapitalVault, ERC4626 {
    using SafeERC20 for IERC20;
    using Math for uint256;
    using RequestQueue for RequestQueue.Queue;

    uint256 private constant VIRTUAL_SHARES = 1e6;
    /// @dev After a total loss supply grows at most a million times an epoch (2^20): the old shares keep at most a millionth.
    uint256 private constant MOST_GROWTH_BITS = 20;
    uint256 private constant UNBOUNDED_MINT = 2 ** 100;
    /// @dev Two epochs of such growth stay below the queue's 208 bits, so a request taken below this supply can always be filled.
    uint256 private constant MOST_SUPPLY = 2 ** 160;

    ICell public immutable cell;
    ICell.Tranche public immutable tranche;
    /// @inheritdoc ICapitalVault
    uint32 public immutable depositDelay;
    /// @inheritdoc ICapitalVault
    uint32 public immutable withdrawalDelay;

    RequestQueue.Queue private _deposits;
    RequestQueue.Queue private _redeems;

    constructor(
        IERC20 token,
        ICell.Tranche tranche_,
        uint32 depositDelay_,
        uint32 withdrawalDelay_,
        string memory name_,
        string memory symbol_
    ) ERC4626(token) ERC20(name_, symbol_) {
        (cell, tranche, depositDelay, withdrawalDelay) = (ICell(msg.sender), tranche_, depositDelay_, withdrawalDelay_);
        token.forceApprove(msg.sender, type(uint256).max);
    }

    // ------------------------------------------------------------------ investors

    /// @inheritdoc ICapitalVault
    function requestDeposit(uint256 assets, address controller, address owner) external returns (uint256) {
        _checkRequest(_deposits, assets, controller, owner);
        require(totalSupply() < MOST_SUPPLY, TrancheExhausted(totalSupply()));
        _deposits.ask(controller, assets);
        emit DepositRequest(controller, owner, 0, msg.sender, assets);
        IERC20(asset()).safeTransferFrom(owner, address(this), assets);
        return 0;
    }

    /// @inheritdoc ICapitalVault
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256) {
        _checkRequest(_redeems, shares, controller, owner);
        _redeems.ask(controller, shares);
        emit RedeemRequest(controller, owner, 0, msg.sender, shares);
        _transfer(owner, address(this), shares);
        return 0;
    }

    /// @notice Collects the shares of `assets` of the caller's filled deposit. @custom:throws ExceedsClaimable
    function deposit(uint256 assets, address receiver) public override(ERC4626, IERC4626) returns (uint256 shares) {
        _checkClaim(assets, _deposits.sync(msg.sender).readyInput);
        shares = _deposits.takeInput(msg.sender, assets);
        _sendShares(receiver, assets, shares);
    }

    /// @notice Collects `shares` of the caller's filled deposit. @custom:throws ExceedsClaimable
    function mint(uint256 shares, address receiver) public override(ERC4626, IERC4626) returns (uint256 assets) {
        _checkClaim(shares, _deposits.sync(msg.sender).readyOutput);
        assets = _deposits.takeOutput(msg.sender, shares);
        _sendShares(receiver, assets, shares);
    }

    /// @notice Collects the assets of `shares` of the caller's filled withdrawal. @custom:throws NotOwner, ExceedsClaimable
    function redeem(uint256 shares, address receiver, address controller) public override(ERC4626, IERC4626) returns (uint256 assets) {
        require(controller == msg.sender, NotOwner(controller, msg.sender));
        _checkClaim(shares, _redeems.sync(controller).readyInput);
        assets = _redeems.takeInput(controller, shares);
        _sendAssets(receiver, assets, shares);
    }

    /// @notice Collects `assets` of the caller's filled withdrawal. @custom:throws NotOwner, ExceedsClaimable
    function withdraw(uint256 assets, address receiver, address controller) public override(ERC4626, IERC4626) returns (uint256 shares) {
        require(controller == msg.sender, NotOwner(controller, msg.sender));
        _checkClaim(assets, _redeems.sync(controller).readyOutput);
        shares = _redeems.takeOutput(controller, assets);
        _sendAssets(receiver, assets, shares);
    }

    // ------------------------------------------------------------------ cell

    /// @inheritdoc ICapitalVault
    function settle(uint256 value, uint256 most) external returns (uint256 assetsOut, uint256 assetsIn) {
        require(msg.sender == address(cell), OnlyCell(msg.sender));
        uint256 supply = totalSupply();
        uint256 burned;
        uint256 minted;
        (burned, assetsOut) = _redeemDue(value, supply, most);
        (assetsIn, minted) = _depositDue(value - assetsOut, supply - burned);
        emit EpochPriced(value, supply, burned, assetsOut, assetsIn, minted);
    }

    // ------------------------------------------------------------------ views

    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256 value) {
        (, value) = cell.tranche(tranche);
    }

    /// @inheritdoc ICapitalVault
    function pendingDepositRequest(uint256, address controller) external view returns (uint256) {
        return _pending(_deposits, controller);
    }

    /// @inheritdoc ICapitalVault
    function claimableDepositRequest(uint256, address controller) external view returns (uint256) {
        return maxDeposit(controller);
    }

    /// @inheritdoc ICapitalVault
    function pendingRedeemRequest(uint256, address controller) external view returns (uint256) {
        return _pending(_redeems, controller);
    }

    /// @inheritdoc ICapitalVault
    function claimableRedeemRequest(uint256, address controller) external view returns (uint256) {
        return maxRedeem(controller);
    }

    /// @inheritdoc ICapitalVault
    function pendingTotals() external view returns (uint256 depositAssets, uint256 redeemShares) {
        return (_deposits.due(type(uint48).max), _redeems.due(type(uint48).max));
    }

    function maxDeposit(address controller) public view override(ERC4626, IERC4626) returns (uint256) {
        return _deposits.preview(controller).readyInput;
    }

    function maxMint(address controller) public view override(ERC4626, IERC4626) returns (uint256) {
        return _deposits.preview(controller).readyOutput;
    }

    function maxRedeem(address controller) public view override(ERC4626, IERC4626) returns (uint256) {
        return _redeems.preview(controller).readyInput;
    }

    function maxWithdraw(address controller) public view override(ERC4626, IERC4626) returns (uint256) {
        return _redeems.preview(controller).readyOutput;
    }

    function previewDeposit(uint256) public pure override(ERC4626, IERC4626) returns (uint256) {
        revert PreviewUnavailable();
    }

    function previewMint(uint256) public pure override(ERC4626, IERC4626) returns (uint256) {
        revert PreviewUnavailable();
    }

    function previewRedeem(uint256) public pure override(ERC4626, IERC4626) returns (uint256) {
        revert PreviewUnavailable();
    }

    function previewWithdraw(uint256) public pure override(ERC4626, IERC4626) returns (uint256) {
        revert PreviewUnavailable();
    }

    // ------------------------------------------------------------------ inside

    /// @dev Redeems what waited long enough, first come first served, as far as `most` reaches; at no price nothing is redeemed.
    function _redeemDue(uint256 value, uint256 supply, uint256 most) private returns (uint256 shares, uint256 assetsOut) {
        shares = _redeems.due(_before(withdrawalDelay));
        assetsOut = shares.mulDiv(value + 1, supply + VIRTUAL_SHARES);
        if (assetsOut > most) {
            shares = most.mulDiv(supply + VIRTUAL_SHARES, value + 1);
            assetsOut = shares.mulDiv(value + 1, supply + VIRTUAL_SHARES);
        }
        if (assetsOut == 0) return (0, 0);
        _redeems.fill(shares, assetsOut);
        _burn(address(this), shares);
    }

    /// @dev Deposits wait, so that anyone can first collect the premium that is due to the present shares; the first needs no wait.
    function _depositDue(uint256 value, uint256 supply) private returns (uint256 assetsIn, uint256 shares) {
        assetsIn = _deposits.due(supply == 0 ? uint48(block.timestamp) : _before(depositDelay));
        if (assetsIn == 0) return (0, 0);
        shares = assetsIn.mulDiv(supply + VIRTUAL_SHARES, value + 1).min(UNBOUNDED_MINT.max(supply << MOST_GROWTH_BITS));
        _deposits.fill(assetsIn, shares);
        _mint(address(this), shares);
    }

    function _sendShares(address receiver, uint256 assets, uint256 shares) private {
        emit Deposit(msg.sender, receiver, assets, shares);
        _transfer(address(this), receiver, shares);
    }

    function _sendAssets(address receiver, uint256 assets, uint256 shares) private {
        emit Withdraw(msg.sender, receiver, msg.sender, assets, shares);
        IERC20(asset()).safeTransfer(receiver, assets);
    }

    function _checkRequest(RequestQueue.Queue storage queue, uint256 input, address controller, address owner) private {
        require(owner == msg.sender, NotOwner(owner, msg.sender));
        require(controller == msg.sender, NotOwner(controller, msg.sender));
        require(input > 0, NothingRequested());
        RequestQueue.Request memory request = queue.sync(controller);
        require(request.from == request.to, RequestPending(controller, request.to - request.from));
    }

    function _checkClaim(uint256 wanted, uint256 claimable) private pure {
        require(wanted > 0, NothingRequested());
        require(wanted <= claimable, ExceedsClaimable(wanted, claimable));
    }

    function _pending(RequestQueue.Queue storage queue, address controller) private view returns (uint256) {
        RequestQueue.Request memory request = queue.preview(controller);
        return request.to - request.from;
    }

    function _before(uint32 delay) private view returns (uint48) {
        return uint48(block.timestamp - delay);
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }
}
