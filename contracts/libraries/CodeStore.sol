// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Bytes kept as the code of an account that can do nothing: dear to write, cheap to read whole.
/// @dev The code begins with STOP, so a call to it ends at once; it has no other instruction that could run.
library CodeStore {
    error WriteFailed();

    /// @dev code that returns what follows its own ten bytes: PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
    uint256 private constant CREATOR = 0x61_0000_80_60_0a_3d_39_3d_f3;

    function write(bytes memory data) internal returns (address store) {
        return write(data, data.length);
    }

    /// @notice Keeps the first `size` bytes of `data`.
    /// @param size at most 24,575 and not more than there are
    function write(bytes memory data, uint256 size) internal returns (address store) {
        uint256 creator = CREATOR | ((size + 1) << 56);
        assembly ("memory-safe") {
            // eleven bytes before the data: the creator, and STOP; they lie over the length, which is put back
            let length := mload(data)
            mstore(data, shl(8, creator))
            store := create(0, add(data, 21), add(size, 11))
            mstore(data, length)
        }
        require(store != address(0), WriteFailed());
    }

    /// @notice All the bytes; none when there is no store.
    function read(address store) internal view returns (bytes memory) {
        uint256 size = store.code.length;
        return read(store, size == 0 ? 0 : size - 1);
    }

    /// @notice The first `size` bytes, zeros where there are fewer.
    function read(address store, uint256 size) internal view returns (bytes memory data) {
        data = new bytes(size);
        assembly ("memory-safe") {
            extcodecopy(store, add(data, 32), 1, size)
        }
    }
}
