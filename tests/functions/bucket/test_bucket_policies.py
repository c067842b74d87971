"""The bucket function as its role, with IAM enforced: its policies suffice, and nothing in them is idle."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, schedule
from given import refusal, role, trail, trust
from installed import Installed, all_actions, document, nobody_looks, visible
from local_aws.clients import Credentials, client
from local_aws.processes import REGION, Ministack
from log_buckets import (
    EVENTS, LIFECYCLE, LOGS, MFA, OF_TARGETS, OUTSIDERS, RETENTION, TARGET, bare_bucket, bucket_call, by_control, customers_target, flags,
    log_into, logging_of, our_target, policy_of, put_policy, statement_of, trail_policy,
)
from observed import results
from trails import OTHER

OBSERVE, REMEDIATE = "bucket.observe", "bucket.remediate"


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    set_ = {"TRAILKEEPER_CONTROLS": f"{LIFECYCLE}=enforce,{EVENTS}=enforce"}
    return Installed(ministack, function, "bucket", TRAILKEEPER_ACCESS_TARGETS="customers-target", **set_)


# What makes the function need an action, and the event that wakes it.


def bare(installed: Installed) -> Event:
    """A log bucket with every fault."""
    bare_bucket(installed.ministack)
    return bucket_call()


def into_customers(installed: Installed) -> Event:
    """A log bucket whose access logs go to a bucket of the customer's, which does not let them in."""
    trail(installed.ministack)
    log_into(installed.ministack, customers_target(installed.ministack, granted=False))
    return bucket_call()


def beside(installed: Installed) -> Event:
    """A log bucket that is exempt and takes nothing, beside another trail that records the account."""
    trail(installed.ministack)
    trail(installed.ministack, "second", IsMultiRegionTrail=True)
    installed.ministack.client("cloudtrail").start_logging(Name="second")
    s3 = installed.ministack.client("s3")
    s3.delete_bucket_policy(Bucket=LOGS)
    s3.put_bucket_tagging(Bucket=LOGS, Tagging={"TagSet": [{"Key": "trailkeeper:exempt", "Value": "all"}]})
    return bucket_call()


def of_an_organization(installed: Installed) -> Event:
    """A log bucket whose policy lets an organization read."""
    trail(installed.ministack)
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    reads = statement_of(LOGS, condition, Effect="Allow", Action="s3:GetObject")
    put_policy(installed.ministack, trail_policy(reads))
    return bucket_call()


def with_a_key(installed: Installed) -> Event:
    """A log bucket whose default encryption uses a key of the account."""
    trail(installed.ministack)
    key = installed.ministack.client("kms").create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    installed.ministack.client("s3").put_bucket_encryption(Bucket=LOGS, ServerSideEncryptionConfiguration=rules)
    return bucket_call()


def versioned(installed: Installed) -> Event:
    """A log bucket and its target that keep versions, without which no bucket has Object Lock or replication."""
    event = into_customers(installed)
    for bucket in (LOGS, "customers-target"):
        configuration = {"Status": "Enabled"}
        installed.ministack.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration=configuration)
    return event


def quiet(installed: Installed) -> Event:
    """Our bucket for access logs, of which nobody hears."""
    trail(installed.ministack)
    log_into(installed.ministack, target := our_target(installed.ministack))
    return bucket_call(target)


def into_the_archive(installed: Installed) -> Event:
    """A Config channel into a bucket of another account."""
    theirs = client(installed.ministack.endpoint, "s3", REGION, Credentials(OTHER, "root"))
    theirs.create_bucket(Bucket="central-logs")
    config = installed.ministack.client("config")
    recorder = {"name": "default", "roleARN": role(installed.ministack, "config", trust("config.amazonaws.com"))}
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "central-logs"})
    return bucket_call("central-logs")


