// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev A batch in one word, from the lowest bit: digest of what it binds 176 · units 40 · paid units 40. Zero: no such batch.
type BatchWord is uint256;

/// @title Packing of what the chain keeps of a batch.
/// @dev Paid units never exceed the units in the word, so that solvency rests on no hash.
library BatchWords {
    uint256 private constant UNITS_AT = 176;
    uint256 private constant PAID_AT = 216;

    function pack(uint176 digest_, uint40 units_) internal pure returns (BatchWord) {
        return BatchWord.wrap(digest_ | (uint256(units_) << UNITS_AT));
    }

    function exists(BatchWord word) internal pure returns (bool) {
        return BatchWord.unwrap(word) != 0;
    }

    function digest(BatchWord word) internal pure returns (uint176) {
        return uint176(BatchWord.unwrap(word));
    }

    function units(BatchWord word) internal pure returns (uint256) {
        return uint40(BatchWord.unwrap(word) >> UNITS_AT);
    }

    function paidUnits(BatchWord word) internal pure returns (uint256) {
        return BatchWord.unwrap(word) >> PAID_AT;
    }

    /// @notice The word after `more` units were paid. @custom:pre `fits(word, more)`
    function pay(BatchWord word, uint256 more) internal pure returns (BatchWord) {
        return BatchWord.wrap(BatchWord.unwrap(word) + (more << PAID_AT));
    }

    /// @notice What all units come to, and those that were not paid. @custom:pre `unit` has 48 bits
    function amounts(BatchWord word, uint256 unit) internal pure returns (uint128 all, uint128 left) {
        unchecked {
            return (uint128(units(word) * unit), uint128((units(word) - paidUnits(word)) * unit));
        }
    }

    function fits(BatchWord word, uint256 more) internal pure returns (bool) {
        return paidUnits(word) + more <= units(word);
    }
}
