// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICell} from "../interfaces/ICell.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {ProductId, RiskIndex} from "../interfaces/Types.sol";
import {BatchExposure} from "./BatchExposure.sol";

/// @title Sums insured per dependency, risk, product and cell: their caps, pauses and freezes.
/// @dev Keys are dense, so neighbours share a word: four lanes of 64 bits, lowest key lowest, each the sum booked (63 bits) and, on top,
///   whether the key has limits of its own. A risk has a word of its own: its applicant (160 bits, lowest), which the register writes, and its
///   lane, so that who buys or settles reads both at once. What is booked on a cell is kept by the cell.
contract ExposureLedger is BatchExposure, AccessManaged {
    /// @dev one slot
    struct Limits {
        uint64 cap;
        /// false: the default cap holds
        bool capped;
        uint40 pausedUntil;
        uint40 frozenUntil;
    }

    /// @dev four lanes, or a risk's applicant and lane
    struct Word {
        uint256 lanes;
    }

    /// @inheritdoc IExposureLedger
    uint40 public constant MAX_CLOSURE = 7 days;
    /// @inheritdoc IExposureLedger
    uint40 public constant COOL_DOWN = 7 days;

    uint256 private constant LANES = 4;
    /// @dev bits of the applicant in a risk's word
    uint256 private constant APPLICANT = 160;
    uint256 private constant MOST = (1 << 63) - 1;

    address public immutable policyBook;
    address public immutable facility;
    address public immutable incidentRegistry;
    address public immutable riskRegister;
    /// @inheritdoc IExposureLedger
    uint128 public immutable defaultCap;

    mapping(Dimension => mapping(uint256 place => Word)) private _booked;
    mapping(Dimension => mapping(uint256 key => Limits)) private _limits;

    constructor(
        address authority,
        address policyBook_,
        address facility_,
        address certificateBook_,
        address incidentRegistry_,
        address riskRegister_,
        uint128 defaultCap_
    ) AccessManaged(authority) BatchExposure(certificateBook_) {
        require(defaultCap_ <= MOST, CapTooHigh(defaultCap_));
        (policyBook, facility) = (policyBook_, facility_);
        (incidentRegistry, riskRegister, defaultCap) = (incidentRegistry_, riskRegister_, defaultCap_);
    }

    // ------------------------------------------------------------------ risk register

    /// @inheritdoc IExposureLedger
    function setApplicant(RiskIndex risk, address applicant) external {
        require(msg.sender == riskRegister, OnlyRiskRegister(msg.sender));
        _booked[Dimension.Risk][RiskIndex.unwrap(risk)].lanes |= uint160(applicant);
    }

    // ------------------------------------------------------------------ product admin

    /// @inheritdoc IExposureLedger
    function setCap(Dimension dimension, uint256 key, uint128 cap) external restricted {
        require(cap <= MOST, CapTooHigh(cap));
        Limits storage limits = _ownLimits(dimension, key);
        (limits.cap, limits.capped) = (uint64(cap), true);
        emit CapSet(dimension, key, cap);
    }

    // ------------------------------------------------------------------ guardian and committee

    /// @inheritdoc IExposureLedger
    function pause(Dimension dimension, uint256 key, uint40 until) external restricted {
        Limits storage limits = _ownLimits(dimension, key);
        uint40 before = limits.pausedUntil;
        if (until < block.timestamp) until = uint40(block.timestamp);
        if (until >= before) _requireBounded(until, before);
        limits.pausedUntil = until;
        emit PauseSet(dimension, key, until);
    }

    /// @inheritdoc IExposureLedger
    function freeze(uint32 dependency, uint40 until) external {
        require(msg.sender == incidentRegistry, OnlyIncidentRegistry(msg.sender));
        Limits storage limits = _ownLimits(Dimension.Dependency, dependency);
        if (until < block.timestamp) until = uint40(block.timestamp);
        _requireBounded(until, limits.frozenUntil);
        limits.frozenUntil = until;
        emit DependencyFrozen(dependency, until);
    }

    // ------------------------------------------------------------------ books

    /// @inheritdoc IExposureLedger
    function book(ProductId product, address cell, RiskIndex risk, uint128 dependencies, uint128 amount) external {
        require(msg.sender == policyBook || msg.sender == facility, OnlyBooks(msg.sender));
        _book(Dimension.Product, ProductId.unwrap(product), amount);
        _book(Dimension.Risk, RiskIndex.unwrap(risk), amount);
        uint32 previous = 0;
        for (uint128 left = dependencies; left != 0; left >>= 32) {
            require(uint32(left) > previous, BadDependencies(dependencies));
            previous = uint32(left);
            _book(Dimension.Dependency, previous, amount);
        }
        uint256 cellKey = uint160(cell);
        uint256 cap = _capNow(Dimension.Cell, cellKey);
        uint256 locked = ICell(cell).locked();
        if (locked > cap) revert CapExceeded(Dimension.Cell, cellKey, amount, Math.saturatingSub(cap + amount, locked));
    }

    /// @inheritdoc IExposureLedger
    function release(ProductId product, address, RiskIndex risk, uint128 dependencies, uint128 amount) external {
        require(msg.sender == policyBook || msg.sender == facility, OnlyBooks(msg.sender));
        _releaseOf(product, risk, amount);
        for (; dependencies != 0; dependencies >>= 32) {
            uint256 key = uint32(dependencies);
            _release(_booked[Dimension.Dependency][key / LANES], 64 * (key % LANES), Dimension.Dependency, key, amount);
        }
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IExposureLedger
    function room(ProductId product, address cell, RiskIndex risk, uint128 dependencies) external view returns (uint128) {
        uint256 least = _roomOf(Dimension.Cell, uint160(cell));
        least = Math.min(least, _roomOf(Dimension.Product, ProductId.unwrap(product)));
        least = Math.min(least, _roomOf(Dimension.Risk, RiskIndex.unwrap(risk)));
        for (; dependencies != 0; dependencies >>= 32) {
            least = Math.min(least, _roomOf(Dimension.Dependency, uint32(dependencies)));
        }
        return uint128(least);
    }

    /// @inheritdoc IExposureLedger
    function booked(Dimension dimension, uint256 key) public view returns (uint128 booked_, uint128 cap) {
        Limits memory limits = _limits[dimension][key];
        cap = limits.capped ? limits.cap : defaultCap;
        if (dimension == Dimension.Cell) booked_ = ICell(address(uint160(key))).locked();
        else booked_ = uint128((_booked[dimension][_wordOf(dimension, key)].lanes >> _shiftOf(dimension, key)) & MOST);
    }

    /// @inheritdoc IExposureLedger
    function insuredOn(RiskIndex risk) external view returns (uint256 insured, address applicant) {
        uint256 word = _booked[Dimension.Risk][RiskIndex.unwrap(risk)].lanes;
        return ((word >> APPLICANT) & MOST, address(uint160(word)));
    }

    /// @inheritdoc IExposureLedger
    function closedUntil(Dimension dimension, uint256 key) public view returns (uint40) {
        Limits memory limits = _limits[dimension][key];
        return limits.pausedUntil > limits.frozenUntil ? limits.pausedUntil : limits.frozenUntil;
    }

    // ------------------------------------------------------------------ inside

    /// @dev A key's limits to be written: from now on its lane says that it has some.
    function _ownLimits(Dimension dimension, uint256 key) private returns (Limits storage) {
        if (dimension != Dimension.Cell) {
            _booked[dimension][_wordOf(dimension, key)].lanes |= (MOST + 1) << _shiftOf(dimension, key);
        }
        return _limits[dimension][key];
    }

    /// @param before end of the last closure of the same kind
    function _requireBounded(uint40 until, uint40 before) private view {
        uint40 latest = uint40(block.timestamp) + MAX_CLOSURE;
        require(until <= latest, ClosureTooLong(until, latest));
        require(before == 0 || block.timestamp >= before + COOL_DOWN, ClosureTooSoon(before + COOL_DOWN));
    }

    function _book(Dimension dimension, uint256 key, uint256 amount) private {
        Word storage stored = _booked[dimension][_wordOf(dimension, key)];
        (uint256 word, uint256 shift) = (stored.lanes, _shiftOf(dimension, key));
        uint256 lane = uint64(word >> shift);
        uint256 before = lane & MOST;
        uint256 cap = lane == before ? defaultCap : _capNow(dimension, key);
        if (before + amount > cap) revert CapExceeded(dimension, key, amount, Math.saturatingSub(cap, before));
        stored.lanes = word + (amount << shift);
    }

    function _releaseOf(ProductId product, RiskIndex risk, uint256 amount) internal override {
        uint256 key = ProductId.unwrap(product);
        _release(_booked[Dimension.Product][key / LANES], 64 * (key % LANES), Dimension.Product, key, amount);
        key = RiskIndex.unwrap(risk);
        _release(_booked[Dimension.Risk][key], APPLICANT, Dimension.Risk, key, amount);
    }

    function _release(Word storage stored, uint256 shift, Dimension dimension, uint256 key, uint256 amount) private {
        uint256 word = stored.lanes;
        uint256 before = (word >> shift) & MOST;
        if (amount > before) revert ReleaseExceedsBooked(dimension, key, amount, before);
        unchecked {
            stored.lanes = word - (amount << shift);
        }
    }

    /// @dev The cap of a key that takes new cover now.
    function _capNow(Dimension dimension, uint256 key) private view returns (uint256) {
        Limits memory limits = _limits[dimension][key];
        if (block.timestamp < limits.pausedUntil) revert ClosedToNewCover(dimension, key, limits.pausedUntil);
        if (block.timestamp < limits.frozenUntil) revert ClosedToNewCover(dimension, key, limits.frozenUntil);
        return limits.capped ? limits.cap : defaultCap;
    }

    function _roomOf(Dimension dimension, uint256 key) private view returns (uint256) {
        if (block.timestamp < closedUntil(dimension, key)) return 0;
        (uint128 booked_, uint128 cap) = booked(dimension, key);
        return Math.saturatingSub(cap, booked_);
    }

    function _wordOf(Dimension dimension, uint256 key) private pure returns (uint256) {
        return dimension == Dimension.Risk ? key : key / LANES;
    }

    function _shiftOf(Dimension dimension, uint256 key) private pure returns (uint256) {
        return dimension == Dimension.Risk ? APPLICANT : 64 * (key % LANES);
    }
}
