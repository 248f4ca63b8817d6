// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Ids of the roles that the AccessManager gives out.
/// @dev Price, settle, pause and rotate are different hands: no role here may do another's work.
library Roles {
    /// @dev signs quotes and bordereau headers, registers risks, reserves exposure
    uint64 internal constant UNDERWRITER = 1;
    /// @dev proposes and suspends oracle committees
    uint64 internal constant COMMITTEE_ADMIN = 2;
    /// @dev signs decisions on amounts that wait for review
    uint64 internal constant ASSESSOR = 3;
    /// @dev places holds on claims, with a reason and a deadline
    uint64 internal constant CLAIMS_HOLD = 4;
    /// @dev pauses for a bounded time
    uint64 internal constant GUARDIAN = 5;
    /// @dev receives fees
    uint64 internal constant TREASURER = 6;
    /// @dev registers products, models and terms
    uint64 internal constant PRODUCT_ADMIN = 7;
}
