// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Bytes kept as the code of an account that can do nothing: dear to write, cheap to read whole.
/// @dev The code begins with STOP, so a call to it ends at once; it has no other instruction that could run.
library CodeStore {
    error WriteFailed();

    /// @dev code that returns what follows its own ten bytes: PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
    uint256 private constant CREATOR = 0x61_0000_80_60_0a_3d_39_3d_f3;

    /// @param data at most 24,575 bytes
    function write(bytes memory data) internal returns (address store) {
        uint256 size = data.length + 1;
        bytes memory creation = abi.encodePacked(uint80(CREATOR | (size << 56)), bytes1(0), data);
        assembly ("memory-safe") {
            store := create(0, add(creation, 32), mload(creation))
        }
        require(store != address(0), WriteFailed());
    }

    /// @notice The bytes; none when there is no store.
    function read(address store) internal view returns (bytes memory data) {
        assembly ("memory-safe") {
            let size := extcodesize(store)
            if size {
                size := sub(size, 1)
            }
            data := mload(0x40)
            mstore(data, size)
            mstore(0x40, add(data, and(add(size, 63), not(31))))
            extcodecopy(store, add(data, 32), 1, size)
        }
    }
}
