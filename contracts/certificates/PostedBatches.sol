// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {BatchId, Terms} from "../interfaces/Types.sol";
import {BatchHeader, PackedHeader} from "../libraries/BatchHeader.sol";
import {Indices} from "../libraries/Indices.sol";
import {Multiproof} from "../libraries/Multiproof.sol";
import {PostedTree} from "../libraries/PostedTree.sol";
import {Batches} from "./Batches.sol";

/// @title Batches whose records came in calldata: root and totals are the contract's own.
/// @dev A batch takes two slots, header and root. A root whose header is gone means that the batch has expired.
abstract contract PostedBatches is Batches {
    using BatchHeader for PackedHeader;
    using Indices for bytes;

    mapping(BatchId batch => PackedHeader) private _headers;
    mapping(BatchId batch => bytes32) private _roots;

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc ICertificateBook
    function post(
        bytes32 series,
        uint32 firstSerial,
        uint40 base,
        bytes calldata leaves,
        bytes calldata signature
    ) external returns (BatchId batch) {
        require(base <= type(uint32).max, BaseOutOfRange(base));
        PostedTree.Totals memory totals = PostedTree.build(leaves);
        IFacility.Draw memory draw = _drawTotals(series, firstSerial, base, totals);
        BordereauHeader memory header = _headerOf(draw, firstSerial, base, totals.root);
        header.size = uint32(totals.size);
        _checkSigned(header, draw.series.underwriter, signature);
        batch = _idOf(draw.number, firstSerial);
        _store(batch, header, totals);
        _announcePosted(batch, series, header);
    }

    /// @inheritdoc ICertificateBook
    function expire(BatchId[] calldata batches) external {
        for (uint256 i = 0; i < batches.length; ++i) _expire(batches[i]);
    }

    // ------------------------------------------------------------------ for the book

    function _isPosted(BatchId batch) internal view returns (bool) {
        return _roots[batch] != 0;
    }

    function _claimPosted(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) internal returns (Settled memory settled) {
        PackedHeader header = _live(batch);
        _checkRun(batch, runStart, header.postedAt());
        Multiproof.Claimed memory claimed = Multiproof.fold(indices, leaves, proof, header.size(), false);
        require(claimed.root == _roots[batch], ProofInvalid(batch));
        _mark(batch, indices);
        _headers[batch] = header.pay(claimed.units);
        (settled.product, settled.risk, settled.count) = (header.product(), header.risk(), uint32(claimed.count));
        settled.earliestStart = header.base() + uint40(claimed.earliest);
        settled.latestStart = header.base() + uint40(claimed.latest);
        settled.lastStart = header.latestStart();
        settled.amount = uint128(claimed.units * _factsOf(settled.product).unit);
    }

    function _postedRecord(
        BatchId batch,
        bytes calldata index,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) internal view returns (Record memory record, uint40 postedAt, uint32 size) {
        record = _proven(batch, index, leaves, proof);
        (postedAt, size) = (_headers[batch].postedAt(), _headers[batch].size());
    }

    function _viewPosted(BatchId batch, Batch memory view_, Terms memory terms) internal view {
        PackedHeader header = _headers[batch];
        (view_.root, view_.expired) = (_roots[batch], !header.exists());
        if (view_.expired) return;
        view_.base = header.base();
        view_.end = header.latestStart() + terms.term;
        view_.postedAt = header.postedAt();
        view_.size = header.size();
        view_.exposure = uint128(header.units()) * terms.unit;
        view_.paid = uint128(header.paidUnits()) * terms.unit;
    }

    // ------------------------------------------------------------------ inside

    function _proven(
        BatchId batch,
        bytes calldata index,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) private view returns (Record memory record) {
        PackedHeader header = _live(batch);
        Multiproof.Claimed memory found = Multiproof.fold(index, leaves, proof, header.size(), true);
        require(found.root == _roots[batch], ProofInvalid(batch));
        (record.holder, ) = PostedTree.recordAt(leaves, index.at(0) % 4);
        record.units = uint16(found.units);
        record.start = header.base() + uint40(found.latest);
    }

    function _drawTotals(
        bytes32 series,
        uint32 firstSerial,
        uint40 base,
        PostedTree.Totals memory totals
    ) private returns (IFacility.Draw memory) {
        uint256 latestStart = base + totals.latest;
        return
            facility.drawDown(series, firstSerial, uint32(totals.size), uint40(totals.units), totals.mostUnits, latestStart);
    }

    function _store(BatchId batch, BordereauHeader memory header, PostedTree.Totals memory totals) private {
        _roots[batch] = header.root;
        _headers[batch] = BatchHeader.pack(
            uint32(header.base),
            uint16(totals.latest),
            uint24(header.size),
            uint40(totals.units),
            header.product,
            header.riskIndex
        );
    }

    function _announcePosted(BatchId batch, bytes32 series, BordereauHeader memory header) private {
        emit BordereauPosted(
            batch, series, header.platform, header.product, header.riskIndex, header.firstSerial,
            header.size, header.base, header.exposure, header.premium, header.root
        );
    }

    function _expire(BatchId batch) private {
        PackedHeader header = _live(batch);
        Facts memory facts = _factsOf(header.product());
        _checkEnded(batch, header.latestStart(), facts);
        _headers[batch] = PackedHeader.wrap(0);
        _release(batch, header.product(), header.risk(), facts, header.units(), header.paidUnits());
    }

    function _live(BatchId batch) private view returns (PackedHeader header) {
        header = _headers[batch];
        if (header.exists()) return header;
        require(!_isPosted(batch), BatchExpired(batch));
        revert UnknownBatch(batch);
    }
}
