"""`flowcover audit` on what it cannot read: one line and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from backend.audit.chain import Pin
from backend.audit.checks import Finding, Result
from backend.audit.cli import show
from backend.audit.ledger import Ledger
from backend.audit.report import as_object
from backend.audit.run import Audit
from backend.cli import app

RPC = "http://127.0.0.1:1"


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_audit__no_deployment_file__says_so_and_exits_4(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "deployment.json"
    if content is not None:
        path.write_text(content)
    done = CliRunner().invoke(app, ["audit", "--rpc", RPC, "--deployment", str(path)])
    assert done.exit_code == 4
    assert "is no deployment file" in done.output


def audited(*findings: Finding) -> Audit:
    result = Result(findings=list(findings))
    result.on_chain["policies"] = result.recomputed["policies"] = 3
    return Audit(Pin(7, "0xaa", 1_000, 1337, "0xbb"), Ledger(), result, None)


def test_as_object__one_finding__is_one_difference_with_its_cause() -> None:
    found = as_object(audited(Finding("premium", "of policy 1", "earned is 5, recomputed 6")))
    assert found["differences"] == 1
    assert found["findings"] == ["premium of policy 1: earned is 5, recomputed 6"]
    assert json.loads(json.dumps(found)) == found


def test_show__nothing_differs__closes_with_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    show(audited())
    assert capsys.readouterr().out.endswith("3 objects recomputed, 0 differences\n")
