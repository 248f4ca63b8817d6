// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICertificateBook} from "./ICertificateBook.sol";
import {BatchId} from "./Types.sol";

/// @title Proofs that an underwriter did not honour a certificate that it signed; its bond pays the sum insured.
/// @dev Anyone may prove; the certificate's payee is paid. The bond pays once for a serial, whatever was proven about it.
interface IBondDesk {
    enum Wrong {
        Omission,
        Misinclusion,
        Equivocation
    }

    /// @param certificate EIP-712 digest of the certificate that is paid
    event WrongProven(
        bytes32 indexed series,
        uint32 indexed serial,
        address indexed payee,
        Wrong wrong,
        bytes32 certificate,
        uint128 amount
    );

    error NotSigned(address recovered, address underwriter);
    /// @notice The certificate names another platform, product or risk than its series, or is larger or later than its series allows.
    error NotOfSeries(bytes32 series, uint32 serial);
    error StillInTime(uint40 commitBy, uint40 time);
    error IncludedAsSold(BatchId batch, uint32 serial);
    error NotInBatch(BatchId batch, uint32 serial);
    error NotTwoCertificates(bytes32 digest);
    error BondPaidAlready(bytes32 series, uint32 serial);

    /// @notice A certificate was in no bordereau by its commit-by time. Paid from the exposure that its series still has reserved, which the bond
    ///   always holds; the pool will never pay the serial.
    /// @custom:throws NotSigned, NotOfSeries, StillInTime, BondPaidAlready; SerialsNotReserved, ReservationTooSmall, UnknownSeries of Facility
    /// @custom:emits WrongProven
    function proveOmission(ICertificateBook.Certificate calldata certificate, bytes calldata signature) external;

    /// @notice The record at a certificate's serial says another holder, sum insured, start or rate than the certificate. Paid from the bond beyond
    ///   uncommitted exposure.
    /// @param leaves and `proof` as for a claim of that one record
    /// @custom:throws NotSigned, NotOfSeries, NotInBatch, IncludedAsSold, BondPaidAlready; BondTooLow of Facility; those of CertificateBook.recordOf
    /// @custom:emits WrongProven
    function proveMisinclusion(
        ICertificateBook.Certificate calldata certificate,
        bytes calldata signature,
        BatchId batch,
        bytes calldata leaves,
        bytes32[] calldata proof
    ) external;

    /// @notice Two different certificates were signed for one serial. The first one's payee is paid, from the bond beyond uncommitted exposure.
    /// @custom:throws NotSigned, NotOfSeries, NotTwoCertificates, BondPaidAlready; BondTooLow of Facility
    /// @custom:emits WrongProven
    function proveEquivocation(
        ICertificateBook.Certificate calldata certificate,
        bytes calldata signature,
        ICertificateBook.Certificate calldata other,
        bytes calldata otherSignature
    ) external;

    /// @notice Whether the bond has paid for a serial of a series.
    function isPaid(bytes32 series, uint32 serial) external view returns (bool);
}
