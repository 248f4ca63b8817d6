/* Hashes evidence again in the browser: each [data-hash-of] says whether its bundle fits its name. */
import { hex, keccak } from "./bytes.js";

const known = new Map();

async function check(node) {
  const { hashOf, expected } = node.dataset;
  if (!known.has(hashOf)) {
    known.set(hashOf, fetch(hashOf).then((answer) => answer.arrayBuffer()).then((data) => hex(keccak(new Uint8Array(data)))));
  }
  const found = await known.get(hashOf).catch(() => null);
  node.classList.remove("good", "bad", "warn");
  if (found === null) { node.textContent = "could not be loaded"; node.classList.add("warn"); return; }
  node.textContent = found === expected ? "hash fits" : "hash DIFFERS";
  node.classList.add(found === expected ? "good" : "bad");
}

const all = () => document.querySelectorAll("[data-hash-of]").forEach(check);
document.addEventListener("htmx:afterSettle", all);
all();
