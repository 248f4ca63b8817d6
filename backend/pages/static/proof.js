/* Checks a certificate: signature, place in its bordereau, and what it is paid; all of it here. */
import { recoverPublicKey } from "../lib/secp256k1.js";
import { bytes, digest, hex, join, keccak, number, text, word } from "./bytes.js";

const RECORD = 24, PER_LEAF = 4;
const COMMITTED_RECORD = 34, COMMITMENT = 86, SALT = 9, SUM = 8;
const LEAF_OF_COMMITMENTS = 1, PUSHED_FROM = 2, COMMITMENTS_PUSHED = 3;
const root = document.body.dataset.root;
const form = document.querySelector("[data-proof]");
const verdict = document.querySelector("[data-verdict]");
const checks = document.querySelector("[data-checks]");
const domain = JSON.parse(form.dataset.domain);
const members = JSON.parse(form.dataset.members);

const same = (a, b) => String(a).toLowerCase() === String(b).toLowerCase();
const snake = (name) => name.replace(/[A-Z]/g, (c) => "_" + c.toLowerCase());
const clock = (seconds) => new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
function coins(units) {
  const all = BigInt(units), whole = (all / 1000000n).toLocaleString("en");
  return `${whole}.${String(all % 1000000n).padStart(6, "0").replace(/0{1,4}$/, "")}`;
}

class Wrong extends Error {}
function require(holds, why) { if (!holds) throw new Wrong(why); }

function step(title, lines, kind = "good") {
  const item = document.createElement("li");
  item.className = kind;
  const head = document.createElement("strong");
  head.textContent = title;
  item.append(head);
  for (const line of lines) {
    const row = document.createElement("span");
    if (line instanceof Node) row.append(line); else row.textContent = line;
    item.append(row);
  }
  checks.append(item);
}

function link(address, label) {
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.textContent = label;
  return anchor;
}

function say(kind, title, line) {
  const box = document.createElement("div");
  box.className = `verdict ${kind}`;
  const head = document.createElement("p"), rest = document.createElement("p");
  head.className = "verdict-title";
  head.textContent = title;
  rest.textContent = line;
  box.append(head, rest);
  verdict.replaceChildren(box);
}

/* The certificate as signed, from the API's answer or the message alone. */
function parse(given) {
  let whole;
  try { whole = JSON.parse(given); } catch { throw new Wrong("This is no JSON."); }
  const source = whole.certificate || whole;
  const message = {};
  for (const { name } of members) {
    const value = source[name] ?? source[snake(name)];
    require(value !== undefined, `The certificate has no ${snake(name)}.`);
    message[name] = value;
  }
  require(typeof whole.signature === "string", "The certificate has no signature.");
  require(typeof whole.series === "string", "The certificate names no series.");
  return { message, signature: whole.signature, series: whole.series };
}

function signer(hash, signature) {
  const raw = bytes(signature, 65);
  const recovery = raw[64] >= 27 ? raw[64] - 27 : raw[64];
  try {
    const key = recoverPublicKey(join(new Uint8Array([recovery]), raw.slice(0, 64)), hash, { prehash: false, isCompressed: false });
    return hex(keccak(key.slice(1)).slice(12));
  } catch {
    throw new Wrong("The signature is not a valid one.");
  }
}

function seriesOf(s) {
  return hex(keccak(join(
    word("address", s.underwriter), word("address", s.platform), word("uint16", s.product),
    word("uint32", s.risk), word("uint64", s.premiumPerUnit), word("uint32", s.expiryBucket),
    word("uint8", s.leafKind),
  )));
}

/* The 20 bytes that a record names: the holder, or a commitment to holder, payee and transaction. */
function named(message, kind) {
  if (kind !== LEAF_OF_COMMITMENTS && kind !== COMMITMENTS_PUSHED) return bytes(message.holder, 20);
  const opened = keccak(join(bytes(message.transactionHash, 32), bytes(message.salt, 32)));
  return keccak(join(bytes(message.holder, 20), bytes(message.payee, 20), opened)).slice(0, 20);
}

/* The root that a leaf and its path lead to; a missing right neighbour counts as zero. */
function fold(leaf, index, size, path) {
  let hash = keccak(leaf), at = Math.floor(index / PER_LEAF), width = Math.ceil(size / PER_LEAF);
  const left = [...path];
  while (width > 1) {
    const pair = at ^ 1;
    const other = pair < width ? bytes(left.shift(), 32) : new Uint8Array(32);
    hash = at % 2 ? keccak(join(other, hash)) : keccak(join(hash, other));
    at = Math.floor(at / 2);
    width = Math.ceil(width / 2);
  }
  require(left.length === 0, "The path is too long.");
  return hex(hash);
}

/* Root of a sum tree and the units that it counts, from a record and its path: m hashes of
   neighbours, then their m sums, four to a word. A node hashes its level, and hash and sum of both
   children. */
