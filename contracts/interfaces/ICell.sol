// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Segregated capital behind a set of products: a junior and a senior vault.
/// @dev locked = sum of remaining limits <= assets at all times, so each due is paid in full. Junior pays first.
interface ICell {
    event CapitalLocked(address indexed by, uint128 amount, uint128 locked);
    event CapitalReleased(address indexed by, uint128 amount, uint128 locked);
    event PremiumCollected(address indexed from, uint128 amount);
    event ClaimPaid(address indexed payee, uint128 amount, uint128 fromJunior, uint128 fromSenior);
    event PaymentStored(address indexed payee, uint128 amount);

    error CapacityExceeded(uint256 wanted, uint256 free);
    error OnlyBooks(address caller);
    error OnlyClaimsDesk(address caller);
    error ReleaseExceedsLocked(uint256 amount, uint256 locked);

    /// @notice Only PolicyBook and Facility. @custom:throws CapacityExceeded
    function lock(uint128 amount) external;
    /// @notice Only PolicyBook, Facility, CertificateBook and ClaimsDesk.
    function release(uint128 amount) external;
    /// @notice Only PolicyBook and Facility, which have transferred `amount` to the cell before.
    function collectPremium(uint128 amount) external;
    /// @notice Only ClaimsDesk. Pays out of locked capital and lowers locked by `amount`; a push that fails becomes withdrawable.
    function pay(address payee, uint128 amount) external;
    /// @notice Pays what a failed push left for the caller.
    function withdrawStored() external returns (uint128);

    function assets() external view returns (uint128);
    function locked() external view returns (uint128);
    function free() external view returns (uint128);
    function stored(address payee) external view returns (uint128);
}
