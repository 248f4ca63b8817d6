// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Cover, PolicyId, ProductId, RiskIndex} from "./Types.sol";

/// @title Streamed cover of one risk: prepaid premium consumed by the rate index.
interface IPolicyBook {
    /// @dev EIP-712: Quote(uint16 product,uint32 riskIndex,address applicant,address holder,uint128 sumInsured,uint128 lossPerHour,
    ///   uint128 dependencies,uint64 rate,uint64 rateCeiling,uint128 minPremium,uint32 scoreFrame,bytes32 modelHash,bytes32 termsHash,
    ///   uint40 term,bytes32 salt,uint40 deadline)
    struct Quote {
        ProductId product;
        RiskIndex riskIndex;
        address applicant;
        address holder;
        uint128 sumInsured;
        uint128 lossPerHour;
        uint128 dependencies;
        /// rate offered; the policy's loading is rate - table rate at bind
        uint64 rate;
        /// most the holder accepts; top table rate + loading must not exceed it
        uint64 rateCeiling;
        uint128 minPremium;
        uint32 scoreFrame;
        bytes32 modelHash;
        bytes32 termsHash;
        /// seconds of cover
        uint40 term;
        bytes32 salt;
        uint40 deadline;
    }

    event PolicyBound(
        PolicyId indexed policy,
        ProductId indexed product,
        RiskIndex indexed risk,
        address holder,
        address applicant,
        address payer,
        bytes32 quoteDigest,
        uint128 sumInsured,
        uint128 lossPerHour,
        uint64 rate,
        uint64 loading,
        uint128 premium,
        uint40 start,
        uint40 end
    );
    event PolicyToppedUp(PolicyId indexed policy, address indexed payer, uint128 amount, uint128 balance, bool newSegment);
    event PolicyCancelled(PolicyId indexed policy, uint128 refund, uint40 end);
    event PolicyLapsed(PolicyId indexed policy, uint40 at);
    event PolicyExpired(PolicyId indexed policy, uint128 refund);
    event PremiumEarned(PolicyId indexed policy, uint128 amount, uint40 until);

    error QuoteExpired(uint40 deadline, uint40 time);
    error QuoteUsed(bytes32 digest);
    error WrongSigner(address recovered);
    error RateBelowTable(uint256 rate, uint256 tableRate);
    error RateAboveCeiling(uint256 topRate, uint256 ceiling);
    error ScoreFrameNotNewest(uint32 quoted, uint32 newest);
    error ModelMismatch(bytes32 quoted, bytes32 reported);
    error TermsMismatch(bytes32 quoted, bytes32 registered);
    error PremiumTooLow(uint256 premium, uint256 needed);
    error SumInsuredTooHigh(uint256 sumInsured, uint256 most);
    error NotHolder(PolicyId policy, address caller);
    error PolicyNotInForce(PolicyId policy);
    error PolicyNotEnded(PolicyId policy, uint40 releasableAt);
    error UnknownPolicy(PolicyId policy);
    error ApplicantMismatch(address quoted, address registered);

    /// @notice Binds a quote signed by an underwriter; pulls `premium` from the caller (holder or a platform that pays for it).
    function bind(Quote calldata quote, bytes calldata signature, uint128 premium) external returns (PolicyId);
    function topUp(PolicyId policy, uint128 amount) external;
    /// @notice Ends cover now; refunds exactly what `cancelPreview` says in this block.
    function cancel(PolicyId policy) external returns (uint128 refund);
    function cancelPreview(PolicyId policy) external view returns (uint128 refund, uint128 earned);
    /// @notice Moves earned premium to the cell and stores a lapse at its true second. Anyone may call.
    function touch(PolicyId policy) external;
    /// @notice After end + maxReportDelay + claimWindow: releases capital and caps, refunds what is left. Anyone may call.
    function expire(PolicyId[] calldata policies) external;

    /// @notice The cover as it stood at `time`, lapses computed from the index checkpoints.
    function coverAt(PolicyId policy, uint40 time) external view returns (Cover memory);
    /// @notice Premium consumed up to `time` and balance left, token units.
    function premiumAt(PolicyId policy, uint40 time) external view returns (uint128 earned, uint128 balance);
    function policyCount() external view returns (uint64);
    /// @notice True once capital and caps of the policy have been released.
    function released(PolicyId policy) external view returns (bool);
}
