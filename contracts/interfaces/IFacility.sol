// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, RiskIndex} from "./Types.sol";

/// @title A platform's line: premium float, exposure and serials reserved before sale, the underwriter's bond.
/// @dev Amounts are token units below 2^64.
interface IFacility {
    /// @notice What the 20 bytes of a leaf name, and who is paid. It never changes within a series, so no caller decides it.
    enum LeafKind {
        HolderNetted,
        CommitmentNetted,
        HolderPushed,
        CommitmentPushed
    }

    /// @dev A series: one underwriter, platform, product, risk, rate, expiry bucket and leaf kind; its serials are contiguous from 0.
    struct Series {
        address underwriter;
        address platform;
        ProductId product;
        RiskIndex risk;
        /// token units of premium for one unit of sum insured
        uint64 premiumPerUnit;
        /// chain second at which every certificate of the series has ended
        uint32 expiryBucket;
        LeafKind leafKind;
    }

    /// @notice What bounds the certificates of a series.
    struct Bounds {
        ProductId product;
        RiskIndex risk;
        /// latest start of a certificate, seconds
        uint32 lastStart;
        /// most units of one certificate
        uint16 mostUnits;
        /// token units of one unit of sum insured
        uint48 unit;
        /// seconds from the last start until a batch may expire: tenor, report delay and claim window
        uint32 tail;
        address cell;
    }

    /// @notice A series' terms and what a bordereau drew on it.
    struct Draw {
        Series series;
        uint24 number;
        uint128 exposure;
        uint128 premium;
        /// token units of one unit of sum insured
        uint48 unit;
        /// seconds from the last start until a batch may expire
        uint32 tail;
        address cell;
    }

    event FloatDeposited(address indexed platform, address indexed from, uint128 amount, uint128 balance);
    event FloatWithdrawn(address indexed platform, address indexed to, uint128 amount, uint128 balance);
    /// @notice A bordereau's premium left the float, less the platform's commission.
    event FloatDrawn(address indexed platform, bytes32 indexed series, uint128 premium, uint128 commission, uint128 balance);
    event TermsAgreed(address indexed platform, address indexed underwriter, ProductId indexed product, uint64 premiumCeiling);
    event CommissionSet(address indexed platform, uint16 bps);
    event BondDeposited(address indexed underwriter, uint128 amount, uint128 balance);
    event BondWithdrawalRequested(address indexed underwriter, uint128 amount, uint40 from);
    event BondWithdrawn(address indexed underwriter, uint128 amount, uint128 balance);
    /// @notice The bond paid for a certificate that its underwriter did not honour.
    event BondPaid(address indexed underwriter, address indexed payee, uint128 amount, uint128 balance);
    event DailyLimitSet(address indexed underwriter, uint128 limit);
    event UnderwriterSuspended(address indexed underwriter, bool suspended);
    event ExposureReserved(
        bytes32 indexed series,
        address indexed platform,
        address indexed underwriter,
        Series terms,
        uint128 exposure,
        uint32 firstSerial,
        uint32 serials
    );
    event ReservationReleased(bytes32 indexed series, uint128 exposure);

    error FloatTooLow(uint256 needed, uint256 balance);
    error ReservationTooSmall(uint256 needed, uint256 reserved);
    error SerialsNotNext(uint32 firstSerial, uint32 committedSerial);
    error SerialsNotReserved(uint256 upTo, uint32 nextSerial);
    error BucketTooEarly(uint256 end, uint32 expiryBucket);
    error UnitsTooMany(uint256 units, uint256 most);
    error ReservationOpen(bytes32 series, uint40 releasableAt);
    error BondTooLow(uint256 needed, uint256 bond);
    error BondWithdrawalNotDue(uint40 from, uint40 time);
    error DailyLimitExceeded(uint256 wanted, uint256 room);
    error PremiumBelowTable(uint256 premiumPerUnit, uint256 tablePremium);
    error PremiumAboveCeiling(uint256 premiumPerUnit, uint256 ceiling);
    error NotWholeUnits(uint256 exposure, uint256 unit);
    error NotCertificateProduct(ProductId product);
    error NotUnderwriter(address caller, address underwriter);
    error UnderwriterIsSuspended(address underwriter);
    error UnknownSeries(bytes32 series);
    error OnlyCertificateBook(address caller);
    error OnlyBondDesk(address caller);
    error BadCommission(uint16 bps);

    // ------------------------------------------------------------------ platform

    /// @notice Adds to a platform's float. Anyone may pay it in.
    function depositFloat(address platform, uint128 amount) external;

    /// @notice Takes back the caller's float that no reservation holds.
    /// @custom:throws FloatTooLow
    function withdrawFloat(uint128 amount, address to) external;

    /// @notice The most the caller, a platform, lets an underwriter charge per unit of a product; 0 (as at first) allows nothing.
    function agreeTerms(address underwriter, ProductId product, uint64 premiumCeiling) external;

    // ------------------------------------------------------------------ underwriter

    function depositBond(uint128 amount) external;

