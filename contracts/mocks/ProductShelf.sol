// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, Terms} from "../interfaces/Types.sol";
import {ProductRecord} from "../libraries/ProductRecord.sol";

/// @title Products without checks: terms as given, and one rate for every score in lanes of 625.
contract ProductShelf {
    mapping(ProductId product => Terms) private _terms;
    mapping(ProductId product => bool) private _closed;
    uint256 public rateStep = 1e16;

    error ProductIsClosed(ProductId product);

    function put(ProductId product, Terms calldata terms) external {
        _terms[product] = terms;
    }

    function close(ProductId product) external {
        _closed[product] = true;
    }

    function termsOf(ProductId product) external view returns (Terms memory) {
        return _terms[product];
    }

    function requireOpen(ProductId product) external view returns (Terms memory) {
        require(!_closed[product], ProductIsClosed(product));
        return _terms[product];
    }

    /// @notice Where a real book keeps a product's record.
    function recordAt(address book, ProductId product) external pure returns (address) {
        return ProductRecord.addressOf(book, product);
    }

    /// @notice 1 % a year for each lane begun.
    function rate(ProductId, uint16 score) external view returns (uint256) {
        return rateStep * (score / 625 + 1);
    }
}
