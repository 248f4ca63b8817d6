// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Stands in for the rate index: says which risks have cover, and tells what the feed told it.
contract RateIndexSpy {
    event Told(uint32 group, uint256 scores, uint16 movedLanes);

    mapping(uint32 page => uint256) public coveredRisks;

    function cover(uint32 page, uint256 bitmap) external {
        coveredRisks[page] = bitmap;
    }

    function onScoresMoved(uint32 group, uint256 scores, uint16 movedLanes) external {
        emit Told(group, scores, movedLanes);
    }
}
