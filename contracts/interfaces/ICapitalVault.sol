// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

/// @title ERC-4626 shares of one tranche, with requested deposits and withdrawals in the manner of ERC-7540.
/// @dev Request ids are 0 (requests of one controller are one), there are no operators: controller and owner are the caller.
///   `deposit`, `mint`, `withdraw` and `redeem` collect what an epoch has filled; the previews revert, as ERC-7540 says.
interface ICapitalVault is IERC4626 {
    event DepositRequest(address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 assets);
    event RedeemRequest(address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares);
    /// @notice A collection epoch was priced: `value` token units stood behind `supply` shares.
    event EpochPriced(uint256 value, uint256 supply, uint256 sharesBurned, uint256 assetsOut, uint256 assetsIn, uint256 sharesMinted);

    error OnlyCell(address caller);
    error NotOwner(address owner, address caller);
    error RequestPending(address controller, uint256 unfilled);
    error NothingRequested();
    error TrancheExhausted(uint256 supply);
    error PreviewUnavailable();
    error ExceedsClaimable(uint256 wanted, uint256 claimable);

    // ------------------------------------------------------------------ investors

    /// @notice Takes `assets` now; shares come at the price of the first epoch that closes `depositDelay` later (the first one at once).
    /// @custom:throws NotOwner, RequestPending, NothingRequested, TrancheExhausted
    /// @custom:emits DepositRequest
    function requestDeposit(uint256 assets, address controller, address owner) external returns (uint256 requestId);

    /// @notice Takes `shares` now, irrevocably; they are priced at the first epoch that closes `withdrawalDelay` later and has free capital.
    /// @custom:throws NotOwner, RequestPending, NothingRequested
    /// @custom:emits RedeemRequest
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId);

    // ------------------------------------------------------------------ cell

    /// @notice Prices the epoch, burns the shares it redeems for at most `most` token units, mints those it sells. Only Cell, which moves the tokens.
    /// @param value token units behind the shares, net of reserves
    /// @custom:throws OnlyCell
    /// @custom:emits EpochPriced
    function settle(uint256 value, uint256 most) external returns (uint256 assetsOut, uint256 assetsIn);

    // ------------------------------------------------------------------ views

    function pendingDepositRequest(uint256 requestId, address controller) external view returns (uint256 assets);
    function claimableDepositRequest(uint256 requestId, address controller) external view returns (uint256 assets);
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 shares);
    /// @notice Requests not filled yet, over all controllers.
    function pendingTotals() external view returns (uint256 depositAssets, uint256 redeemShares);
    function depositDelay() external view returns (uint32);
    function withdrawalDelay() external view returns (uint32);
}
