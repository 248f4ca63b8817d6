// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {ClaimId, RiskIndex} from "../interfaces/Types.sol";
import {RollingYear} from "../libraries/RollingYear.sol";
import {Pausing} from "./Pausing.sol";

/// @title How much may be paid without a person: per incident and risk, per applicant and year, per cell and day.
/// @dev The first two send the rest to the assessors; the third only makes it wait for another day. One slot an applicant; the day of the cell
///   that paid last lies in the slot of the pause (`Gate`), those of other cells that paid today in one of their own. Whether a sum insured was
///   ever kept on a risk of an applicant stands in the applicant's slot, so a risk with one cover is settled without looking for it.
abstract contract Allowances is IClaimsDesk, Pausing {
    /// @dev first bits of fields of the gate
    uint256 private constant DAY = 64;
    uint256 private constant PAID = 80;
    uint256 private constant CELL = 136;
    uint256 private constant SEATS = 200;

    struct Day {
        uint16 number;
        uint56 paid;
    }

    /// @dev Due and granted, but over a day's ceiling.
    struct Waiting {
        address payee;
        uint64 amount;
        address cell;
    }

    IExposureLedger public immutable exposureLedger;
    /// @notice Most that one cell pays without review in one day (UTC), token units.
    uint56 public immutable dailyInstantCeiling;

    /// @dev marked when a sum was kept for a run on one of the applicant's risks
    mapping(address applicant => uint256 rollingYear) private _unreviewed;
    mapping(uint64 cell => Day) private _days;
    /// @dev sums insured on a risk when the first of several covers was settled for a run
    mapping(uint256 riskAndRun => uint256) private _insured;
    mapping(ClaimId => Waiting) internal _waiting;

    constructor(IExposureLedger exposureLedger_, uint56 dailyInstantCeiling_) {
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
    function _share(uint256 limit, uint256 insured, uint256 sumInsured) internal pure returns (uint256 share) {
        share = insured <= sumInsured ? limit : (limit * sumInsured) / insured;
    }

    /// @dev The sum that was taken for a run, 0 when none was.
    function _keptInsured(RiskIndex risk, uint256 run) internal view returns (uint256) {
        return _insured[_key(risk, run)];
    }

    /// @param applicant whose risk it is
    function _keepInsured(RiskIndex risk, uint256 run, uint256 insured, address applicant) internal {
        _insured[_key(risk, run)] = insured;
        uint256 year = _unreviewed[applicant];
        if (!RollingYear.isMarked(year)) _unreviewed[applicant] = RollingYear.marked(year);
    }

    // ------------------------------------------------------------------ per applicant and year

    /// @dev What an applicant was paid in a year, see `RollingYear`.
    function _yearOf(address applicant) internal view returns (uint256 year) {
        return _unreviewed[applicant];
    }

    /// @dev What is left of `limit` in a year.
    function _yearlyRoom(uint256 year, uint256 limit) internal view returns (uint256) {
        return Math.saturatingSub(limit, RollingYear.sumUp(year, block.timestamp));
    }

    function _countUnreviewed(address applicant, uint256 amount) internal {
        _unreviewed[applicant] = RollingYear.addUp(_unreviewed[applicant], block.timestamp, amount);
    }

    // ------------------------------------------------------------------ per cell and day

    /// @dev Takes up to `amount` from today's ceiling of a cell, nothing during a pause. Unchecked: paid is at most the ceiling, of 56 bits.
    /// @param seats to be kept in the slot that is written anyway; 0: those that are there stay
    function _takeToday(address cell, uint256 amount, uint256 seats) internal returns (uint64 taken) {
        uint256 gate = _gateWord();
        if (block.timestamp < uint32(gate)) return 0;
        unchecked {
            (uint64 last, uint64 tag) = (uint64(gate >> CELL), uint64(uint160(cell)));
            (uint256 number, uint256 paid) = (uint16(gate >> DAY), uint56(gate >> PAID));
            if (last != tag) {
                _days[last] = Day(uint16(number), uint56(paid));
                (number, paid) = (_days[tag].number, _days[tag].paid);
            }
            uint256 today = uint16(block.timestamp / 1 days);
            if (number != today) paid = 0;
            taken = uint64(Math.min(amount, dailyInstantCeiling - paid));
            if (seats == 0) seats = gate >> SEATS;
            gate = uint64(gate) | (today << DAY) | ((paid + taken) << PAID) | (uint256(tag) << CELL) | (seats << SEATS);
        }
        assembly ("memory-safe") {
            sstore(_gate.slot, gate)
        }
    }

    /// @dev Seats of a committee that were kept, 0 when none were.
    function _keptSeats() internal view returns (uint256) {
        return _gateWord() >> SEATS;
    }

    function _gateWord() private view returns (uint256 gate) {
        assembly ("memory-safe") {
            gate := sload(_gate.slot)
        }
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
