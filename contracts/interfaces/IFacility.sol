// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ProductId, RiskIndex} from "./Types.sol";

/// @title A platform's line: premium float, exposure and serials reserved before sale, the underwriter's bond.
interface IFacility {
    /// @dev A series: one underwriter, platform, product, risk, expiry bucket and rate; its serials are contiguous.
    struct Series {
        address underwriter;
        address platform;
        ProductId product;
        RiskIndex risk;
        /// token units of premium for one unit of sum insured
        uint64 premiumPerUnit;
        uint32 expiryBucket;
    }

    event FloatDeposited(address indexed platform, address indexed from, uint128 amount, uint128 balance);
    event FloatWithdrawn(address indexed platform, address indexed to, uint128 amount, uint128 balance);
    event BondDeposited(address indexed underwriter, uint128 amount, uint128 balance);
    event ExposureReserved(bytes32 indexed series, address indexed platform, address indexed underwriter, Series terms, uint128 exposure, uint32 firstSerial, uint32 serials);
    event ReservationReleased(bytes32 indexed series, uint128 exposure);

    error FloatTooLow(uint256 needed, uint256 balance);
    error ReservationTooSmall(uint256 needed, uint256 reserved);
    error BondTooLow(uint256 needed, uint256 bond);
    error DailyLimitExceeded(uint256 wanted, uint256 room);
    error PremiumBelowTable(uint256 premiumPerUnit, uint256 tablePremium);
    error OnlyCertificateBook(address caller);
    error NotPlatform(address caller);

    function depositFloat(address platform, uint128 amount) external;
    function withdrawFloat(uint128 amount, address to) external;
    function depositBond(uint128 amount) external;

    /// @notice Locks capital and books caps for certificates to be sold; gives the series' next serials.
    /// @custom:pre the caller is the underwriter of the series; premium per unit >= the table's at the newest score; bond >= uncommitted reserved exposure
    function reserve(Series calldata series, uint128 exposure, uint32 serials) external returns (bytes32 id, uint32 firstSerial);

    /// @notice Only CertificateBook: draws a posted bordereau's exposure down and moves its premium to the cell.
    /// @return cell the cell that holds the locked capital from now on
    function drawDown(bytes32 series, uint32 firstSerial, uint32 size, uint128 exposure, uint128 premium) external returns (address cell);

    /// @notice Gives back reserved exposure that no certificate used. Only the underwriter, after the series' commit-by time.
    function releaseReservation(bytes32 series) external;

    function floatOf(address platform) external view returns (uint128);
    function bondOf(address underwriter) external view returns (uint128 bond, uint128 uncommitted);
    function seriesId(Series calldata series) external pure returns (bytes32);
    function seriesOf(bytes32 id) external view returns (Series memory series, uint128 reserved, uint32 nextSerial, uint32 committedSerial);
}
