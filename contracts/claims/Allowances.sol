// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {ClaimId, RiskIndex} from "../interfaces/Types.sol";
import {RollingYear} from "../libraries/RollingYear.sol";
import {Pausing} from "./Pausing.sol";

/// @title How much may be paid without a person: per incident and risk, per applicant and year, per cell and day.
/// @dev The first two send the rest to the assessors; the third only makes it wait for another day. One slot a cell, one an applicant.
abstract contract Allowances is IClaimsDesk, Pausing {
    struct Day {
        uint32 number;
        uint64 paid;
    }

    /// @dev Due and granted, but over a day's ceiling.
    struct Waiting {
        address payee;
        uint64 amount;
        address cell;
    }

    IExposureLedger public immutable exposureLedger;
    /// @notice Most that one cell pays without review in one day (UTC), token units.
    uint64 public immutable dailyInstantCeiling;

    mapping(address applicant => uint256 rollingYear) private _unreviewed;
    mapping(address cell => Day) private _days;
    /// @dev sums insured on a risk when the first of several covers was settled for a run
    mapping(uint256 riskAndRun => uint256) private _insured;
    mapping(ClaimId => Waiting) internal _waiting;

    constructor(IExposureLedger exposureLedger_, uint64 dailyInstantCeiling_) {
        (exposureLedger, dailyInstantCeiling) = (exposureLedger_, dailyInstantCeiling_);
    }

    /// @inheritdoc IClaimsDesk
    function unreviewedOf(address applicant) external view returns (uint256) {
        return RollingYear.sumUp(_unreviewed[applicant], block.timestamp);
    }

    /// @inheritdoc IClaimsDesk
    function waitingOf(ClaimId claim) external view returns (address payee, uint128 amount) {
        return (_waiting[claim].payee, _waiting[claim].amount);
    }

    // ------------------------------------------------------------------ per incident and risk

    /// @dev A cover's part of the instant limit: as its sum insured is to all sums insured on the risk. That sum is taken when the first of
    ///   several covers is settled, and holds everyone who had cover when the run began; so the parts never exceed the limit, in any order.
    /// @param limit below 2^128, as is the sum insured
    /// @return share token units
    /// @return toKeep the sum, when it is to be kept for the run
    function _instantShare(
        uint256 limit,
        RiskIndex risk,
        uint256 run,
        uint256 sumInsured
    ) internal view returns (uint256 share, uint256 toKeep) {
        uint256 insured = _insured[_key(risk, run)];
        if (insured == 0) {
            insured = exposureLedger.insuredOn(risk);
            toKeep = insured > sumInsured ? insured : 0;
        }
        share = insured <= sumInsured ? limit : (limit * sumInsured) / insured;
    }

    function _keepInsured(RiskIndex risk, uint256 run, uint256 insured) internal {
        if (insured != 0) _insured[_key(risk, run)] = insured;
    }

    // ------------------------------------------------------------------ per applicant and year

    /// @dev What is left of `limit` for an applicant.
    function _yearlyRoom(address applicant, uint256 limit) internal view returns (uint256) {
        return Math.saturatingSub(limit, RollingYear.sumUp(_unreviewed[applicant], block.timestamp));
    }

    function _countUnreviewed(address applicant, uint256 amount) internal {
        _unreviewed[applicant] = RollingYear.addUp(_unreviewed[applicant], block.timestamp, amount);
    }

    // ------------------------------------------------------------------ per cell and day

    /// @dev Takes up to `amount` from today's ceiling of a cell, nothing during a pause.
    function _takeToday(address cell, uint64 amount) internal returns (uint64 taken) {
        if (_isPaused()) return 0;
        Day memory day = _days[cell];
        uint32 today = uint32(block.timestamp / 1 days);
        if (day.number != today) day = Day(today, 0);
        taken = uint64(Math.min(amount, dailyInstantCeiling - day.paid));
        day.paid += taken;
        _days[cell] = day;
    }

    /// @dev What the ceiling does not give waits in the payee's name.
    function _delay(ClaimId claim, address cell, address payee, uint64 amount) internal {
        Waiting storage waiting = _waiting[claim];
        (waiting.payee, waiting.cell) = (payee, cell);
        waiting.amount += amount;
        emit PaymentDelayed(claim, payee, amount);
    }

    function _key(RiskIndex risk, uint256 run) private pure returns (uint256) {
        return (uint256(RiskIndex.unwrap(risk)) << 64) | run;
    }
}
