// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IBondDesk} from "../interfaces/IBondDesk.sol";
import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {BatchId, Terms} from "../interfaces/Types.sol";

/// @title Proofs of omitted, misincluded and equivocated certificates, paid from the underwriter's bond.
contract BondDesk is IBondDesk {
    /// @dev A certificate that its series' underwriter signed, and what the facility and the product say about it.
    struct Signed {
        bytes32 digest;
        IFacility.Series series;
        uint24 number;
        uint128 unit;
        uint256 units;
    }

    IProductBook public immutable products;
    IFacility public immutable facility;
    ICertificateBook public immutable certificateBook;

    mapping(uint24 series => mapping(uint256 word => uint256 bits)) private _paid;

    constructor(IProductBook productBook, IFacility facility_, ICertificateBook certificateBook_) {
        (products, facility, certificateBook) = (productBook, facility_, certificateBook_);
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc IBondDesk
    function proveOmission(ICertificateBook.Certificate calldata certificate, bytes calldata signature) external {
        Signed memory signed = _signed(certificate, signature);
        require(block.timestamp > certificate.commitBy, StillInTime(certificate.commitBy, uint40(block.timestamp)));
        _book(certificate, signed, Wrong.Omission);
        certificateBook.strike(signed.number, certificate.serial);
        facility.payOmitted(certificate.series, certificate.serial, uint40(signed.units), certificate.payee);
    }

    /// @inheritdoc IBondDesk
    function proveMisinclusion(
        ICertificateBook.Certificate calldata certificate,
        bytes calldata signature,
        BatchId batch,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external {
        Signed memory signed = _signed(certificate, signature);
        ICertificateBook.Record memory record = _recordAt(signed.number, certificate.serial, batch, leaves, proof);
        require(!_isAsSold(certificate, signed, record), IncludedAsSold(batch, certificate.serial));
        _book(certificate, signed, Wrong.Misinclusion);
        facility.payFromBond(signed.series.underwriter, certificate.payee, certificate.sumInsured);
    }

    /// @inheritdoc IBondDesk
    function proveEquivocation(
        ICertificateBook.Certificate calldata certificate,
        bytes calldata signature,
        ICertificateBook.Certificate calldata other,
        bytes calldata otherSignature
    ) external {
        Signed memory signed = _signed(certificate, signature);
        Signed memory second = _signed(other, otherSignature);
        bool sameSerial = certificate.series == other.series && certificate.serial == other.serial;
        require(sameSerial && signed.digest != second.digest, NotTwoCertificates(signed.digest));
        _book(certificate, signed, Wrong.Equivocation);
        facility.payFromBond(signed.series.underwriter, certificate.payee, certificate.sumInsured);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IBondDesk
    function isPaid(bytes32 series, uint32 serial) external view returns (bool) {
        (, uint24 number) = facility.termsOf(series);
        return (_paid[number][serial / 256] >> (serial % 256)) & 1 == 1;
    }

    // ------------------------------------------------------------------ inside

    /// @dev Only what its series allows is owed, so that one signature never costs more than the largest certificate.
    function _signed(
        ICertificateBook.Certificate calldata certificate,
        bytes calldata signature
    ) private view returns (Signed memory signed) {
        (signed.series, signed.number) = facility.termsOf(certificate.series);
        signed.digest = certificateBook.certificateDigest(certificate);
        _checkSignature(signed.digest, signed.series.underwriter, signature);
        Terms memory terms = products.termsOf(signed.series.product);
        signed.unit = terms.unit;
        signed.units = certificate.sumInsured / terms.unit;
        IFacility.Bounds memory bounds = facility.boundsOf(signed.number);
        bool named = certificate.platform == signed.series.platform &&
            certificate.product == signed.series.product &&
            certificate.riskIndex == signed.series.risk;
        bool bounded = signed.units > 0 && signed.units <= bounds.mostUnits && signed.units * terms.unit == certificate.sumInsured;
        require(named && bounded && certificate.start <= bounds.lastStart, NotOfSeries(certificate.series, certificate.serial));
    }

    function _checkSignature(bytes32 digest, address underwriter, bytes calldata signature) private view {
        (address recovered, , ) = ECDSA.tryRecover(digest, signature);
        if (recovered == underwriter) return;
        require(SignatureChecker.isValidERC1271SignatureNow(underwriter, digest, signature), NotSigned(recovered, underwriter));
    }

    /// @dev The record that a batch has at a serial.
    function _recordAt(
        uint24 number,
        uint32 serial,
        BatchId batch,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) private view returns (ICertificateBook.Record memory record) {
        uint32 first = uint32(BatchId.unwrap(batch));
        require(BatchId.unwrap(batch) >> 32 == number && serial >= first, NotInBatch(batch, serial));
        (record, , ) = certificateBook.recordOf(batch, abi.encodePacked(serial - first), leaves, proof);
    }

    function _isAsSold(
        ICertificateBook.Certificate calldata certificate,
        Signed memory signed,
        ICertificateBook.Record memory record
    ) private pure returns (bool) {
        return
            record.holder == _namedBy(certificate, signed.series.leafKind) &&
            record.units == signed.units &&
            record.start == certificate.start &&
            certificate.premium == signed.units * signed.series.premiumPerUnit;
    }

    /// @dev The 20 bytes that stand for a certificate's holder in a record of its series.
    function _namedBy(ICertificateBook.Certificate calldata certificate, IFacility.LeafKind kind) private pure returns (bytes20) {
        if (kind == IFacility.LeafKind.HolderNetted || kind == IFacility.LeafKind.HolderPushed) return bytes20(certificate.holder);
        bytes32 transaction = keccak256(abi.encodePacked(certificate.transactionHash, certificate.salt));
        return bytes20(keccak256(abi.encodePacked(certificate.holder, certificate.payee, transaction)));
    }

    function _book(ICertificateBook.Certificate calldata certificate, Signed memory signed, Wrong wrong) private {
        mapping(uint256 word => uint256 bits) storage words = _paid[signed.number];
        uint256 bit = 1 << (certificate.serial % 256);
        uint256 bits = words[certificate.serial / 256];
        require(bits & bit == 0, BondPaidAlready(certificate.series, certificate.serial));
        words[certificate.serial / 256] = bits | bit;
        emit WrongProven(
            certificate.series, certificate.serial, certificate.payee, wrong, signed.digest, certificate.sumInsured
        );
    }
}
