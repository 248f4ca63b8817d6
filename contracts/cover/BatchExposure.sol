// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICell} from "../interfaces/ICell.sol";
import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {BatchId, ProductId, RiskIndex} from "../interfaces/Types.sol";
import {BatchHeader, PackedHeader} from "../libraries/BatchHeader.sol";
import {BatchWord, BatchWords} from "../libraries/BatchWords.sol";

/// @title What batches of certificates still have booked, and its release when they expire.
/// @dev A posted batch has a `BatchWord` here from its posting until anyone expires it, so that an expiry enters no other contract than the cell.
abstract contract BatchExposure is IExposureLedger {
    using BatchHeader for PackedHeader;
    using BatchWords for BatchWord;

    address public immutable certificateBook;

    mapping(BatchId batch => BatchWord) private _posted;

    constructor(address certificateBook_) {
        certificateBook = certificateBook_;
    }

    // ------------------------------------------------------------------ certificate book

    /// @inheritdoc IExposureLedger
    function openBatch(BatchId batch, BatchWord word) external {
        require(msg.sender == certificateBook, OnlyBooks(msg.sender));
        _posted[batch] = word;
    }

    /// @inheritdoc IExposureLedger
    function payBatch(BatchId batch, uint256 units) external {
        require(msg.sender == certificateBook, OnlyBooks(msg.sender));
        BatchWord word = _posted[batch];
        require(word.fits(units), ICertificateBook.ProofInvalid(batch));
        _posted[batch] = word.pay(units);
    }

    /// @inheritdoc IExposureLedger
    function closeBatch(BatchId batch, ProductId product, RiskIndex risk, address cell, uint128 all, uint128 left) external {
        require(msg.sender == certificateBook, OnlyBooks(msg.sender));
        _close(batch, product, risk, cell, all, left);
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc IExposureLedger
    function expireBordereaux(bytes calldata batches) external {
        require(batches.length % BatchHeader.NAMED == 0, NotWholeBatches(batches.length));
        for (uint256 at = 0; at < batches.length; at += BatchHeader.NAMED) _expire(batches, at);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IExposureLedger
    function batchWord(BatchId batch) external view returns (BatchWord) {
        return _posted[batch];
    }

    // ------------------------------------------------------------------ inside

    /// @dev Gives back the caps of a product and a risk.
    function _releaseOf(ProductId product, RiskIndex risk, uint256 amount) internal virtual;

    /// @param at place of the batch's id and seal
    function _expire(bytes calldata batches, uint256 at) private {
        (BatchId batch, uint176 digest, PackedHeader header, address cell) = BatchHeader.readNamed(batches, at);
        BatchWord word = _posted[batch];
        require(word.exists(), ICertificateBook.UnknownBatch(batch));
        require(digest == word.digest(), ICertificateBook.ProofInvalid(batch));
        uint40 releasableAt = header.releasableAt();
        require(block.timestamp >= releasableAt, ICertificateBook.BatchNotEnded(batch, releasableAt));
        _posted[batch] = BatchWord.wrap(0);
        (uint128 all, uint128 left) = word.amounts(header.unit());
        _close(batch, header.product(), header.risk(), cell, all, left);
    }

    function _close(BatchId batch, ProductId product, RiskIndex risk, address cell, uint128 all, uint128 left) private {
        _releaseOf(product, risk, all);
        emit BordereauExpired(batch, left);
        ICell(cell).freeUnclaimed(left);
    }
}
