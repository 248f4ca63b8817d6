// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICell} from "../interfaces/ICell.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {ProductId, RiskIndex} from "../interfaces/Types.sol";

/// @title Sums insured per dependency, risk, product and cell, and their caps.
contract ExposureLedger is IExposureLedger, AccessManaged {
    struct Line {
        uint120 booked;
        uint120 cap;
        /// false: the default cap holds
        bool capped;
    }

    address public immutable policyBook;
    address public immutable facility;
    address public immutable certificateBook;
    /// @inheritdoc IExposureLedger
    uint128 public immutable defaultCap;

    mapping(Dimension => mapping(uint256 key => Line)) private _lines;

    constructor(
        address authority,
        address policyBook_,
        address facility_,
        address certificateBook_,
        uint128 defaultCap_
    ) AccessManaged(authority) {
        require(defaultCap_ <= type(uint120).max, CapTooHigh(defaultCap_));
        (policyBook, facility, certificateBook, defaultCap) = (policyBook_, facility_, certificateBook_, defaultCap_);
    }

    // ------------------------------------------------------------------ product admin

    /// @inheritdoc IExposureLedger
    function setCap(Dimension dimension, uint256 key, uint128 cap) external restricted {
        require(cap <= type(uint120).max, CapTooHigh(cap));
        Line storage line = _lines[dimension][key];
        (line.cap, line.capped) = (uint120(cap), true);
        emit CapSet(dimension, key, cap);
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
        (uint256 locked, uint256 cap) = _cellLine(cell);
        require(locked <= cap, CapExceeded(Dimension.Cell, uint160(cell), amount, Math.saturatingSub(cap + amount, locked)));
    }

    /// @inheritdoc IExposureLedger
    function release(ProductId product, address, RiskIndex risk, uint128 dependencies, uint128 amount) external {
        require(
            msg.sender == policyBook || msg.sender == facility || msg.sender == certificateBook,
            OnlyBooks(msg.sender)
        );
        _release(Dimension.Product, ProductId.unwrap(product), amount);
        _release(Dimension.Risk, RiskIndex.unwrap(risk), amount);
        for (; dependencies != 0; dependencies >>= 32) _release(Dimension.Dependency, uint32(dependencies), amount);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IExposureLedger
    function room(ProductId product, address cell, RiskIndex risk, uint128 dependencies) external view returns (uint128) {
        (uint256 locked, uint256 cap) = _cellLine(cell);
        uint256 least = Math.saturatingSub(cap, locked);
        least = Math.min(least, _roomOf(Dimension.Product, ProductId.unwrap(product)));
        least = Math.min(least, _roomOf(Dimension.Risk, RiskIndex.unwrap(risk)));
        for (; dependencies != 0; dependencies >>= 32) {
            least = Math.min(least, _roomOf(Dimension.Dependency, uint32(dependencies)));
        }
        return uint128(least);
    }

    /// @inheritdoc IExposureLedger
    function booked(Dimension dimension, uint256 key) external view returns (uint128 booked_, uint128 cap) {
        if (dimension == Dimension.Cell) {
            (uint256 locked, uint256 cellCap) = _cellLine(address(uint160(key)));
            return (uint128(locked), uint128(cellCap));
        }
        Line memory line = _lines[dimension][key];
        return (line.booked, uint128(_capOf(line)));
    }

    // ------------------------------------------------------------------ inside

    function _book(Dimension dimension, uint256 key, uint128 amount) private {
        Line memory line = _lines[dimension][key];
        uint256 free = Math.saturatingSub(_capOf(line), line.booked);
        require(amount <= free, CapExceeded(dimension, key, amount, free));
        _lines[dimension][key].booked = line.booked + uint120(amount);
    }

    function _release(Dimension dimension, uint256 key, uint128 amount) private {
        uint120 before = _lines[dimension][key].booked;
        require(amount <= before, ReleaseExceedsBooked(dimension, key, amount, before));
        _lines[dimension][key].booked = before - uint120(amount);
    }

    function _roomOf(Dimension dimension, uint256 key) private view returns (uint256) {
        Line memory line = _lines[dimension][key];
        return Math.saturatingSub(_capOf(line), line.booked);
    }

    function _capOf(Line memory line) private view returns (uint256) {
        return line.capped ? line.cap : defaultCap;
    }

    function _cellLine(address cell) private view returns (uint256 locked, uint256 cap) {
        return (ICell(cell).locked(), _capOf(_lines[Dimension.Cell][uint160(cell)]));
    }
}
