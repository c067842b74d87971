"""The web page of `access-report`, in a real browser."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from access_lines import ADMIN, Line, day
from access_page import browser, page
from access_report import KNOWN
from chromium import Browser

HACK = "window.hacked=1"
SIZES = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]

OPEN = "document.querySelectorAll('details').forEach(it => it.open = true)"

# Each element that has text of its own: what it says, its colour, and the colours below it up to one that hides all.
COLOURS = """[...document.querySelectorAll('body *')].filter(it => it.checkVisibility()
  && [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim())).map(it => {
    const style = getComputedStyle(it), grounds = [];
    for (let at = it; at; at = at.parentElement) grounds.push(getComputedStyle(at).backgroundColor);
    return [it.textContent.trim().slice(0, 40), it instanceof SVGElement ? style.fill : style.color, grounds];
})"""


def strings(value: Any) -> Iterator[str]:
    """Every string in some JSON that came from a log."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("requester", "value", "request", "request_id", "bucket", "person"):
                yield inner or ""
            else:
                yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def hostile() -> list[Line]:
    """Requests of somebody who wants to write the auditor's page."""
    tags = [
        f"<script>{HACK}</script>",
        f"</td></table></style></title><svg/onload={HACK}>",
        f'"><img/src=x/onerror="{HACK}">',
        f"'><a/href=javascript:{HACK}>click</a>",
        "&lt;script&gt;&amp;&#60;b&#x3e;&quot",
        "{{7*7}}{%raw%}${7*7}<!--",
        "-->]]><link/rel=stylesheet/href=http://192.0.2.1/x.css>",
        "\u202egnp.exe\u2066\u200f\u05d0\u0627<b>",
        "nul\0l\x1b[31m\x7f</bdi><bdo/dir=rtl>",
        "<plaintext>" + "W" * 5_000,
        "<meta/http-equiv=refresh/content=0;url=http://192.0.2.1/>",
    ]
    lines = []
    for number, tag in enumerate(tags):
        dense = tag.replace(" ", "/")
        user = f"arn:aws:sts::111122223333:assumed-role/{dense}/{number}@x"
        lines.append(Line(user, bucket=f"b{dense}"[:200], key=f"k/{dense}", agent=f"a {tag}", second=number * 700))
        lines.append(Line(ADMIN, referer=tag, uri=f"GET /{dense} HTTP/1.1", address=dense[:60], key=dense, agent=f'"{tag}"'))
    return lines


