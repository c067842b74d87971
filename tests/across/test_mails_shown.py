"""The mails and the demo that the pages show are what the functions send: word by word.

With UPDATE=1 in the environment the pages are written anew, to be proofread, as Rust's generated pages are.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import screen
from conftest import StartFunction, binary
from demo_stopped import StoppedTrail, stopped_now
from envelope import create_server
from given import role, server
from inbox import Inbox
from local_aws.processes import Faults, Moto
from repository import ROOT
from trails import kept_trail, single_trail, trail_call

README, REPORTS, DEMO = ROOT / "README.md", ROOT / "docs" / "reports.md", ROOT / "docs" / "demo.txt"
COLUMNS = 100
HEADINGS = {
    "changed": "CHANGED",
    "fixed": "FIXED",
    "planned": "WOULD FIX|PLANNED",
    "advised": "ACTION NEEDED|ADVISED",
    "unknown": "COULD NOT CHECK|UNKNOWN",
    "failed": "FAILED",
}
VARIES = (
    r"\d{4}-\d\d-\d\dT[\d:.]+Z",
    r"within a second|\b\d+ seconds? later",
    r"\b\d+(\.\d+)? (s|second|minute|hour|day)s?\b",
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
    r"\b[0-9A-HJKMNP-TV-Z]{26}\b",
    r"\bs-[0-9a-f]+\.\.[0-9a-f]+\b",
    # How often it reads again until a change shows is a matter of time, too.
    r"\bof \d+ that\b",
)
"""What each run has of its own: times, how long it took, ids."""


@pytest.fixture
def stopped(moto: Moto) -> str:
    """The account's trail, which alice has stopped."""
    arn = kept_trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    return arn


def test_fixed(function: StartFunction, moto: Moto, inbox: Inbox, stopped: str) -> None:
    function("trail", mode="enforce", **settings(inbox)).invoke(stopped_now())
    letter = mail(moto)
    holds(README, "fixed", letter)
    holds(REPORTS, "fixed", letter)


def test_planned(function: StartFunction, moto: Moto, inbox: Inbox, stopped: str) -> None:
    function("trail", **settings(inbox)).invoke(stopped_now())
    holds(REPORTS, "planned", mail(moto))


def test_failed(function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox, stopped: str) -> None:
    faults.deny("cloudtrail", "StartLogging")
    function("trail", mode="enforce", endpoint=faults, **settings(inbox)).invoke(stopped_now())
    holds(REPORTS, "failed", mail(moto))


def test_unknown(function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox) -> None:
    event = create_server(server(moto, LoggingRole=role(moto)))
    faults.deny("iam", "GetRole")
    function(mode="enforce", endpoint=faults, **settings(inbox)).invoke(event)
    holds(REPORTS, "unknown", steady(mail(moto)))


def test_advised(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    event = create_server(server(moto, LoggingRole=role(moto)))
    function("transfer", mode="enforce", **settings(inbox)).invoke(event)
    holds(REPORTS, "advised", steady(mail(moto)))


def test_changed(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    kept_trail(moto)
    second = single_trail(moto, "second")
    function("trail", mode="enforce", **settings(inbox)).invoke(trail_call("PutEventSelectors", second))
    holds(REPORTS, "changed", mail(moto))


def test_the_demo(moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(screen, "WIDTH", COLUMNS)
    assert StoppedTrail(moto).tell(binary("trail"))
    keep(DEMO, capsys.readouterr().out.lstrip())


def test_what_varies_is_no_difference_and_all_else_is() -> None:
    one = "at 2026-03-02T09:32:51Z within a second, 0.4 s after, request 1b0a7c52-52c4-4b8e-8d0e-6f1f5a1c2e13\n  the one of 24 that"
    other = "at 2026-11-29T14:01:02Z 2 seconds later, 12.5 s after, request c4a1d1d2-9d55-4a3c-a1b7-2b8f3b7e5a23 the one\n of 26 that"
    assert essence(one) == essence(other) != essence(other.replace("request", "event"))


def settings(inbox: Inbox) -> dict[str, str]:
    return {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_REGIONS": "us-east-1"}


def mail(moto: Moto) -> str:
    """The one that came, folded as a mail program would."""
    (letter,) = moto.mail()
    return screen.folded(f"Subject: {letter['subject']}\n\n{letter['text']}".rstrip(), COLUMNS)


def steady(letter: str) -> str:
    """The same whatever id the local AWS has drawn."""
    return re.sub(r"\bs-[0-9a-f]{17}\b", "s-0123456789abcdef0", letter)


def holds(page: Path, name: str, letter: str) -> None:
    """The block after the page's comment `Real, do not edit: NAME` is the letter."""
    block = re.compile(rf"(<!-- Real, do not edit: {name} -->\n```text\n)(.*?)(^```\n)", re.DOTALL | re.MULTILINE)
    text = page.read_text()
    assert re.search(HEADINGS[name], letter)
    assert len(block.findall(text)) == 1, f"{page.name} has no mail `{name}`"
    keep(page, block.sub(lambda found: f"{found[1]}{letter}\n{found[3]}", text))


def keep(page: Path, made: str) -> None:
    """The page is that, or becomes it, but for what varies."""
    if os.environ.get("UPDATE") and essence(page.read_text()) != essence(made):
        page.write_text(made)
    told = f"{page.name} is not what is sent; run the test with UPDATE=1 and proofread it"
    assert essence(page.read_text()) == essence(made), told


def essence(text: str) -> list[str]:
    """The words that are the same in each run."""
    for varying in VARIES:
        text = re.sub(varying, "...", " ".join(text.split()))
    return text.split()
