// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {BatchId} from "../interfaces/Types.sol";

/// @title What posted and committed batches share: signed headers, claimed bits.
abstract contract Batches is ICertificateBook, EIP712 {
    bytes32 private constant HEADER_TYPEHASH =
        keccak256(
            "BordereauHeader(address platform,uint16 product,uint32 riskIndex,uint32 expiryBucket,uint64 rate,uint32 firstSerial,uint32 size,uint40 base,uint128 exposure,uint128 premium,uint8 leafKind,bytes32 root,bytes32 leafFileHash)"
        );

    bytes32 private constant CERTIFICATE_TYPEHASH =
        keccak256(
            "Certificate(bytes32 series,address platform,uint16 product,uint32 riskIndex,address holder,address payee,bytes32 transactionHash,uint128 sumInsured,uint128 premium,uint40 start,uint40 end,uint32 scoreFrame,bytes32 termsHash,uint32 serial,uint40 commitBy,bytes32 salt)"
        );

    IIncidentRegistry public immutable incidents;
    IExposureLedger public immutable ledger;
    IFacility public immutable facility;
    address public immutable claimsDesk;
    address public immutable bondDesk;
    uint32 private immutable _slotLength;

    /// @dev By serial, not by place in a batch, so that what was paid out of a serial once is never paid again.
    mapping(uint24 series => mapping(uint256 word => uint256)) private _claimed;

    constructor(
        IIncidentRegistry incidents_,
        IExposureLedger ledger_,
        IFacility facility_,
        address claimsDesk_,
        address bondDesk_
    ) EIP712("flowcover CertificateBook", "1") {
        (incidents, ledger, facility) = (incidents_, ledger_, facility_);
        (claimsDesk, bondDesk, _slotLength) = (claimsDesk_, bondDesk_, incidents_.slotLength());
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ICertificateBook
    function isClaimed(BatchId batch, uint32 index) external view returns (bool) {
        uint256 serial = uint256(_firstOf(batch)) + index;
        return (_claimed[_numberOf(batch)][serial / 256] >> (serial % 256)) & 1 == 1;
    }

    /// @inheritdoc ICertificateBook
    /// @dev The thirteen fields lie in memory one after the other, a word each, as they are hashed. The type's hash is put into the word before them,
    ///   and what was there put back.
    function headerDigest(BordereauHeader memory header) public view returns (bytes32) {
        bytes32 typeHash = HEADER_TYPEHASH;
        bytes32 structHash;
        assembly ("memory-safe") {
            let start := sub(header, 32)
            let kept := mload(start)
            mstore(start, typeHash)
            structHash := keccak256(start, 448)
            mstore(start, kept)
        }
        return _hashTypedDataV4(structHash);
    }

    /// @inheritdoc ICertificateBook
    function certificateDigest(Certificate calldata certificate) external view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CERTIFICATE_TYPEHASH, certificate)));
    }

    // ------------------------------------------------------------------ bond desk

    /// @inheritdoc ICertificateBook
    function strike(uint24 series, uint32 serial) external {
        require(msg.sender == bondDesk, OnlyBondDesk(msg.sender));
        _claimed[series][serial / 256] |= 1 << (serial % 256);
    }

    // ------------------------------------------------------------------ signed headers

    /// @dev Series are numbered and their serials are contiguous, so number and first serial name the batch.
    function _idOf(uint24 series, uint32 firstSerial) internal pure returns (BatchId) {
        return BatchId.wrap((uint64(series) << 32) | firstSerial);
    }

    function _numberOf(BatchId batch) internal pure returns (uint24) {
        return uint24(BatchId.unwrap(batch) >> 32);
    }

    function _firstOf(BatchId batch) internal pure returns (uint32) {
        return uint32(BatchId.unwrap(batch));
    }

    function _headerOf(
        IFacility.Draw memory draw,
        uint32 firstSerial,
        uint40 base,
        bytes32 root
    ) internal pure returns (BordereauHeader memory header) {
        IFacility.Series memory series = draw.series;
        header.platform = series.platform;
        header.product = series.product;
        header.riskIndex = series.risk;
        header.expiryBucket = series.expiryBucket;
        header.rate = series.premiumPerUnit;
        header.firstSerial = firstSerial;
        header.base = base;
        header.exposure = draw.exposure;
        header.premium = draw.premium;
        header.leafKind = uint8(series.leafKind);
        header.root = root;
    }

    function _checkSigned(BordereauHeader memory header, address underwriter, bytes calldata signature) internal view {
        bytes32 digest = headerDigest(header);
        (address recovered, , ) = ECDSA.tryRecover(digest, signature);
        if (recovered == underwriter) return;
        bool approved = SignatureChecker.isValidERC1271SignatureNow(underwriter, digest, signature);
        require(approved, WrongUnderwriter(recovered, underwriter));
    }

    // ------------------------------------------------------------------ claims and ends

    /// @dev Only runs that begin when the batch was on chain are the pool's.
    function _checkRun(BatchId batch, uint64 runStart, uint40 postedAt) internal view {
        uint40 runsFrom = uint40(runStart * _slotLength);
        require(runsFrom >= postedAt, RunBeforePosting(batch, runsFrom, postedAt));
    }

    /// @dev Sets the serials' bits, a word at a time. @custom:pre indices are strictly increasing
    function _mark(BatchId batch, bytes calldata indices) internal {
        uint256 read = 0;
        while (read < indices.length) {
            uint256 word;
            uint256 bits;
            (word, bits, read) = _nextWord(_firstOf(batch), indices, read);
            _set(batch, word, bits);
        }
    }

    /// @dev The serials from byte `from` of `indices` on that share a word of bits with the first of them, and the byte behind them.
    function _nextWord(uint256 first, bytes calldata indices, uint256 from) private pure returns (uint256 word, uint256 bits, uint256 upTo) {
        assembly ("memory-safe") {
            let at := add(indices.offset, from)
            let end := add(indices.offset, indices.length)
            word := shr(8, add(first, shr(224, calldataload(at))))
            for {} lt(at, end) { at := add(at, 4) } {
                let serial := add(first, shr(224, calldataload(at)))
                if xor(shr(8, serial), word) { break }
                bits := or(bits, shl(and(serial, 255), 1))
            }
            upTo := sub(at, indices.offset)
        }
    }

    function _set(BatchId batch, uint256 word, uint256 bits) private {
        mapping(uint256 word => uint256) storage words = _claimed[_numberOf(batch)];
        uint256 before = words[word];
        uint256 twice = before & bits;
        if (twice != 0) revert AlreadyClaimed(batch, uint32(word * 256 + Math.log2(twice & (~twice + 1)) - _firstOf(batch)));
        words[word] = before | bits;
    }
}
