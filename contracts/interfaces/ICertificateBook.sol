// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchId, Payment, ProductId, RiskIndex} from "./Types.sol";

/// @title Bordereaux of certificates: posted (records in calldata, root and totals by the contract) and committed (sum root of a tree built off chain).
/// @dev A batch's id is its series' number times 2^32 plus its first serial.
///   Posted record, 24 bytes big endian: holder or commitment 20, units of sum insured 2, start in seconds from the batch's base 2.
///   Committed record, 34 bytes: holder or commitment 20, units 2, start 3, salt 9.
///   A commitment is the first 20 bytes of keccak256(holder, payee, keccak256(transaction hash, salt of the certificate)), packed.
///   A record without units is void. Records in order of start make claims of one incident neighbours and so cheap; nothing depends on it.
interface ICertificateBook {
    struct Batch {
        bytes32 series;
        address platform;
        ProductId product;
        RiskIndex risk;
        /// the series' expiry bucket
        uint40 end;
        uint128 exposure;
        uint128 paid;
        /// of its root and header or of its commitment; its event tells what they hold
        uint176 digest;
        /// each holder is paid, not the platform for all
        bool pushed;
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

    /// @notice What the underwriter signs at a sale; amounts in token units. It names its series, because serials are contiguous per series only.
    /// @dev EIP-712: Certificate(bytes32 series,address platform,uint16 product,uint32 riskIndex,address holder,address payee,
    ///   bytes32 transactionHash,uint128 sumInsured,uint128 premium,uint40 start,uint40 end,uint32 scoreFrame,bytes32 termsHash,uint32 serial,
    ///   uint40 commitBy,bytes32 salt)
    struct Certificate {
        bytes32 series;
        address platform;
        ProductId product;
        RiskIndex riskIndex;
        address holder;
        address payee;
        bytes32 transactionHash;
        uint128 sumInsured;
        uint128 premium;
        uint40 start;
        uint40 end;
        uint32 scoreFrame;
        bytes32 termsHash;
        uint32 serial;
        uint40 commitBy;
        bytes32 salt;
    }

    /// @notice What a committed batch binds; the chain keeps its units and 176 bits of its hash.
    /// @dev Packed in this order, 86 bytes, it stands before the records in the `leaves` of a claim.
    struct Commitment {
        bytes32 root;
        /// keccak256 of the file with all records; an audit without that file fails
        bytes32 leafFileHash;
        /// units that the root counts
        uint64 units;
        uint32 size;
        uint40 base;
        uint40 committedAt;
    }

    /// @notice What a claim comes to, of which cover, and when that cover starts, seconds.
    struct Settled {
        address platform;
        /// each holder is paid, not the platform for all
        bool pushed;
        ProductId product;
        RiskIndex risk;
        uint40 earliestStart;
        uint40 latestStart;
        /// no certificate of the batch starts later
        uint40 lastStart;
        uint32 count;
        uint128 amount;
        /// sums insured in the whole batch
        uint128 exposure;
    }

    /// @notice One record of a batch.
    struct Record {
        bytes20 holder;
        uint16 units;
        uint40 start;
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
    event BordereauCommitted(
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
        bytes32 root,
        bytes32 leafFileHash
    );
    event CertificatesClaimed(BatchId indexed batch, uint64 indexed runStart, bytes indices, uint128 amount);

    error BaseOutOfRange(uint40 base);
    error UnitsOutOfRange(uint64 units);
    error ProofInvalid(BatchId batch);
    error AlreadyClaimed(BatchId batch, uint32 index);
    error RunBeforePosting(BatchId batch, uint40 runStart, uint40 postedAt);
    error StartAfterLast(uint40 start, uint40 lastStart);
    error OpeningInvalid(uint32 index);
    error NotOneRecord(uint256 count);
    error BatchNotEnded(BatchId batch, uint40 releasableAt);
    error UnknownBatch(BatchId batch);
    error WrongUnderwriter(address recovered, address expected);
    error OnlyClaimsDesk(address caller);
    error OnlyBondDesk(address caller);

