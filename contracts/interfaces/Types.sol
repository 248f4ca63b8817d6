// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev Number of a product, from 1, given by `ProductBook`.
type ProductId is uint16;

/// @dev Dense index of a risk, from 0, given by `RiskRegister`.
type RiskIndex is uint32;

/// @dev What a slot is marked for: a risk (its index) or a dependency (2^32 + its index).
type SubjectId is uint64;

/// @dev Number of a policy: the first 53 bits of the digest of its quote.
type PolicyId is uint64;

/// @dev Number of a bordereau, from 1, given by `CertificateBook`.
type BatchId is uint64;

/// @dev One cover's claim on one run: cover number * 2^64 + first slot of the run; bit 128 set when the cover is a bordereau, and then
///   from bit 136 on one more than the index of the first claimed certificate (0: all claims of the bordereau on the run).
type ClaimId is bytes32;

/// @dev One of many payments: payee in the upper 160 bits, token units in the lower 96.
type Payment is uint256;

using {sameProduct as ==} for ProductId global;
using {sameRisk as ==} for RiskIndex global;

function sameProduct(ProductId a, ProductId b) pure returns (bool) {
    return ProductId.unwrap(a) == ProductId.unwrap(b);
}

function sameRisk(RiskIndex a, RiskIndex b) pure returns (bool) {
    return RiskIndex.unwrap(a) == RiskIndex.unwrap(b);
}

/// @dev Perils that can pay. Others only inform the price.
enum Peril {
    ServiceAttack,
    ServiceOutage,
    DependencyOutage
}

/// @dev Streamed cover of one risk, or per-transaction cover under a facility.
enum Form {
    Policy,
    Certificate
}

/// @notice Terms of a product; they never change.
/// @dev Durations in seconds, money in token units, rates 1e18 fixed point per year of sum insured.
struct Terms {
    Peril peril;
    Form form;
    /// the cell whose capital stands behind the product
    address cell;
    /// seconds of each run that are not paid
    uint32 waitingPeriod;
    /// seconds after the start of a segment before an incident may begin
    uint32 coverageLag;
    /// runs of lost slots closer than this are one incident
    uint32 mergeGap;
    /// seconds after slot close in which a hold may be placed; nothing settles before
    uint32 holdWindow;
    /// seconds from scheduling a reviewed amount in which it may be challenged
    uint32 challengeWindow;
    /// seconds from the end of the challenge window in which two assessors decide
    uint32 reviewWindow;
    /// seconds after end + maxReportDelay in which claims may still be opened; capital stays locked until then
    uint32 claimWindow;
    /// seconds of cover at the top rate that a policy's balance must hold at bind
    uint32 noticePeriod;
    /// policy: longest term; certificate: the tenor of every certificate
    uint32 term;
    /// seconds after which an increase of cover acts
    uint32 increaseDelay;
    /// one step of the rate table's lanes, in 1e18 fixed point per year
    uint64 rateUnit;
    /// certificates: token units of one unit of sum insured
    uint128 unit;
    /// most that one policy or one certificate may insure
    uint128 maxSumInsured;
    /// most that settles without review per incident and risk
    uint128 instantLimit;
    /// most that one applicant may be paid without review in 365 days beyond the premium it consumed
    uint128 unreviewedLimit;
    /// keccak256 of the canonical JSON (RFC 8785) of the wording, registered in ModelRegistry
    bytes32 termsHash;
}

/// @notice A policy's cover as it stood at one moment.
struct Cover {
    bool inForce;
    ProductId product;
    RiskIndex risk;
    address holder;
    /// start of the segment; an incident must begin at or after start + coverageLag
    uint40 start;
    /// first second not covered: the policy's end, cancellation or lapse
    uint40 end;
    /// limit of the policy over its whole life, token units
    uint128 sumInsured;
    /// declared loss per hour, token units
    uint128 lossPerHour;
    /// dependency indices, four of 32 bits, lowest first, 0 = none (index 0 is never given)
    uint128 dependencies;
}
