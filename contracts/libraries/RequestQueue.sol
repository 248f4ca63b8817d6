// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @title First-come queue of requests that epochs fill in part, each fill at its own price, without a loop over requests.
/// @dev A request is an interval of the cumulative input (assets of a deposit, shares of a withdrawal). A fill extends the filled part
///   and appends a point (cumulative input, cumulative output); outputs between two points are straight lines, rounded down.
library RequestQueue {
    using Checkpoints for Checkpoints.Trace208;
    using SafeCast for uint256;

    struct Point {
        uint256 input;
        uint256 output;
    }

    /// @dev [from, to) is not accounted yet; ready is filled and not taken.
    struct Request {
        uint256 from;
        uint256 to;
        uint256 readyInput;
        uint256 readyOutput;
    }

    struct Queue {
        /// cumulative input asked for, by time
        Checkpoints.Trace208 asked;
        Point[] points;
        mapping(address controller => Request) requests;
    }

    /// @notice Appends a request of `input` for a controller that has none unfilled.
    function ask(Queue storage queue, address controller, uint256 input) internal {
        Request storage request = queue.requests[controller];
        uint256 from = queue.asked.latest();
        uint256 to = from + input;
        (request.from, request.to) = (from, to);
        queue.asked.push(uint48(block.timestamp), to.toUint208());
    }

    /// @notice Records that the next `input` of the queue became `output`.
    function fill(Queue storage queue, uint256 input, uint256 output) internal {
        Point memory last = filled(queue);
        queue.points.push(Point(last.input + input, last.output + output));
    }

    /// @notice Stores what has been filled of a controller's request since it was last looked at.
    function sync(Queue storage queue, address controller) internal returns (Request memory request) {
        request = preview(queue, controller);
        queue.requests[controller] = request;
    }

    /// @notice Takes the output of `input`, rounded down. @custom:pre input <= readyInput of a synced request
    function takeInput(Queue storage queue, address controller, uint256 input) internal returns (uint256 output) {
        Request storage request = queue.requests[controller];
        output = Math.mulDiv(request.readyOutput, input, request.readyInput);
        _take(request, input, output);
    }

    /// @notice Takes `output` for its input, rounded up. @custom:pre output <= readyOutput of a synced request
    function takeOutput(Queue storage queue, address controller, uint256 output) internal returns (uint256 input) {
        Request storage request = queue.requests[controller];
        input = Math.mulDiv(request.readyInput, output, request.readyOutput, Math.Rounding.Ceil);
        _take(request, input, output);
    }

    /// @notice A controller's request as `sync` would store it.
    function preview(Queue storage queue, address controller) internal view returns (Request memory request) {
        request = queue.requests[controller];
        uint256 until = Math.min(request.to, filled(queue).input);
        if (until <= request.from) return request;
        request.readyOutput += _outputAt(queue, until) - _outputAt(queue, request.from);
        request.readyInput += until - request.from;
        request.from = until;
    }

    /// @notice Input asked for at or before `time` and not filled.
    function due(Queue storage queue, uint48 time) internal view returns (uint256) {
        uint256 asked = queue.asked.upperLookupRecent(time);
        uint256 done = filled(queue).input;
        return asked > done ? asked - done : 0;
    }

    /// @notice Cumulative input and output of all fills.
    function filled(Queue storage queue) internal view returns (Point memory) {
        uint256 count = queue.points.length;
        return count == 0 ? Point(0, 0) : queue.points[count - 1];
    }

    function _take(Request storage request, uint256 input, uint256 output) private {
        request.readyInput -= input;
        request.readyOutput -= output;
    }

    /// @dev Cumulative output at a cumulative input, rounded down, on the line between the two points around it.
    function _outputAt(Queue storage queue, uint256 input) private view returns (uint256) {
        uint256 low = 0;
        uint256 high = queue.points.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (queue.points[middle].input < input) low = middle + 1;
            else high = middle;
        }
        Point memory right = queue.points[low];
        Point memory left = low == 0 ? Point(0, 0) : queue.points[low - 1];
        return left.output + Math.mulDiv(right.output - left.output, input - left.input, right.input - left.input);
    }
}