function foldSums(record, units, index, size, path) {
  const words = path.map((each) => bytes(each, 32));
  const count = Math.floor((words.length * 4) / 5);
  const sums = join(...words.slice(count));
  const sumOf = (place) => BigInt(hex(sums.slice(SUM * place, SUM * place + SUM)));
  const half = (hash, sum) => join(hash, number(sum, SUM));
  let hash = keccak(record), sum = BigInt(units), at = index, width = size, used = 0, level = 0;
  while (width > 1) {
    level += 1;
    let other = new Uint8Array(32), otherSum = 0n;
    if ((at ^ 1) < width) {
      require(used < count, "The path is too short.");
      [other, otherSum] = [words[used], sumOf(used)];
      used += 1;
    }
    const both = at % 2 ? [half(other, otherSum), half(hash, sum)] : [half(hash, sum), half(other, otherSum)];
    hash = keccak(join(number(level, 1), ...both));
    sum += otherSum;
    at = Math.floor(at / 2);
    width = Math.ceil(width / 2);
  }
  require(used === count, "The path is too long.");
  return { root: hex(hash), units: sum };
}

/* Finds the certificate in its bordereau; says what its place rests on. */
function include(message, units, facts) {
  const { bordereau: b, series: s, terms } = facts;
  const start = Number(message.start) - b.base;
  const place = `record ${b.index + 1} of ${b.size} in bordereau ${b.batch}`;
  if (b.leafFileHash === null) {
    const leaf = bytes(b.leaf, RECORD * PER_LEAF), at = (b.index % PER_LEAF) * RECORD;
    const record = join(named(message, s.leafKind), number(units, 2), number(start, 2));
    require(hex(leaf.slice(at, at + RECORD)) === hex(record), "The bordereau has another record at this serial.");
    const found = fold(leaf, b.index, b.size, b.proof);
    require(found === b.root, `Its path leads to ${found}, but the chain has ${b.root}.`);
    return [place, `root ${b.root}`];
  }
  const record = join(named(message, s.leafKind), number(units, 2), number(start, 3), bytes(message.salt, 32).slice(0, SALT));
  const given = bytes(b.leaf, COMMITMENT + COMMITTED_RECORD).slice(COMMITMENT);
  require(hex(given) === hex(record), "The bordereau has another record at this serial.");
  const found = foldSums(record, units, b.index, b.size, b.proof);
  require(found.root === b.root, `Its path leads to ${found.root}, but the chain has ${b.root}.`);
  const counted = found.units * BigInt(terms.unit);
  require(counted === BigInt(b.exposure), `Its path counts ${coins(counted)}, but the chain has ${coins(b.exposure)}.`);
  return [place, `sum root ${b.root}`, `its path adds up to ${coins(counted)}, the exposure on the chain`];
}

function runsOf(facts) {
  const { slotLength, terms, slotsPerEpoch } = facts;
  const slots = [];
  for (const epoch of Object.keys(facts.masks).map(Number).sort((a, b) => a - b)) {
    const [lost, attacked] = facts.masks[epoch].map(BigInt);
    const marked = terms.peril === 0 ? lost & attacked : lost;
    for (let bit = 0; bit < slotsPerEpoch; bit++) if ((marked >> BigInt(bit)) & 1n) slots.push(epoch * slotsPerEpoch + bit);
  }
  const runs = [];
  for (const slot of slots) {
    const last = runs[runs.length - 1];
    const clear = last ? slot - last.last - 1 : 0;
    if (last && (clear === 0 || clear * slotLength < terms.mergeGap)) last.last = slot;
    else runs.push({ first: slot, last: slot });
  }
  return runs;
}

function payingRun(facts, message) {
  const { slotLength, terms, bordereau } = facts;
  return runsOf(facts).find((run) => {
    const start = run.first * slotLength, seconds = (run.last + 1 - run.first) * slotLength;
    const covers = Number(message.start) + terms.coverageLag <= start && start < Number(message.start) + terms.term;
    return covers && seconds > terms.waitingPeriod && bordereau.postedAt <= start;
  });
}

async function rpc(node, method, params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await fetch(node, { method: "POST", headers: { "Content-Type": "application/json" }, body })
    .then((found) => found.json()).catch(() => ({}));
  require(answer.result, "The node of your choice gives no answer about these contracts.");
  return answer.result;
}

async function call(node, to, signature, ...words) {
  const data = hex(join(keccak(text(signature)).slice(0, 4), ...words));
  const raw = bytes(await rpc(node, "eth_call", [{ to, data }, "latest"]));
  return Array.from({ length: raw.length / 32 }, (_, i) => raw.slice(32 * i, 32 * i + 32));
}

