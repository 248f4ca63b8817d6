// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchId, ProductId, RiskIndex} from "./Types.sol";

/// @title Bordereaux of certificates: posted (leaves in calldata, root and totals by the contract) and committed (sum root).
/// @dev Posted record, 24 bytes big endian: holder or commitment 20, units of sum insured 2, start in seconds from the bucket's base 2.
///   A record without units is void. Records in order of start make claims of one incident neighbours and so cheap; nothing depends on it.
interface ICertificateBook {
    struct Batch {
        bytes32 series;
        address platform;
        ProductId product;
        RiskIndex risk;
        /// first second of the batch's start offsets
        uint40 base;
        /// last second any of its certificates covers + 1
        uint40 end;
        uint40 postedAt;
        uint32 size;
        uint128 exposure;
        uint128 paid;
        bool expired;
        /// zero once expired
        bytes32 root;
    }

    /// @notice What the underwriter signs for a batch.
    /// @dev EIP-712: BordereauHeader(address platform,uint16 product,uint32 riskIndex,uint32 expiryBucket,uint64 rate,uint32 firstSerial,uint32 size,
    ///   uint40 base,uint128 exposure,uint128 premium,uint8 leafKind,bytes32 root,bytes32 leafFileHash); leafFileHash is 0 for a posted batch.
    struct BordereauHeader {
        address platform;
        ProductId product;
        RiskIndex riskIndex;
        uint32 expiryBucket;
        /// premium per unit, token units
        uint64 rate;
        uint32 firstSerial;
        uint32 size;
        uint40 base;
        uint128 exposure;
        uint128 premium;
        uint8 leafKind;
        bytes32 root;
        bytes32 leafFileHash;
    }

    event BordereauPosted(
        BatchId indexed batch,
        bytes32 indexed series,
        address indexed platform,
        ProductId product,
        RiskIndex risk,
        uint32 firstSerial,
        uint32 size,
        uint40 base,
        uint128 exposure,
        uint128 premium,
        bytes32 root
    );
    event BordereauExpired(BatchId indexed batch, uint128 released);
    event CertificatesClaimed(BatchId indexed batch, uint64 indexed runStart, uint32[] indices, uint128 amount);

    error BadLeaves(uint256 length);
    error UnitsTooMany(uint256 units, uint256 most);
    error BaseOutOfRange(uint40 base);
    error ProofInvalid(BatchId batch);
    error AlreadyClaimed(BatchId batch, uint32 index);
    error RunBeforePosting(BatchId batch, uint40 runStart, uint40 postedAt);
    error BatchNotEnded(BatchId batch, uint40 releasableAt);
    error BatchExpired(BatchId batch);
    error UnknownBatch(BatchId batch);
    error WrongUnderwriter(address recovered, address expected);
    error OnlyClaimsDesk(address caller);

    /// @notice Posts a bordereau: `leaves` are packed 24-byte records, in order of start. Anyone may send; the signature decides.
    /// @param base first second that start offsets count from
    /// @param signature the underwriter's, over BordereauHeader
    /// @custom:throws BadLeaves, UnitsTooMany, BaseOutOfRange, WrongUnderwriter; UnknownSeries, SerialsNotNext, SerialsNotReserved, BucketTooEarly,
    ///   ReservationTooSmall of Facility
    /// @custom:emits BordereauPosted
    function post(bytes32 series, uint32 firstSerial, uint40 base, bytes calldata leaves, bytes calldata signature) external returns (BatchId);

    /// @notice Only ClaimsDesk: verifies the leaves against the root, marks them claimed, returns what they pay and the spread of their starts.
    /// @param runStart slot in which the run begins; not before the batch was posted, because the gap between sale and posting is the bond's
    /// @param indices strictly increasing
    /// @param leaves the whole 96-byte leaf (four records) around each claimed record, each once
    /// @custom:throws OnlyClaimsDesk, UnknownBatch, BatchExpired, RunBeforePosting, ProofInvalid, AlreadyClaimed; errors of Multiproof
    /// @custom:emits CertificatesClaimed
    function claim(
        BatchId batch,
        uint64 runStart,
        uint32[] calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128 amount, uint40 earliestStart, uint40 latestStart);

    /// @notice After end + maxReportDelay + claimWindow: releases capital and caps. Anyone may call.
    /// @custom:throws UnknownBatch, BatchExpired, BatchNotEnded
    /// @custom:emits BordereauExpired for each
    function expire(BatchId[] calldata batches) external;

    /// @custom:throws UnknownBatch
    function batchOf(BatchId batch) external view returns (Batch memory);
    function isClaimed(BatchId batch, uint32 index) external view returns (bool);
    function batchCount() external view returns (uint64);
    /// @notice EIP-712 digest of a header, as signed.
    function headerDigest(BordereauHeader calldata header) external view returns (bytes32);
}
