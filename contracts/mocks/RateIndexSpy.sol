// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRiskFeed} from "../interfaces/IRiskFeed.sol";

/// @title Stands in for the rate index: tells the feed which groups have cover, and shows what the feed told it.
contract RateIndexSpy {
    event Told(uint32 group, uint256 scores, uint16 movedLanes);

    function cover(IRiskFeed feed, uint32 group, bool covered) external {
        feed.setCovered(group, covered);
    }

    function onScoresMoved(uint32 group, uint256 scores, uint16 movedLanes) external {
        emit Told(group, scores, movedLanes);
    }
}
