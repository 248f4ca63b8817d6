// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRateIndex} from "../interfaces/IRateIndex.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IRiskFeed} from "../interfaces/IRiskFeed.sol";
import {IRiskRegister} from "../interfaces/IRiskRegister.sol";
import {PolicyId, ProductId, RiskIndex} from "../interfaces/Types.sol";

/// @title Stands for the contracts that cover talks to, in its tests: feed, register, cell, claims desk, incidents, model registry.
/// @dev Each answers what a test told it to, and remembers what it was asked to book.
contract CoverNeighbours {
    mapping(RiskIndex => uint16) private _scores;
    mapping(RiskIndex => uint16) private _uncapped;
    uint32 public frame;
    bytes32 public modelHash;
    bool public stale;
    uint32 private _dependencyCount;
    bytes32 public retired;

    /// what the rate index said last
    mapping(uint32 group => bool) public covered;

    uint128 public locked;
    uint128 public collected;
    uint128 public capacity = type(uint128).max;
    mapping(PolicyId => uint128) public committedOf;
    uint32 public maxReportDelay = 20;

    // ------------------------------------------------------------------ feed

    function setScore(RiskIndex risk, uint16 score, uint16 uncapped) external {
        (_scores[risk], _uncapped[risk]) = (score, uncapped);
    }

    function setReport(uint32 frame_, bytes32 modelHash_, bool stale_) external {
        (frame, modelHash, stale) = (frame_, modelHash_, stale_);
    }

    function scoreOf(RiskIndex risk) external view returns (uint16, uint16, uint32) {
        return (_scores[risk], _uncapped[risk], frame);
    }

    function bindingScore(RiskIndex risk) external view returns (uint16, uint32, bytes32) {
        require(!stale, IRiskFeed.StaleScore(risk, frame, frame + 100));
        return (_uncapped[risk], frame, modelHash);
    }

    function setCovered(uint32 group, bool covered_) external {
        covered[group] = covered_;
    }

    /// @dev Calls the index as the feed does.
    function moveScores(IRateIndex index, uint32 group, uint256 scores, uint16 movedLanes) external {
        index.onScoresMoved(group, scores, movedLanes);
    }

    // ------------------------------------------------------------------ policy book, for tests of the index

    function enter(IRateIndex index, ProductId product, RiskIndex risk, uint256 table, uint64 rateUnit) external returns (uint48) {
        return index.enter(product, risk, table, rateUnit);
    }

    function leave(IRateIndex index, ProductId product, RiskIndex risk, uint32 policies) external {
        index.leave(product, risk, policies);
    }

    // ------------------------------------------------------------------ register

    function setDependencyCount(uint32 count) external {
        _dependencyCount = count;
    }

    function requireDependencies(uint128 dependencies) external view {
        for (; dependencies != 0; dependencies >>= 32) {
            require(uint32(dependencies) <= _dependencyCount, IRiskRegister.UnknownDependency(uint32(dependencies)));
        }
    }

    // ------------------------------------------------------------------ ledger, for tests of the register

    mapping(RiskIndex => address) public applicantOf;

    function setApplicant(RiskIndex risk, address applicant) external {
        applicantOf[risk] = applicant;
    }

    // ------------------------------------------------------------------ model registry

    function retire(bytes32 hash) external {
        retired = hash;
    }

    function requireUsable(bytes32 hash, IModelRegistry.Kind, uint40 time) external view returns (uint16) {
        require(hash != retired, IModelRegistry.HashIsRetired(hash, time));
        return 1;
    }

    // ------------------------------------------------------------------ cell

    error NoCapacity();

    function setCapacity(uint128 capacity_) external {
        capacity = capacity_;
    }

    function lock(uint128 amount) external {
        require(locked + amount <= capacity, NoCapacity());
        locked += amount;
    }

    function release(uint128 amount) external {
        locked -= amount;
    }

    function freeUnclaimed(uint128 amount) external {
        locked -= amount;
    }

    function collectPremium(uint128 amount) external {
        collected += amount;
    }

    // ------------------------------------------------------------------ claims desk

    function setCommitted(PolicyId policy, uint128 amount) external {
        committedOf[policy] = amount;
    }
}
