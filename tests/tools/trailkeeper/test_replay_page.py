"""The page of `trailkeeper replay` in a real browser: on any screen, in the dark, on paper, with any name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from access_page import browser
from chromium import Browser
from replaying import by_role, key, packed, record, stopped
from undoing import Desk

__all__ = ["browser"]

DAY = timedelta(days=1)
HOSTILE = "<img src=x onerror=window.hacked=1>" + "x" * 120
SIZES = [(1600, "light"), (1280, "dark"), (768, "light"), (390, "light"), (390, "dark")]
PARTS = "[...document.querySelectorAll('h2')].map(it => it.textContent)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page about a month with a fight and attacks."""
    folder = tmp_path_factory.mktemp("logs")
    records = [*stopped(3 * DAY), record("cloudtrail", "DeleteTrail", {"name": HOSTILE}, 2 * DAY)]
    for day in range(1, 31):
        request = {"bucketName": "audit-logs", "bucketPolicy": {"Version": "2012-10-17", "Statement": []}}
        records.append(record("s3", "PutBucketPolicy", request, day * DAY, **by_role(f"terraform-{'ci' * 40}")))
    (folder / Path(key(1)).name).write_bytes(packed(records))
    made = folder / "replay.html"
    done = Desk("http://127.0.0.1:9", table=None, credentials=None).run(
        "replay", str(folder), "--log-bucket", "audit-logs", "-o", f"html={made}"
    )
    assert done.code == 0, done
    return made


@pytest.mark.parametrize("width, scheme", SIZES)
def test_it_fits_every_screen_and_asks_nobody(browser: Browser, page: Path, width: int, scheme: str) -> None:
    browser.open(page, width, scheme=scheme)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert len(browser.seen("Network.requestWillBeSent")) == 1
    assert browser.seen("Log.entryAdded") == [] and browser.seen("Runtime.exceptionThrown") == []
    assert "What it would fight over" in browser.value(PARTS)
    # Whatever is told of a loss is within the screen, without scrolling sideways.
    edge = "Math.max(...[...document.querySelectorAll('.losses td')].map(it => it.getBoundingClientRect().right))"
    assert width > 640 or browser.value(edge) <= width


def test_no_name_is_markup(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.value("typeof window.hacked") == "undefined"
    assert browser.value("document.scripts.length") == 0 and browser.value("document.images.length") == 0
    assert HOSTILE in browser.value("document.body.textContent")


def test_paper_is_light_and_holds_every_column(browser: Browser, page: Path, tmp_path: Path) -> None:
    browser.open(page, 794, scheme="dark", media="print")
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    edge = "Math.max(...[...document.querySelectorAll('td')].map(it => it.getBoundingClientRect().right))"
    assert browser.value(edge) <= 794
    browser.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
