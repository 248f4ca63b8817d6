// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Roles} from "../access/Roles.sol";
import {IExposureLedger} from "../interfaces/IExposureLedger.sol";
import {IPolicyBook} from "../interfaces/IPolicyBook.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {IRiskFeed} from "../interfaces/IRiskFeed.sol";
import {IRiskRegister} from "../interfaces/IRiskRegister.sol";
import {Form, Peril, PolicyId, ProductId, Terms} from "../interfaces/Types.sol";
import {PremiumMath} from "../libraries/PremiumMath.sol";
import {ProductRecord} from "../libraries/ProductRecord.sol";
import {RateTable} from "../libraries/RateTable.sol";

/// @title Whether a quote may be taken up: its signature, its score, and its price.
abstract contract Quotes is IPolicyBook, EIP712 {
    using RateTable for uint256;
    using SafeCast for uint256;

    /// @dev A quote's score frame is one of the last this many; the rate is checked against the newest in any case.
    uint32 internal constant QUOTE_FRAMES = 6;

    bytes32 private constant QUOTE_TYPEHASH =
        keccak256(
            "Quote(uint16 product,uint32 riskIndex,address applicant,address holder,uint128 sumInsured,uint128 lossPerHour,"
            "uint128 dependencies,uint64 rate,uint64 rateCeiling,uint128 minPremium,uint32 scoreFrame,bytes32 modelHash,bytes32 termsHash,"
            "uint40 term,bytes32 salt,uint40 deadline)"
        );
    uint256 private constant QUOTE_SIZE = 16 * 32;

    IAccessManager public immutable authority;
    IProductBook internal immutable _productBook;
    IRiskFeed internal immutable _riskFeed;
    IRiskRegister internal immutable _riskRegister;
    IExposureLedger internal immutable _exposureLedger;

    constructor(
        address authority_,
        IProductBook productBook_,
        IRiskFeed riskFeed_,
        IRiskRegister riskRegister_,
        IExposureLedger exposureLedger_
    ) EIP712("flowcover PolicyBook", "1") {
        authority = IAccessManager(authority_);
        (_productBook, _riskFeed, _riskRegister) = (productBook_, riskFeed_, riskRegister_);
        _exposureLedger = exposureLedger_;
    }

    /// @dev Checks deadline and signer.
    /// @return digest of the quote
    /// @return id first 53 bits of the digest: the number under which the quote is taken up, once, and exact in any JSON reader
    function _readQuote(Quote calldata quote, bytes calldata signature) internal view returns (bytes32 digest, PolicyId id) {
        require(block.timestamp <= quote.deadline, QuoteExpired(quote.deadline, uint40(block.timestamp)));
        digest = _hashTypedDataV4(_structHash(quote));
        address signer = _signerOf(digest, signature);
        (bool isUnderwriter, ) = authority.hasRole(Roles.UNDERWRITER, signer);
        require(isUnderwriter, WrongSigner(signer));
        id = PolicyId.wrap(uint64(uint256(digest) >> 203));
    }

    /// @dev Checks parties, terms, score and price.
    /// @param funds what the balance would be, token units
    /// @return terms of the product
    /// @return table its rates
    /// @return loading rate units on top of the table rate
    function _checkQuote(
        Quote memory quote,
        uint256 funds
    ) internal view returns (Terms memory terms, uint256 table, uint16 loading) {
        (, address applicant) = _exposureLedger.insuredOn(quote.riskIndex);
        require(quote.applicant == applicant && applicant != address(0), ApplicantMismatch(quote.applicant, applicant));
        if (quote.dependencies != 0) _riskRegister.requireDependencies(quote.dependencies);
        uint256 score = _bindingScore(quote);
        (terms, table) = _productOf(quote.product);
        _productBook.requireSold(quote.product, terms.termsHash);
        _checkTerms(quote, terms);
        uint256 topRate;
        (loading, topRate) = _checkRate(quote, terms.rateUnit, table, score);
        uint256 notice = terms.noticePeriod < quote.term ? terms.noticePeriod : quote.term;
        uint256 needed = PremiumMath.premiumUp(quote.sumInsured, topRate * notice);
        if (needed < quote.minPremium) needed = quote.minPremium;
        require(funds >= needed, PremiumTooLow(funds, needed));
    }

    function _productOf(ProductId product) internal view returns (Terms memory terms, uint256 table) {
        return ProductRecord.read(_productBook, product);
    }

    /// @dev The quote's words as the caller gave them: with other than the signed ones the digest is another.
    function _structHash(Quote calldata quote) private pure returns (bytes32 hash) {
        (bytes32 typeHash, uint256 size) = (QUOTE_TYPEHASH, QUOTE_SIZE);
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, typeHash)
            calldatacopy(add(words, 32), quote, size)
            hash := keccak256(words, add(size, 32))
        }
    }

    function _signerOf(bytes32 digest, bytes calldata signature) private view returns (address signer) {
        if (signature.length > 65) {
            signer = address(bytes20(signature[:20]));
            bool valid = SignatureChecker.isValidERC1271SignatureNow(signer, digest, signature[20:]);
            require(valid, WrongSigner(signer));
        } else {
            (signer, , ) = ECDSA.tryRecover(digest, signature);
        }
    }

    function _bindingScore(Quote memory quote) private view returns (uint256) {
        (uint16 score, uint32 newest, bytes32 modelHash) = _riskFeed.bindingScore(quote.riskIndex);
        uint32 frame = quote.scoreFrame;
        require(frame <= newest && newest - frame < QUOTE_FRAMES, ScoreFrameNotNewest(frame, newest));
        require(quote.modelHash == modelHash, ModelMismatch(quote.modelHash, modelHash));
        return score;
    }

    function _checkTerms(Quote memory quote, Terms memory terms) private pure {
        require(terms.form == Form.Policy, FormMismatch(quote.product));
        require(quote.termsHash == terms.termsHash, TermsMismatch(quote.termsHash, terms.termsHash));
        uint40 term = quote.term;
        require(term > 0 && term <= terms.term, TermOutOfRange(term, terms.term));
        uint256 sumInsured = quote.sumInsured;
        require(sumInsured <= terms.maxSumInsured, SumInsuredTooHigh(sumInsured, terms.maxSumInsured));
        uint256 lossPerHour = quote.lossPerHour;
        require(lossPerHour > 0 && lossPerHour <= sumInsured, LossPerHourOutOfRange(lossPerHour, sumInsured));
        require(terms.peril != Peril.DependencyOutage || quote.dependencies != 0, DependenciesMissing(quote.product));
    }

    function _checkRate(
        Quote memory quote,
        uint256 rateUnit,
        uint256 table,
        uint256 score
    ) private pure returns (uint16 loading, uint256 topRate) {
        uint256 rate = quote.rate;
        uint256 tableRate = table.rateOf(RateTable.tierOf(score));
        require(rate % rateUnit == 0, RateNotInUnits(rate, rateUnit));
        require(rate >= tableRate * rateUnit, RateBelowTable(rate, tableRate * rateUnit));
        loading = (rate / rateUnit - tableRate).toUint16();
        topRate = (table.top() + loading) * rateUnit;
        require(topRate <= quote.rateCeiling, RateAboveCeiling(topRate, quote.rateCeiling));
    }
}
