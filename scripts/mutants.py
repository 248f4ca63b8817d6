"""Mutation check of the pure libraries: each changed operator or constant must change an answer.

    python -m scripts.mutants [LIBRARY ...]

Every mutant is compiled in memory and deployed on a chain of its own; its answers on a fixed set of
edge and random cases are compared with plain Python. A mutant that answers like the original is a
survivor: it is listed, and the exit code is 1 unless `REASONS` says why it changes no money.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from rich.console import Console
from rich.table import Table
from web3 import HTTPProvider, Web3
from web3.types import TxParams

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ROOT / "contracts" / "libraries"
HARNESS = ROOT / "contracts" / "mocks" / "PureMaths.sol"
NAMES = ("PremiumMath", "CertificatePricing", "RunMath", "RollingYear", "LaneMedian", "SumTree")
USED = ("Lanes", "Indices", "ProofErrors")
"""Libraries that these import."""
FULL_YEAR = 10**18 * 31_536_000
PAGE = ROOT / "docs" / "security" / "mutants.md"
AT_ONCE = 24
"""Mutants that the compiler gets together."""
HEAD = """# Mutants of the pure libraries

`make mutants` writes this page. It changes the libraries that decide money in one place at a time
(an operator, a comparison, a constant, a check taken out), compiles each change, and asks it the
cases of `scripts/mutants.py`, whose answers plain Python gives. A change that answers every case
like the original survives, and fails the run unless a reason stands in the script.
"""

SWAPS = (
    (r"(?<![<>=!&|+])<(?![<=])", "<="),
    (r"<=", "<"),
    (r"(?<![>=\-<])>(?![>=])", ">="),
    (r"(?<!>)>=", ">"),
    (r"==", "!="),
    (r"!=", "=="),
    (r"(?<![+*])\+(?![+=])", "-"),
    (r"(?<![-])-(?![-=>])", "+"),
    (r"(?<![*/])\*(?![*/])", "+"),
    (r"(?<![*/])/(?![*/])", "*"),
    (r"&&", "||"),
    (r"\|\|", "&&"),
    (r"Ceil\b", "Floor"),
    (r"Math\.ceilDiv\((.+), (\w+)\)", r"((\1) / \2)"),
    (r"\+=", "-="),
    (r"(?<![\w.])0(?![\w.x])", "1"),
    (r"(?<![\w.])1(?![\w.])", "2"),
    (r"(?<![\w.])2(?![\w.])", "3"),
    (r"^(\s+)require\(.*;$", r"\1"),
    (r"\bsub\(", "add("),
    (r"\badd\(", "sub("),
    (r"\band\(", "or("),
    (r"\bor\(", "and("),
    (r"\bxor\(", "or("),
    (r"\bshr\(", "shl("),
    (r"\blt\(", "gt("),
    (r"\b15\b", "14"),
    (r"\b32\b", "64"),
    (r"<<", ">>"),
    (r">>", "<<"),
    (r"(?<![&])&(?![&])", "|"),
    (r"(?<![|])\|(?![|])", "&"),
    (r"~", ""),
    (r"\+\+", "--"),
)
"""What a line may be changed into, one place at a time."""

SHORTCUT = "fewer are counted as the same: the long way is taken, to the same median"
TOLD = "only the value that the error tells"
SAME = "the same value is written again"
TOO_FAR = "a proof that is read too far fails at the end, where all of it must have been used"
REASONS: dict[tuple[str, str], str] = {
    ("RollingYear", "passed > BUCKETS"): "at six buckets the mask of the next line leaves none",
    ("RollingYear", "((2 << (WIDTH"): "the bit more is shifted out of the word",
    ("RunMath", "low = from >= base"): "where both are equal the difference is 0 as well",
    ("RunMath", "high = to >= base"): "where both are equal the difference is 0 as well",
    ("RunMath", "low > EPOCH"): "a shift by 64 leaves nothing",
    ("RunMath", "high > EPOCH"): "one shifted by 64, less one, is the whole epoch too",
    ("RunMath", "last + 1 >= base"): "where both are equal either is taken",
    ("RunMath", "last + 2 > base"): "where it differs, last + 1 is base",
    ("RunMath", "base + EPOCH <= frontier"): "where both are equal either is taken",
    ("RunMath", "next - base > EPOCH"): "a shift by 64 leaves nothing",
    ("RunMath", "lostSeconds < waitingPeriod"): "where both are equal the difference is 0 as well",
    ("SumTree", "ProofLength(count + RECORD"): TOLD,
    ("SumTree", "ProofLength(hashes - "): TOLD,
    ("SumTree", "ProofLength(hashes + (hashes + 3) *"): TOLD,
    ("SumTree", "VoidRecord(claimed.firstVoid + 1)"): TOLD,
    ("SumTree", "VoidRecord(claimed.firstVoid - 2)"): TOLD,
    ("SumTree", "ProofLength(i + 2"): TOLD,
    ("SumTree", "i <= hashes"): TOO_FAR,
    ("SumTree", "ProofLength(i + 1, hashes)); (removed)"): TOO_FAR,
    ("SumTree", "units >= claimed.mostUnits"): SAME,
    ("SumTree", "start <= claimed.earliest"): SAME,
    ("SumTree", "start >= claimed.latest"): SAME,
    ("LaneMedian", "i <= groups"): "one word more is written where nobody reads any more",
    ("LaneMedian", "middle = vectors[vectors.length / 3]"): SHORTCUT,
    ("LaneMedian", "i = 1; i < vectors"): SHORTCUT,
    ("LaneMedian", "--i) if (vectors[i]"): SHORTCUT,
}
"""(library, part of the line as changed) → why a survivor there changes no money."""


@dataclass(frozen=True)
class Mutant:
    """One changed line."""

    library: str
    line: int
    before: str
    after: str

    def source(self) -> str:
        lines = (LIBRARIES / f"{self.library}.sol").read_text().splitlines()
        lines[self.line] = self.after
        return "\n".join(lines)

    def __str__(self) -> str:
        change = f"{self.before.strip()}  ->  {self.after.strip() or '(removed)'}"
        return f"{self.library}:{self.line + 1}: {change}"


def mutants(library: str) -> Iterator[Mutant]:
    """Every change of every line of code."""
    skipped = (
        "//",
        "/*",
        "*",
        "import",
        "pragma",
        "library",
        "struct",
        "error",
        "function",
        "assembly",
        "}",
    )
    for number, line in enumerate((LIBRARIES / f"{library}.sol").read_text().splitlines()):
        code = line.split("//")[0].rstrip()
        if not code.strip() or code.strip().startswith(skipped):
            continue
        for pattern, other in SWAPS:
            for found in re.finditer(pattern, code):
                changed = code[: found.start()] + found.expand(other) + code[found.end() :]
                yield Mutant(library, number, code, changed)


# -- cases -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A call of the harness and the answer that plain Python gives; None: it must revert."""

    signature: str
    arguments: tuple[Any, ...]
    outputs: str
    answer: tuple[Any, ...] | None

    def data(self) -> bytes:
        types = _types(self.signature[self.signature.index("(") :])
        return keccak(text=self.signature)[:4] + encode(types, self.arguments)


