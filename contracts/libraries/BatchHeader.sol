// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchId, ProductId, RiskIndex} from "../interfaces/Types.sol";

/// @dev The first word of a packed header: all of it but the cell.
type PackedHeader is uint256;

/// @title What a posted batch says of itself beside its root: kept by nobody but as a digest, and brought by whoever claims or expires.
/// @dev Packed, 50 bytes, big endian: base 4 · posted at 4 · latest start offset 2 · size 3 · product 2 · risk 4 · releasable at 5 · unit 6 · cell 20.
///   Its seal, 59 bytes: the first 22 bytes of keccak256(root 32, the first 13 bytes), then the other 37. The digest is the last 22 bytes of
///   keccak256(seal), so that an expiry brings neither the root nor what only claims need.
library BatchHeader {
    /// @dev Bytes of a packed header, of what only claims need, and of a seal.
    uint256 internal constant SIZE = 50;
    uint256 internal constant FOR_CLAIMS = 13;
    uint256 internal constant SEAL = 59;
    /// @dev Bytes that name a batch to expire: id 8, then its seal.
    uint256 internal constant NAMED = 67;

    struct Header {
        uint32 base;
        uint16 latest;
        uint24 size;
        ProductId product;
        RiskIndex risk;
        /// second from which the batch may expire
        uint40 releasableAt;
        /// token units of one unit of sum insured
        uint48 unit;
        address cell;
    }

    /// @notice Digest of a batch that is posted now.
    function digestNow(Header memory header, bytes32 root) internal view returns (uint176) {
        bytes22 inner = bytes22(
            keccak256(abi.encodePacked(root, header.base, uint32(block.timestamp), header.latest, header.size))
        );
        return
            _last22(
                keccak256(
                    abi.encodePacked(inner, header.product, header.risk, header.releasableAt, header.unit, header.cell)
                )
            );
    }

    /// @notice Digest of a root and a packed header. @custom:pre the header has `SIZE` bytes
    function digestOf(bytes calldata header, bytes32 root) internal pure returns (uint176) {
        bytes22 inner = bytes22(keccak256(abi.encodePacked(root, header[:FOR_CLAIMS])));
        return _last22(keccak256(abi.encodePacked(inner, header[FOR_CLAIMS:])));
    }

    /// @custom:pre the header has `SIZE` bytes
    function read(bytes calldata header) internal pure returns (PackedHeader) {
        return PackedHeader.wrap(uint256(bytes32(header[:32])));
    }

    /// @notice A batch that is named to expire: its id, the digest of its seal, and what that says, where the fields of a header lie; those that
    ///   only claims need are none.
    /// @custom:pre `NAMED` bytes lie at `at`
    function readNamed(
        bytes calldata batches,
        uint256 at
    ) internal pure returns (BatchId batch, uint176 digest, PackedHeader header, address cell) {
        assembly ("memory-safe") {
            let id := add(batches.offset, at)
            batch := shr(192, calldataload(id))
            calldatacopy(0, add(id, 8), SEAL)
            digest := shr(80, shl(80, keccak256(0, SEAL)))
            header := mload(9)
            cell := shr(96, mload(39))
        }
    }

    function base(PackedHeader header) internal pure returns (uint40) {
        return uint40(PackedHeader.unwrap(header) >> 224);
    }

    function postedAt(PackedHeader header) internal pure returns (uint40) {
        return uint32(PackedHeader.unwrap(header) >> 192);
    }

    /// @notice Start of the batch's last certificate.
    function latestStart(PackedHeader header) internal pure returns (uint40) {
        return base(header) + uint16(PackedHeader.unwrap(header) >> 176);
    }

    function size(PackedHeader header) internal pure returns (uint32) {
        return uint24(PackedHeader.unwrap(header) >> 152);
    }

    function product(PackedHeader header) internal pure returns (ProductId) {
        return ProductId.wrap(uint16(PackedHeader.unwrap(header) >> 136));
    }

    function risk(PackedHeader header) internal pure returns (RiskIndex) {
        return RiskIndex.wrap(uint32(PackedHeader.unwrap(header) >> 104));
    }

    function releasableAt(PackedHeader header) internal pure returns (uint40) {
        return uint40(PackedHeader.unwrap(header) >> 64);
    }

    function unit(PackedHeader header) internal pure returns (uint256) {
        return uint48(PackedHeader.unwrap(header) >> 16);
    }

    function _last22(bytes32 hash) private pure returns (uint176) {
        return uint176(uint256(hash));
    }
}