    /// @notice Announces that the caller takes `amount` of its bond after the bond delay; from now on it covers no new reservation.
    /// @custom:throws BondTooLow
    function requestBondWithdrawal(uint128 amount) external;

    /// @notice Takes what was announced, as far as the bond still holds it.
    /// @custom:throws BondWithdrawalNotDue
    function withdrawBond() external returns (uint128 amount);

    /// @notice Locks capital, books caps and holds the premium in the platform's float for certificates to be sold; gives the series' next serials.
    /// @custom:pre role UNDERWRITER; the caller is the underwriter of the series; premium per unit between the table's at the newest uncapped
    ///   score and the platform's ceiling; bond >= uncommitted reserved exposure
    /// @custom:throws NotUnderwriter, UnderwriterIsSuspended, NotCertificateProduct, BucketTooEarly, NotWholeUnits, PremiumBelowTable, PremiumAboveCeiling,
    ///   FloatTooLow, BondTooLow, DailyLimitExceeded; ProductIsClosed, StaleScore, CapExceeded, CapacityExceeded of the neighbours
    /// @custom:emits ExposureReserved
    function reserve(Series calldata series, uint128 exposure, uint32 serials) external returns (bytes32 id, uint32 firstSerial);

    /// @notice Gives back reserved exposure that no certificate used. Only the series' underwriter, once the expiry bucket and the claim window are over.
    /// @custom:throws UnknownSeries, NotUnderwriter, ReservationOpen
    /// @custom:emits ReservationReleased
    function releaseReservation(bytes32 series) external;

    // ------------------------------------------------------------------ certificate book

    /// @notice Draws a bordereau's exposure and serials down, moves its premium, less commission, to the cell, and tells the series' terms. Only
    ///   CertificateBook, which then checks the underwriter's signature.
    /// @param units units of sum insured of all its certificates
    /// @param mostUnits of the largest of them
    /// @param latestStart start of the last of them
    /// @custom:throws OnlyCertificateBook, UnknownSeries, UnderwriterIsSuspended, SerialsNotNext, SerialsNotReserved, BucketTooEarly, UnitsTooMany,
    ///   ReservationTooSmall
    /// @custom:emits FloatDrawn
    function drawDown(
        bytes32 series,
        uint32 firstSerial,
        uint32 size,
        uint40 units,
        uint256 mostUnits,
        uint256 latestStart
    ) external returns (Draw memory);

    // ------------------------------------------------------------------ bond desk

    /// @notice Pays a certificate that was never committed from its underwriter's bond and gives back what was reserved for it. Only BondDesk.
    /// @custom:throws OnlyBondDesk, UnknownSeries, SerialsNotReserved, ReservationTooSmall
    /// @custom:emits BondPaid
    function payOmitted(bytes32 series, uint32 serial, uint40 units, address payee) external;

    /// @notice Pays from the part of a bond that secures no uncommitted exposure. Only BondDesk.
    /// @custom:throws OnlyBondDesk, BondTooLow
    /// @custom:emits BondPaid
    function payFromBond(address underwriter, address payee, uint128 amount) external;

    // ------------------------------------------------------------------ administrators

    /// @notice Part of later premium that stays in a platform's float, in hundredths of a percent. Role TREASURER.
    /// @custom:throws BadCommission
    function setCommission(address platform, uint16 bps) external;

    /// @notice The most exposure an underwriter may reserve per day (UTC) from now on. Role PRODUCT_ADMIN.
    function setDailyLimit(address underwriter, uint128 limit) external;

    /// @notice Stops or readmits reservations and bordereaux of an underwriter whose key is lost. Role PRODUCT_ADMIN.
    function setSuspended(address underwriter, bool suspended) external;

    // ------------------------------------------------------------------ views

    function floatOf(address platform) external view returns (uint128 balance, uint128 held, uint16 commissionBps);
    function bondOf(address underwriter) external view returns (uint128 bond, uint128 uncommitted);
    /// @notice Exposure that an underwriter may still reserve today.
    function dailyRoom(address underwriter) external view returns (uint128);
    function premiumCeiling(address platform, address underwriter, ProductId product) external view returns (uint64);
    /// @notice What `reserve` asks at least for one unit of a product on a risk now, token units.
    function tablePremium(ProductId product, RiskIndex risk) external view returns (uint64 premiumPerUnit);
    function seriesId(Series calldata series) external pure returns (bytes32);
    /// @custom:throws UnknownSeries
    function termsOf(bytes32 id) external view returns (Series memory terms, uint24 number);
    /// @custom:throws UnknownSeries
    function seriesOf(bytes32 id) external view returns (Series memory series, uint128 reserved, uint32 nextSerial, uint32 committedSerial);
    function boundsOf(uint24 number) external view returns (Bounds memory);
    /// @notice Platform of a series, and what its records name and who is paid.
    function platformOf(uint24 number) external view returns (address platform, LeafKind leafKind);
    /// @notice Id of the series with a number (from 1).
    function seriesAt(uint24 number) external view returns (bytes32);
}
