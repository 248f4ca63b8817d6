// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {RiskIndex} from "./Types.sol";

/// @title Dense indices of insured network assets and of the dependencies that they share.
interface IRiskRegister {
    struct Risk {
        address applicant;
        /// class base score: where a missing sensor's score moves to at least, 0..10,000
        uint16 baseScore;
        /// keyed commitment to the asset (hosts, CIDRs, service): no plain address on chain
        bytes32 assetHash;
    }

    event RiskRegistered(RiskIndex indexed risk, address indexed applicant, bytes32 assetHash, uint16 baseScore);
    event DependencyRegistered(uint32 indexed dependency, bytes32 nameHash);

    error AssetKnown(bytes32 assetHash);
    error DependencyKnown(bytes32 nameHash);
    error UnknownRisk(RiskIndex risk);
    error UnknownDependency(uint32 dependency);
    error ScoreTooHigh(uint16 score);
    error ApplicantMissing();

    /// @custom:pre the caller has the underwriter role
    /// @custom:throws ApplicantMissing, ScoreTooHigh, AssetKnown
    /// @custom:emits RiskRegistered
    function registerRisk(address applicant, bytes32 assetHash, uint16 baseScore) external returns (RiskIndex);

    /// @notice Dependency indices begin at 1.
    /// @custom:pre the caller has the underwriter role
    /// @custom:throws DependencyKnown
    /// @custom:emits DependencyRegistered
    function registerDependency(bytes32 nameHash) external returns (uint32);

    /// @custom:throws UnknownRisk
    function riskOf(RiskIndex risk) external view returns (Risk memory);
    /// @custom:throws UnknownRisk
    function applicantOf(RiskIndex risk) external view returns (address);
    /// @param dependencies four indices of 32 bits, 0 = none
    /// @custom:throws UnknownDependency
    function requireDependencies(uint128 dependencies) external view;

    /// @notice Class base scores of the 16 risks of a group, as a score vector: lane 0 highest, 0xFFFF = not registered.
    function baseScores(uint32 group) external view returns (uint256 lanes);
    function riskCount() external view returns (uint32);
    function dependencyCount() external view returns (uint32);
}
