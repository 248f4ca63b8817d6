// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Roles} from "../access/Roles.sol";
import {IPolicyBook} from "../interfaces/IPolicyBook.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {IRiskFeed} from "../interfaces/IRiskFeed.sol";
import {IRiskRegister} from "../interfaces/IRiskRegister.sol";
import {Form, Peril} from "../interfaces/Types.sol";
import {PremiumMath} from "../libraries/PremiumMath.sol";

/// @title Whether a quote may be bound: its signature, its score, and its price.
abstract contract Quotes is IPolicyBook, AccessManaged, EIP712 {
    using SafeCast for uint256;

    /// @notice A quote's score frame is one of the last this many; the rate is checked against the newest in any case.
    uint32 public constant QUOTE_FRAMES = 6;

    bytes32 private constant QUOTE_TYPEHASH =
        keccak256(
            "Quote(uint16 product,uint32 riskIndex,address applicant,address holder,uint128 sumInsured,uint128 lossPerHour,"
            "uint128 dependencies,uint64 rate,uint64 rateCeiling,uint128 minPremium,uint32 scoreFrame,bytes32 modelHash,bytes32 termsHash,"
            "uint40 term,bytes32 salt,uint40 deadline)"
        );

    IProductBook public immutable productBook;
    IRiskFeed public immutable riskFeed;
    IRiskRegister public immutable riskRegister;

    /// @dev one bit a salt, so that neighbouring salts of one underwriter share a slot
    mapping(address underwriter => mapping(uint256 word => uint256)) private _usedSalts;

    constructor(IProductBook productBook_, IRiskFeed riskFeed_, IRiskRegister riskRegister_) {
        (productBook, riskFeed, riskRegister) = (productBook_, riskFeed_, riskRegister_);
    }

    /// @dev Checks who signed and marks the salt used.
    function _useQuote(Quote calldata quote, bytes calldata signature) internal returns (bytes32 digest) {
        require(block.timestamp <= quote.deadline, QuoteExpired(quote.deadline, uint40(block.timestamp)));
        digest = _hashTypedDataV4(keccak256(abi.encode(QUOTE_TYPEHASH, quote)));
        address signer = _signerOf(digest, signature);
        (bool isUnderwriter, ) = IAccessManager(authority()).hasRole(Roles.UNDERWRITER, signer);
        require(isUnderwriter, WrongSigner(signer));
        uint256 bit = 1 << (uint256(quote.salt) & 0xFF);
        uint256 used = _usedSalts[signer][uint256(quote.salt) >> 8];
        require(used & bit == 0, QuoteUsed(digest));
        _usedSalts[signer][uint256(quote.salt) >> 8] = used | bit;
    }

    /// @dev Checks parties, score and price.
    /// @return cell whose capital stands behind the product
    /// @return loading rate units on top of the table rate
    /// @return rateUnit the product's, 1e18 a year
    function _checkQuote(
        Quote calldata quote,
        uint128 premium
    ) internal view returns (address cell, uint16 loading, uint64 rateUnit) {
        _checkParties(quote);
        IProductBook.Offer memory offer = productBook.offerOf(quote.product, _bindingScore(quote));
        require(offer.form == Form.Policy, FormMismatch(quote.product));
        require(quote.termsHash == offer.termsHash, TermsMismatch(quote.termsHash, offer.termsHash));
        require(quote.term > 0 && quote.term <= offer.term, TermOutOfRange(quote.term, offer.term));
        require(quote.sumInsured <= offer.maxSumInsured, SumInsuredTooHigh(quote.sumInsured, offer.maxSumInsured));
        require(
            quote.lossPerHour > 0 && quote.lossPerHour <= quote.sumInsured,
            LossPerHourOutOfRange(quote.lossPerHour, quote.sumInsured)
        );
        require(
            offer.peril != Peril.DependencyOutage || quote.dependencies != 0,
            DependenciesMissing(quote.product)
        );
        uint256 topRate;
        (loading, topRate) = _checkRate(quote, offer);
        uint256 needed = _noticePremium(quote.sumInsured, topRate, Math.min(offer.noticePeriod, quote.term));
        needed = Math.max(needed, quote.minPremium);
        require(premium >= needed, PremiumTooLow(premium, needed));
        return (offer.cell, loading, offer.rateUnit);
    }

    /// @dev Premium of `period` seconds at `rate` (1e18 a year).
    function _noticePremium(uint256 sumInsured, uint256 rate, uint256 period) internal pure returns (uint256) {
        return PremiumMath.premiumUp(sumInsured, rate * period);
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

    function _checkParties(Quote calldata quote) private view {
        require(quote.holder != address(0), HolderMissing());
        address applicant = riskRegister.applicantOf(quote.riskIndex);
        require(quote.applicant == applicant, ApplicantMismatch(quote.applicant, applicant));
        if (quote.dependencies == 0) return;
        uint32 known = riskRegister.dependencyCount();
        for (uint128 left = quote.dependencies; left != 0; left >>= 32) {
            require(uint32(left) <= known, IRiskRegister.UnknownDependency(uint32(left)));
        }
    }

    function _bindingScore(Quote calldata quote) private view returns (uint16 score) {
        uint32 newest;
        bytes32 modelHash;
        (score, newest, modelHash) = riskFeed.bindingScore(quote.riskIndex);
        require(
            quote.scoreFrame <= newest && newest - quote.scoreFrame < QUOTE_FRAMES,
            ScoreFrameNotNewest(quote.scoreFrame, newest)
        );
        require(quote.modelHash == modelHash, ModelMismatch(quote.modelHash, modelHash));
    }

    function _checkRate(
        Quote calldata quote,
        IProductBook.Offer memory offer
    ) private pure returns (uint16 loading, uint256 topRate) {
        require(quote.rate % offer.rateUnit == 0, RateNotInUnits(quote.rate, offer.rateUnit));
        uint256 tableRate = uint256(offer.tableRate) * offer.rateUnit;
        require(quote.rate >= tableRate, RateBelowTable(quote.rate, tableRate));
        loading = ((quote.rate - tableRate) / offer.rateUnit).toUint16();
        topRate = (uint256(offer.topRate) + loading) * offer.rateUnit;
        require(topRate <= quote.rateCeiling, RateAboveCeiling(topRate, quote.rateCeiling));
    }
}