SCENES: dict[str, Callable[[Installed], Event]] = {
    "cloudtrail:GetEventSelectors": beside,
    "cloudtrail:GetTrailStatus": beside,
    "config:DescribeDeliveryChannelStatus": into_the_archive,
    "kms:DescribeKey": with_a_key,
    "kms:GetKeyPolicy": with_a_key,
    "organizations:DescribeOrganization": of_an_organization,
    "s3:GetBucketOwnershipControls": into_customers,
    "s3:GetBucketNotification": quiet,
    "s3:GetBucketObjectLockConfiguration": versioned,
    "s3:GetReplicationConfiguration": versioned,
    "s3:PutBucketNotification": quiet,
}
"""Where each action shows; all others with a bare bucket."""

NOT_REPORTED = {
    "s3:ListAllMyBuckets": "asked only where a bucket lets nobody look; the reason then names s3:ListBucket",
    "s3:ListBucket": "s3:ListAllMyBuckets stands in for it: a bucket is found by either",
    "s3:PutEncryptionConfiguration": "S3 gives every bucket a default encryption since January 2023 and deletes none, "
    "so that nothing is found to set; neither ministack nor AWS comes to the call",
}
"""Those whose absence no result names; the tests below show what they are for."""


def test_no_action_is_told_of_that_is_not_there() -> None:
    assert SCENES.keys() | NOT_REPORTED.keys() <= set(all_actions(OBSERVE, REMEDIATE))


def statuses(installed: Installed, event: Event, mode: str = "enforce", **settings: str) -> dict[str, str]:
    """The status of each control of log buckets but the one that only a person can satisfy."""
    found = by_control(installed.invoke(event, mode, **settings), LOGS)
    return {control: it["status"] for control, it in found.items() if control not in {MFA, *OF_TARGETS}}


def test_the_policies_suffice_for_every_fault_of_a_log_bucket(installed: Installed) -> None:
    found, account = statuses(installed, bare(installed)), installed.ministack
    assert [control for control, it in found.items() if it != "fixed"] == [OUTSIDERS, "log-bucket-encryption", RETENTION]
    assert logging_of(account) == {"TargetBucket": TARGET, "TargetPrefix": f"{LOGS}/"}
    assert all(flags(account).values()) and all(flags(account, TARGET).values())
    for bucket in (LOGS, TARGET):
        assert "aws:SecureTransport" in json.dumps(policy_of(account, bucket))
        assert account.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert set(statuses(installed, bucket_call()).values()) == {"compliant"}


def test_the_policies_suffice_for_the_grant_to_a_target_and_for_a_sweep(installed: Installed) -> None:
    into_customers(installed)
    assert "fixed" in {it["status"] for it in results(installed.invoke(schedule()))}
    assert "logging.s3.amazonaws.com" in json.dumps(policy_of(installed.ministack, "customers-target"))
    assert visible(installed.invoke(schedule())) == ""


def test_the_policies_suffice_for_every_fault_of_a_bucket_for_access_logs(installed: Installed) -> None:
    event = quiet(installed)
    on = {"TRAILKEEPER_CONTROLS": ",".join(f"{it}=enforce" for it in OF_TARGETS)}
    named = {"TRAILKEEPER_ACCESS_READERS": "Reader", "TRAILKEEPER_ROLES": "Ours"}
    set_ = on | {name: f"arn:aws:iam::123456789012:role/{role}" for name, role in named.items()}
    for status in ("fixed", "compliant"):
        found = by_control(installed.invoke(event, **set_))
        assert {found[control]["status"] for control in OF_TARGETS} == {status}, found


@pytest.mark.parametrize("scene", [bare, into_customers])
def test_the_observing_policy_suffices_for_a_dry_run(
    installed: Installed, scene: Callable[[Installed], Event]
) -> None:
    event = scene(installed)
    installed.take(REMEDIATE)
    found = statuses(installed, event, "dry-run", TRAILKEEPER_CONTROLS=f"{LIFECYCLE}=dry-run")
    assert set(found.values()) == {"planned", "compliant"}


