// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {BatchId} from "../interfaces/Types.sol";
import {BatchWord, BatchWords} from "../libraries/BatchWords.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {Batches} from "./Batches.sol";

/// @title Batches of any size committed by the root of a sum tree that was built off chain.
/// @dev A batch takes one slot, a `BatchWord` with the digest of its packed commitment. Whoever claims or expires brings the commitment.
abstract contract CommittedBatches is Batches {
    using BatchWords for BatchWord;

    /// @dev Bytes of a packed commitment.
    uint256 internal constant PACKED = 86;

    /// @dev Records that belong to a batch, and what its commitment says.
    struct Proven {
        SumTree.Claimed claimed;
        uint40 base;
        uint40 committedAt;
        uint32 size;
    }

    mapping(BatchId batch => BatchWord) private _commitments;

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc ICertificateBook
    function commit(
        bytes32 series,
        uint32 firstSerial,
        Commitment calldata commitment,
        bytes calldata signature
    ) external returns (BatchId batch) {
        require(commitment.base <= type(uint32).max, BaseOutOfRange(commitment.base));
        require(commitment.units <= type(uint40).max, UnitsOutOfRange(commitment.units));
        uint40 units = uint40(commitment.units);
        IFacility.Draw memory draw = facility.drawDown(series, firstSerial, commitment.size, units, 0, commitment.base);
        BordereauHeader memory header = _headerOf(draw, firstSerial, commitment.base, commitment.root);
        header.size = commitment.size;
        header.leafFileHash = commitment.leafFileHash;
        _checkSigned(header, draw.series.underwriter, signature);
        batch = _idOf(draw.number, firstSerial);
        _commitments[batch] = BatchWords.pack(_digest(_pack(commitment, uint40(block.timestamp))), units);
        _announceCommitted(batch, series, header);
    }

    /// @inheritdoc ICertificateBook
    function expireCommitted(BatchId batch, Commitment calldata commitment) external {
        BatchWord word = _wordOfCommitted(batch);
        require(_digest(_pack(commitment, commitment.committedAt)) == word.digest(), ProofInvalid(batch));
        IFacility.Bounds memory bounds = facility.boundsOf(_numberOf(batch));
        uint40 releasableAt = bounds.lastStart + uint40(bounds.tail);
        require(block.timestamp >= releasableAt, BatchNotEnded(batch, releasableAt));
        _commitments[batch] = BatchWord.wrap(0);
        (uint128 all, uint128 left) = word.amounts(bounds.unit);
        ledger.closeBatch(batch, bounds.product, bounds.risk, bounds.cell, all, left);
    }

    // ------------------------------------------------------------------ for the book

    function _claimCommitted(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) internal returns (Settled memory settled, uint256 unit) {
        Proven memory proven = _prove(batch, indices, leaves, proof, false);
        _checkRun(batch, runStart, proven.committedAt);
        IFacility.Bounds memory bounds = facility.boundsOf(_numberOf(batch));
        uint256 most = proven.claimed.mostUnits;
        settled.earliestStart = proven.base + uint40(proven.claimed.earliest);
        settled.latestStart = proven.base + uint40(proven.claimed.latest);
        settled.lastStart = bounds.lastStart;
        require(settled.latestStart <= bounds.lastStart, StartAfterLast(settled.latestStart, bounds.lastStart));
        require(most <= bounds.mostUnits, IFacility.UnitsTooMany(most, bounds.mostUnits));
        _mark(batch, indices);
        (settled.product, settled.risk, settled.count) = (bounds.product, bounds.risk, uint32(proven.claimed.count));
        unit = bounds.unit;
        settled.amount = uint128(proven.claimed.units * unit);
        settled.exposure = uint128(_payUnits(batch, proven.claimed.units) * unit);
    }

    function _committedRecord(
        BatchId batch,
        bytes calldata index,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) internal view returns (Record memory record, uint40 postedAt, uint32 size) {
        Proven memory proven = _prove(batch, index, leaves, proof, true);
        record.holder = bytes20(leaves[PACKED:PACKED + 20]);
        record.units = uint16(proven.claimed.units);
        record.start = proven.base + uint40(proven.claimed.latest);
        return (record, proven.committedAt, proven.size);
    }

    function _wordOfCommitted(BatchId batch) internal view returns (BatchWord word) {
        word = _commitments[batch];
        require(word.exists(), UnknownBatch(batch));
    }

    // ------------------------------------------------------------------ inside

    /// @dev Checks the packed commitment against the stored digest, then the records behind it against its root and units.
    function _prove(
        BatchId batch,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bool voids
    ) private view returns (Proven memory proven) {
        BatchWord word = _wordOfCommitted(batch);
        require(leaves.length >= PACKED && _digest(leaves[:PACKED]) == word.digest(), ProofInvalid(batch));
        proven.size = uint32(bytes4(leaves[72:76]));
        proven.base = uint40(bytes5(leaves[76:81]));
        proven.committedAt = uint40(bytes5(leaves[81:PACKED]));
        SumTree.Claimed memory claimed = SumTree.fold(indices, leaves[PACKED:], proof, proven.size, voids);
        require(claimed.root == bytes32(leaves[:32]) && claimed.sum == uint64(bytes8(leaves[64:72])), ProofInvalid(batch));
        proven.claimed = claimed;
    }

    /// @return all units of the batch
    function _payUnits(BatchId batch, uint256 units) private returns (uint256) {
        BatchWord word = _commitments[batch];
        require(word.fits(units), ProofInvalid(batch));
        _commitments[batch] = word.pay(units);
        return word.units();
    }

    function _pack(Commitment calldata commitment, uint40 committedAt) private pure returns (bytes memory) {
        return
            abi.encodePacked(
                commitment.root, commitment.leafFileHash, commitment.units, commitment.size, commitment.base, committedAt
            );
    }

    function _digest(bytes memory packed) private pure returns (uint176) {
        return uint176(uint256(keccak256(packed)));
    }

    function _announceCommitted(BatchId batch, bytes32 series, BordereauHeader memory header) private {
        emit BordereauCommitted(
            batch, series, header.platform, header.product, header.riskIndex, header.firstSerial,
            header.size, header.base, header.exposure, header.premium, header.root, header.leafFileHash
        );
    }
}
