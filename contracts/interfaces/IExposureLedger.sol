// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, RiskIndex} from "./Types.sol";

/// @title Sums insured per dependency, risk, product and cell, and their caps.
interface IExposureLedger {
    enum Dimension {
        Dependency,
        Risk,
        Product,
        Cell
    }

    event CapSet(Dimension indexed dimension, uint256 indexed key, uint128 cap);
    event ExposureMoved(Dimension indexed dimension, uint256 indexed key, uint128 booked);

    error CapExceeded(Dimension dimension, uint256 key, uint256 wanted, uint256 room);
    error OnlyBooks(address caller);

    function setCap(Dimension dimension, uint256 key, uint128 cap) external;
    /// @notice Books `amount` against the caps of all four dimensions. Only PolicyBook and Facility.
    function book(ProductId product, address cell, RiskIndex risk, uint128 dependencies, uint128 amount) external;
    function release(ProductId product, address cell, RiskIndex risk, uint128 dependencies, uint128 amount) external;
    /// @notice Smallest room over the four dimensions, token units.
    function room(ProductId product, address cell, RiskIndex risk, uint128 dependencies) external view returns (uint128);
    /// @notice No entry for a key means the dimension's default cap.
    function booked(Dimension dimension, uint256 key) external view returns (uint128 booked_, uint128 cap);
}
