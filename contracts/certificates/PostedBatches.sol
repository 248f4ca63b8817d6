// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {BatchId} from "../interfaces/Types.sol";
import {BatchHeader, PackedHeader} from "../libraries/BatchHeader.sol";
import {BatchWord, BatchWords} from "../libraries/BatchWords.sol";
import {Indices} from "../libraries/Indices.sol";
import {Multiproof} from "../libraries/Multiproof.sol";
import {PostedTree} from "../libraries/PostedTree.sol";
import {Batches} from "./Batches.sol";

/// @title Batches whose records came in calldata: root and totals are the contract's own.
/// @dev A batch takes one slot, a `BatchWord` with the digest of its root and header, which the exposure ledger keeps. Whoever claims or expires
///   brings the header.
abstract contract PostedBatches is Batches {
    using BatchHeader for PackedHeader;
    using BatchWords for BatchWord;
    using Indices for bytes;

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
        _announcePosted(batch, series, header);
        ledger.openBatch(batch, BatchWords.pack(_digestNow(header, draw, totals.latest), uint40(totals.units)));
    }

    // ------------------------------------------------------------------ for the book

    function _isPosted(BatchId batch) internal view returns (bool) {
        return ledger.batchWord(batch).exists();
    }

    function _claimPosted(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) internal returns (Settled memory settled, uint256 unit) {
        BatchWord word = _wordOfPosted(batch);
        (PackedHeader header, Multiproof.Claimed memory claimed) = _proven(batch, word, indices, leaves, proof, false);
        _checkRun(batch, runStart, header.postedAt());
        _mark(batch, indices);
        ledger.payBatch(batch, claimed.units);
        unit = header.unit();
        (settled.product, settled.risk, settled.count) = (header.product(), header.risk(), uint32(claimed.count));
        settled.earliestStart = header.base() + uint40(claimed.earliest);
        settled.latestStart = header.base() + uint40(claimed.latest);
        settled.lastStart = header.latestStart();
        (settled.amount, settled.exposure) = (uint128(claimed.units * unit), uint128(word.units() * unit));
    }

    function _postedRecord(
        BatchId batch,
        bytes calldata index,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) internal view returns (Record memory record, uint40 postedAt, uint32 size) {
        (PackedHeader header, Multiproof.Claimed memory found) = _proven(
            batch, _wordOfPosted(batch), index, leaves, proof, true
        );
        record.holder = _holderIn(index, leaves);
        record.units = uint16(found.units);
        record.start = header.base() + uint40(found.latest);
        return (record, header.postedAt(), header.size());
    }

    function _wordOfPosted(BatchId batch) internal view returns (BatchWord word) {
        word = ledger.batchWord(batch);
        require(word.exists(), UnknownBatch(batch));
    }

    // ------------------------------------------------------------------ inside

    /// @dev Folds the leaves behind the header, and checks root and header against the stored digest.
    function _proven(
        BatchId batch,
        BatchWord word,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bool voids
    ) private pure returns (PackedHeader header, Multiproof.Claimed memory claimed) {
        require(leaves.length >= BatchHeader.SIZE, ProofInvalid(batch));
        header = BatchHeader.read(leaves);
        claimed = Multiproof.fold(indices, leaves[BatchHeader.SIZE:], proof, header.size(), voids);
        uint176 digest = BatchHeader.digestOf(leaves[:BatchHeader.SIZE], claimed.root);
        require(digest == word.digest(), ProofInvalid(batch));
    }

    /// @dev @custom:pre the leaf at the index was proven
    function _holderIn(bytes calldata index, bytes calldata leaves) private pure returns (bytes20 holder) {
        (holder, ) = PostedTree.recordAt(leaves[BatchHeader.SIZE:], index.at(0) % 4);
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

    /// @dev No sum of three numbers of at most 32 bits is cut off.
    function _digestNow(
        BordereauHeader memory header,
        IFacility.Draw memory draw,
        uint256 latest
    ) private view returns (uint176) {
        return
            BatchHeader.digestNow(
                BatchHeader.Header({
                    base: uint32(header.base),
                    latest: uint16(latest),
                    size: uint24(header.size),
                    product: header.product,
                    risk: header.riskIndex,
                    releasableAt: uint40(header.base + latest + draw.tail),
                    unit: draw.unit,
                    cell: draw.cell
                }),
                header.root
            );
    }

    function _announcePosted(BatchId batch, bytes32 series, BordereauHeader memory header) private {
        emit BordereauPosted(
            batch, series, header.platform, header.product, header.riskIndex, header.firstSerial,
            header.size, header.base, header.exposure, header.premium, header.root
        );
    }
}
