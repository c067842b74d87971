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
from demo_stopped import StoppedTrail
from demo_story import recorded
from envelope import create_server
from given import role, server
from inbox import Inbox
from local_aws.processes import Faults, Moto
from repository import ROOT
from trails import kept_trail, single_trail, trail_call

README, REPORTS, DEMO = ROOT / "README.md", ROOT / "docs" / "reports.md", ROOT / "docs" / "demo.txt"
COLUMNS = 100
HEADINGS = {
    "changed": "\nCHANGED:",
    "fixed": "\nFIXED:",
    "planned": "\nWOULD FIX:",
    "advised": "\nACTION NEEDED:",
    "unknown": "\nCOULD NOT CHECK:",
    "failed": "\nFAILED:",
}


@pytest.fixture
def stopped(moto: Moto) -> str:
    """The account's trail, which alice has stopped."""
    arn = kept_trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    return arn


def test_fixed(function: StartFunction, moto: Moto, inbox: Inbox, stopped: str) -> None:
    function("trail", mode="enforce", **settings(inbox)).invoke(recorded("cloudtrail.stop-logging"))
    letter = mail(moto)
    holds(README, "fixed", letter)
    holds(REPORTS, "fixed", letter)


def test_planned(function: StartFunction, moto: Moto, inbox: Inbox, stopped: str) -> None:
    function("trail", **settings(inbox)).invoke(recorded("cloudtrail.stop-logging"))
    holds(REPORTS, "planned", mail(moto))


def test_failed(function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox, stopped: str) -> None:
    faults.deny("cloudtrail", "StartLogging")
    function("trail", mode="enforce", endpoint=faults, **settings(inbox)).invoke(recorded("cloudtrail.stop-logging"))
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
    told = re.sub(r"\b\d+\.\d s after", "0.4 s after", capsys.readouterr().out)
    # How often it reads again until a change shows is a matter of time, too.
    keep(DEMO, re.sub(r"\bof \d+ that", "of 24 that", told).lstrip())


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
    assert HEADINGS[name] in letter
    assert len(block.findall(text)) == 1, f"{page.name} has no mail `{name}`"
    keep(page, block.sub(lambda found: f"{found[1]}{letter}\n{found[3]}", text))


def keep(page: Path, made: str) -> None:
    """The page is that, or becomes it."""
    if os.environ.get("UPDATE"):
        page.write_text(made)
    assert page.read_text() == made, f"{page.name} is not what is sent; run the test with UPDATE=1 and proofread it"
