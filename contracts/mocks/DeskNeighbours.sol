// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ICertificateBook} from "../interfaces/ICertificateBook.sol";
import {IClaimsDesk} from "../interfaces/IClaimsDesk.sol";
import {BatchId, Cover, Payment, PolicyId, ProductId, RiskIndex, SubjectId, Terms} from "../interfaces/Types.sol";
import {Covers} from "../libraries/Covers.sol";
import {Indices} from "../libraries/Indices.sol";
import {Payments} from "../libraries/Payments.sol";
import {ProductRecord} from "../libraries/ProductRecord.sol";
import {RunReader} from "../oracle/RunReader.sol";

/// @title Everything that the ClaimsDesk talks to, answering what a test has set.
contract DeskNeighbours is RunReader {
    using Indices for bytes;

    struct Scenario {
        Terms terms;
        Cover cover;
        uint32 epoch;
        uint64[] lost;
        uint64[] attacked;
        uint64 frontier;
    }

    event Paid(address payee, uint128 amount);
    event PaidMany(Payment[] payments);
    event Released(uint128 amount);

    mapping(PolicyId => bool) public released;
    uint128 public reserved;
    mapping(PolicyId => Cover) private _covers;
    /// @dev records created; the last one is the product of every cover and batch
    uint16 private _products;
    mapping(SubjectId => mapping(uint32 => uint64[2])) private _masks;
    mapping(BatchId => ICertificateBook.Settled) private _batches;
    /// @dev sums insured by risk; premium consumed by policy
    mapping(uint256 => uint128) private _insured;
    mapping(uint256 => address) private _applicants;
    mapping(PolicyId => uint128) private _earned;
    uint64 private _frontier;

    constructor(uint32 slotLength_, uint32 maxReportDelay_) RunReader(slotLength_, maxReportDelay_) {}

    // ---------------------------------------------------------------- set by tests

    function setCover(PolicyId policy, Cover calldata cover) public {
        _covers[policy] = cover;
    }

    function setReleased(PolicyId policy) external {
        released[policy] = true;
    }

    function setTerms(Terms calldata terms) public {
        ProductRecord.write(terms, 0);
        ++_products;
    }

    function setMasks(SubjectId subject, uint32 epoch, uint64[] calldata lost, uint64[] calldata attacked) public {
        for (uint256 i = 0; i < lost.length; ++i) _masks[subject][uint32(epoch + i)] = [lost[i], attacked[i]];
    }

    /// @param value count and amount come with the claim
    function setBatch(BatchId batch, ICertificateBook.Settled calldata value) external {
        _batches[batch] = value;
    }

    function setInsured(uint256 risk, uint128 amount) external {
        _insured[risk] = amount;
    }

    /// @notice Whose risk it is; until then the neighbours' own.
    function setApplicant(uint256 risk, address applicant) external {
        _applicants[risk] = applicant;
    }

    function setEarned(PolicyId policy, uint128 amount) external {
        _earned[policy] = amount;
    }

    /// @notice What the desk answers in a scenario; to be called without a transaction, so that nothing of it stays.
    function previewIn(
        Scenario calldata scenario,
        IClaimsDesk desk,
        PolicyId policy,
        uint64 run
    ) external returns (uint128 instant, uint128 scheduled, uint64 lostSeconds) {
        setTerms(scenario.terms);
        setCover(policy, scenario.cover);
        setMasks(SubjectId.wrap(RiskIndex.unwrap(scenario.cover.risk)), scenario.epoch, scenario.lost, scenario.attacked);
        _frontier = scenario.frontier;
        return desk.preview(policy, run);
    }

    // ---------------------------------------------------------------- asked by the desk

    function coverAt(PolicyId policy, uint40) public view returns (Cover memory cover) {
        cover = _covers[policy];
        cover.product = ProductId.wrap(_products);
        if (released[policy]) cover.inForce = false;
    }

    /// @dev Says nothing of policies with even numbers, so that the desk asks for their cover.
    function packedCoverOf(
        PolicyId policy,
        uint40 time
    ) external view returns (uint256 parties, uint256 amounts, uint256 dependencies) {
        if (PolicyId.unwrap(policy) % 2 == 0) return (0, 0, 0);
        Cover memory cover = coverAt(policy, time);
        (parties, amounts) = Covers.pack(cover);
        dependencies = cover.dependencies;
    }

    function closedBefore(uint40 time) public view override returns (uint64) {
        return _frontier != 0 ? _frontier : super.closedBefore(time);
    }

    /// @dev Only the product is told.
    function batchOf(BatchId) external view returns (ICertificateBook.Batch memory view_) {
        view_.product = ProductId.wrap(_products);
    }

    /// @dev One unit a leaf byte.
    function claim(
        BatchId batch,
        uint64,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata
    ) public view returns (ICertificateBook.Settled memory due) {
        due = _batches[batch];
        due.product = ProductId.wrap(_products);
        (due.count, due.amount) = (uint32(indices.count()), uint128(leaves.length));
    }

    function insuredOn(RiskIndex risk) external view returns (uint256 insured, address applicant) {
        applicant = _applicants[RiskIndex.unwrap(risk)];
        return (_insured[RiskIndex.unwrap(risk)], applicant == address(0) ? address(this) : applicant);
    }

    function premiumAt(PolicyId policy, uint40) external view returns (uint128, uint128) {
        return (_earned[policy], 0);
    }

    /// @dev Each record is due one unit a leaf byte, to the account of its index.
    function claimPushed(
        BatchId batch,
        uint64 runStart,
        bytes calldata indices,
        bytes calldata leaves,
        bytes32[] calldata proof,
        bytes calldata
    ) external view returns (ICertificateBook.Settled memory due, Payment[] memory payments) {
        due = claim(batch, runStart, indices, leaves, proof);
        payments = new Payment[](due.count);
        for (uint256 i = 0; i < due.count; ++i) {
            payments[i] = Payments.pack(address(uint160(indices.at(i)) + 1), leaves.length);
        }
        due.amount = uint128(leaves.length * due.count);
    }

    function payMany(Payment[] calldata payments) external {
        emit PaidMany(payments);
    }

    function pay(address payee, uint128 amount) external {
        emit Paid(payee, amount);
    }

    function reserveClaims(uint128 amount) external {
        reserved += amount;
    }

    function unreserveClaims(uint128 amount) external {
        reserved -= amount;
    }

    function release(uint128 amount) external {
        emit Released(amount);
    }

    // ---------------------------------------------------------------- read by the runs

    /// @dev All bits, so that whoever keeps them beside something else shows it.
    function _seatsOf(uint256) internal pure override returns (uint256) {
        return type(uint56).max;
    }

    function _lostIn(uint256 subject, uint256 epoch, uint256) internal view override returns (uint256) {
        return _masks[SubjectId.wrap(uint64(subject))][uint32(epoch)][0];
    }

    function _attackedIn(uint256 subject, uint256 epoch, uint256) internal view override returns (uint256) {
        return _masks[SubjectId.wrap(uint64(subject))][uint32(epoch)][1];
    }
}
