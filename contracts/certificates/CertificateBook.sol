// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {BatchId, Payment} from "../interfaces/Types.sol";
import {BatchHeader} from "../libraries/BatchHeader.sol";
import {BatchWord, BatchWords} from "../libraries/BatchWords.sol";
import {Indices} from "../libraries/Indices.sol";
import {Payments} from "../libraries/Payments.sol";
import {PostedTree} from "../libraries/PostedTree.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {Batches} from "./Batches.sol";
import {CommittedBatches} from "./CommittedBatches.sol";
import {PostedBatches} from "./PostedBatches.sol";

/// @title Batches of sold certificates, posted or committed: their claims, and what they say about one certificate.
contract CertificateBook is PostedBatches, CommittedBatches {
    using BatchWords for BatchWord;
    using Indices for bytes;
    using Payments for Payment;

    uint256 private constant OPENING = 72;

    constructor(
        IIncidentRegistry incidents_,
        IExposureLedger ledger_,
        IFacility facility_,
        address claimsDesk_,
        address bondDesk_
    ) Batches(incidents_, ledger_, facility_, claimsDesk_, bondDesk_) {}

    // ------------------------------------------------------------------ claims desk

    /// @inheritdoc ICertificateBook
    function claim(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (Settled memory settled) {
        IFacility.LeafKind kind;
        (settled, kind, ) = _claim(batch, runStart, indices, leaves, proof);
        settled.pushed = _isPushed(kind);
    }

    /// @inheritdoc ICertificateBook
    function claimPushed(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bytes calldata openings
    ) external returns (Settled memory settled, Payment[] memory payments) {
        IFacility.LeafKind kind;
        uint256 unit;
        (settled, kind, unit) = _claim(batch, runStart, indices, leaves, proof);
        settled.pushed = _isPushed(kind);
        payments = _isPosted(batch)
            ? _postedPayments(indices, leaves[BatchHeader.SIZE:], settled.count, unit)
            : _committedPayments(leaves[PACKED:], settled.count, unit);
        if (kind == IFacility.LeafKind.CommitmentPushed) _open(payments, indices, openings);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ICertificateBook
    function batchOf(BatchId batch) external view returns (Batch memory view_) {
        view_.series = facility.seriesAt(_numberOf(batch));
        require(view_.series != 0, UnknownBatch(batch));
        (IFacility.Series memory series, ) = facility.termsOf(view_.series);
        view_.platform = series.platform;
        view_.product = series.product;
        view_.risk = series.risk;
        view_.pushed = _isPushed(series.leafKind);
        view_.end = series.expiryBucket;
        BatchWord word = _isPosted(batch) ? _wordOfPosted(batch) : _wordOfCommitted(batch);
        uint48 unit = facility.boundsOf(_numberOf(batch)).unit;
        (view_.exposure, view_.paid) = (uint128(word.units() * unit), uint128(word.paidUnits() * unit));
        view_.digest = word.digest();
    }

    /// @inheritdoc ICertificateBook
    function recordOf(
        BatchId batch,
        bytes calldata index,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external view returns (Record memory record, uint40 postedAt, uint32 size) {
        require(index.count() == 1, NotOneRecord(index.count()));
        return
            _isPosted(batch)
                ? _postedRecord(batch, index, leaves, proof)
                : _committedRecord(batch, index, leaves, proof);
    }

    // ------------------------------------------------------------------ inside

    function _claim(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) private returns (Settled memory settled, IFacility.LeafKind kind, uint256 unit) {
        require(msg.sender == claimsDesk, OnlyClaimsDesk(msg.sender));
        (settled, unit) = _isPosted(batch)
            ? _claimPosted(batch, runStart, indices, leaves, proof)
            : _claimCommitted(batch, runStart, indices, leaves, proof);
        (settled.platform, kind) = facility.platformOf(_numberOf(batch));
        emit CertificatesClaimed(batch, runStart, indices, settled.amount);
    }

    /// @dev Leaves of four records follow each other as their claimed records do.
    function _postedPayments(
        bytes calldata indices,
        bytes calldata leaves,
        uint256 count,
        uint256 unit
    ) private pure returns (Payment[] memory payments) {
        payments = new Payment[](count);
        uint256 leaf = 0;
        uint256 place = indices.at(0) / 4;
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                uint256 index = indices.at(i);
                if (index / 4 != place) (place, leaf) = (index / 4, leaf + 4);
                (bytes20 holder, uint256 units) = PostedTree.recordAt(leaves, leaf + (index % 4));
                payments[i] = Payments.pack(address(holder), units * unit);
            }
        }
    }

    function _committedPayments(
        bytes calldata records,
        uint256 count,
        uint256 unit
    ) private pure returns (Payment[] memory payments) {
        payments = new Payment[](count);
        for (uint256 i = 0; i < count; ++i) {
            (bytes20 holder, uint256 units) = SumTree.recordAt(records, i);
            payments[i] = Payments.pack(address(holder), units * unit);
        }
    }

    /// @dev Replaces commitments by the payees that they open to.
    function _open(Payment[] memory payments, bytes calldata indices, bytes calldata openings) private pure {
        require(openings.length == payments.length * OPENING, OpeningInvalid(uint32(indices.at(0))));
        for (uint256 i = 0; i < payments.length; ++i) {
            bytes calldata opening = openings[i * OPENING:(i + 1) * OPENING];
            bool opens = bytes20(keccak256(opening)) == bytes20(payments[i].payeeOf());
            require(opens, OpeningInvalid(uint32(indices.at(i))));
            payments[i] = Payments.pack(address(bytes20(opening[20:40])), payments[i].amountOf());
        }
    }

    function _isPushed(IFacility.LeafKind kind) private pure returns (bool) {
        return kind >= IFacility.LeafKind.HolderPushed;
    }
}
