// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchId, ProductId, RiskIndex} from "./Types.sol";

/// @title Bordereaux of certificates: posted (leaves in calldata, root and totals by the contract) and committed (sum root).
/// @dev Posted leaf, 24 bytes: holder or commitment 20, units 2, start offset in product units of time from the bucket's base 2.
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
        bytes32 root;
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
    error ProofInvalid(BatchId batch);
    error AlreadyClaimed(BatchId batch, uint32 index);
    error BatchNotEnded(BatchId batch, uint40 releasableAt);
    error UnknownBatch(BatchId batch);
    error WrongUnderwriter(address recovered, address expected);
    error OnlyClaimsDesk(address caller);

    /// @notice Posts a bordereau: `leaves` are packed 24-byte records in order of start.
    /// @param base first second that start offsets count from
    /// @param signature the underwriter's, over BordereauHeader
    function post(bytes32 series, uint32 firstSerial, uint40 base, bytes calldata leaves, bytes calldata signature) external returns (BatchId);

    /// @notice Only ClaimsDesk: verifies the leaves against the root, marks them claimed, returns their summed units and the spread of starts.
    /// @param indices strictly increasing
    /// @custom:throws ProofInvalid, AlreadyClaimed
    function claim(
        BatchId batch,
        uint64 runStart,
        uint32[] calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (uint128 amount, uint40 earliestStart, uint40 latestStart);

    /// @notice After end + maxReportDelay + claimWindow: releases capital and caps. Anyone may call.
    function expire(BatchId[] calldata batches) external;

    function batchOf(BatchId batch) external view returns (Batch memory);
    function isClaimed(BatchId batch, uint32 index) external view returns (bool);
    function batchCount() external view returns (uint64);
}
