// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, RiskIndex} from "./Types.sol";

/// @title Sums insured per dependency, risk, product and cell, and their caps.
/// @dev What is booked on a cell is the capital it has locked: one number, kept by the cell. Bookings move with the events of the books
///   (`PolicyBound`, `PolicyExpired`, `ExposureReserved`, ...), which name product, risk, dependencies and amount.
interface IExposureLedger {
    enum Dimension {
        Dependency,
        Risk,
        Product,
        Cell
    }

    event CapSet(Dimension indexed dimension, uint256 indexed key, uint128 cap);

    error CapExceeded(Dimension dimension, uint256 key, uint256 wanted, uint256 room);
    error CapTooHigh(uint256 cap);
    error BadDependencies(uint128 dependencies);
    error OnlyBooks(address caller);
    error ReleaseExceedsBooked(Dimension dimension, uint256 key, uint256 amount, uint256 booked);

    /// @notice Most that may be booked on a key; 0 refuses new cover. What is booked beyond a lowered cap stays.
    /// @param key dependency index, risk index, product number, or the cell's address as a number
    /// @custom:pre the caller has the product admin role
    /// @custom:throws CapTooHigh
    /// @custom:emits CapSet
    function setCap(Dimension dimension, uint256 key, uint128 cap) external;

    /// @notice Books `amount` against the caps of all four dimensions. Only PolicyBook and Facility.
    /// @param dependencies up to four dependency indices of 32 bits, strictly increasing from the lowest lane on, no zero below one
    /// @custom:pre the caller has locked `amount` in the cell before
    /// @custom:throws OnlyBooks, BadDependencies, CapExceeded
    function book(ProductId product, address cell, RiskIndex risk, uint128 dependencies, uint128 amount) external;

    /// @notice Takes a booking back. Only PolicyBook, Facility and CertificateBook.
    /// @custom:throws OnlyBooks, ReleaseExceedsBooked
    function release(ProductId product, address cell, RiskIndex risk, uint128 dependencies, uint128 amount) external;

    /// @notice Smallest room over the four dimensions, token units.
    function room(ProductId product, address cell, RiskIndex risk, uint128 dependencies) external view returns (uint128);

    /// @notice No cap set for a key means the default cap.
    function booked(Dimension dimension, uint256 key) external view returns (uint128 booked_, uint128 cap);

    function defaultCap() external view returns (uint128);
}
