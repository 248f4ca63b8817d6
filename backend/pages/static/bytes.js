/* Bytes, hex and keccak-256 for the pages that check things by themselves. */
import { keccak_256 } from "../lib/sha3.js";

export const keccak = (bytes) => keccak_256(bytes);
export const text = (value) => new TextEncoder().encode(value);
export const hex = (bytes) => "0x" + [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

export function bytes(value, length) {
  if (typeof value !== "string" || !/^0x([0-9a-fA-F]{2})*$/.test(value)) throw new Error(`not hex: ${value}`);
  const found = Uint8Array.from(value.slice(2).match(/../g) || [], (pair) => parseInt(pair, 16));
  if (length !== undefined && found.length !== length) throw new Error(`not ${length} bytes: ${value}`);
  return found;
}

export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

/* A whole number as `size` big-endian bytes. */
export function number(value, size) {
  let left = BigInt(value);
  if (left < 0n || left >= 1n << BigInt(8 * size)) throw new Error(`${value} does not fit ${size} bytes`);
  const found = new Uint8Array(size);
  for (let i = size - 1; i >= 0; i--) { found[i] = Number(left & 255n); left >>= 8n; }
  return found;
}

/* One ABI word of a static Solidity type. */
export function word(type, value) {
  if (type === "bytes32") return bytes(value, 32);
  if (type === "address") return join(new Uint8Array(12), bytes(value, 20));
  if (type === "bool") return number(value ? 1 : 0, 32);
  const bits = Number(/^uint(\d+)$/.exec(type)[1]);
  number(value, bits / 8);
  return number(value, 32);
}

/* The 32 bytes that an EIP-712 message is signed over; members are {name, type}, all static. */
export function digest(domain, name, members, message) {
  const type = `${name}(${members.map((m) => `${m.type} ${m.name}`).join(",")})`;
  const struct = keccak(join(keccak(text(type)), ...members.map((m) => word(m.type, message[m.name]))));
  const separator = keccak(join(
    keccak(text("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")),
    keccak(text(domain.name)), keccak(text(domain.version)),
    word("uint256", domain.chainId), word("address", domain.verifyingContract),
  ));
  return keccak(join(new Uint8Array([0x19, 0x01]), separator, struct));
}
