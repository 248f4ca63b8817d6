"""A short fuzzing of every parser; `make fuzz-parsers` plays the same for minutes."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.parsers import damaged, parsers, play

PARSERS = parsers()


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_parser__sound_samples__are_read(name: str) -> None:
    for sample in PARSERS[name].samples:
        play(PARSERS[name], sample)


@pytest.mark.parametrize("name", sorted(PARSERS))
@settings(max_examples=60, deadline=None, suppress_health_check=HealthCheck.all())
@given(data=st.data())
def test_parser__damaged_input__is_refused_by_type_or_read(name: str, data: st.DataObject) -> None:
    play(PARSERS[name], data.draw(damaged(PARSERS[name].samples)))


def misnoted() -> bytes:
    """A Parquet file whose notes for pandas are no JSON."""
    sink = io.BytesIO()
    table = pq.read_table(io.BytesIO(PARSERS["parquet"].samples[0]))
    pq.write_table(table.replace_schema_metadata({b"pandas": b"\xff{"}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gossip", b"[" * 100_000),
        ("batch", b"[" * 100_000),
        ("probes", b"[" * 100_000),
        ("vpc", b"srcaddr dstaddr " + b"x" * (1 << 15)),
        ("parquet", misnoted()),
    ],
)
def test_parser__what_fuzzing_found__stays_found(name: str, content: bytes) -> None:
    play(PARSERS[name], content)
