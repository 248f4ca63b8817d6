// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, Terms} from "./Types.sol";

/// @title Products and their monotone rate tables.
/// @dev A table is 16 uint16 lanes in one word, lane 0 lowest; lane min(15, score / 625) holds the rate in `rateUnit`s.
interface IProductBook {
    event ProductRegistered(ProductId indexed product, bytes32 indexed termsHash, Terms terms, uint256 table);
    event ProductClosed(ProductId indexed product);

    error TableNotMonotone(uint256 lane, uint16 previous, uint16 next);
    error TableEmpty();
    error BadTerms(bytes32 field);
    error UnknownProduct(ProductId product);
    error ProductIsClosed(ProductId product);

    /// @custom:pre the caller has the underwriting admin role; terms hash approved; lanes non-decreasing, lane 0 > 0
    /// @custom:emits ProductRegistered
    function register(Terms calldata terms, uint256 table) external returns (ProductId);

    /// @notice No new cover from now on; cover in force keeps its terms.
    function close(ProductId product) external;

    /// @custom:throws UnknownProduct
    function termsOf(ProductId product) external view returns (Terms memory);

    /// @custom:throws UnknownProduct, ProductIsClosed
    function requireOpen(ProductId product) external view returns (Terms memory);

    /// @notice Rate of a score, 1e18 fixed point per year.
    function rate(ProductId product, uint16 score) external view returns (uint256);
    function topRate(ProductId product) external view returns (uint256);
    function table(ProductId product) external view returns (uint256 lanes, uint64 rateUnit);
}