def test_without_the_remediating_policy_nothing_can_be_written(installed: Installed) -> None:
    event = bare(installed)
    installed.take(REMEDIATE)
    assert set(statuses(installed, event).values()) == {"failed", "compliant"}
    assert logging_of(installed.ministack) == {}


@pytest.mark.parametrize("action", [it for it in all_actions(OBSERVE, REMEDIATE) if it not in NOT_REPORTED])
def test_every_action_taken_away_is_reported(installed: Installed, action: str) -> None:
    event = SCENES.get(action, bare)(installed)
    installed.take_action(action)
    missed = visible(installed.invoke(event))
    assert "denied" in missed and action in missed, f"without {action} nothing is missed"


def test_a_bucket_is_found_by_a_look_or_by_the_list(installed: Installed) -> None:
    event = bare(installed)
    put_policy(installed.ministack, trail_policy())
    nobody_looks(installed.ministack, LOGS)
    installed.take_action("s3:ListAllMyBuckets")
    assert "s3:ListBucket was denied" in visible(installed.invoke(event))
    installed.take_action("s3:ListBucket")
    assert set(statuses(installed, event).values()) == {"fixed", "compliant"}


def test_a_default_encryption_could_be_set(installed: Installed) -> None:
    given = {"Bucket": made(installed), "ServerSideEncryptionConfiguration": SSE}
    installed.ministack.client_as(installed.arn, "s3").put_bucket_encryption(**given)
    installed.take_action("s3:PutEncryptionConfiguration")
    denied(installed, "put_bucket_encryption", "s3:PutEncryptionConfiguration", **given)


# What it may not do, whatever the code would ask for.


def denied(installed: Installed, operation: str, action: str, **given: Any) -> None:
    call = getattr(installed.ministack.client_as(installed.arn, "s3"), operation)
    status, _, message = refusal(call, **given)
    assert status == 403 and action in message


ANYTHING = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
SSE = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
WRITER = {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}}


def made(installed: Installed) -> str:
    """A bucket of the account with a log file in it."""
    s3 = installed.ministack.client("s3")
    s3.create_bucket(Bucket="customers")
    s3.put_object(Bucket="customers", Key="log", Body=b"secret")
    return "customers"


def test_no_bucket_is_made_but_ours_and_none_gets_access_lists(installed: Installed) -> None:
    denied(installed, "create_bucket", "s3:CreateBucket", Bucket="trailkeeper-access-logs")
    bucket, action = made(installed), "s3:PutBucketOwnershipControls"
    denied(installed, "put_bucket_ownership_controls", action, Bucket=bucket, **WRITER)


def test_log_files_are_neither_read_nor_deleted(installed: Installed) -> None:
    bucket = made(installed)
    denied(installed, "get_object", "s3:GetObject", Bucket=bucket, Key="log")
    denied(installed, "delete_object", "s3:DeleteObject", Bucket=bucket, Key="log")
    denied(installed, "delete_bucket_policy", "s3:DeleteBucketPolicy", Bucket=bucket)
    denied(installed, "delete_bucket", "s3:DeleteBucket", Bucket=bucket)


def test_another_accounts_bucket_is_not_touched_even_if_it_lets_us(installed: Installed) -> None:
    theirs = client(installed.ministack.endpoint, "s3", REGION, Credentials(OTHER, "root"))
    theirs.create_bucket(Bucket="theirs")
    theirs.delete_public_access_block(Bucket="theirs")
    open_to_all = statement_of("theirs", {"Bool": {"aws:SecureTransport": "true"}}, Effect="Allow")
    theirs.put_bucket_policy(Bucket="theirs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [open_to_all]}))
    s3 = installed.ministack.client_as(installed.arn, "s3")
    for call in (s3.get_bucket_versioning, s3.delete_bucket_lifecycle):
        installed.give(REMEDIATE, document(REMEDIATE))
        assert refusal(call, Bucket="theirs")[0] == 403
        installed.give(REMEDIATE, {"Version": "2012-10-17", "Statement": [ANYTHING]})
        call(Bucket="theirs")
