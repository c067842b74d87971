"""The function that reads access logs in the templates: what wakes it, what it may do, and where it notes what it told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from access_logs import EVENT, TARGET, created
from envelope import Event, api_call
from template import BUS, FUNCTIONS, NOTES, ORGANIZATION, ROOT, TOPIC, Template, document, listed, matches

TARGETS = "access-logs,more-access-logs"


def woken(template: Template, event: Event) -> bool:
    """Whether an event on the bus wakes it."""
    (rule,) = template.events("access", "EventBridgeRule").values()
    return matches(rule["Pattern"], event)


def forwarded(targets: str, event: Event) -> int:
    """How many rules of a region send an event to the bus."""
    rules = Template("regions.yaml", Bus=BUS, AccessTargets=targets).resources("AWS::Events::Rule").values()
    return sum(matches(it["EventPattern"], event) for it in rules)


@pytest.mark.parametrize(("targets", "event", "wakes"), [
    ("none", EVENT, True),
    ("none", created(name=TARGET.replace("us-east-1", "eu-west-1"), region="eu-west-1"), True),
    ("none", created(name="access-logs"), False),
    (TARGETS, EVENT, True),
    (TARGETS, created(name="access-logs"), True),
    (TARGETS, created(name="more-access-logs"), True),
    (TARGETS, created(name="access-logs-2"), False),
    (TARGETS, EVENT | {"detail-type": "Object Deleted"}, False),
    (TARGETS, EVENT | {"source": "my.app"}, False),
    ("none", api_call("s3", "PutObject", requestParameters={"bucketName": TARGET}), False),
])
def test_files_in_targets_alone_are_forwarded_once_and_wake_it(targets: str, event: Event, wakes: bool) -> None:
    assert woken(Template(AccessTargets=targets), event) == wakes
    assert forwarded(targets, event) == wakes


def test_its_policies_are_those_of_the_repository() -> None:
    template = Template(ReportTopicArn=TOPIC, Organization=ORGANIZATION, Mode="enforce")
    policies = template.inline("AccessRole")
    assert policies.keys() == {"log", "observe", "notes", "organization", "unsent"}
    assert policies["observe"] == document("access.observe") and policies["notes"] == document("access.notes")
    # It sweeps nothing, and so needs no list of accounts.
    entering = document("organization", "access")
    entering["Statement"] = [it for it in entering["Statement"] if it["Action"] != "organizations:ListAccounts"]
    assert policies["organization"] == entering and len(entering["Statement"]) == 2


@pytest.mark.parametrize("file", ["template.yaml", "members.yaml"])
def test_each_bucket_that_is_set_may_be_read(file: str) -> None:
    if file == "template.yaml":
        policy = Template(AccessTargets=TARGETS).inline("AccessRole")["observe"]
    else:
        given = {"HomeAccount": "999988887777", "Bus": BUS, "ExternalId": ORGANIZATION, "AccessTargets": TARGETS}
        policy = Template(file, **given).resources("AWS::IAM::ManagedPolicy")["Access"]["PolicyDocument"]
    resources = {it["Sid"]: listed(it["Resource"]) for it in policy["Statement"]}
    arns = ["arn:*:s3:::access-logs", "arn:*:s3:::more-access-logs"]
    assert resources["ReadAccessLogsOfBucketsThatAreSet"] == [f"{arn}/*" for arn in arns]
    assert resources["TellMissingOnesFromForbiddenOnesThere"] == arns


def test_what_it_is_told_is_what_the_parameters_say() -> None:
    given = {
        "AccessReaders": "arn:a", "AccessKeepers": "arn:b", "AccessWriters": "arn:c", "AccessBuckets": "trail-logs",
        "AccessNetworks": "192.0.2.0/24",
    }
    for targets, set_to in (("none", ""), (TARGETS, TARGETS)):
        template = Template(AccessTargets=targets, Controls="kms-key-rotation=off", Exempt="name=x", **given)
        variables = template.environment("access")
        told = {key: it for key, it in variables.items() if key.startswith("TRAILKEEPER_ACCESS_") and "DAYS" not in key}
        assert told == {
            "TRAILKEEPER_ACCESS_READERS": "arn:a", "TRAILKEEPER_ACCESS_KEEPERS": "arn:b",
            "TRAILKEEPER_ACCESS_NETWORKS": "192.0.2.0/24", "TRAILKEEPER_ACCESS_TARGETS": set_to,
            "TRAILKEEPER_ACCESS_STATE": "Notes", "TRAILKEEPER_ACCESS_WRITERS": "arn:c",
            "TRAILKEEPER_ACCESS_BUCKETS": "trail-logs",
        }
        assert told.items() >= {k: it for k, it in template.environment("bucket").items() if k in told}.items()
        assert variables["TRAILKEEPER_CONTROLS"] == variables["TRAILKEEPER_EXEMPT"] == ""


def test_our_own_roles_are_known_to_those_who_tell_strangers_from_them() -> None:
    """Of every function that changes buckets or reads files in them."""
    template = Template(Mode="enforce")
    touching = re.compile(r"s3:(Put|Create|GetObject)")
    texts = {family: json.dumps(list(template.inline(f"{family.capitalize()}Role").values())) for family in FUNCTIONS}
    touch = {f"{family.capitalize()}Role" for family, text in texts.items() if touching.search(text)}
    template.values |= {f"{name}.Arn": name for name in template.resources("AWS::IAM::Role")}
    known = [template.environment(it)["TRAILKEEPER_ROLES"].split(",") for it in ("access", "bucket")]
    assert known == [sorted(touch), ["AccessRole", "BucketRole"]]


@pytest.mark.parametrize(("parameter", "good", "bad"), [
    ("AccessReaders", ["", "arn:aws:iam::111122223333:role/A*", "arn:x,svc:y.amazonaws.com"], ["*", "arn:x,*", "a b", "a,"]),
    ("AccessKeepers", ["", "arn:aws:iam::111122223333:role/A"], ["**", "?,arn:x"]),
    ("AccessWriters", ["", "arn:aws:iam::111122223333:role/Config"], ["*", "arn:x arn:y"]),
    ("AccessBuckets", ["", "trail-logs", TARGETS], ["none,", "Logs", "a,b", "logs,*"]),
    ("AccessNetworks", ["", "203.0.113.0/24", "203.0.113.0/24,2001:db8::/32"], ["203.0.113.1", "all", "203.0.113.0/24,"]),
    ("AccessTargets", ["none", "access-logs", TARGETS], ["", "Logs", "a,b", "logs/", "logs,*", "-logs"]),
])
def test_a_parameter_that_the_function_would_not_take_is_refused(parameter: str, good: list[str], bad: list[str]) -> None:
    about = Template().whole["Parameters"][parameter]
    pattern = re.compile(about["AllowedPattern"])
    assert all(pattern.search(it) for it in good) and not any(pattern.search(it) for it in bad)
    assert about["ConstraintDescription"] and pattern.search(about["Default"])


def test_the_notes_are_private_encrypted_and_expire() -> None:
    template = Template()
    whole: dict[str, Any] = template.whole["Resources"]
    for name in ("Notes", "NotesPolicy"):
        # A bucket that is not empty could not be deleted, and the stack with it. One that was just made goes with a failure.
        policies = (whole[name]["DeletionPolicy"], whole[name]["UpdateReplacePolicy"])
        assert policies == ("RetainExceptOnCreate", "Retain")
    (bucket,) = template.resources("AWS::S3::Bucket").values()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert "BucketName" not in bucket, "names of buckets are taken by whoever is first"
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 400) and "Prefix" not in rule
    (statement,) = template.resources("AWS::S3::BucketPolicy")["NotesPolicy"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [NOTES, f"{NOTES}/*"]
