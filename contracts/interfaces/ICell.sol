// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Payment} from "./Types.sol";

/// @title Segregated capital behind a set of products: a junior and a senior vault.
/// @dev locked = sum of remaining limits <= assets at all times, so each due is paid in full. Junior pays first.
///   Amounts are token units; a cell holds less than 2^64 of them (18 million million dollars at 6 decimals).
interface ICell {
    enum Tranche {
        Junior,
        Senior
    }

    event CapitalLocked(address indexed by, uint128 amount, uint128 locked);
    event CapitalReleased(address indexed by, uint128 amount, uint128 locked);
    event PremiumCollected(address indexed from, uint128 amount, uint128 fee, uint128 toJunior, uint128 toSenior);
    event ClaimPaid(address indexed payee, uint128 amount, uint128 fromJunior, uint128 fromSenior);
    event ClaimsPaid(uint256 count, uint128 amount, uint128 fromJunior, uint128 fromSenior);
    event PaymentStored(address indexed payee, uint128 amount);
    event StoredWithdrawn(address indexed payee, uint128 amount);
    event ClaimsReserved(uint128 amount, uint128 reserved);
    event ClaimsUnreserved(uint128 amount, uint128 reserved);
    event EpochSettled(uint32 indexed epoch, uint128 juniorOut, uint128 seniorOut, uint128 juniorIn, uint128 seniorIn);
    event FeesWithdrawn(address indexed to, uint128 amount);

    error CapacityExceeded(uint256 wanted, uint256 free);
    error OnlyBooks(address caller);
    error OnlyClaimsDesk(address caller);
    error ReleaseExceedsLocked(uint256 amount, uint256 locked);
    error UnreserveExceedsReserved(uint256 amount, uint256 reserved);
    error EpochNotOver(uint40 until, uint40 time);
    error NothingStored(address payee);
    error BadCellParameters();

    // ------------------------------------------------------------------ books

    /// @notice Sets free capital aside for new limits. Only PolicyBook and Facility.
    /// @custom:throws OnlyBooks, CapacityExceeded
    /// @custom:emits CapitalLocked
    function lock(uint128 amount) external;

    /// @notice Frees limits that can no longer be claimed. Only PolicyBook, Facility and ClaimsDesk.
    /// @custom:throws OnlyBooks, ReleaseExceedsLocked
    /// @custom:emits CapitalReleased
    function release(uint128 amount) external;

    /// @notice The same for the certificates of an expired batch that nobody claimed. Only ExposureLedger, whose BordereauExpired tells it.
    /// @custom:throws OnlyBooks, ReleaseExceedsLocked
    function freeUnclaimed(uint128 amount) external;

    /// @notice Splits premium: fee first, then junior and senior; a tranche without capital earns none. Only PolicyBook and Facility.
    /// @custom:pre the caller has transferred `amount` to the cell in this transaction
    /// @custom:throws OnlyBooks
    /// @custom:emits PremiumCollected
    function collectPremium(uint128 amount) external;

    // ------------------------------------------------------------------ claims desk

    /// @notice Pays out of locked capital, junior first, and lowers locked by `amount`; a push that fails becomes withdrawable. Only ClaimsDesk.
    /// @custom:throws OnlyClaimsDesk, ReleaseExceedsLocked
    /// @custom:emits ClaimPaid, PaymentStored when the push failed
    function pay(address payee, uint128 amount) external;

    /// @notice `pay` for several payees with one booking; each push fails alone. Only ClaimsDesk.
    /// @custom:throws OnlyClaimsDesk, ReleaseExceedsLocked
    /// @custom:emits ClaimsPaid, PaymentStored for each failed push
    function payMany(Payment[] calldata payments) external;

    /// @notice Marks locked capital as expected to be paid (a claim waits for review): it no longer counts in share prices. Only ClaimsDesk.
    /// @custom:throws OnlyClaimsDesk
    /// @custom:emits ClaimsReserved
    function reserveClaims(uint128 amount) external;

    /// @notice Undoes `reserveClaims`: before the payment, or when the claim was refused. Only ClaimsDesk.
    /// @custom:throws OnlyClaimsDesk, UnreserveExceedsReserved
    /// @custom:emits ClaimsUnreserved
    function unreserveClaims(uint128 amount) external;

    // ------------------------------------------------------------------ anyone

    /// @notice Pays what a failed push left for the caller.
    /// @custom:throws NothingStored
    /// @custom:emits StoredWithdrawn
    function withdrawStored() external returns (uint128);

    /// @notice Closes a collection epoch: prices both vaults net of reserves, fills due withdrawals out of free capital (senior first), then deposits.
    /// @custom:throws EpochNotOver
    /// @custom:emits EpochSettled
    function settleEpoch() external;

    // ------------------------------------------------------------------ treasurer

    /// @notice Sends collected fees to `to`. Role TREASURER.
    /// @custom:emits FeesWithdrawn
    function withdrawFees(address to) external returns (uint128);

    // ------------------------------------------------------------------ views

    /// @notice Capital of both tranches, fees and stored payments excluded.
    function assets() external view returns (uint128);
    function locked() external view returns (uint128);
    function free() external view returns (uint128);
    function stored(address payee) external view returns (uint128);
    /// @notice Locked capital that scheduled claims are expected to take.
    function reserved() external view returns (uint128);
    function fees() external view returns (uint128);
    /// @notice A tranche's capital, and what its shares are priced at: capital less its part of the reserve.
    function tranche(Tranche which) external view returns (uint128 capital, uint128 value);
    /// @notice locked / assets in hundredths of a percent; 0 without assets.
    function utilisationBps() external view returns (uint16);
    /// @notice Tokens held and tokens owed (capital, fees, stored payments): held >= owed at all times.
    function solvency() external view returns (uint256 held, uint256 owed);
}
