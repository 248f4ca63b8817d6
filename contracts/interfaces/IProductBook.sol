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

    /// @notice Registers a product for ever, as the next number.
    /// @custom:pre the caller has the product admin role; terms hash approved; lanes non-decreasing, lane 0 > 0; top lane x rateUnit < 2^64;
    ///   maxSumInsured < 2^56; claim window longer than hold window; policies: 0 < notice period <= term, increase delay >= coverage lag;
    ///   certificates: maxSumInsured a multiple of the unit
    /// @custom:throws TableEmpty, TableNotMonotone, BadTerms, UnknownHash, HashIsRetired
    /// @custom:emits ProductRegistered
    function register(Terms calldata terms, uint256 table) external returns (ProductId);

    /// @notice No new cover from now on; cover in force keeps its terms.
    /// @custom:pre the caller has the product admin role
    /// @custom:throws UnknownProduct, ProductIsClosed
    /// @custom:emits ProductClosed
    function close(ProductId product) external;

    /// @custom:throws UnknownProduct
    function termsOf(ProductId product) external view returns (Terms memory);

    /// @notice The terms, if new cover may be sold: the product is open and its terms hash not retired.
    /// @custom:throws UnknownProduct, ProductIsClosed, HashIsRetired
    function requireOpen(ProductId product) external view returns (Terms memory);

    /// @notice The same for a caller that has read the product's record.
    /// @param termsHash as the record has it
    /// @custom:throws UnknownProduct, ProductIsClosed, HashIsRetired
    function requireSold(ProductId product, bytes32 termsHash) external view;

    /// @notice Where terms and table are stored (`ProductRecord`).
    /// @custom:throws UnknownProduct
    function recordOf(ProductId product) external view returns (address);

    /// @notice Rate of a score, 1e18 fixed point per year.
    function rate(ProductId product, uint16 score) external view returns (uint256);
    function topRate(ProductId product) external view returns (uint256);
    function table(ProductId product) external view returns (uint256 lanes, uint64 rateUnit);
}
