// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICell} from "../interfaces/ICell.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IFacility} from "../interfaces/IFacility.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {IRiskFeed} from "../interfaces/IRiskFeed.sol";
import {Form, ProductId, RiskIndex, Terms} from "../interfaces/Types.sol";
import {CertificatePricing} from "../libraries/CertificatePricing.sol";

/// @title Floats of platforms, bonds of underwriters, and the series of certificates reserved on both before sale.
contract Facility is IFacility, AccessManaged {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// @dev Three slots; only the last changes after the first reservation.
    struct Line {
        address underwriter;
        uint64 premiumPerUnit;
        uint32 expiryBucket;
        address platform;
        ProductId product;
        RiskIndex risk;
        LeafKind leafKind;
        uint24 number;
        /// most units of one certificate
        uint16 mostUnits;
        /// units of reserved exposure
        uint40 reserved;
        uint32 nextSerial;
        uint32 committedSerial;
        uint32 lastStart;
        uint48 unit;
        /// seconds from the last start until a batch may expire
        uint32 tail;
    }

    struct Float {
        uint64 balance;
        uint64 held;
        uint16 commissionBps;
    }

    struct Bond {
        uint64 balance;
        uint64 uncommitted;
        uint64 reservedToday;
        uint32 day;
        bool suspended;
    }

    struct Withdrawal {
        uint64 amount;
        uint40 from;
    }

    struct Limit {
        uint64 amount;
        bool set;
    }

    uint256 private constant BPS = 10_000;

    IERC20 public immutable token;
    IProductBook public immutable products;
    IRiskFeed public immutable feed;
    IIncidentRegistry public immutable incidents;
    IExposureLedger public immutable ledger;
    address public immutable certificateBook;
    address public immutable bondDesk;
    /// @notice Seconds between the announcement and the withdrawal of bond: longer than the tail of any product.
    uint32 public immutable bondDelay;
    /// @notice Exposure an underwriter may reserve per day unless it has a limit of its own.
    uint64 public immutable defaultDailyLimit;

    uint24 public seriesCount;
    mapping(bytes32 id => Line) private _lines;
    mapping(uint24 number => bytes32 id) public seriesAt;
    /// @notice Cell of each product that was reserved on.
    mapping(ProductId product => address cell) public cellOf;
    mapping(address platform => Float) private _floats;
    mapping(address underwriter => Bond) private _bonds;
    mapping(address underwriter => Withdrawal) public bondWithdrawalOf;
    mapping(address underwriter => Limit) private _limits;
    /// @inheritdoc IFacility
    mapping(address platform => mapping(address underwriter => mapping(ProductId product => uint64))) public premiumCeiling;

    constructor(
        address authority,
        IERC20 token_,
        IProductBook productBook,
        IRiskFeed riskFeed,
        IIncidentRegistry incidents_,
        IExposureLedger ledger_,
        address certificateBook_,
        address bondDesk_,
        uint32 bondDelay_,
        uint64 defaultDailyLimit_
    ) AccessManaged(authority) {
        (token, products, feed, incidents) = (token_, productBook, riskFeed, incidents_);
        (ledger, certificateBook, bondDesk) = (ledger_, certificateBook_, bondDesk_);
        (bondDelay, defaultDailyLimit) = (bondDelay_, defaultDailyLimit_);
    }

    // ------------------------------------------------------------------ platform

    /// @inheritdoc IFacility
    function depositFloat(address platform, uint128 amount) external {
        uint64 balance = (_floats[platform].balance + uint256(amount)).toUint64();
        _floats[platform].balance = balance;
        emit FloatDeposited(platform, msg.sender, amount, balance);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IFacility
    function withdrawFloat(uint128 amount, address to) external {
        Float storage account = _floats[msg.sender];
        uint64 free = account.balance - account.held;
        require(amount <= free, FloatTooLow(amount, free));
        account.balance -= uint64(amount);
        emit FloatWithdrawn(msg.sender, to, amount, account.balance);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IFacility
    function agreeTerms(address underwriter, ProductId product, uint64 ceiling) external {
        premiumCeiling[msg.sender][underwriter][product] = ceiling;
        emit TermsAgreed(msg.sender, underwriter, product, ceiling);
    }

    // ------------------------------------------------------------------ underwriter

    /// @inheritdoc IFacility
    function depositBond(uint128 amount) external {
        uint64 balance = (_bonds[msg.sender].balance + uint256(amount)).toUint64();
        _bonds[msg.sender].balance = balance;
        emit BondDeposited(msg.sender, amount, balance);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IFacility
    function requestBondWithdrawal(uint128 amount) external {
        Bond memory bond = _bonds[msg.sender];
        require(uint256(amount) + bond.uncommitted <= bond.balance, BondTooLow(uint256(amount) + bond.uncommitted, bond.balance));
        uint40 from = uint40(block.timestamp) + bondDelay;
        bondWithdrawalOf[msg.sender] = Withdrawal(uint64(amount), from);
        emit BondWithdrawalRequested(msg.sender, amount, from);
    }

    /// @inheritdoc IFacility
    function withdrawBond() external returns (uint128) {
        Withdrawal memory due = bondWithdrawalOf[msg.sender];
        require(due.amount > 0 && block.timestamp >= due.from, BondWithdrawalNotDue(due.from, uint40(block.timestamp)));
        delete bondWithdrawalOf[msg.sender];
        Bond storage bond = _bonds[msg.sender];
        uint64 amount = uint64(Math.min(due.amount, Math.saturatingSub(bond.balance, bond.uncommitted)));
        bond.balance -= amount;
        emit BondWithdrawn(msg.sender, amount, bond.balance);
        token.safeTransfer(msg.sender, amount);
        return amount;
    }

    /// @inheritdoc IFacility
    function reserve(
        Series calldata series,
        uint128 exposure,
        uint32 serials
    ) external restricted returns (bytes32 id, uint32 firstSerial) {
        require(series.underwriter == msg.sender, NotUnderwriter(msg.sender, series.underwriter));
        Terms memory terms = products.requireOpen(series.product);
        require(terms.form == Form.Certificate, NotCertificateProduct(series.product));
        uint256 earliestEnd = block.timestamp + terms.term;
        require(earliestEnd <= series.expiryBucket, BucketTooEarly(earliestEnd, series.expiryBucket));
        require(exposure % terms.unit == 0, NotWholeUnits(exposure, terms.unit));
        _checkPrice(series, terms);
        id = seriesId(series);
        firstSerial = _extend(id, series, terms, exposure, serials);
        _hold(series.platform, (exposure / terms.unit) * series.premiumPerUnit);
        _secure(exposure);
        emit ExposureReserved(id, series.platform, msg.sender, series, exposure, firstSerial, serials);
        ICell(terms.cell).lock(exposure);
        ledger.book(series.product, terms.cell, series.risk, 0, exposure);
    }

    /// @inheritdoc IFacility
    function releaseReservation(bytes32 id) external {
        Line storage line = _known(id);
        require(line.underwriter == msg.sender, NotUnderwriter(msg.sender, line.underwriter));
        Terms memory terms = products.termsOf(line.product);
        uint40 releasableAt = uint40(line.expiryBucket) + incidents.maxReportDelay() + terms.claimWindow;
        require(block.timestamp >= releasableAt, ReservationOpen(id, releasableAt));
        uint256 units = line.reserved;
        uint64 exposure = uint64(units * line.unit);
        line.reserved = 0;
        line.nextSerial = line.committedSerial;
        _bonds[msg.sender].uncommitted -= exposure;
        _floats[line.platform].held -= uint64(units * line.premiumPerUnit);
        emit ReservationReleased(id, exposure);
        ledger.release(line.product, terms.cell, line.risk, 0, exposure);
        ICell(terms.cell).release(exposure);
    }

    // ------------------------------------------------------------------ certificate book

    /// @inheritdoc IFacility
    function drawDown(
        bytes32 id,
        uint32 firstSerial,
        uint32 size,
        uint40 units,
        uint256 mostUnits,
        uint256 latestStart
    ) external returns (Draw memory draw) {
        require(msg.sender == certificateBook, OnlyCertificateBook(msg.sender));
        Line storage stored = _known(id);
        Line memory line = stored;
        _checkDraw(line, firstSerial, size, units, mostUnits, latestStart);
        stored.committedSerial = firstSerial + size;
        stored.reserved = line.reserved - units;
        draw.series = _termsOf(line);
        draw.number = line.number;
        draw.exposure = uint128(units) * line.unit;
        draw.premium = uint128(units) * line.premiumPerUnit;
        (draw.unit, draw.tail, draw.cell) = (line.unit, line.tail, cellOf[line.product]);
        _unbind(line.underwriter, uint64(draw.exposure));
        uint64 paid = _drawPremium(line.platform, id, uint64(draw.premium));
        _payCell(draw.cell, paid);
    }

    // ------------------------------------------------------------------ bond desk

    /// @inheritdoc IFacility
    function payOmitted(bytes32 id, uint32 serial, uint40 units, address payee) external {
        require(msg.sender == bondDesk, OnlyBondDesk(msg.sender));
        Line storage line = _known(id);
        bool uncommitted = serial >= line.committedSerial && serial < line.nextSerial;
        require(uncommitted, SerialsNotReserved(serial, line.nextSerial));
        require(units <= line.reserved, ReservationTooSmall(units, line.reserved));
        uint64 exposure = uint64(uint256(units) * line.unit);
        line.reserved -= units;
        _bonds[line.underwriter].uncommitted -= exposure;
        _floats[line.platform].held -= uint64(uint256(units) * line.premiumPerUnit);
        address cell = cellOf[line.product];
        _takeBond(line.underwriter, payee, exposure);
        ledger.release(line.product, cell, line.risk, 0, exposure);
        ICell(cell).release(exposure);
        token.safeTransfer(payee, exposure);
    }

    /// @inheritdoc IFacility
    function payFromBond(address underwriter, address payee, uint128 amount) external {
        require(msg.sender == bondDesk, OnlyBondDesk(msg.sender));
        Bond memory bond = _bonds[underwriter];
        uint256 free = Math.saturatingSub(bond.balance, bond.uncommitted);
        require(amount <= free, BondTooLow(amount, free));
        _takeBond(underwriter, payee, uint64(amount));
        token.safeTransfer(payee, amount);
    }

    // ------------------------------------------------------------------ administrators

    /// @inheritdoc IFacility
    function setCommission(address platform, uint16 bps) external restricted {
        require(bps <= BPS, BadCommission(bps));
        _floats[platform].commissionBps = bps;
        emit CommissionSet(platform, bps);
    }

    /// @inheritdoc IFacility
    function setDailyLimit(address underwriter, uint128 limit) external restricted {
        _limits[underwriter] = Limit(uint256(limit).toUint64(), true);
        emit DailyLimitSet(underwriter, limit);
    }

    /// @inheritdoc IFacility
    function setSuspended(address underwriter, bool suspended) external restricted {
        _bonds[underwriter].suspended = suspended;
        emit UnderwriterSuspended(underwriter, suspended);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IFacility
    function floatOf(address platform) external view returns (uint128 balance, uint128 held, uint16 commissionBps) {
        Float memory account = _floats[platform];
        return (account.balance, account.held, account.commissionBps);
    }

    /// @inheritdoc IFacility
    function bondOf(address underwriter) external view returns (uint128 bond, uint128 uncommitted) {
        return (_bonds[underwriter].balance, _bonds[underwriter].uncommitted);
    }

    /// @inheritdoc IFacility
    function dailyRoom(address underwriter) external view returns (uint128) {
        return uint128(Math.saturatingSub(_dailyLimit(underwriter), _reservedToday(_bonds[underwriter])));
    }

    /// @inheritdoc IFacility
    function tablePremium(ProductId product, RiskIndex risk) external view returns (uint64) {
        return _tablePremium(product, risk, products.termsOf(product)).toUint64();
    }

    /// @inheritdoc IFacility
    function termsOf(bytes32 id) external view returns (Series memory terms, uint24 number) {
        Line storage line = _known(id);
        return (_termsOf(line), line.number);
    }

    /// @inheritdoc IFacility
    function seriesOf(
        bytes32 id
    ) external view returns (Series memory series, uint128 reserved, uint32 nextSerial, uint32 committedSerial) {
        Line storage line = _known(id);
        return (_termsOf(line), uint128(line.reserved) * line.unit, line.nextSerial, line.committedSerial);
    }

    /// @inheritdoc IFacility
    function boundsOf(uint24 number) external view returns (Bounds memory) {
        Line storage line = _lines[seriesAt[number]];
        return
            Bounds(line.product, line.risk, line.lastStart, line.mostUnits, line.unit, line.tail, cellOf[line.product]);
    }

    /// @inheritdoc IFacility
    function platformOf(uint24 number) external view returns (address, LeafKind) {
        Line storage line = _lines[seriesAt[number]];
        return (line.platform, line.leafKind);
    }

    /// @inheritdoc IFacility
    function seriesId(Series calldata series) public pure returns (bytes32) {
        return keccak256(abi.encode(series));
    }

    // ------------------------------------------------------------------ inside

    function _checkPrice(Series calldata series, Terms memory terms) private view {
        uint256 least = _tablePremium(series.product, series.risk, terms);
        require(series.premiumPerUnit >= least, PremiumBelowTable(series.premiumPerUnit, least));
        uint64 ceiling = premiumCeiling[series.platform][msg.sender][series.product];
        require(series.premiumPerUnit <= ceiling, PremiumAboveCeiling(series.premiumPerUnit, ceiling));
    }

    function _tablePremium(ProductId product, RiskIndex risk, Terms memory terms) private view returns (uint256) {
        (uint16 score, , ) = feed.bindingScore(risk);
        return CertificatePricing.premiumPerUnitUp(terms.unit, products.rate(product, score), terms.term);
    }

    function _extend(
        bytes32 id,
        Series calldata series,
        Terms memory terms,
        uint128 exposure,
        uint32 serials
    ) private returns (uint32 firstSerial) {
        Line storage line = _lines[id];
        if (line.number == 0) {
            line.underwriter = msg.sender;
            line.premiumPerUnit = series.premiumPerUnit;
            line.expiryBucket = series.expiryBucket;
            line.platform = series.platform;
            line.product = series.product;
            line.risk = series.risk;
            line.leafKind = series.leafKind;
            line.number = ++seriesCount;
            line.mostUnits = uint16(Math.min(terms.maxSumInsured / terms.unit, type(uint16).max));
            line.lastStart = series.expiryBucket - terms.term;
            line.unit = uint256(terms.unit).toUint48();
            line.tail = terms.term + incidents.maxReportDelay() + terms.claimWindow;
            seriesAt[line.number] = id;
            cellOf[series.product] = terms.cell;
        }
        firstSerial = line.nextSerial;
        line.nextSerial = firstSerial + serials;
        line.reserved = (line.reserved + uint256(exposure / terms.unit)).toUint40();
    }

    function _hold(address platform, uint256 premium) private {
        Float storage account = _floats[platform];
        uint64 free = account.balance - account.held;
        require(premium <= free, FloatTooLow(premium, free));
        account.held += uint64(premium);
    }

    /// @dev The caller's bond must hold what could be sold and never committed, and its day's limit the new exposure.
    function _secure(uint128 exposure) private {
        Bond memory bond = _bonds[msg.sender];
        require(!bond.suspended, UnderwriterIsSuspended(msg.sender));
        uint256 uncommitted = bond.uncommitted + uint256(exposure);
        uint256 leaving = bondWithdrawalOf[msg.sender].amount;
        require(uncommitted + leaving <= bond.balance, BondTooLow(uncommitted + leaving, bond.balance));
        uint256 today = _reservedToday(bond);
        uint256 room = Math.saturatingSub(_dailyLimit(msg.sender), today);
        require(exposure <= room, DailyLimitExceeded(exposure, room));
        bond.uncommitted = uint64(uncommitted);
        bond.reservedToday = uint64(today + exposure);
        bond.day = uint32(block.timestamp / 1 days);
        _bonds[msg.sender] = bond;
    }

    function _checkDraw(
        Line memory line,
        uint32 firstSerial,
        uint32 size,
        uint40 units,
        uint256 mostUnits,
        uint256 latestStart
    ) private pure {
        require(firstSerial == line.committedSerial, SerialsNotNext(firstSerial, line.committedSerial));
        uint256 upTo = uint256(firstSerial) + size;
        require(upTo <= line.nextSerial, SerialsNotReserved(upTo, line.nextSerial));
        require(latestStart <= line.lastStart, BucketTooEarly(latestStart, line.lastStart));
        require(mostUnits <= line.mostUnits, UnitsTooMany(mostUnits, line.mostUnits));
        require(units <= line.reserved, ReservationTooSmall(units, line.reserved));
    }

    function _unbind(address underwriter, uint64 exposure) private {
        Bond storage bond = _bonds[underwriter];
        require(!bond.suspended, UnderwriterIsSuspended(underwriter));
        bond.uncommitted -= exposure;
    }

    function _drawPremium(address platform, bytes32 id, uint64 premium) private returns (uint64 paid) {
        Float memory account = _floats[platform];
        uint64 commission = uint64((uint256(premium) * account.commissionBps) / BPS);
        paid = premium - commission;
        account.balance -= paid;
        account.held -= premium;
        _floats[platform] = account;
        emit FloatDrawn(platform, id, premium, commission, account.balance);
    }

    function _takeBond(address underwriter, address payee, uint64 amount) private {
        uint64 balance = _bonds[underwriter].balance - amount;
        _bonds[underwriter].balance = balance;
        emit BondPaid(underwriter, payee, amount, balance);
    }

    function _payCell(address cell, uint128 premium) private {
        token.safeTransfer(cell, premium);
        ICell(cell).collectPremium(premium);
    }

    function _known(bytes32 id) private view returns (Line storage line) {
        line = _lines[id];
        require(line.number != 0, UnknownSeries(id));
    }

    function _termsOf(Line memory line) private pure returns (Series memory) {
        return
            Series(
                line.underwriter, line.platform, line.product, line.risk,
                line.premiumPerUnit, line.expiryBucket, line.leafKind
            );
    }

    function _dailyLimit(address underwriter) private view returns (uint256) {
        Limit memory limit = _limits[underwriter];
        return limit.set ? limit.amount : defaultDailyLimit;
    }

    function _reservedToday(Bond memory bond) private view returns (uint256) {
        return bond.day == block.timestamp / 1 days ? bond.reservedToday : 0;
    }
}
