"""IAM decides: its two policies suffice, and each single action that is missing is told or makes the invocation fail."""

from __future__ import annotations

from typing import Any

import pytest
from access_logs import (
    BOB, NAME, READER, SIEM, STATE, TARGET, bucket, created, delivered, found, ignored, line, put,
)
from conftest import StartFunction
from envelope import Event
from installed import Installed, all_actions, document, without
from local_aws.processes import Ministack
from members import MEMBER, SETTINGS, Member, enters, of_account

NOTES, OBSERVE = "access.notes", "access.observe"


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    """The function with its policies, and a bucket for its notes."""
    bucket(ministack, STATE)
    return Installed(ministack, function, "access", TRAILKEEPER_ACCESS_STATE=STATE, TRAILKEEPER_ACCESS_READERS=READER)


@pytest.fixture
def event(ministack: Ministack) -> Event:
    """A file in which there is something to tell."""
    return delivered(ministack, line(), line(BOB))


def versioned(ministack: Ministack) -> Event:
    """The same, in a bucket that keeps versions."""
    versions = {"Bucket": bucket(ministack), "VersioningConfiguration": {"Status": "Enabled"}}
    ministack.client("s3").put_bucket_versioning(**versions)
    return delivered(ministack, line(BOB), key=f"versioned-{NAME}")


def test_its_policies_suffice(ministack: Ministack, installed: Installed, event: Event) -> None:
    assert found(installed.invoke(event)) == [("read", BOB, 1)]
    assert "was already reported" in ignored(installed.invoke(event))
    assert found(installed.invoke(versioned(ministack))) == [("read", BOB, 1)]
    assert installed.invoke(created(f"gone-{NAME}")).body["gone"] is True


def test_a_bucket_that_is_set_is_read_with_them_too(ministack: Ministack, installed: Installed) -> None:
    event = delivered(ministack, line(BOB), name="access-logs")
    assert found(installed.invoke(event, TRAILKEEPER_ACCESS_TARGETS="access-logs")) == [("read", BOB, 1)]
    other = delivered(ministack, line(BOB), name="other-logs")
    answer = installed.invoke(other, TRAILKEEPER_ACCESS_TARGETS="other-logs")
    assert found(answer) == [] and "s3:GetObject was denied" in answer.body["unreadable"]


# Why it could not be checked, and how that is told.
MISSING: list[tuple[str, str, str]] = [
    (OBSERVE, "s3:GetObject", "s3:GetObject was denied"),
    (OBSERVE, "s3:GetObjectVersion", "s3:GetObjectVersion was denied"),
    (OBSERVE, "s3:ListAllMyBuckets", ""),
    (OBSERVE, "s3:ListBucket", "s3:GetObject was denied"),
    (OBSERVE, "sns:Publish", "the report could not be published: sns:Publish was denied"),
    (NOTES, "s3:GetObject", "s3:GetObject was denied"),
    (NOTES, "s3:PutObject", "s3:PutObject was denied"),
    (NOTES, "s3:ListBucket", "s3:GetObject was denied"),
]


def test_each_action_has_its_row() -> None:
    for name in (OBSERVE, NOTES):
        assert sorted(action for policy, action, _ in MISSING if policy == name) == all_actions(name)


@pytest.mark.parametrize(("policy", "action", "told"), MISSING)
def test_an_action_that_is_missing_is_told(
    ministack: Ministack, installed: Installed, event: Event, policy: str, action: str, told: str
) -> None:
    which: dict[tuple[str, str], Any] = {
        (OBSERVE, "s3:GetObjectVersion"): versioned,
        (OBSERVE, "s3:ListBucket"): lambda _: created(f"gone-{NAME}"),
    }
    asked = which.get((policy, action), lambda _: event)(ministack)
    installed.give(policy, without(document(policy), action))
    answer = installed.invoke(asked)
    if action == "s3:ListAllMyBuckets":
        # Then no request is taken for one to another account's bucket, and the log says so.
        assert found(answer) == [("read", BOB, 1)], answer
    elif policy == OBSERVE and action.startswith("s3:"):
        # It is told, and Lambda does not try it again.
        assert found(answer) == [] and told in answer.body["unreadable"], answer
    else:
        assert not answer.ok and told in (answer.error_message or ""), answer
    installed.give(policy, document(policy))
    assert installed.invoke(asked).ok or "another invocation is already reporting" in (installed.invoke(asked).error_message or "")


def test_a_file_of_a_member_is_read_with_the_rights_of_a_session_there(
    ministack: Ministack, function: StartFunction
) -> None:
    bucket(ministack, STATE)
    keeper = Installed(ministack, function, "access", TRAILKEEPER_ACCESS_STATE=STATE, **SETTINGS)
    enters(keeper, "access")
    member = Member(ministack, "access")
    ours = delivered(ministack, line(BOB))
    name = of_account(ours, MEMBER)["detail"]["bucket"]["name"]
    member.client("s3").create_bucket(Bucket=name)
    event = of_account(put(member.client("s3"), line(READER), name=name), MEMBER)
    answer = keeper.invoke(event)
    assert found(answer) == [("read", SIEM, 1)] and answer.body["account"] == MEMBER
    # Its own, of the same key, is another file.
    home = keeper.invoke(ours)
    assert found(home) == [("read", BOB, 1)]
    # Without the way in there is nothing to read, and Lambda keeps the event.
    keeper.give("organization", {"Statement": []})
    shut = keeper.invoke(event)
    assert not shut.ok and "sts:AssumeRole was denied" in (shut.error_message or "")
