// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ICell} from "../interfaces/ICell.sol";
import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {BatchId, ProductId, RiskIndex, Terms} from "../interfaces/Types.sol";
import {Multiproof} from "../libraries/Multiproof.sol";
import {PostedTree} from "../libraries/PostedTree.sol";

/// @title Batches of sold certificates, their claims and their end.
/// @dev A posted batch takes two slots: its header and its root. A root of zero means that the batch has expired.
contract CertificateBook is ICertificateBook, EIP712 {
    using SafeCast for uint256;

    /// @dev One slot.
    struct Header {
        uint32 base;
        uint32 postedAt;
        /// largest start offset
        uint16 latest;
        uint24 size;
        uint40 units;
        uint40 paidUnits;
        uint24 series;
        ProductId product;
        RiskIndex risk;
    }

    /// @dev What batches need of a product's terms, copied once; one slot.
    struct Facts {
        address cell;
        uint48 unit;
        /// seconds from the last start until the batch may expire: tenor, report delay and claim window
        uint32 tail;
        uint16 mostUnits;
    }

    /// @dev What `post` works on.
    struct Posting {
        IFacility.Series terms;
        uint24 number;
        uint256 size;
        Facts facts;
        PostedTree.Totals totals;
    }

    bytes32 private constant HEADER_TYPEHASH =
        keccak256(
            "BordereauHeader(address platform,uint16 product,uint32 riskIndex,uint32 expiryBucket,uint64 rate,uint32 firstSerial,uint32 size,uint40 base,uint128 exposure,uint128 premium,uint8 leafKind,bytes32 root,bytes32 leafFileHash)"
        );

    IProductBook public immutable products;
    IIncidentRegistry public immutable incidents;
    IExposureLedger public immutable ledger;
    IFacility public immutable facility;
    address public immutable claimsDesk;
    uint32 private immutable _slotLength;

    /// @inheritdoc ICertificateBook
    uint64 public batchCount;
    mapping(BatchId batch => Header) private _headers;
    mapping(BatchId batch => bytes32) private _roots;
    mapping(BatchId batch => mapping(uint256 word => uint256)) private _claimed;
    mapping(ProductId product => Facts) private _facts;

    constructor(
        IProductBook productBook,
        IIncidentRegistry incidents_,
        IExposureLedger ledger_,
        IFacility facility_,
        address claimsDesk_
    ) EIP712("flowcover CertificateBook", "1") {
        (products, incidents, ledger, facility) = (productBook, incidents_, ledger_, facility_);
        (claimsDesk, _slotLength) = (claimsDesk_, incidents_.slotLength());
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc ICertificateBook
    function post(
        bytes32 series,
        uint32 firstSerial,
        uint40 base,
        bytes calldata leaves,
        bytes calldata signature
    ) external returns (BatchId batch) {
        Posting memory posting = _read(series, leaves);
        BordereauHeader memory header = _headerOf(posting, firstSerial, base);
        _checkSigned(header, posting.terms.underwriter, signature);
        batch = _store(posting, header);
        _announce(batch, series, header);
        _draw(series, header, posting);
    }

    /// @inheritdoc ICertificateBook
    function expire(BatchId[] calldata batches) external {
        for (uint256 i = 0; i < batches.length; ++i) _expire(batches[i]);
    }

    // ------------------------------------------------------------------ claims desk

    /// @inheritdoc ICertificateBook
    function claim(
        BatchId batch,
        uint64 runStart,
        uint32[] calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128 amount, uint40 earliestStart, uint40 latestStart) {
        require(msg.sender == claimsDesk, OnlyClaimsDesk(msg.sender));
        Header memory header = _coveringFrom(batch, runStart);
        Multiproof.Claimed memory claimed = Multiproof.fold(indices, leaves, proof, header.size);
        require(claimed.root == _roots[batch], ProofInvalid(batch));
        _mark(batch, indices);
        (amount, earliestStart, latestStart) = _bookClaim(batch, header, claimed);
        emit CertificatesClaimed(batch, runStart, indices, amount);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ICertificateBook
    function batchOf(BatchId batch) external view returns (Batch memory) {
        Header memory header = _known(batch);
        Facts memory facts = _facts[header.product];
        bytes32 series = facility.seriesAt(header.series);
        (IFacility.Series memory terms, ) = facility.termsOf(series);
        bytes32 root = _roots[batch];
        return
            Batch({
                series: series,
                platform: terms.platform,
                product: header.product,
                risk: header.risk,
                base: header.base,
                end: uint40(header.base) + header.latest + products.termsOf(header.product).term,
                postedAt: header.postedAt,
                size: header.size,
                exposure: uint128(header.units) * facts.unit,
                paid: uint128(header.paidUnits) * facts.unit,
                expired: root == 0,
                root: root
            });
    }

    /// @inheritdoc ICertificateBook
    function isClaimed(BatchId batch, uint32 index) external view returns (bool) {
        return (_claimed[batch][index / 256] >> (index % 256)) & 1 == 1;
    }

    /// @inheritdoc ICertificateBook
    function headerDigest(BordereauHeader memory header) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(HEADER_TYPEHASH, header)));
    }

    // ------------------------------------------------------------------ inside

    function _read(bytes32 series, bytes calldata leaves) private returns (Posting memory posting) {
        posting.size = leaves.length / PostedTree.RECORD;
        require(posting.size > 0 && posting.size * PostedTree.RECORD == leaves.length, BadLeaves(leaves.length));
        (posting.terms, posting.number) = facility.termsOf(series);
        posting.facts = _factsOf(posting.terms.product);
        posting.totals = PostedTree.build(leaves);
        uint256 most = posting.totals.mostUnits;
        require(most <= posting.facts.mostUnits, UnitsTooMany(most, posting.facts.mostUnits));
    }

    function _headerOf(
        Posting memory posting,
        uint32 firstSerial,
        uint40 base
    ) private pure returns (BordereauHeader memory header) {
        require(base <= type(uint32).max, BaseOutOfRange(base));
        IFacility.Series memory terms = posting.terms;
        header.platform = terms.platform;
        header.product = terms.product;
        header.riskIndex = terms.risk;
        header.expiryBucket = terms.expiryBucket;
        header.rate = terms.premiumPerUnit;
        header.firstSerial = firstSerial;
        header.size = uint32(posting.size);
        header.base = base;
        header.exposure = uint128(posting.totals.units * posting.facts.unit);
        header.premium = uint128(posting.totals.units * terms.premiumPerUnit);
        header.leafKind = uint8(terms.leafKind);
        header.root = posting.totals.root;
    }

    function _store(Posting memory posting, BordereauHeader memory header) private returns (BatchId batch) {
        batch = BatchId.wrap(++batchCount);
        _roots[batch] = header.root;
        _headers[batch] = Header({
            base: uint32(header.base),
            postedAt: uint32(block.timestamp),
            latest: uint16(posting.totals.latest),
            size: posting.size.toUint24(),
            units: posting.totals.units.toUint40(),
            paidUnits: 0,
            series: posting.number,
            product: header.product,
            risk: header.riskIndex
        });
    }

    function _draw(bytes32 series, BordereauHeader memory header, Posting memory posting) private {
        uint40 latestStart = header.base + uint40(posting.totals.latest);
        facility.drawDown(
            series, header.firstSerial, header.size, header.exposure, header.premium, latestStart, posting.facts.cell
        );
    }

    function _factsOf(ProductId product) private returns (Facts memory facts) {
        facts = _facts[product];
        if (facts.cell != address(0)) return facts;
        Terms memory terms = products.termsOf(product);
        facts = Facts({
            cell: terms.cell,
            unit: uint256(terms.unit).toUint48(),
            tail: terms.term + incidents.maxReportDelay() + terms.claimWindow,
            mostUnits: uint16(Math.min(terms.maxSumInsured / terms.unit, type(uint16).max))
        });
        _facts[product] = facts;
    }

    function _checkSigned(BordereauHeader memory header, address underwriter, bytes calldata signature) private view {
        bytes32 digest = headerDigest(header);
        (address recovered, , ) = ECDSA.tryRecover(digest, signature);
        if (recovered == underwriter) return;
        bool approved = SignatureChecker.isValidERC1271SignatureNow(underwriter, digest, signature);
        require(approved, WrongUnderwriter(recovered, underwriter));
    }

    function _announce(BatchId batch, bytes32 series, BordereauHeader memory header) private {
        emit BordereauPosted(
            batch, series, header.platform, header.product, header.riskIndex, header.firstSerial,
            header.size, header.base, header.exposure, header.premium, header.root
        );
    }

    /// @dev Only runs that begin when the batch was on chain are the pool's.
    function _coveringFrom(BatchId batch, uint64 runStart) private view returns (Header memory header) {
        header = _live(batch);
        uint40 runsFrom = uint40(runStart * _slotLength);
        require(runsFrom >= header.postedAt, RunBeforePosting(batch, runsFrom, header.postedAt));
    }

    function _bookClaim(
        BatchId batch,
        Header memory header,
        Multiproof.Claimed memory claimed
    ) private returns (uint128 amount, uint40 earliestStart, uint40 latestStart) {
        _headers[batch].paidUnits = header.paidUnits + uint40(claimed.units);
        amount = uint128(claimed.units * _facts[header.product].unit);
        return (amount, header.base + uint40(claimed.earliest), header.base + uint40(claimed.latest));
    }

    /// @dev Sets the records' bits, a word at a time.
    function _mark(BatchId batch, uint32[] calldata indices) private {
        mapping(uint256 word => uint256) storage words = _claimed[batch];
        uint256 word = indices[0] / 256;
        uint256 bits = words[word];
        for (uint256 i = 0; i < indices.length; ++i) {
            uint32 index = indices[i];
            if (index / 256 != word) {
                words[word] = bits;
                word = index / 256;
                bits = words[word];
            }
            uint256 bit = 1 << (index % 256);
            require(bits & bit == 0, AlreadyClaimed(batch, index));
            bits |= bit;
        }
        words[word] = bits;
    }

    function _expire(BatchId batch) private {
        Header memory header = _live(batch);
        Facts memory facts = _facts[header.product];
        uint40 releasableAt = uint40(header.base) + header.latest + facts.tail;
        require(block.timestamp >= releasableAt, BatchNotEnded(batch, releasableAt));
        delete _roots[batch];
        uint128 left = uint128(header.units - header.paidUnits) * facts.unit;
        emit BordereauExpired(batch, left);
        ledger.release(header.product, facts.cell, header.risk, 0, uint128(header.units) * facts.unit);
        ICell(facts.cell).release(left);
    }

    function _known(BatchId batch) private view returns (Header memory header) {
        header = _headers[batch];
        require(header.size > 0, UnknownBatch(batch));
    }

    function _live(BatchId batch) private view returns (Header memory header) {
        header = _known(batch);
        require(_roots[batch] != 0, BatchExpired(batch));
    }
}
