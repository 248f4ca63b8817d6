// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BatchWord} from "../libraries/BatchWords.sol";
import {BatchId, ProductId, RiskIndex} from "./Types.sol";

/// @title Sums insured per dependency, risk, product and cell: their caps, pauses and freezes.
/// @dev What is booked on a cell is the capital it has locked: one number, kept by the cell. Bookings move with the events of the books
///   (`PolicyBound`, `PolicyExpired`, `ExposureReserved`, ...), which name product, risk, dependencies and amount.
interface IExposureLedger {
    enum Dimension {
        Dependency,
        Risk,
        Product,
        Cell
    }

    event CapSet(Dimension indexed dimension, uint256 indexed key, uint128 cap);
    event PauseSet(Dimension indexed dimension, uint256 indexed key, uint40 until);
    event DependencyFrozen(uint32 indexed dependency, uint40 until);
    event BordereauExpired(BatchId indexed batch, uint128 released);

    error CapExceeded(Dimension dimension, uint256 key, uint256 wanted, uint256 room);
    error ClosedToNewCover(Dimension dimension, uint256 key, uint40 until);
    error CapTooHigh(uint256 cap);
    error ClosureTooLong(uint40 until, uint40 latest);
    error ClosureTooSoon(uint40 earliest);
    error BadDependencies(uint128 dependencies);
    error NotWholeBatches(uint256 length);
    error OnlyBooks(address caller);
    error OnlyIncidentRegistry(address caller);
    error OnlyRiskRegister(address caller);
    error ReleaseExceedsBooked(Dimension dimension, uint256 key, uint256 amount, uint256 booked);

    // ------------------------------------------------------------------ product admin

    /// @notice Most that may be booked on a key; 0 refuses new cover. What is booked beyond a lowered cap stays.
    /// @param key dependency index, risk index, product number, or the cell's address as a number
    /// @custom:pre the caller has the product admin role
    /// @custom:throws CapTooHigh
    /// @custom:emits CapSet
    function setCap(Dimension dimension, uint256 key, uint128 cap) external;

    // ------------------------------------------------------------------ guardian and committee

    /// @notice Refuses new cover and increases on a key until `until`, at most `MAX_CLOSURE` from now; it ends by itself, and a later call
    ///   may end it sooner, never later. Cover in force, releases and payments go on.
    /// @custom:pre the caller has the guardian role
    /// @custom:throws ClosureTooLong, ClosureTooSoon when the key's last pause ended less than `COOL_DOWN` ago
    /// @custom:emits PauseSet
    function pause(Dimension dimension, uint256 key, uint40 until) external;

    /// @notice The same for one dependency, when f + 1 members suspect it; nobody ends it sooner. Only IncidentRegistry.
    /// @custom:throws OnlyIncidentRegistry, ClosureTooLong, ClosureTooSoon when its last freeze ended less than `COOL_DOWN` ago
    /// @custom:emits DependencyFrozen
    function freeze(uint32 dependency, uint40 until) external;

    // ------------------------------------------------------------------ risk register

    /// @notice Keeps whose risk it is beside what is booked on it, once. Only RiskRegister.
    /// @custom:pre the risk is new
    /// @custom:throws OnlyRiskRegister
    function setApplicant(RiskIndex risk, address applicant) external;

    // ------------------------------------------------------------------ books

    /// @notice Books `amount` against the caps of all four dimensions. Only PolicyBook and Facility.
    /// @param dependencies up to four dependency indices of 32 bits, strictly increasing from the lowest lane on, no zero below one
    /// @custom:pre the caller has locked `amount` in the cell before
    /// @custom:throws OnlyBooks, BadDependencies, ClosedToNewCover, CapExceeded
    function book(ProductId product, address cell, RiskIndex risk, uint128 dependencies, uint128 amount) external;

    /// @notice Takes a booking back. Only PolicyBook and Facility.
    /// @custom:throws OnlyBooks, ReleaseExceedsBooked
    function release(ProductId product, address cell, RiskIndex risk, uint128 dependencies, uint128 amount) external;

    // ------------------------------------------------------------------ batches of certificates

    /// @notice Keeps the word of a batch that was posted now. Only CertificateBook.
    /// @custom:throws OnlyBooks
    function openBatch(BatchId batch, BatchWord word) external;

    /// @notice Counts units of a posted batch as paid. Only CertificateBook.
    /// @custom:throws OnlyBooks, ICertificateBook.ProofInvalid when it has no more
    function payBatch(BatchId batch, uint256 units) external;

    /// @notice Releases caps and capital of a committed batch that has expired. Only CertificateBook.
    /// @param all token units that were booked for its certificates, which depend on nothing else
    /// @param left the part that was not paid
    /// @custom:throws OnlyBooks, ReleaseExceedsBooked
    /// @custom:emits BordereauExpired
    function closeBatch(BatchId batch, ProductId product, RiskIndex risk, address cell, uint128 all, uint128 left) external;

    /// @notice After end + maxReportDelay + claimWindow: releases capital and caps of posted batches. Anyone may call.
    /// @param batches 67 bytes each: the id 8, big endian, and the seal 59 (see BatchHeader)
    /// @custom:throws NotWholeBatches; ICertificateBook.UnknownBatch, ProofInvalid, BatchNotEnded
    /// @custom:emits BordereauExpired for each
    function expireBordereaux(bytes calldata batches) external;

    /// @notice Of a posted batch that has not expired; else zero.
    function batchWord(BatchId batch) external view returns (BatchWord);

    // ------------------------------------------------------------------ views

    /// @notice Smallest room over the four dimensions, token units; 0 while one of them is closed.
    function room(ProductId product, address cell, RiskIndex risk, uint128 dependencies) external view returns (uint128);

    /// @notice No cap set for a key means the default cap.
    function booked(Dimension dimension, uint256 key) external view returns (uint128 booked_, uint128 cap);

    /// @notice Sums insured on a risk, booked now, and whose risk it is (zero when it was never registered).
    function insuredOn(RiskIndex risk) external view returns (uint256 insured, address applicant);

    /// @notice First second at which a key takes new cover again, 0 when it was never paused or frozen.
    function closedUntil(Dimension dimension, uint256 key) external view returns (uint40);

    /// @notice Longest pause or freeze, and shortest time from the end of one to the next of the same kind, seconds.
    // solhint-disable-next-line func-name-mixedcase
    function MAX_CLOSURE() external view returns (uint40);
    // solhint-disable-next-line func-name-mixedcase
    function COOL_DOWN() external view returns (uint40);

    function defaultCap() external view returns (uint128);
}