    // ------------------------------------------------------------------ anyone

    /// @notice Posts a bordereau: `leaves` are packed 24-byte records, in order of start. Anyone may send; the signature decides.
    /// @param base first second that start offsets count from
    /// @param signature the underwriter's, over BordereauHeader
    /// @custom:throws BadLeaves, BaseOutOfRange, WrongUnderwriter; errors of Facility.drawDown
    /// @custom:emits BordereauPosted
    function post(bytes32 series, uint32 firstSerial, uint40 base, bytes calldata leaves, bytes calldata signature) external returns (BatchId);

    /// @notice Commits a bordereau of any size by the root of its sum tree. Anyone may send; the signature decides.
    /// @param commitment `committedAt` is ignored and becomes the block's time
    /// @param signature the underwriter's, over BordereauHeader
    /// @custom:throws BaseOutOfRange, UnitsOutOfRange, WrongUnderwriter; errors of Facility.drawDown
    /// @custom:emits BordereauCommitted
    function commit(bytes32 series, uint32 firstSerial, Commitment calldata commitment, bytes calldata signature) external returns (BatchId);

    /// @notice After the series' expiry bucket + maxReportDelay + claimWindow: releases capital and caps of a committed batch. Anyone may call;
    ///   posted ones expire at the exposure ledger.
    /// @custom:throws UnknownBatch, ProofInvalid, BatchNotEnded
    /// @custom:emits IExposureLedger.BordereauExpired
    function expireCommitted(BatchId batch, Commitment calldata commitment) external;

    // ------------------------------------------------------------------ claims desk

    /// @notice Only ClaimsDesk: verifies records against the root, marks them claimed, returns what they come to.
    /// @param runStart slot in which the run begins; not before the batch was posted, because the gap between sale and posting is the bond's
    /// @param indices strictly increasing, 4 bytes each, big endian
    /// @param leaves posted: the header, packed (see BatchHeader), then the whole 96-byte leaf (four records) around each claimed record, each once; committed: the commitment, packed, then the
    ///   34-byte records
    /// @param proof see Multiproof and SumTree
    /// @custom:throws OnlyClaimsDesk, UnknownBatch, RunBeforePosting, StartAfterLast, ProofInvalid, AlreadyClaimed; ProofErrors
    /// @custom:emits CertificatesClaimed
    function claim(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external returns (Settled memory);

    /// @notice `claim`, and who is to be paid how much, record by record. Only ClaimsDesk.
    /// @param openings for commitments 72 bytes a record: holder 20, payee 20, keccak256(transaction hash, salt) 32; else empty
    /// @custom:throws as claim; OpeningInvalid
    /// @custom:emits CertificatesClaimed
    function claimPushed(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bytes calldata openings
    ) external returns (Settled memory, Payment[] memory);

    // ------------------------------------------------------------------ bond desk

    /// @notice Only BondDesk: the serial was paid by the underwriter's bond, so no batch that still brings it will pay it.
    /// @custom:throws OnlyBondDesk
    function strike(uint24 series, uint32 serial) external;

    // ------------------------------------------------------------------ views

    /// @custom:throws UnknownBatch
    function batchOf(BatchId batch) external view returns (Batch memory);
    function isClaimed(BatchId batch, uint32 index) external view returns (bool);

    /// @notice The record at an index, and when its batch came on chain, proven like a claim of that record; void records too.
    /// @custom:throws UnknownBatch, ProofInvalid, NotOneRecord; ProofErrors
    /// @param index exactly one, 4 bytes, big endian
    function recordOf(
        BatchId batch,
        bytes calldata index,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external view returns (Record memory record, uint40 postedAt, uint32 size);

    /// @notice EIP-712 digest of a certificate, as signed at its sale.
    function certificateDigest(Certificate calldata certificate) external view returns (bytes32);

    /// @notice EIP-712 digest of a header, as signed.
    function headerDigest(BordereauHeader calldata header) external view returns (bytes32);
}
