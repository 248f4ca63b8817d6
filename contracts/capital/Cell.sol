// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICell} from "../interfaces/ICell.sol";
import {IIncidentRegistry} from "../interfaces/IIncidentRegistry.sol";
import {Payment} from "../interfaces/Types.sol";
import {Payments} from "../libraries/Payments.sol";
import {Transfers} from "../libraries/Transfers.sol";
import {CapitalVault} from "./CapitalVault.sol";

/// @title The capital behind a set of products: it locks limits, collects premium, pays claims, and settles epochs with its two vaults.
/// @dev The four sums that every business transaction moves share one slot.
contract Cell is ICell, AccessManaged {
    using SafeERC20 for IERC20;
    using Transfers for IERC20;
    using Payments for Payment;
    using SafeCast for uint256;

    struct Sums {
        uint64 junior;
        uint64 senior;
        uint64 locked;
        uint64 fees;
    }

    uint256 private constant BPS = 10_000;

    IERC20 public immutable token;
    address public immutable policyBook;
    address public immutable facility;
    address public immutable ledger;
    address public immutable claimsDesk;
    CapitalVault public immutable junior;
    CapitalVault public immutable senior;
    /// @notice Share of each premium that goes to the treasury, and the junior tranche's share of the rest.
    uint16 public immutable feeBps;
    uint16 public immutable juniorPremiumBps;
    /// @notice Junior withdrawals leave at least this share of locked capital in the junior tranche.
    uint16 public immutable juniorFloorBps;
    uint32 public immutable epochLength;

    Sums private _sums;
    uint64 private _reserved;
    uint64 private _storedTotal;
    uint32 public epoch;
    uint40 public nextEpochAt;
    /// @inheritdoc ICell
    mapping(address payee => uint128) public stored;

    /// @param withdrawalDelay seconds that a withdrawal waits at least: the report delay, the hold window and time to settle
    constructor(
        address authority,
        IERC20 token_,
        IIncidentRegistry incidents,
        address policyBook_,
        address facility_,
        address ledger_,
        address claimsDesk_,
        uint16 feeBps_,
        uint16 juniorPremiumBps_,
        uint16 juniorFloorBps_,
        uint32 epochLength_,
        uint32 withdrawalDelay
    ) AccessManaged(authority) {
        require(feeBps_ <= BPS && juniorPremiumBps_ <= BPS && juniorFloorBps_ <= BPS, BadCellParameters());
        require(epochLength_ > 0 && withdrawalDelay >= incidents.maxReportDelay(), BadCellParameters());
        (token, policyBook, facility) = (token_, policyBook_, facility_);
        (ledger, claimsDesk) = (ledger_, claimsDesk_);
        (feeBps, juniorPremiumBps, juniorFloorBps) = (feeBps_, juniorPremiumBps_, juniorFloorBps_);
        epochLength = epochLength_;
        junior = new CapitalVault(token_, Tranche.Junior, epochLength_, withdrawalDelay, "flowcover junior", "fcJUN");
        senior = new CapitalVault(token_, Tranche.Senior, epochLength_, withdrawalDelay, "flowcover senior", "fcSEN");
    }

    // ------------------------------------------------------------------ books

    /// @inheritdoc ICell
    function lock(uint128 amount) external {
        require(msg.sender == policyBook || msg.sender == facility, OnlyBooks(msg.sender));
        Sums memory sums = _sums;
        require(amount <= _free(sums), CapacityExceeded(amount, _free(sums)));
        _sums.locked = sums.locked + uint64(amount);
        emit CapitalLocked(msg.sender, amount, sums.locked + uint64(amount));
    }

    /// @inheritdoc ICell
    function release(uint128 amount) external {
        require(
            msg.sender == policyBook || msg.sender == facility || msg.sender == claimsDesk,
            OnlyBooks(msg.sender)
        );
        uint64 left = _unlocked(amount, _sums.locked);
        _sums.locked = left;
        emit CapitalReleased(msg.sender, amount, left);
    }

    /// @inheritdoc ICell
    function freeUnclaimed(uint128 amount) external {
        require(msg.sender == ledger, OnlyBooks(msg.sender));
        _sums.locked = _unlocked(amount, _sums.locked);
    }

    /// @inheritdoc ICell
    function collectPremium(uint128 amount) external {
        require(msg.sender == policyBook || msg.sender == facility, OnlyBooks(msg.sender));
        Sums memory sums = _sums;
        uint256 fee = (uint256(amount) * feeBps) / BPS;
        uint256 toJunior = sums.junior == 0 ? 0 : ((amount - fee) * (sums.senior == 0 ? BPS : juniorPremiumBps)) / BPS;
        uint256 toSenior = amount - fee - toJunior;
        sums.fees = (sums.fees + fee).toUint64();
        sums.junior = (sums.junior + toJunior).toUint64();
        sums.senior = (sums.senior + toSenior).toUint64();
        _store(sums);
        emit PremiumCollected(msg.sender, amount, uint128(fee), uint128(toJunior), uint128(toSenior));
    }

    // ------------------------------------------------------------------ claims desk

    /// @inheritdoc ICell
    function pay(address payee, uint128 amount) external {
        require(msg.sender == claimsDesk, OnlyClaimsDesk(msg.sender));
        (uint128 fromJunior, uint128 fromSenior) = _bookPayment(amount);
        emit ClaimPaid(payee, amount, fromJunior, fromSenior);
        _push(payee, amount);
    }

    /// @inheritdoc ICell
    function payMany(Payment[] calldata payments) external {
        require(msg.sender == claimsDesk, OnlyClaimsDesk(msg.sender));
        uint256 total = 0;
        for (uint256 i = 0; i < payments.length; ++i) total += payments[i].amountOf();
        (uint128 fromJunior, uint128 fromSenior) = _bookPayment(total.toUint128());
        emit ClaimsPaid(payments.length, uint128(total), fromJunior, fromSenior);
        for (uint256 i = 0; i < payments.length; ++i) _push(payments[i].payeeOf(), payments[i].amountOf());
    }

    /// @inheritdoc ICell
    function reserveClaims(uint128 amount) external {
        require(msg.sender == claimsDesk, OnlyClaimsDesk(msg.sender));
        _reserved = (_reserved + uint256(amount)).toUint64();
        emit ClaimsReserved(amount, _reserved);
    }

    /// @inheritdoc ICell
    function unreserveClaims(uint128 amount) external {
        require(msg.sender == claimsDesk, OnlyClaimsDesk(msg.sender));
        require(amount <= _reserved, UnreserveExceedsReserved(amount, _reserved));
        _reserved -= uint64(amount);
        emit ClaimsUnreserved(amount, _reserved);
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc ICell
    function withdrawStored() external returns (uint128 amount) {
        amount = stored[msg.sender];
        require(amount > 0, NothingStored(msg.sender));
        delete stored[msg.sender];
        _storedTotal -= uint64(amount);
        emit StoredWithdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ICell
    function settleEpoch() external {
        require(block.timestamp >= nextEpochAt, EpochNotOver(nextEpochAt, uint40(block.timestamp)));
        nextEpochAt = uint40(block.timestamp) + epochLength;
        Sums memory sums = _sums;
        (uint256 juniorValue, uint256 seniorValue) = _values(sums);
        uint256 freeNow = _free(sums);
        (uint256 seniorOut, uint256 seniorIn) = senior.settle(seniorValue, freeNow);
        uint256 most = Math.min(freeNow - seniorOut, _juniorAboveFloor(sums));
        (uint256 juniorOut, uint256 juniorIn) = junior.settle(juniorValue, most);
        sums.junior = (sums.junior + juniorIn - juniorOut).toUint64();
        sums.senior = (sums.senior + seniorIn - seniorOut).toUint64();
        _store(sums);
        emit EpochSettled(++epoch, uint128(juniorOut), uint128(seniorOut), uint128(juniorIn), uint128(seniorIn));
        _move(address(junior), juniorIn, juniorOut);
        _move(address(senior), seniorIn, seniorOut);
    }

    // ------------------------------------------------------------------ treasurer

    /// @inheritdoc ICell
    function withdrawFees(address to) external restricted returns (uint128 amount) {
        amount = _sums.fees;
        _sums.fees = 0;
        emit FeesWithdrawn(to, amount);
        token.safeTransfer(to, amount);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ICell
    function assets() external view returns (uint128) {
        return uint128(_sums.junior) + _sums.senior;
    }

    /// @inheritdoc ICell
    function locked() external view returns (uint128) {
        return _sums.locked;
    }

    /// @inheritdoc ICell
    function free() external view returns (uint128) {
        return uint128(_free(_sums));
    }

    /// @inheritdoc ICell
    function reserved() external view returns (uint128) {
        return _reserved;
    }

    /// @inheritdoc ICell
    function fees() external view returns (uint128) {
        return _sums.fees;
    }

    /// @inheritdoc ICell
    function tranche(Tranche which) external view returns (uint128 capital, uint128 value) {
        Sums memory sums = _sums;
        (uint256 juniorValue, uint256 seniorValue) = _values(sums);
        return which == Tranche.Junior ? (sums.junior, uint128(juniorValue)) : (sums.senior, uint128(seniorValue));
    }

    /// @inheritdoc ICell
    function utilisationBps() external view returns (uint16) {
        uint256 capital = uint256(_sums.junior) + _sums.senior;
        return capital == 0 ? 0 : uint16((_sums.locked * BPS) / capital);
    }

    /// @inheritdoc ICell
    function solvency() external view returns (uint256 held, uint256 owed) {
        Sums memory sums = _sums;
        return (token.balanceOf(address(this)), uint256(sums.junior) + sums.senior + sums.fees + _storedTotal);
    }

    // ------------------------------------------------------------------ inside

    function _bookPayment(uint128 amount) private returns (uint128 fromJunior, uint128 fromSenior) {
        Sums memory sums = _sums;
        sums.locked = _unlocked(amount, sums.locked);
        fromJunior = uint128(Math.min(amount, sums.junior));
        fromSenior = amount - fromJunior;
        sums.junior -= uint64(fromJunior);
        sums.senior -= uint64(fromSenior);
        _store(sums);
    }

    /// @dev All four in one write; assigning the struct would write the slot four times.
    function _store(Sums memory sums) private {
        uint256 word = sums.junior | (uint256(sums.senior) << 64) | (uint256(sums.locked) << 128) | (uint256(sums.fees) << 192);
        assembly ("memory-safe") {
            sstore(_sums.slot, word)
        }
    }

    /// @dev A payee that cannot receive blocks nobody: the amount waits for it here.
    function _push(address payee, uint128 amount) private {
        if (token.tryTransfer(payee, amount)) return;
        stored[payee] += amount;
        _storedTotal += uint64(amount);
        emit PaymentStored(payee, amount);
    }

    function _move(address vault, uint256 assetsIn, uint256 assetsOut) private {
        if (assetsIn > assetsOut) token.safeTransferFrom(vault, address(this), assetsIn - assetsOut);
        else if (assetsOut > assetsIn) token.safeTransfer(vault, assetsOut - assetsIn);
    }

    function _unlocked(uint128 amount, uint64 from) private pure returns (uint64) {
        require(amount <= from, ReleaseExceedsLocked(amount, from));
        return from - uint64(amount);
    }

    function _free(Sums memory sums) private pure returns (uint256) {
        return uint256(sums.junior) + sums.senior - sums.locked;
    }

    /// @dev Reserves take value in the order in which losses do.
    function _values(Sums memory sums) private view returns (uint256 juniorValue, uint256 seniorValue) {
        uint256 fromJunior = Math.min(_reserved, sums.junior);
        return (sums.junior - fromJunior, sums.senior - Math.min(_reserved - fromJunior, sums.senior));
    }

    function _juniorAboveFloor(Sums memory sums) private view returns (uint256) {
        uint256 floor = Math.ceilDiv(sums.locked * uint256(juniorFloorBps), BPS);
        return sums.junior > floor ? sums.junior - floor : 0;
    }
}
