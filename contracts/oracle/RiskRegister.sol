// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IRiskRegister} from "../interfaces/IRiskRegister.sol";
import {RiskIndex} from "../interfaces/Types.sol";

/// @title Gives insured network assets and their shared dependencies dense indices.
contract RiskRegister is IRiskRegister, AccessManaged {
    uint16 private constant MAX_SCORE = 10_000;

    /// @notice Told each risk's applicant, so that it stands beside what is booked on the risk.
    IExposureLedger public immutable exposureLedger;

    /// @inheritdoc IRiskRegister
    uint32 public riskCount;
    /// @inheritdoc IRiskRegister
    uint32 public dependencyCount;
    mapping(uint256 risk => address) private _applicants;
    mapping(uint256 risk => bytes32) private _assets;
    /// @dev bits flipped, so that a lane nobody wrote reads as 0xFFFF
    mapping(uint256 group => uint256) private _flippedBaseScores;
    mapping(bytes32 assetHash => bool) private _knownAssets;
    mapping(bytes32 nameHash => bool) private _knownDependencies;

    constructor(address authority, IExposureLedger exposureLedger_) AccessManaged(authority) {
        exposureLedger = exposureLedger_;
    }

    // ---- underwriter

    /// @inheritdoc IRiskRegister
    function registerRisk(address applicant, bytes32 assetHash, uint16 baseScore) external restricted returns (RiskIndex) {
        require(applicant != address(0), ApplicantMissing());
        require(baseScore <= MAX_SCORE, ScoreTooHigh(baseScore));
        require(!_knownAssets[assetHash], AssetKnown(assetHash));
        uint32 index = riskCount++;
        _knownAssets[assetHash] = true;
        _applicants[index] = applicant;
        _assets[index] = assetHash;
        _flippedBaseScores[index / 16] |= uint256(~baseScore) << _shift(index);
        emit RiskRegistered(RiskIndex.wrap(index), applicant, assetHash, baseScore);
        exposureLedger.setApplicant(RiskIndex.wrap(index), applicant);
        return RiskIndex.wrap(index);
    }

    /// @inheritdoc IRiskRegister
    function registerDependency(bytes32 nameHash) external restricted returns (uint32 dependency) {
        require(!_knownDependencies[nameHash], DependencyKnown(nameHash));
        dependency = ++dependencyCount;
        _knownDependencies[nameHash] = true;
        emit DependencyRegistered(dependency, nameHash);
    }

    // ---- anyone

    /// @inheritdoc IRiskRegister
    function riskOf(RiskIndex risk) external view returns (Risk memory) {
        uint32 index = _known(risk);
        return Risk(_applicants[index], uint16(_baseScores(index / 16) >> _shift(index)), _assets[index]);
    }

    /// @inheritdoc IRiskRegister
    function applicantOf(RiskIndex risk) external view returns (address applicant) {
        applicant = _applicants[RiskIndex.unwrap(risk)];
        require(applicant != address(0), UnknownRisk(risk));
    }

    /// @inheritdoc IRiskRegister
    function requireDependencies(uint128 dependencies) external view {
        for (; dependencies != 0; dependencies >>= 32) {
            uint32 dependency = uint32(dependencies);
            require(dependency <= dependencyCount, UnknownDependency(dependency));
        }
    }

    /// @inheritdoc IRiskRegister
    function baseScores(uint32 group) external view returns (uint256) {
        return _baseScores(group);
    }

    function _baseScores(uint256 group) private view returns (uint256) {
        return ~_flippedBaseScores[group];
    }

    function _known(RiskIndex risk) private view returns (uint32 index) {
        index = RiskIndex.unwrap(risk);
        require(index < riskCount, UnknownRisk(risk));
    }

    function _shift(uint256 index) private pure returns (uint256) {
        return 16 * (15 - (index % 16));
    }
}
