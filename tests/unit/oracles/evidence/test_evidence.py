"""Bundles by hash, pseudonyms, and replay on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracles.domain.incident import Epoch, LostRule, Slot
from oracles.evidence.__main__ import main
from oracles.evidence.bundle import EvidenceError, EvidenceStore
from oracles.evidence.observation import Mark, Terms, Witness, build, lost_evidence
from oracles.evidence.pseudonym import Pseudonyms
from tests.support.member_table import SMALL_FLOOD, probe

NAMES = Pseudonyms(b"k" * 16)
TERMS = Terms(10, LostRule(), SMALL_FLOOD)
WITNESS = Witness(1337, "0x" + "22" * 20, 1, "0x" + "33" * 20, "out1")


def observation() -> dict[str, object]:
    probes = [probe(640 + i, ok=False) for i in range(4)]
    mark = Mark(Slot(64), lost_evidence(probes, NAMES), None)
    return build(WITNESS, 0, Epoch(1), TERMS, [mark])


def test_store__same_bundle_in_another_order__same_name(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    name = store.put({"a": 1, "b": [True, None]})
    assert store.put({"b": [True, None], "a": 1}) == name
    assert store.raw(name) == b'{"a":1,"b":[true,null]}'
    assert list(store.names()) == [name]


def test_store__file_changed__is_refused(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    name = store.put({"a": 1})
    next(tmp_path.glob("*/*.json")).write_text('{"a":2}')
    with pytest.raises(EvidenceError, match="another hash"):
        store.get(name)


def test_store__unknown_hash__is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="not in this store"):
        EvidenceStore(tmp_path).get(bytes(32))


def test_store__value_without_canonical_form__is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError):
        EvidenceStore(tmp_path).put({"a": 2**60})


def test_pseudonyms__spellings_of_one_address__one_name_that_is_an_address() -> None:
    assert NAMES.host("2001:DB8::1") == NAMES.host("2001:db8:0::1")
    assert NAMES.host("10.0.0.1").startswith("fd")
    assert NAMES.host("10.0.0.1") != Pseudonyms(b"j" * 16).host("10.0.0.1")
    assert NAMES.target("10.0.0.1:80") == f"[{NAMES.host('10.0.0.1')}]:80"


def test_pseudonyms__short_key__is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonyms(b"short")


def test_replay__honest_bundle__exits_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = EvidenceStore(tmp_path).put(observation()).hex()
    assert main(["replay", name, "--store", str(tmp_path)]) == 0
    assert "lost_mask: 0x1\n" in capsys.readouterr().out


def test_replay__mask_that_does_not_follow__exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = EvidenceStore(tmp_path).put(observation() | {"lost_mask": "0x3"}).hex()
    assert main(["replay", name, "--store", str(tmp_path)]) == 1
    assert "lost_mask: 0x1, not 0x3" in capsys.readouterr().out


@pytest.mark.parametrize("bundle", [{"kind": "rumour"}, {"kind": "observation"}, {"kind": "score"}])
def test_replay__not_evidence__exits_1_with_one_line(
    bundle: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = EvidenceStore(tmp_path).put(bundle).hex()
    assert main(["replay", name, "--store", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_name__auditor_with_the_key__finds_the_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 16)
    key.chmod(0o600)
    assert main(["name", "10.0.0.1", "--key-file", str(key)]) == 0
    assert capsys.readouterr().out.strip() == NAMES.host("10.0.0.1")
