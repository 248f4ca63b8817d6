// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";

/// @title Approves hashes of models and of product terms, and retires them forward only.
contract ModelRegistry is IModelRegistry, AccessManaged {
    /// @dev one slot
    struct Entry {
        /// from 1; 0 = unknown
        uint16 number;
        Kind kind;
        /// 0 = not retired
        uint40 retiredFrom;
    }

    mapping(bytes32 hash => Entry) private _entries;
    /// @inheritdoc IModelRegistry
    mapping(uint16 number => bytes32) public hashOf;
    uint16 private _count;

    constructor(address authority) AccessManaged(authority) {}

    // ---- product admin

    /// @inheritdoc IModelRegistry
    function approve(bytes32 hash, Kind kind, string calldata uri) external restricted {
        require(_entries[hash].number == 0, AlreadyApproved(hash));
        uint16 number = ++_count;
        _entries[hash] = Entry(number, kind, 0);
        hashOf[number] = hash;
        emit HashApproved(hash, kind, uri);
    }

    /// @inheritdoc IModelRegistry
    function retire(bytes32 hash, uint40 from) external restricted {
        uint40 before = _known(hash).retiredFrom;
        require(from >= block.timestamp, RetirementInPast(from, uint40(block.timestamp)));
        require(before == 0 || from < before, HashIsRetired(hash, before));
        _entries[hash].retiredFrom = from;
        emit HashRetired(hash, from);
    }

    // ---- anyone

    /// @inheritdoc IModelRegistry
    function requireUsable(bytes32 hash, Kind kind, uint40 time) external view returns (uint16) {
        Entry storage entry = _entries[hash];
        (uint16 number, Kind ofKind, uint40 from) = (entry.number, entry.kind, entry.retiredFrom);
        require(number != 0 && ofKind == kind, UnknownHash(hash));
        require(from == 0 || time < from, HashIsRetired(hash, from));
        return number;
    }

    /// @inheritdoc IModelRegistry
    function retiredFrom(bytes32 hash) external view returns (uint40) {
        return _known(hash).retiredFrom;
    }

    function _known(bytes32 hash) private view returns (Entry storage entry) {
        entry = _entries[hash];
        require(entry.number != 0, UnknownHash(hash));
    }
}
