// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProductBook} from "../interfaces/IProductBook.sol";
import {Form, ProductId, Terms} from "../interfaces/Types.sol";
import {ProductRecord} from "../libraries/ProductRecord.sol";
import {RateTable} from "../libraries/RateTable.sol";

/// @title Products: terms and rate table, written once as the code of an account that nothing can change.
contract ProductBook is IProductBook, AccessManaged {
    using RateTable for uint256;

    struct Product {
        address record;
        bool closed;
    }

    IModelRegistry public immutable modelRegistry;

    /// @notice Number of products; the last one's number.
    uint16 public productCount;
    mapping(ProductId => Product) private _products;

    constructor(address authority, IModelRegistry modelRegistry_) AccessManaged(authority) {
        modelRegistry = modelRegistry_;
    }

    // ------------------------------------------------------------------ product admin

    /// @inheritdoc IProductBook
    function register(Terms calldata terms, uint256 table_) external restricted returns (ProductId product) {
        _requireTable(table_);
        _requireTerms(terms, table_);
        _requireUsable(terms.termsHash);
        product = ProductId.wrap(++productCount);
        address record = ProductRecord.write(terms, table_);
        assert(record == ProductRecord.addressOf(address(this), product));
        _products[product].record = record;
        emit ProductRegistered(product, terms.termsHash, terms, table_);
    }

    /// @inheritdoc IProductBook
    function close(ProductId product) external restricted {
        _openRecord(product);
        _products[product].closed = true;
        emit ProductClosed(product);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IProductBook
    function termsOf(ProductId product) external view returns (Terms memory terms) {
        (terms, ) = _read(product);
    }

    /// @inheritdoc IProductBook
    function requireOpen(ProductId product) external view returns (Terms memory terms) {
        _openRecord(product);
        (terms, ) = _read(product);
        _requireUsable(terms.termsHash);
    }

    /// @inheritdoc IProductBook
    function requireSold(ProductId product, bytes32 termsHash) external view {
        _openRecord(product);
        _requireUsable(termsHash);
    }

    /// @inheritdoc IProductBook
    function recordOf(ProductId product) public view returns (address record) {
        record = _products[product].record;
        require(record != address(0), UnknownProduct(product));
    }

    /// @inheritdoc IProductBook
    function rate(ProductId product, uint16 score) external view returns (uint256) {
        (Terms memory terms, uint256 lanes) = _read(product);
        return lanes.rateOf(RateTable.tierOf(score)) * terms.rateUnit;
    }

    /// @inheritdoc IProductBook
    function topRate(ProductId product) external view returns (uint256) {
        (Terms memory terms, uint256 lanes) = _read(product);
        return lanes.top() * terms.rateUnit;
    }

    /// @inheritdoc IProductBook
    function table(ProductId product) external view returns (uint256 lanes, uint64 rateUnit) {
        Terms memory terms;
        (terms, lanes) = _read(product);
        return (lanes, terms.rateUnit);
    }

    // ------------------------------------------------------------------ inside

    function _read(ProductId product) private view returns (Terms memory terms, uint256 lanes) {
        return ProductRecord.read(this, product);
    }

    function _openRecord(ProductId product) private view returns (address) {
        Product memory entry = _products[product];
        require(entry.record != address(0), UnknownProduct(product));
        require(!entry.closed, ProductIsClosed(product));
        return entry.record;
    }

    function _requireUsable(bytes32 termsHash) private view {
        modelRegistry.requireUsable(termsHash, IModelRegistry.Kind.Terms, uint40(block.timestamp));
    }

    function _requireTable(uint256 lanes) private pure {
        require(lanes.rateOf(0) > 0, TableEmpty());
        uint256 fall = lanes.firstFall();
        if (fall == RateTable.TIERS) return;
        revert TableNotMonotone(fall, uint16(lanes.rateOf(fall - 1)), uint16(lanes.rateOf(fall)));
    }

    function _requireTerms(Terms calldata terms, uint256 lanes) private pure {
        require(terms.cell != address(0), BadTerms("cell"));
        require(terms.rateUnit > 0 && lanes.top() * terms.rateUnit <= type(uint64).max, BadTerms("rateUnit"));
        require(terms.term > 0, BadTerms("term"));
        require(terms.maxSumInsured > 0 && terms.maxSumInsured <= type(uint56).max, BadTerms("maxSumInsured"));
        require(terms.claimWindow > terms.holdWindow, BadTerms("claimWindow"));
        if (terms.form == Form.Policy) {
            require(terms.noticePeriod > 0 && terms.noticePeriod <= terms.term, BadTerms("noticePeriod"));
            require(terms.increaseDelay >= terms.coverageLag, BadTerms("increaseDelay"));
        } else {
            require(terms.unit > 0 && terms.maxSumInsured % terms.unit == 0, BadTerms("unit"));
        }
    }
}
