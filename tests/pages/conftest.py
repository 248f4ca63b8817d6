"""The demonstration, played once and kept running, and the system's Chromium in front of it.

FLOWCOVER_PAGES_DEMO names the folder of a demonstration that runs already (`make demo KEEP=1`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.site import Site

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "reports" / "pages"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("these tests need the system's Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="session")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    SHOTS.mkdir(parents=True, exist_ok=True)
    running = os.environ.get("FLOWCOVER_PAGES_DEMO")
    if running is not None:
        yield Site(Path(running), browser)
        return
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "scripts.demo", "--keep", "--folder", str(folder / "run")]
    command += ["--report", str(folder / "report.json")]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"the demonstration failed:\n{done.stdout}\n{done.stderr}")
    made = Site(folder / "run", browser)
    yield made
    made.end()


@pytest.fixture(autouse=True)
def leave(site: Site) -> Iterator[None]:
    """Nothing of a test stays open for the next."""
    yield
    site.leave()
