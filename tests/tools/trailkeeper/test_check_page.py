"""The page of `trailkeeper check` in a real browser: on any screen, with any name, without a script."""

from __future__ import annotations

from pathlib import Path

import pytest
from access_page import browser
from chromium import Browser

__all__ = ["browser"]

GOLDEN = Path(__file__).parents[3] / "tools" / "check" / "tests" / "golden"
PAGES = ["sample.html", "hostile.html"]
SIZES = [(1600, "light"), (1280, "dark"), (768, "light"), (390, "light"), (390, "dark")]
OPEN = "document.querySelectorAll('details').forEach(it => it.open = true)"
SEEN = "[...document.querySelectorAll('article')].filter(it => it.checkVisibility()).map(it => it.id)"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width, scheme", SIZES)
def test_it_fits_every_screen_and_asks_nobody(browser: Browser, page: str, width: int, scheme: str) -> None:
    browser.open(GOLDEN / page, width, scheme=scheme)
    browser.value(OPEN)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert len(browser.seen("Network.requestWillBeSent")) == 1
    assert browser.seen("Log.entryAdded") == [] and browser.seen("Runtime.exceptionThrown") == []


def test_no_name_is_markup(browser: Browser) -> None:
    browser.open(GOLDEN / "hostile.html")
    assert browser.value("typeof window.hacked") == "undefined"
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.querySelectorAll('img, iframe, link, object, svg, form').length") == 0
    assert browser.value("document.querySelectorAll('style').length") == 1
    links = browser.value("[...document.links].map(it => it.getAttribute('href'))")
    assert links and all(link.startswith("#") for link in links)
    assert "<script>window.hacked=1</script>" in browser.value("document.body.textContent")
    assert "{{7*7}}" in browser.value("document.body.textContent")


def test_a_framework_filters_without_a_script(browser: Browser) -> None:
    browser.open(GOLDEN / "sample.html")
    everything = browser.value(SEEN)
    assert "log-bucket-mfa-delete" in everything and len(everything) == 3
    browser.value("document.getElementById('f-soc2').click()")
    assert browser.value(SEEN) == ["cloudtrail-logging"]
    browser.value("document.getElementById('f-all').click()")
    assert browser.value(SEEN) == everything


def test_it_prints_what_is_folded_on_the_screen(browser: Browser, tmp_path: Path) -> None:
    folded = "document.querySelector('details:not([open]) .difference').checkVisibility()"
    browser.open(GOLDEN / "sample.html")
    assert browser.value(folded) is False
    browser.open(GOLDEN / "sample.html", media="print")
    assert browser.value(folded) is True
    assert browser.value("document.querySelector('.filter').checkVisibility()") is False
    browser.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_each_link_leads_somewhere(browser: Browser) -> None:
    browser.open(GOLDEN / "sample.html")
    gone = "[...document.links].map(it => it.getAttribute('href').slice(1)).filter(it => !document.getElementById(it))"
    assert browser.value(gone) == []
    assert browser.value("new Set([...document.querySelectorAll('[id]')].map(it => it.id)).size") == browser.value(
        "document.querySelectorAll('[id]').length"
    )
