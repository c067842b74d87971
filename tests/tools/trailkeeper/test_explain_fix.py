"""`trailkeeper explain` and `trailkeeper fix`: what a control wants, and one thing put right by a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from given import trail, trail_arn
from local_aws.processes import Moto
from undoing import Desk, ledger

LOGGING = "cloudtrail-logging"


@pytest.fixture
def stopped(moto: Moto) -> str:
    """A trail that is not logging."""
    moto.regions(["us-east-1", "eu-west-1"])
    return trail(moto, "main", IsMultiRegionTrail=True)


def is_logging(moto: Moto) -> bool:
    return bool(moto.client("cloudtrail").get_trail_status(Name="main")["IsLogging"])


def test_a_control_is_explained_without_an_account() -> None:
    done = Desk("http://127.0.0.1:1", table=None, credentials=None).run("explain", "vpc-flow-logs")
    assert done.code == 0, done
    for part in ("Why", "What wakes it", "ec2.amazonaws.com", "CIS AWS Foundations Benchmark 5.0: 3.7", "Terraform",
                 "policies/vpc.observe.json", "TRAILKEEPER_MODE"):
        assert part in done.out, part
    wrong = Desk("http://127.0.0.1:1", table=None).run("explain", "flow")
    assert wrong.code == 2 and "there is no control flow" in wrong.err, wrong


def test_a_resource_is_explained_by_what_was_read(moto: Moto, stopped: str) -> None:
    desk = Desk(moto.endpoint, table=None)
    for name in (stopped, "main"):
        done = desk.run("explain", LOGGING, name)
        assert done.code == 0, done
        parts = (
            f"WRONG  {LOGGING}  {stopped}\n", "Because: the trail is not logging", "Mode: dry-run (by TRAILKEEPER_MODE",
            "start logging on trail", "What was read\n  trail:\n    exists: yes\n", "    logging: no\n", "The control\n",
        )
        places = [done.out.find(part) for part in parts]
        assert places[0] == 0 and -1 not in places and places[:4] == sorted(places[:4]) and places[-1] == max(places), done.out
        assert not any(word in done.out for word in ("Present(", "Some(", "NotAsked", "not-asked")), done.out
    exempt = desk.run("explain", "cloudtrail-kms", "main", TRAILKEEPER_EXEMPT="control=cloudtrail-kms name=main")
    assert exempt.out.startswith("EXEMPT  ") and "TRAILKEEPER_EXEMPT" in exempt.out.split("What was read")[0], exempt.out
    gone = desk.run("explain", LOGGING, trail_arn("gone"))
    assert gone.code == 2 and "finds no" in gone.err, gone
    assert not is_logging(moto)


def test_a_trail_that_does_not_exist_is_not_right(moto: Moto) -> None:
    moto.regions(["us-east-1"])
    desk = Desk(moto.endpoint, table=None)
    made = trail_arn("trailkeeper-trail")
    gone = desk.run("explain", "cloudtrail-delivery", made)
    assert gone.code == 2 and gone.out == "" and "finds no" in gone.err, gone
    assert desk.run("explain", LOGGING, made).out.startswith("WRONG  "), "it is to be made"
    checked = desk.run("check", "--no-history", "--family", "trail", "--json").json
    assert [it for it in checked["findings"] if it["standing"] == "right"] == []


def test_a_fix_is_shown_asked_for_made_and_kept_in_the_ledger(moto: Moto, stopped: str) -> None:
    ledger(moto)
    desk = Desk(moto.endpoint)
    alone = desk.run("fix", LOGGING, stopped)
    assert alone.code == 1 and "Add --yes" in alone.err and "start logging" in alone.out, alone
    assert desk.answering("n", "fix", LOGGING, stopped).code == 1
    assert not is_logging(moto)
    interrupted = desk.interrupting("fix", LOGGING, stopped)
    assert interrupted.code == 130 and interrupted.err.endswith("trailkeeper: nothing was changed\n"), interrupted
    assert "ending with" not in interrupted.err and not is_logging(moto)
    done = desk.answering("y", "fix", LOGGING, stopped)
    assert done.code == 0 and "Fixed, and read back as right" in done.out, done
    assert is_logging(moto)
    (kept,) = desk.history()
    person = moto.client("sts").get_caller_identity()["Arn"]
    for told in (desk.run("history").out, desk.run("show", kept["id"]).out):
        assert f"{person} through trailkeeper fix" in told and "by trail" not in told, told
    assert f"trailkeeper undo {kept['id']}" in done.out and kept["cause"] == "trailkeeper fix", done
    again = desk.run("fix", LOGGING, stopped, "--yes")
    assert again.code == 0 and again.out == "Nothing is wrong.\n", again


def test_everything_of_a_control_without_a_ledger(moto: Moto, stopped: str) -> None:
    done = Desk(moto.endpoint, table=None).run("fix", LOGGING, "--all", "--yes", "--no-ledger")
    assert done.code == 0 and "aws cloudtrail stop-logging" in done.out, done
    assert is_logging(moto)


def test_what_no_call_puts_right_is_left(moto: Moto, stopped: str) -> None:
    desk = Desk(moto.endpoint, table=None)
    done = desk.run("fix", "log-bucket-mfa-delete", "--all", "--yes", "--no-ledger")
    assert done.code == 1 and "no call of Trailkeeper's" in done.err, done
    gone = desk.run("fix", LOGGING, trail_arn("gone"), "--yes", "--no-ledger")
    assert gone.code == 2 and "finds nothing of" in gone.err, gone


@pytest.mark.parametrize("arguments, said", [
    (("completions", "bash"), "vpc-flow-logs"), (("completions", "zsh"), "#compdef trailkeeper"),
    (("manual",), ".TH trailkeeper"), (("--version",), "trailkeeper 0."), (("check", "--help"), "--fail-on"),
    (("--help",), "explain"), (("access", "--help"), "--readers"),
])
def test_what_shells_and_people_read(arguments: tuple[str, ...], said: str) -> None:
    done = Desk("http://127.0.0.1:1", table=None).run(*arguments)
    assert done.code == 0 and said in done.out, done


@pytest.mark.parametrize("arguments, said", [
    (("check", "--control", "flow"), "Usage: trailkeeper check [OPTIONS]"),
    (("explain", "flow"), "Usage: trailkeeper explain [OPTIONS] <CONTROL> [RESOURCE]"),
    (("history", "--since", "soon"), "Usage: trailkeeper history [OPTIONS]"),
    (("access", "logs", "--account", "1"), "Usage: trailkeeper access [OPTIONS]"),
    (("check", "--table", "x"), "unexpected argument '--table'"),
    (("--table", "x", "check"), "--table means nothing to trailkeeper check"),
])
def test_an_argument_that_means_nothing_is_told_with_the_usage_of_its_command(arguments: tuple[str, ...], said: str) -> None:
    done = Desk("http://127.0.0.1:1", table=None).run(*arguments)
    assert done.code == 2 and said in done.err and "<COMMAND>" not in done.err, done


def test_access_speaks_by_its_own_name_and_with_the_credentials_that_are_given(moto: Moto, tmp_path: Path) -> None:
    desk = Desk(moto.endpoint, table=None)
    gone = desk.run("access", str(tmp_path / "gone"))
    assert gone.code == 2 and gone.err.startswith("trailkeeper: cannot read "), gone
    other = desk.run("access", "s3://my-access-logs/x", "--profile", "nobody", "--region", "eu-west-1")
    assert other.code == 2 and "no AWS credentials were found" in other.err, "those of the environment are not used"
    assert "access-report" not in desk.run("access", "--help").out