def _types(text: str) -> list[str]:
    return [t for t in re.findall(r"[a-z0-9]+(?:\[\])?", text.strip("()")) if t]


def ceil(a: int, b: int) -> int:
    return -(-a // b)


def money_cases(dice: random.Random) -> Iterator[Case]:
    """Premiums, their inverse, prices of certificates."""
    two, three = "(uint256,uint256)", "(uint256,uint256,uint256)"
    sums = [1, 7, 10**6, 10**13, *(dice.randrange(1, 10**14) for _ in range(6))]
    for insured in sums:
        for growth in (0, 1, FULL_YEAR - 1, FULL_YEAR, dice.randrange(FULL_YEAR * 3)):
            answer = (ceil(insured * growth, FULL_YEAR),)
            yield Case(f"premiumUp{two}", (insured, growth), "(uint256)", answer)
        for funds in (0, 1, insured, dice.randrange(10**10)):
            answer = (funds * FULL_YEAR // insured,)
            yield Case(f"growthDown{two}", (funds, insured), "(uint256)", answer)
        rate, tenor = dice.randrange(10**18), dice.randrange(1, 10**6)
        answer = (ceil(insured * tenor * rate, FULL_YEAR),)
        yield Case(f"premiumPerUnitUp{three}", (insured, rate, tenor), "(uint256)", answer)


def claim_cases(dice: random.Random) -> Iterator[Case]:
    """Payouts, the seconds behind them, bridged gaps."""
    three = "(uint256,uint256,uint256)"
    for _ in range(12):
        waiting, hourly = dice.randrange(1, 7_200), dice.randrange(1, 10**12)
        for lost in (0, waiting - 1, waiting, waiting + 1, waiting + dice.randrange(10**6)):
            due = (max(0, lost - waiting) * hourly // 3_600,)
            yield Case(f"payoutDown{three}", (lost, waiting, hourly), "(uint256)", due)
        for amount in (0, 1, hourly, dice.randrange(10**13)):
            seconds = (ceil(amount * 3_600, hourly),)
            yield Case("secondsUp(uint256,uint256)", (amount, hourly), "(uint256)", seconds)
    yield Case("secondsUp(uint256,uint256)", (5, 0), "(uint256)", (0,))
    for gap, slot in ((0, 10), (1, 10), (10, 10), (11, 10), (30, 10), (31, 10), (59, 2), (1, 1)):
        most = (max((g for g in range(gap + 1) if g * slot < gap), default=0),)
        yield Case("bridged(uint32,uint32)", (gap, slot), "(uint64)", most)


def run_cases(dice: random.Random) -> Iterator[Case]:
    """Runs through one epoch, slot by slot."""
    whole = 2**64 - 1
    shapes = [0, 1, 2, whole, 1 << 63, 5, 0b1100111, whole ^ 1, whole >> 1, 0b1010001]
    for mask in [*shapes, *(dice.getrandbits(64) & dice.getrandbits(64) for _ in range(25))]:
        base = 64 * dice.randrange(1, 1_000)
        for last, gap in ((base - 1, 0), (base - 3, 2), (base, 1), (base + 63, 2), (base + 9, 3)):
            answer = _extended(mask, base, last, gap)
            call = "extend(uint64,uint64,uint64,uint64)"
            yield Case(call, (mask, base, last, gap), "(uint64,bool)", answer)
        for begin, end in (
            (0, 64),
            (3, 3),
            (5, 9),
            (-7, 20),
            (60, 99),
            (64, 70),
            (-9, -1),
            (63, 64),
        ):
            marked = sum(1 << slot for slot in range(64) if begin <= slot < end)
            arguments = (base, base + begin, base + end)
            yield Case("window(uint64,uint64,uint64)", arguments, "(uint64)", (marked,))


def _extended(mask: int, base: int, last: int, gap: int) -> tuple[int, bool]:
    for slot in range(max(last + 1, base), base + 64):
        if mask >> (slot - base) & 1:
            if slot - last - 1 > gap:
                return last, True
            last = slot
    return last, False


def median_cases(dice: random.Random) -> Iterator[Case]:
    """Words of sixteen lanes below 2^15."""
    for count in (1, 2, 3, 4, 5, 7):
        for most in (3, 2**14):
            lanes = [[dice.randrange(most) for _ in range(16)] for _ in range(count)]
            words = [sum(value << 16 * i for i, value in enumerate(word)) for word in lanes]
            middles = (sorted(word[i] for word in lanes)[count // 2] for i in range(16))
            answer = (sum(value << 16 * i for i, value in enumerate(middles)),)
            yield Case("medianUp(uint256[])", (words,), "(uint256)", answer)


def absorbed_cases(dice: random.Random) -> Iterator[Case]:
    """Runs read as far as slots are closed."""
    call = "absorb(uint64,uint64,uint64,uint64,uint64)"
    for _ in range(40):
        mask = dice.getrandbits(64) & dice.getrandbits(64)
        base, gap = 64 * dice.randrange(1, 1_000), dice.randrange(4)
        last = base + dice.choice((-2, -1, 0, 5, 62, 63))
        for frontier in (base, base + 1, base + dice.randrange(2, 64), base + 64, base + 90):
            if frontier <= last:
                continue
            closed = mask & ((1 << min(64, frontier - base)) - 1)
            found, ended = _extended(closed, base, last, gap)
            ended = ended or min(base + 64, frontier) - found - 1 > gap
            yield Case(call, (mask, base, last, gap, frontier), "(uint64,bool)", (found, ended))


PERIOD, GRAIN, BUCKETS = 73 * 86_400, 2**16, 6


def year_cases(dice: random.Random) -> Iterator[Case]:
    """What was spent in the periods of a year: the newest and the five before it, and the mark."""
    word, spent, time, mark = 0, {0: 0}, 1_700_000_000, 0
    for step in range(30):
        yield Case("isMarked(uint256)", (word,), "(bool)", (mark != 0,))
        if step == 15:
            mark = 1 << 15
            yield Case("marked(uint256)", (word,), "(uint256)", (word + mark,))
            word += mark
            yield Case("marked(uint256)", (word,), "(uint256)", (word,))
        time += dice.choice((0, 1, PERIOD // 3, PERIOD, 3 * PERIOD, 6 * PERIOD, 9 * PERIOD))
        amount = dice.choice((0, 1, GRAIN - 1, GRAIN, GRAIN + 1, dice.randrange(10**13)))
        period = time // PERIOD
        recent = {p: n for p, n in spent.items() if p > period - BUCKETS}
        total = GRAIN * sum(recent.values())
        yield Case("sumUp(uint256,uint256)", (word, time), "(uint256)", (total,))
        spent = recent | {period: recent.get(period, 0) + ceil(amount, GRAIN)}
        after = mark + period + sum(n << 16 + 40 * (period - p) for p, n in spent.items())
        call = "addUp(uint256,uint256,uint256)"
        yield Case(call, (word, time, amount), "(uint256)", (after,))
        word = after


def report_cases(dice: random.Random) -> Iterator[Case]:
    """Medians of whole vectors in calldata; several members may bring the same one."""
    for count in (1, 2, 3, 4, 5, 7):
        for groups in (1, 3):
            most = dice.choice((3, 2**14))
            words = [[_lanes(dice, most) for _ in range(groups)] for _ in range(count)]
            for places in (
                list(range(count)),
                [0] * count,
                sorted(dice.choices(range(count), k=count)),
            ):
                brought = [words[place] for place in places]
                middles = [
                    sum(
                        sorted(v[g] >> 16 * i & 0x3FFF for v in brought)[count // 2] << 16 * i
                        for i in range(16)
                    )
                    for g in range(groups)
                ]
                data = b"".join(w.to_bytes(32, "big") for vector in words for w in vector)
                answer = b"".join(m.to_bytes(32, "big") for m in middles)
                call = "medians(bytes,uint256[],uint256)"
                yield Case(call, (data, places, groups), "(bytes)", (answer,))


def _lanes(dice: random.Random, most: int) -> int:
    """Sixteen scores below `most`, and sometimes something in the two bits above them."""
    return sum((dice.randrange(most) | dice.choice((0, 0xC000))) << 16 * i for i in range(16))


def tree_cases(dice: random.Random) -> Iterator[Case]:
    """Multiproofs of small sum trees, and proofs that must fail."""
    call = "fold(bytes,bytes,bytes32[],uint256,bool)"
    out = "(bytes32,uint256,uint256,uint256,uint256,uint256,uint256,uint256)"
    for size in (1, 2, 3, 5, 6, 8, 11):
        records = [_record(dice) for _ in range(size)]
        if size > 2:
            records[1] = bytes(25) + dice.randbytes(9)
        for _ in range(4):
            chosen = sorted(dice.sample(range(size), dice.randint(1, min(size, 4))))
            root, total, proof = _proven(records, chosen)
            claimed = [records[i] for i in chosen]
            units = [int.from_bytes(r[20:22], "big") for r in claimed]
            starts = [int.from_bytes(r[22:25], "big") for r in claimed]
            void = next((i + 1 for i, u in zip(chosen, units, strict=True) if u == 0), 0)
            told = (
                root,
                total,
                len(chosen),
                sum(units),
                max(units),
                min(starts),
                max(starts),
                void,
            )
            joined = b"".join(claimed)
            yield Case(call, (_places(chosen), joined, proof, size, True), out, told)
            yield Case(
                call, (_places(chosen), joined, proof, size, False), out, None if void else told
            )
            yield Case(call, (_places(chosen), joined, [*proof, bytes(32)], size, True), out, None)
            yield Case(call, (chosen, joined[:-1], proof, size, True), out, None)
            yield Case(call, (_places([*chosen[:-1], size]), joined, proof, size, True), out, None)
            yield Case(call, (_places(chosen) + b"\0", joined, proof, size, True), out, None)
            if len(proof) > 1:
                yield Case(call, (_places(chosen), joined, proof[:-1], size, True), out, None)
                dirty = [*proof[:-1], (int.from_bytes(proof[-1], "big") | 1).to_bytes(32, "big")]
                hashes = len(proof) * 4 // 5
                if hashes % 4:
                    yield Case(call, (_places(chosen), joined, dirty, size, True), out, None)
            if len(chosen) > 1:
                twice = (_places([chosen[0]] * len(chosen)), joined, proof, size, True)
                yield Case(call, twice, out, None)
                backwards = (_places(chosen[::-1]), joined, proof, size, True)
                yield Case(call, backwards, out, None)
    yield from _small_tree_cases(dice, call, out)
    yield Case(call, (b"", b"", [], 4, True), out, None)
    record = _record(dice)
    own = int.from_bytes(record[20:22], "big")
    for beside, fits in ((2**64 - 1 - own, True), (2**64 - own, False)):
        other = dice.randbytes(32)
        word = beside.to_bytes(8, "big") + bytes(24)
        root = keccak(_node(1, (keccak(record), own), (other, beside)))
        start = int.from_bytes(record[22:25], "big")
        full = (root, 2**64 - 1, 1, own, own, start, start, 0)
        arguments = (_places([0]), record, [other, word], 2, True)
        yield Case(call, arguments, out, full if fits else None)


def _small_tree_cases(dice: random.Random, call: str, out: str) -> Iterator[Case]:
    """One record twice, records too many, a void first; what a record names."""
    first, second = _record(dice), _record(dice)
    yield Case(call, (_places([0, 0]), first + first, [], 1, True), out, None)
    yield Case(call, (_places([0]), first + second, [], 1, True), out, None)
    void = bytes(34)
    yield Case(call, (_places([0]), void, [], 1, False), out, None)
    yield Case(call, (_places([0]), void, [], 1, True), out, (keccak(void), 0, 1, *[0] * 4, 1))
    for number, record in enumerate((first, second, first)):
        names = (record[:20], int.from_bytes(record[20:22], "big"))
        arguments = (first + second + first, number)
        yield Case("recordAt(bytes,uint256)", arguments, "(bytes20,uint256)", names)


def _places(indices: list[int]) -> bytes:
    return b"".join(index.to_bytes(4, "big") for index in indices)


def _record(dice: random.Random) -> bytes:
    units, start = dice.randrange(1, 2**16), dice.randrange(2**24)
    head = dice.randbytes(20) + units.to_bytes(2, "big") + start.to_bytes(3, "big")
    return head + dice.randbytes(9)


def _node(level: int, left: tuple[bytes, int], right: tuple[bytes, int]) -> bytes:
    children = b"".join(name + total.to_bytes(8, "big") for name, total in (left, right))
    return level.to_bytes(1, "big") + children


def _proven(records: list[bytes], chosen: list[int]) -> tuple[bytes, int, list[bytes]]:
    level = [(keccak(r), int.from_bytes(r[20:22], "big")) for r in records]
    known, given, height = set(chosen), [], 0
    while len(level) > 1:
        height += 1
        neighbours = (place ^ 1 for place in sorted(known))
        given += [level[n] for n in neighbours if n not in known and n < len(level)]
        level += [(bytes(32), 0)] * (len(level) % 2)
        level = [
            (keccak(_node(height, a, b)), a[1] + b[1])
            for a, b in zip(level[::2], level[1::2], strict=True)
        ]
        known = {place // 2 for place in known}
    sums = b"".join(total.to_bytes(8, "big") for _, total in given)
    sums += bytes(-len(sums) % 32)
    words = [sums[i : i + 32] for i in range(0, len(sums), 32)]
    return level[0][0], level[0][1], [name for name, _ in given] + words


CASES: dict[str, tuple[Callable[[random.Random], Iterator[Case]], ...]] = {
    "PremiumMath": (money_cases,),
    "CertificatePricing": (money_cases,),
    "RunMath": (claim_cases, run_cases, absorbed_cases),
    "RollingYear": (year_cases,),
    "LaneMedian": (median_cases, report_cases),
    "SumTree": (tree_cases,),
}


# -- running ---------------------------------------------------------------------------------------


def compiled(variants: list[dict[str, str]]) -> list[str | None]:
    """Creation code of the harness over changed libraries, all in one run of the compiler.

    :param variants: each by library name, the changed source
    :returns: None where one does not compile
    """
    plain = {name: (LIBRARIES / f"{name}.sol").read_text() for name in (*NAMES, *USED)}
    open_ones = dict(enumerate(variants))
    while open_ones:
        found = _solc(
            {
                f"{place}/{folder}/{name}.sol": {"content": text}
                for place, changed in open_ones.items()
                for folder, sources in (
                    ("mocks", {HARNESS.stem: HARNESS.read_text()}),
                    ("libraries", plain | changed),
                )
                for name, text in sources.items()
            }
        )
        errors = [e for e in found.get("errors", ()) if e["severity"] == "error"]
        broken = {int(e["sourceLocation"]["file"].split("/")[0]) for e in errors}
        if not broken:
            break
        open_ones = {place: v for place, v in open_ones.items() if place not in broken}
    codes: list[str | None] = [None] * len(variants)
    for place in open_ones:
        contract = found["contracts"][f"{place}/mocks/{HARNESS.stem}.sol"][HARNESS.stem]
        codes[place] = str(contract["evm"]["bytecode"]["object"])
    return codes


def _solc(sources: dict[str, dict[str, str]]) -> Any:
    wanted = {
        "language": "Solidity",
        "sources": sources,
        "settings": {
            "evmVersion": "shanghai",
            "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
            "outputSelection": {"*": {HARNESS.stem: ["evm.bytecode.object"]}},
        },
    }
    answer = subprocess.run(
        [str(ROOT / "scripts" / "toolchain" / "solc-v0.8.30"), "--standard-json"],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return json.loads(answer.stdout)


def wrong_answer(web3: Web3, code: str, cases: list[Case]) -> Case | None:
    """The first case in which the code answers otherwise than Python."""
    sender = web3.eth.accounts[0]
    creation: TxParams = {"from": sender, "data": HexBytes(code), "gas": 25_000_000}
    deployed = web3.eth.send_transaction(creation)
    address = web3.eth.wait_for_transaction_receipt(deployed, poll_latency=0.02)["contractAddress"]
    assert address is not None
    for case in cases:
        try:
            raw = web3.eth.call({"to": address, "data": HexBytes(case.data()), "gas": 3_000_000})
            answer: tuple[Any, ...] | None = decode(_types(case.outputs), bytes(raw))
        except Exception:
            answer = None
        if answer != case.answer:
            return case
    return None


def reason_of(mutant: Mutant) -> str | None:
    """Why a survivor is accepted."""
    changed = mutant.after.strip() or f"{mutant.before.strip()} (removed)"
    for (library, part), reason in REASONS.items():
        if library == mutant.library and part in changed:
            return reason
    return None


def check(web3: Web3, library: str) -> tuple[int, list[Mutant]]:
    """(mutants that compile, survivors) of one library."""
    dice = random.Random(library)
    cases = [case for make in CASES[library] for case in make(dice)]
    (original,) = compiled([{}])
    if original is None or (wrong := wrong_answer(web3, original, cases)) is not None:
        raise SystemExit(f"mutants: {library} itself fails on {wrong if original else 'compiling'}")
    tried, survivors = 0, []
    every = list(mutants(library))
    for start in range(0, len(every), AT_ONCE):
        part = every[start : start + AT_ONCE]
        codes = compiled([{library: mutant.source()} for mutant in part])
        for mutant, code in zip(part, codes, strict=True):
            if code is None:
                continue
            tried += 1
            if wrong_answer(web3, code, cases) is None:
                print(f"{mutant}: {reason_of(mutant) or 'SURVIVED'}", flush=True)
                survivors.append(mutant)
    return tried, survivors


def write(rows: list[tuple[str, int, list[Mutant]]]) -> None:
    """The page: a table, and each survivor with its reason."""
    lines = [HEAD, "| library | mutants | killed | accepted |", "|---|---:|---:|---:|"]
    for library, tried, survivors in rows:
        lines.append(f"| `{library}` | {tried} | {tried - len(survivors)} | {len(survivors)} |")
    lines += ["", "## Accepted survivors", "", "| change | why no money changes |", "|---|---|"]
    for _, _, survivors in rows:
        for mutant in survivors:
            change = str(mutant).replace("|", "\\|")
            lines.append(f"| `{change}` | {reason_of(mutant) or ''} |")
    PAGE.write_text("\n".join(lines) + "\n")


def main(arguments: list[str]) -> int:
    from tests.support.local_chain import local_chain

    wanted = arguments or list(NAMES)
    table = Table(title="Mutants", title_justify="left")
    for column in ("library", "compiled", "killed", "accepted", "survived"):
        table.add_column(column, justify="left" if column == "library" else "right")
    rows = []
    with local_chain() as chain:
        web3 = Web3(HTTPProvider(chain.url, request_kwargs={"timeout": 120}))
        for library in wanted:
            tried, survivors = check(web3, library)
            rows.append((library, tried, survivors))
            unexplained = sum(reason_of(mutant) is None for mutant in survivors)
            killed, accepted = tried - len(survivors), len(survivors) - unexplained
            table.add_row(library, *map(str, (tried, killed, accepted, unexplained)))
    Console().print(table)
    open_ones = sum(reason_of(mutant) is None for _, _, found in rows for mutant in found)
    print(f"{open_ones} mutants survive without a reason")
    if not open_ones and not arguments:
        write(rows)
    return 1 if open_ones else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