def test_nothing_from_a_log_is_ever_markup(browser: Browser, tmp_path: Path) -> None:
    html, report = page(tmp_path, *hostile(), f"<script>{HACK}</script>")
    browser.open(html)
    shown = browser.value("document.body.textContent")
    told = {string for string in strings(report)}
    assert sum("<" in string for string in told) > 40 and any(HACK in string for string in told)
    assert [string for string in told if string not in shown] == []
    browser.value(OPEN)
    assert browser.value("[...document.links].every(it => /^#(who-[0-9]+|others)$/.test(it.getAttribute('href')))")
    for link in ("img", "script", "link", "svg svg", "bdo", "plaintext", "iframe", "form", "base", "object"):
        assert browser.value(f"document.querySelectorAll({json.dumps(link)}).length") == 0, link
    handlers = "[...document.querySelectorAll('*')].flatMap(it => it.getAttributeNames()).filter(it => it.startsWith('on'))"
    assert browser.value(handlers) == []
    assert browser.value("[document.title, typeof window.hacked]") == ["Who accessed the logs", "undefined"]
    asked = [event["request"]["url"] for event in browser.seen("Network.requestWillBeSent")]
    assert asked == [html.resolve().as_uri()]
    for event in ("Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
        assert browser.seen(event) == [], event


def test_even_a_script_that_got_in_would_not_run_or_call_out(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, Line())
    browser.open(html)
    browser.value(
        f"""const script = document.createElement('script'); script.textContent = {json.dumps(HACK)};
        document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/x" onerror="{HACK}"><p onclick="{HACK}">');
        document.querySelector('p[onclick]').click();
        new Promise(done => setTimeout(done, 300))"""
    )
    assert browser.value("typeof window.hacked") == "undefined"
    refused = [event["entry"]["text"] for event in browser.seen("Log.entryAdded")]
    assert sum("Content Security Policy" in text for text in refused) >= 3
    sent = {event["requestId"] for event in browser.seen("Network.requestWillBeSent") if ":9/" in event["request"]["url"]}
    failed = {event["requestId"] for event in browser.seen("Network.loadingFailed") if event.get("blockedReason") == "csp"}
    assert sent <= failed


@pytest.mark.parametrize("width", [360, 320, 768, 1280])
def test_no_text_makes_the_page_wider_than_the_screen(browser: Browser, tmp_path: Path, width: int) -> None:
    html, _ = page(tmp_path, *hostile(), *day())
    browser.open(html, width)
    for _ in range(2):
        assert browser.value("document.documentElement.scrollWidth") <= width
        browser.value(OPEN)


def test_the_chart_has_a_bar_for_each_span_with_requests(browser: Browser, tmp_path: Path) -> None:
    html, report = page(tmp_path, *day())
    browser.open(html)
    spans = Counter(line.second // 300 for line in day() if isinstance(line, Line))
    assert len(spans) > 40
    count = "document.querySelectorAll('.chart rect.{}').length"
    assert browser.value(count.format("all")) == len(spans)
    # Two changes, and the bucket listed by nobody, in three spans; reading over four, and writing with an old TLS.
    found = {severity: browser.value(count.format(severity)) for severity in ("critical", "high", "medium", "low")}
    assert found == {"critical": 3, "high": 5, "medium": 4, "low": 1}
    heights = browser.value("[...document.querySelectorAll('.chart rect.all')].map(it => it.getBoundingClientRect().height)")
    unit = max(heights) / max(spans.values())
    assert heights == pytest.approx([count * unit for _, count in sorted(spans.items())], abs=0.01)
    numbers = browser.value("[...document.querySelectorAll('.numbers tbody td:nth-child(2)')].map(it => +it.textContent)")
    assert numbers == [count for _, count in sorted(spans.items())]
    labels = browser.value("[...document.querySelectorAll('.axis text')].map(it => it.firstChild.data)")
    assert labels == ["UTC", "08:00", "09:00", "10:00", "11:00"]


@pytest.mark.parametrize("hours, labels", [(0, 1), (0.05, 2), (1, 2), (30, 2), (24 * 9, 2), (24 * 200, 2), (24 * 4_000, 2)])
def test_labels_of_the_time_axis_never_touch(browser: Browser, tmp_path: Path, hours: float, labels: int) -> None:
    html, _ = page(tmp_path, *(Line(second=int(n * hours * 360) + 7 * 3_600) for n in range(11)))
    browser.open(html, 360)
    ends = browser.value(
        "[...document.querySelectorAll('.axis text')].map(it => it.getBoundingClientRect()).map(it => [it.left, it.right])"
    )
    assert len(ends) >= labels and ends[0][0] >= 0 and ends[-1][1] <= 360
    assert all(one[1] + 4 < other[0] for one, other in zip(ends, ends[1:])), ends


def test_a_long_time_is_counted_from_the_first_of_a_month(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, *(Line(second=86_400 * n) for n in range(366)))
    browser.open(html, 360)
    labels = browser.value("[...document.querySelectorAll('.axis text:not(.zone)')].map(it => it.textContent)")
    assert labels == ["Apr2026", "Jul", "Oct", "Jan2027"]
    facts = browser.value("document.querySelector('.facts').innerText")
    assert facts.startswith("Requests from 2026-03-02 08:00:00 to 2027-03-02 08:00:00 UTC")


def test_whoever_cannot_see_the_chart_is_told_what_it_shows(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, *day())
    browser.open(html)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    [chart] = [node for node in nodes if node.get("role", {}).get("value") in ("image", "img") and not node["ignored"]]
    assert "467 requests from 2026-03-02 08:00:00 to 2026-03-02 11:59:30 (UTC), at most 24 in 5 minutes" in chart["name"]["value"]
    assert "59 of them with findings" in chart["name"]["value"]


def test_headings_and_tables_can_be_found_one_by_one(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, *day())
    browser.open(html)
    levels = browser.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(it => +it.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    tables = browser.value("[...document.querySelectorAll('table')].map(it => [!!it.caption, it.querySelectorAll('th:not([scope])').length])")
    assert len(tables) > 5 and all(table == [True, 0] for table in tables)
    assert browser.value("document.documentElement.lang") == "en"
    ids = browser.value("[...document.querySelectorAll('[id]')].map(it => it.id)")
    assert len(ids) == len(set(ids))
    labels = browser.value("[...document.querySelectorAll('[aria-labelledby]')].flatMap(it => it.getAttribute('aria-labelledby').split(' '))")
    assert set(labels) <= set(ids)


def light(colour: str) -> float:
    """The relative luminance of an opaque colour (WCAG 2.2)."""
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("width, scheme", SIZES)
def test_every_text_stands_out_from_its_ground(browser: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    html, _ = page(tmp_path, *day(), options=(*KNOWN, "--buckets", "trail-logs"))
    browser.open(html, width, scheme=scheme)
    browser.value(OPEN)
    texts = browser.value(COLOURS)
    assert len(texts) > 150
    for words, colour, grounds in texts:
        ground = next(ground for ground in grounds if not ground.endswith(", 0)"))
        lighter, darker = sorted((light(colour), light(ground)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (words, colour, ground)


def test_the_printed_page_has_the_details(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, *day())
    for media, shown in (("screen", False), ("print", True)):
        browser.open(html, 794, 1123, media=media)
        visible = browser.value("[...document.querySelectorAll('.findings dd')].map(it => it.checkVisibility())")
        assert len(visible) > 40 and set(visible) == {shown}, media


def test_paper_is_white_whatever_the_screen_is(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, *day())
    browser.open(html, 794, 1123, scheme="dark", media="print")
    assert browser.value("getComputedStyle(document.querySelector('section')).backgroundColor") == "rgb(255, 255, 255)"
