// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, RiskIndex} from "../interfaces/Types.sol";

/// @dev A posted batch in one word, from the lowest bit: base 32 · posted at 32 · latest start offset 16 · size 24 · units 40 · paid units 40 ·
///   product 16 · risk 32. Zero: no such batch.
type PackedHeader is uint256;

/// @title Packing of what a posted batch keeps beside its root.
library BatchHeader {
    uint256 private constant PAID_AT = 144;

    function pack(
        uint32 base_,
        uint16 latest,
        uint24 size_,
        uint40 units_,
        ProductId product_,
        RiskIndex risk_
    ) internal view returns (PackedHeader) {
        uint256 word = base_ | (block.timestamp << 32) | (uint256(latest) << 64) | (uint256(size_) << 80) | (uint256(units_) << 104);
        return PackedHeader.wrap(word | (uint256(ProductId.unwrap(product_)) << 184) | (uint256(RiskIndex.unwrap(risk_)) << 200));
    }

    /// @notice The header after `more` units were paid. @custom:pre paid units stay within all units
    function pay(PackedHeader header, uint256 more) internal pure returns (PackedHeader) {
        return PackedHeader.wrap(PackedHeader.unwrap(header) + (more << PAID_AT));
    }

    function exists(PackedHeader header) internal pure returns (bool) {
        return PackedHeader.unwrap(header) != 0;
    }

    function base(PackedHeader header) internal pure returns (uint40) {
        return uint32(PackedHeader.unwrap(header));
    }

    function postedAt(PackedHeader header) internal pure returns (uint40) {
        return uint32(PackedHeader.unwrap(header) >> 32);
    }

    /// @notice Start of the batch's last certificate.
    function latestStart(PackedHeader header) internal pure returns (uint40) {
        return base(header) + uint16(PackedHeader.unwrap(header) >> 64);
    }

    function size(PackedHeader header) internal pure returns (uint32) {
        return uint24(PackedHeader.unwrap(header) >> 80);
    }

    function units(PackedHeader header) internal pure returns (uint256) {
        return uint40(PackedHeader.unwrap(header) >> 104);
    }

    function paidUnits(PackedHeader header) internal pure returns (uint256) {
        return uint40(PackedHeader.unwrap(header) >> PAID_AT);
    }

    function product(PackedHeader header) internal pure returns (ProductId) {
        return ProductId.wrap(uint16(PackedHeader.unwrap(header) >> 184));
    }

    function risk(PackedHeader header) internal pure returns (RiskIndex) {
        return RiskIndex.wrap(uint32(PackedHeader.unwrap(header) >> 200));
    }
}
