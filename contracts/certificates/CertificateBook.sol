// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {BatchId, Terms} from "../interfaces/Types.sol";
import {PostedTree} from "../libraries/PostedTree.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {Batches} from "./Batches.sol";
import {CommittedBatches} from "./CommittedBatches.sol";
import {PostedBatches} from "./PostedBatches.sol";

/// @title Batches of sold certificates, posted or committed: their claims, and what they say about one certificate.
contract CertificateBook is PostedBatches, CommittedBatches {
    uint256 private constant OPENING = 72;

    constructor(
        IProductBook productBook,
        IIncidentRegistry incidents_,
        IExposureLedger ledger_,
        IFacility facility_,
        address claimsDesk_,
        address bondDesk_
    ) Batches(productBook, incidents_, ledger_, facility_, claimsDesk_, bondDesk_) {}

    // ------------------------------------------------------------------ claims desk

    /// @inheritdoc ICertificateBook
    function claim(
        BatchId batch,
        uint64 runStart,
        uint32[] calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128, uint40, uint40) {
        Settled memory settled = _claim(batch, runStart, indices, leaves, proof);
        return (settled.amount, settled.earliest, settled.latest);
    }

    /// @inheritdoc ICertificateBook
    function claimPushed(
        BatchId batch,
        uint64 runStart,
        uint32[] calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bytes calldata openings
    ) external returns (Payouts memory payouts) {
        Settled memory settled = _claim(batch, runStart, indices, leaves, proof);
        (payouts.earliestStart, payouts.latestStart) = (settled.earliest, settled.latest);
        (payouts.payees, payouts.amounts) = _payeesOf(batch, indices, leaves, settled.unit);
        if (_kindOf(batch) == IFacility.LeafKind.CommitmentPushed) _open(payouts.payees, indices, openings);
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
        view_.pushed = series.leafKind >= IFacility.LeafKind.HolderPushed;
        Terms memory terms = products.termsOf(series.product);
        if (_isPosted(batch)) _viewPosted(batch, view_, terms);
        else _viewCommitted(batch, view_, terms);
    }

    /// @inheritdoc ICertificateBook
    function recordOf(
        BatchId batch,
        uint32[] calldata index,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external view returns (Record memory record, uint40 postedAt, uint32 size) {
        require(index.length == 1, NotOneRecord(index.length));
        return
            _isPosted(batch)
                ? _postedRecord(batch, index, leaves, proof)
                : _committedRecord(batch, index, leaves, proof);
    }

    // ------------------------------------------------------------------ inside

    function _claim(
        BatchId batch,
        uint64 runStart,
        uint32[] calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) private returns (Settled memory settled) {
        require(msg.sender == claimsDesk, OnlyClaimsDesk(msg.sender));
        settled = _isPosted(batch)
            ? _claimPosted(batch, runStart, indices, leaves, proof)
            : _claimCommitted(batch, runStart, indices, leaves, proof);
        emit CertificatesClaimed(batch, runStart, indices, settled.amount);
    }

    function _payeesOf(
        BatchId batch,
        uint32[] calldata indices,
        bytes calldata leaves,
        uint256 unit
    ) private view returns (address[] memory, uint128[] memory) {
        if (_isPosted(batch)) return _postedPayees(indices, leaves, unit);
        return _committedPayees(indices.length, leaves[PACKED:], unit);
    }

    /// @dev Leaves of four records follow each other as their claimed records do.
    function _postedPayees(
        uint32[] calldata indices,
        bytes calldata leaves,
        uint256 unit
    ) private pure returns (address[] memory payees, uint128[] memory amounts) {
        (payees, amounts) = (new address[](indices.length), new uint128[](indices.length));
        uint256 leaf = 0;
        for (uint256 i = 0; i < indices.length; ++i) {
            if (i > 0 && indices[i] / 4 != indices[i - 1] / 4) ++leaf;
            (bytes20 holder, uint256 units) = PostedTree.recordAt(leaves, leaf * 4 + (indices[i] % 4));
            (payees[i], amounts[i]) = (address(holder), uint128(units * unit));
        }
    }

    function _committedPayees(
        uint256 count,
        bytes calldata records,
        uint256 unit
    ) private pure returns (address[] memory payees, uint128[] memory amounts) {
        (payees, amounts) = (new address[](count), new uint128[](count));
        for (uint256 i = 0; i < count; ++i) {
            (bytes20 holder, uint256 units) = SumTree.recordAt(records, i);
            (payees[i], amounts[i]) = (address(holder), uint128(units * unit));
        }
    }

    /// @dev Replaces commitments by the payees that they open to.
    function _open(address[] memory payees, uint32[] calldata indices, bytes calldata openings) private pure {
        require(openings.length == payees.length * OPENING, OpeningInvalid(indices[0]));
        for (uint256 i = 0; i < payees.length; ++i) {
            bytes calldata opening = openings[i * OPENING:(i + 1) * OPENING];
            require(bytes20(keccak256(opening)) == bytes20(payees[i]), OpeningInvalid(indices[i]));
            payees[i] = address(bytes20(opening[20:40]));
        }
    }

    function _kindOf(BatchId batch) private view returns (IFacility.LeafKind) {
        (IFacility.Series memory series, ) = facility.termsOf(facility.seriesAt(_numberOf(batch)));
        return series.leafKind;
    }
}
