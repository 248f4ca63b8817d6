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
        uint128 dependencies,
        uint64 rate,
        uint64 loading,
        uint128 premium,
        uint40 start,
        uint40 end
    );
    event PolicyToppedUp(PolicyId indexed policy, address indexed payer, uint128 amount, uint128 balance, bool newSegment);
    /// @notice Cover changes at `at`: later by a signed quote, at once by the holder's own reduction (digest 0).
    event PolicyEndorsed(
        PolicyId indexed policy,
        bytes32 quoteDigest,
        uint40 at,
        uint128 sumInsured,
        uint128 lossPerHour,
        uint128 dependencies,
        uint64 rate,
        uint64 loading
    );
    event PolicyCancelled(PolicyId indexed policy, uint128 refund, uint40 end);
    event PolicyLapsed(PolicyId indexed policy, uint40 at);
    /// @notice Cover ended by time or lapse: its premium is settled and what is left goes back to the holder.
    event PolicyFinished(PolicyId indexed policy, uint128 refund, uint40 end);
    /// @notice Capital and caps are given back.
    event PolicyExpired(PolicyId indexed policy);
    /// @notice Premium consumed until `until` moved to the cell.
    event PremiumEarned(PolicyId indexed policy, uint128 amount, uint40 until);
    /// @notice A refund that the holder's account refused waits here.
    event RefundStored(address indexed holder, uint128 amount);
    event StoredWithdrawn(address indexed holder, uint128 amount);

    error QuoteExpired(uint40 deadline, uint40 time);
    error QuoteUsed(bytes32 digest);
    error WrongSigner(address recovered);
    error HolderMissing();
    error ApplicantMismatch(address quoted, address registered);
    error ScoreFrameNotNewest(uint32 quoted, uint32 newest);
    error ModelMismatch(bytes32 quoted, bytes32 reported);
    error FormMismatch(ProductId product);
    error TermsMismatch(bytes32 quoted, bytes32 registered);
    error TermOutOfRange(uint40 term, uint32 most);
    error SumInsuredTooHigh(uint256 sumInsured, uint256 most);
    error LossPerHourOutOfRange(uint256 lossPerHour, uint256 most);
    error DependenciesMissing(ProductId product);
    error RateNotInUnits(uint256 rate, uint256 rateUnit);
    error RateBelowTable(uint256 rate, uint256 tableRate);
    error RateAboveCeiling(uint256 topRate, uint256 ceiling);
    error PremiumTooLow(uint256 premium, uint256 needed);
    error NotHolder(PolicyId policy, address caller);
    error PolicyNotInForce(PolicyId policy);
    error PolicyNotEnded(PolicyId policy, uint40 releasableAt);
    error PremiumSettled(PolicyId policy, uint40 end);
    error PolicyReleased(PolicyId policy);
    error QuoteOfAnother(PolicyId policy);
    error EndorsementPending(PolicyId policy, uint40 at);
    error NotAReduction(PolicyId policy);
    error TooManySegments(PolicyId policy);
    error UnknownPolicy(PolicyId policy);
    error NothingStored(address holder);

    // ------------------------------------------------------------------ holder or whoever pays for it

    /// @notice Binds a quote signed by an underwriter; pulls `premium` from the caller (holder or a platform that pays for it).
    /// @param signature 65 bytes r, s, v of an underwriter's key; or an underwriting contract's address (20 bytes) and its EIP-1271 signature
    /// @return the first 53 bits of the quote's digest: each quote is taken up once, by `bind` or `endorse`
    /// @custom:pre now <= deadline; the signer has the underwriter role; score frame among the risk's last
    ///   `QUOTE_FRAMES` and model the reported one; product open, its terms hash quoted; rate a whole number of rate units, not below the
    ///   table at the newest uncapped score; top table rate + loading <= rateCeiling; premium >= minPremium and >= the notice period (or the
    ///   term, if shorter) at the top rate
    /// @custom:throws QuoteExpired, WrongSigner, QuoteUsed, HolderMissing, ApplicantMismatch, NoScore, StaleScore, ScoreFrameNotNewest,
    ///   ModelMismatch, UnknownProduct, ProductIsClosed, HashIsRetired, FormMismatch, TermsMismatch, TermOutOfRange, SumInsuredTooHigh,
    ///   LossPerHourOutOfRange, DependenciesMissing, UnknownDependency, RateNotInUnits, RateBelowTable, RateAboveCeiling, PremiumTooLow,
    ///   CapacityExceeded, CapExceeded, BadDependencies, TooManyProducts
    /// @custom:emits PolicyBound
    function bind(Quote calldata quote, bytes calldata signature, uint128 premium) external returns (PolicyId);

    /// @notice Adds to the balance. After a lapse cover begins again with a new segment and a new coverage lag, and the balance must hold
    ///   the notice period at the top rate again. Anyone may pay.
    /// @custom:throws UnknownPolicy, PolicyNotInForce, PremiumTooLow
    /// @custom:emits PolicyToppedUp; PremiumEarned and PolicyLapsed when a lapse is found
    function topUp(PolicyId policy, uint128 amount) external;

    // ------------------------------------------------------------------ holder

    /// @notice Takes a quote up as an endorsement: its sum insured, loss per hour, dependencies and loading hold from now + increaseDelay
    ///   to the policy's end, if cover has not lapsed by then. Capital and caps for more cover are taken at once. A call without sending
    ///   is the preview.
    /// @return at first second of the endorsed cover
    /// @custom:pre the caller is the holder; the quote names this holder, product and risk, and passes the checks of `bind` with the balance
    ///   as premium; no other endorsement waits; at most four dependencies over the policy's life
    /// @custom:throws UnknownPolicy, NotHolder, PolicyNotInForce, EndorsementPending, QuoteOfAnother, TooManyDependencies; those of `bind`
    /// @custom:emits PolicyEndorsed; PremiumEarned
    function endorse(PolicyId policy, Quote calldata quote, bytes calldata signature) external returns (uint40 at);

    /// @notice Lowers cover from now on; premium falls with the sum insured. Capital stays locked for what happened before.
    /// @param dependencies a subset of the policy's
    /// @custom:throws UnknownPolicy, NotHolder, PolicyNotInForce, EndorsementPending, NotAReduction, LossPerHourOutOfRange, DependenciesMissing,
    ///   TooManySegments
    /// @custom:emits PolicyEndorsed; PremiumEarned
    function reduce(PolicyId policy, uint128 sumInsured, uint128 lossPerHour, uint128 dependencies) external;

    /// @notice Ends cover now; refunds exactly what `cancelPreview` says in this block. Only the holder.
    /// @custom:throws UnknownPolicy, NotHolder, PolicyNotInForce
    /// @custom:emits PolicyCancelled, PremiumEarned; PolicyLapsed when a lapse is found
    function cancel(PolicyId policy) external returns (uint128 refund);

    /// @notice Pays what a failed refund left for the caller.
    /// @custom:throws NothingStored
    /// @custom:emits StoredWithdrawn
    function withdrawStored() external returns (uint128 amount);

    // ------------------------------------------------------------------ anyone

    /// @notice Moves earned premium to the cell and stores a lapse at its true second. Changes nobody's cover.
    /// @custom:throws UnknownPolicy
    /// @custom:emits PremiumEarned when there is any, PolicyLapsed when a lapse is found
    function touch(PolicyId policy) external;

    /// @notice After a policy's end: settles its premium, moves what was earned to the cell and what is left to the holder. Policies that
    ///   are settled already are passed over. Neighbours in the list with one product and risk share their bookings.
    /// @custom:throws UnknownPolicy, PolicyNotEnded
    /// @custom:emits PolicyFinished for each; PremiumEarned, PolicyLapsed, RefundStored as they occur
    function finish(PolicyId[] calldata policies) external;

    /// @notice After end + maxReportDelay + claimWindow: releases capital and caps, and does what `finish` does where nobody has.
    ///   Policies that are released already are passed over. Neighbours in the list with one product and risk share their bookings.
    /// @custom:throws UnknownPolicy, PolicyNotEnded
    /// @custom:emits PolicyExpired for each; PolicyFinished, PremiumEarned, PolicyLapsed, RefundStored as they occur
    function expire(PolicyId[] calldata policies) external;

    // ------------------------------------------------------------------ views

    /// @notice Refund and cumulative earned premium if the policy were cancelled in this block.
    /// @custom:throws UnknownPolicy, PolicyNotInForce
    function cancelPreview(PolicyId policy) external view returns (uint128 refund, uint128 earned);

    /// @notice The cover as it stood at `time`, lapses computed from the index path; the same whoever touched the policy when.
    ///   Of a released policy only parties are known; it is in force at no time.
    /// @custom:throws UnknownPolicy
    function coverAt(PolicyId policy, uint40 time) external view returns (Cover memory);

    /// @notice The same in three words (see `Covers`), where the policy's own words say it all: cover of the current segment, no lapse stored, no
    ///   endorsement waiting, funds that have lasted at the top rate. All zero where they do not, and of an unknown policy: `coverAt` answers then.
    function packedCoverOf(PolicyId policy, uint40 time) external view returns (uint256 parties, uint256 amounts, uint256 dependencies);

    /// @notice Premium consumed up to `time` (at most now), and what would be left of all money paid in so far, token units.
    /// @custom:throws UnknownPolicy, PremiumSettled when cover ended, was settled, and `time` is before its end; PolicyReleased
    function premiumAt(PolicyId policy, uint40 time) external view returns (uint128 earned, uint128 balance);

    /// @notice True once capital and caps of the policy have been released.
    function released(PolicyId policy) external view returns (bool);

    function stored(address holder) external view returns (uint128);
}
