"""What the page of `access-report` says at its top, and how it leads to the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from access_lines import Line, day, text
from access_page import browser, page
from access_report import KNOWN, run
from chromium import Browser


def test_a_day_without_findings_and_one_that_is_not_complete_say_so(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, Line(), Line(second=60))
    browser.open(html)
    assert browser.value("document.querySelector('.verdict').innerText") == "Nothing unusual was found."
    done = run("log", "<b>gone</b>", "--html", "report.html", *KNOWN, folder=tmp_path)
    browser.open(html)
    assert done.code == 2 and "in what could be read" in browser.value("document.querySelector('.verdict').textContent")
    assert "<b>gone</b>: there is no such file" in browser.value("document.querySelector('[role=alert]').innerText")
    assert run("gone", "--html", "report.html", folder=tmp_path).code == 2
    browser.open(html)
    assert "No requests" in browser.value("document.body.innerText")


@pytest.mark.parametrize(
    "lines, options, told, facts",
    [
        (["odd", "odd"], (), "No access log was found in the input; 2 lines could not be parsed.", "No requests"),
        ([Line()], ("--buckets", "flow-logs"), "There were no requests to the buckets named.", "No requests to the buckets named"),
        ([Line(), "odd"], (), "Nothing unusual was found in what could be parsed; 1 line could not be.", "Req"),
    ],
)
def test_a_page_about_nothing_is_not_green(
    browser: Browser, tmp_path: Path, lines: list[Line | str], options: tuple[str, ...], told: str, facts: str
) -> None:
    (tmp_path / "log").write_text(text(*lines))
    run("log", "--html", "report.html", *KNOWN, *options, folder=tmp_path)
    browser.open(tmp_path / "report.html")
    assert browser.value("document.querySelector('.verdict').innerText") == told
    assert browser.value("document.querySelector('.verdict').className") == "verdict odd"
    assert browser.value("document.querySelector('.facts').innerText").startswith(facts)
    judged = "1" if facts == "Req" else "0"
    assert browser.value("document.querySelector('.tiles dd').firstChild.data").strip() == judged
    assert ("no requests to flow-logs." in browser.value("document.body.innerText")) == bool(options)


def test_the_worst_leads_to_its_card(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, *day())
    browser.open(html)
    lines = browser.value("[...document.querySelectorAll('.verdict li')].map(it => it.innerText)")
    assert lines[0] == "bob@example.com deleted from trail-logs: 1 request, 2026-03-02 09:41:40 UTC" and len(lines) == 3
    cards = browser.value("[...document.links].map(it => document.querySelector(it.hash).querySelector('h3').innerText)")
    assert cards == ["bob@example.com on trail-logs", "5ba1e0de15ba\u2026e0de15 on trail-logs", "anonymous on trail-logs"]


def test_those_not_listed_come_before_the_cards_the_worst_first(browser: Browser, tmp_path: Path) -> None:
    users = [f"arn:aws:iam::111122223333:user/u{n}" for n in range(600)]
    refused, deleted = [Line(user).refused() for user in users], [Line(user, "REST.DELETE.OBJECT") for user in users]
    html, _ = page(tmp_path, *refused, *deleted)
    browser.open(html)
    severities = browser.value("[...document.querySelectorAll('#others + table .chip')].map(it => it.innerText)")
    assert severities == ["critical", "low"]
    assert browser.value("document.links[0].hash") == "#others"
    after = "document.querySelector('#others').compareDocumentPosition(document.querySelector('.group')) & 4"
    assert browser.value(after) == 4


def test_the_sessions_of_a_role_are_told_in_its_details(browser: Browser, tmp_path: Path) -> None:
    role = "arn:aws:sts::111122223333:assumed-role/Etl/job-{}"
    html, _ = page(tmp_path, *(Line(role.format(n), second=n) for n in range(4)))
    browser.open(html)
    assert browser.value("document.querySelectorAll('.group').length") == 1
    assert "job-3" in browser.value("[...document.querySelectorAll('dt')].find(it => it.textContent == 'Sessions').nextSibling.textContent")


def test_each_summary_says_what_it_opens(browser: Browser, tmp_path: Path) -> None:
    html, _ = page(tmp_path, *day())
    browser.open(html)
    names = browser.value("[...document.querySelectorAll('summary')].map(it => it.textContent)")
    assert len(names) > 8 and len(names) == len(set(names)) and "Details of read (read) by bob@example.com on trail-logs" in names
    assert browser.value("[...document.querySelectorAll('.hidden')].every(it => it.getBoundingClientRect().width <= 1)")
