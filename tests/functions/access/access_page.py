"""The web page of `access-report`, made and opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from access_lines import Line, text
from access_report import KNOWN, run
from chromium import Browser, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    program = chromium()
    if not program:
        why = "there is no Chromium: apt-get install --no-install-recommends chromium"
        pytest.fail(why, pytrace=False) if os.environ.get("CI") else pytest.skip(why)
    with Browser(program) as started:
        yield started


def page(folder: Path, *lines: Line | str, options: tuple[str, ...] = KNOWN) -> tuple[Path, dict[str, Any]]:
    """The page about these lines, and the report that it shows."""
    log, html = folder / "log", folder / "report.html"
    log.write_bytes(text(*lines).encode())
    done = run("log", "--html", html.name, "--json", *options, folder=folder)
    assert done.code == 0, done.err
    return html, done.json