async function askOwnNode(node, facts) {
  const { bordereau, series } = facts;
  const receipt = await rpc(node, "eth_getTransactionReceipt", [bordereau.transaction]);
  const posted = receipt.logs.some((log) => same(log.address, domain.verifyingContract) && log.data.includes(bordereau.root.slice(2)));
  require(posted && BigInt(receipt.status) === 1n, "Your node's record of this bordereau has another root.");
  for (const [epoch, [lost, attacked]] of Object.entries(facts.masks)) {
    const marks = await call(node, form.dataset.registry, "masks(uint64,uint32)", word("uint64", series.risk), word("uint32", epoch));
    const agree = BigInt(hex(marks[0])) === BigInt(lost) && BigInt(hex(marks[1])) === BigInt(attacked);
    require(agree, `Your node's marks of epoch ${epoch} are other ones.`);
  }
  step("Your own node says the same", [node]);
}

async function check(given) {
  const { message, signature, series } = parse(given);
  const hash = digest(domain, "Certificate", members, message);
  const who = signer(hash, signature);
  const answer = await fetch(`${root}/proof/${encodeURIComponent(series)}/${encodeURIComponent(message.serial)}`);
  require(answer.ok, "The ledger has no series of this name, or the certificate is malformed.");
  const facts = await answer.json();
  const s = facts.series;
  require(same(seriesOf(s), series), "The series' terms do not fit its name.");
  require(same(who, s.underwriter), `It is signed by ${who}, who is not the underwriter of the series: something in it was changed, or it is forged.`);
  step("Signed by the underwriter", [`digest ${hex(hash)}`, `signer ${who}`]);

  require(same(message.platform, s.platform) && Number(message.product) === s.product && Number(message.riskIndex) === s.risk, "It names another platform, product or risk than its series.");
  require(same(message.termsHash, facts.terms.termsHash), "It was sold with other terms than the product's.");
  const units = BigInt(message.sumInsured) / BigInt(facts.terms.unit);
  require(BigInt(message.premium) === units * BigInt(s.premiumPerUnit), "Its premium is not the series' price.");
  require(Number(message.end) === Number(message.start) + facts.terms.term, "It does not last the product's term.");
  step("Sold at the series' terms", [`${coins(message.sumInsured)} insured for ${coins(message.premium)}, ${clock(Number(message.start))} to ${clock(Number(message.end))}`]);

  const b = facts.bordereau;
  if (b === null) {
    say("warn", "Genuine, not posted yet", `Its bordereau has to be on the chain by ${clock(Number(message.commitBy))}; until then the underwriter's bond stands for it.`);
    return;
  }
  require(b.leaf !== null, "This site has no path for the certificate; ask the platform for one.");
  const rests = include(message, units, facts);
  step(b.leafFileHash === null ? "Included in a bordereau posted on the chain" : "Included in a bordereau committed on the chain", [...rests, link(`${root}/transactions/${b.transaction}`, "the transaction behind it")]);
  const node = document.getElementById("node").value.trim();
  if (node) await askOwnNode(node, facts);

  const run = payingRun(facts, message);
  if (!run) {
    const ended = facts.time >= Number(message.end);
    step("No incident pays it", [ended ? "None began while it covered, after its first seconds and longer than the waiting period." : "None so far; its cover still runs."], "plain");
    say("good", ended ? "Genuine and included; nothing is due" : "Genuine, included and in force", `${coins(message.sumInsured)} insured until ${clock(Number(message.end))}.`);
    return;
  }
  const settles = (run.first + 1) * facts.slotLength + facts.reportDelay + facts.terms.holdWindow;
  const amount = coins(units * BigInt(facts.terms.unit));
  step("An incident pays it", [`lost slots from ${clock(run.first * facts.slotLength)}, ${(run.last + 1 - run.first) * facts.slotLength} seconds`, link(`${root}/incidents/${s.risk}/${run.first}?product=${s.product}`, "the incident and its evidence")]);
  if (b.paidIn) {
    step("Paid", [link(`${root}/transactions/${b.paidIn}`, "the transaction that paid it")]);
    const payee = s.leafKind < PUSHED_FROM ? "its platform" : "its holder";
    say("good", `Genuine, included, and paid ${amount}`, `to ${payee}, in the transaction below.`);
  } else if (b.expired) {
    say("warn", "Genuine and included; not claimed in time", "An incident would have paid it, but its bordereau has ended.");
  } else {
    say("good", `Genuine, included, and due ${amount}`, facts.time >= settles ? "It can be settled now; anyone may do it." : `It settles after ${clock(settles)}.`);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  checks.replaceChildren();
  say("plain", "Checking …", "");
  try {
    await check(document.getElementById("certificate").value);
  } catch (error) {
    step("Stopped here", [error.message], "bad");
    say("bad", "Not a good certificate", error.message);
  }
});
document.getElementById("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  document.getElementById("certificate").value = await file.text();
  form.requestSubmit();
});
