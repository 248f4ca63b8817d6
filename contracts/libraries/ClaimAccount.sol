// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What a policy was ever granted, and the books of its run that was settled or held last, in one word.
/// @dev Low to high: committed 56 (paid, waiting and scheduled over all runs); of the run: booked 56 (due so far, refused amounts included),
///   routed 56 (what of it was ever scheduled), first slot 48, held until 40 (not 0 when suspected, so nothing of it is paid without review).
library ClaimAccount {
    uint256 private constant BOOKED = 56;
    uint256 private constant ROUTED = 112;
    uint256 private constant RUN = 168;
    uint256 private constant HELD = 216;

    function pack(
        uint256 committed,
        uint256 booked,
        uint256 routed,
        uint256 run,
        uint256 heldUntil
    ) internal pure returns (uint256) {
        return
            uint56(committed) |
            (uint256(uint56(booked)) << BOOKED) |
            (uint256(uint56(routed)) << ROUTED) |
            (uint256(uint48(run)) << RUN) |
            (heldUntil << HELD);
    }

    function committedOf(uint256 account) internal pure returns (uint256) {
        return uint56(account);
    }

    function bookedOf(uint256 account) internal pure returns (uint256) {
        return uint56(account >> BOOKED);
    }

    function routedOf(uint256 account) internal pure returns (uint256) {
        return uint56(account >> ROUTED);
    }

    function runOf(uint256 account) internal pure returns (uint256) {
        return uint48(account >> RUN);
    }

    function heldUntilOf(uint256 account) internal pure returns (uint256) {
        return account >> HELD;
    }

    /// @notice Whether the books are those of `run`; a policy that was never settled or held has no earlier ones.
    function isOf(uint256 account, uint256 run) internal pure returns (bool) {
        uint256 last = runOf(account);
        return last == run || last == 0;
    }

    /// @notice The account with `amount` less committed, which is at most what it has.
    function lowered(uint256 account, uint64 amount) internal pure returns (uint256) {
        return ((account >> BOOKED) << BOOKED) | (committedOf(account) - amount);
    }
}
