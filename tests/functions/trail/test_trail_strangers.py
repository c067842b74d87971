"""Keys, roles and log groups of a trail in the hands of others: told with who, and never taken from a reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import StartFunction
from envelope import api_call
from given import client_of, key_with, trail, trail_arn
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from subscriber import Subscribers
from trail_groups import GROUP, WRITER, check_logs, on_ours
from trail_keys import check, put_policy, unencrypted
from trails import (
    LOGS, MULTI, OTHER, OUR_GROUP, OUR_TRAIL_ARN, WITHOUT_LOGS, basic, changes, foreign_bucket, is_logging, kept_trail,
    key_call, key_policy, now, outcomes, retentions, trail_call,
)

ROOT = Path(__file__).parents[3]
MALLORY = f"arn:aws:iam::{ACCOUNT}:user/mallory"


def added(moto: Moto, key: str, statement: dict[str, Any]) -> None:
    document = key_policy(moto, key)
    put_policy(moto, key, document | {"Statement": [*document["Statement"], statement]})


@pytest.mark.parametrize(
    ("statement", "told", "named"),
    [
        (
            {
                "Sid": "Mine", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:PrincipalArn": MALLORY}},
            },
            f"statement Mine shuts out everybody but {MALLORY}, who alone may decrypt log files", MALLORY,
        ),
        (
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "kms:*", "Resource": "*"},
            f"arn:aws:iam::{OTHER}:root may kms:*", OTHER,
        ),
    ],
    ids=["ransom", "a stranger"],
)
def test_a_key_in_other_hands_is_told(
    function: StartFunction, moto: Moto, faults: Faults, statement: dict[str, Any], told: str, named: str
) -> None:
    arn = kept_trail(moto)
    key = now(moto, arn)["KmsKeyId"]
    added(moto, key, statement)
    found = check(function, faults, arn, key_call("PutKeyPolicy", key))
    assert (found["status"], found["severity"]) == ("advised", "high") and told in found["because"]
    assert changes(faults) == []
    settings = {"TRAILKEEPER_LOG_BUCKET_READERS": named}
    answer = function("trail", endpoint=faults, mode="enforce", **settings).invoke(trail_call("UpdateTrail", arn))
    assert outcomes(answer)["cloudtrail-kms"]["status"] == "compliant"


def grant(moto: Moto, key: str, grantee: str, *operations: str) -> str:
    given = {"KeyId": key, "GranteePrincipal": grantee, "Operations": list(operations)}
    return str(moto.client("kms").create_grant(**given)["GrantId"])


def test_a_grant_for_somebody_outside_is_told_and_stays(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    key, mallory = now(moto, arn)["KmsKeyId"], f"arn:aws:iam::{OTHER}:user/mallory"
    for number in range(120):
        grant(moto, key, f"arn:aws:iam::{ACCOUNT}:role/reader-{number}", "Decrypt")
    grant(moto, key, "rds.us-east-1.amazonaws.com", "Decrypt", "CreateGrant")
    assert check(function, faults, arn)["status"] == "compliant"
    mine = grant(moto, key, mallory, "Decrypt", "DescribeKey")
    found = check(function, faults, arn)
    assert (found["status"], found["severity"]) == ("advised", "high")
    assert f"{mallory} may Decrypt, DescribeKey (grant {mine})" in found["because"]
    assert changes(faults) == [], "a reader of yours may have it"
    settings = {"TRAILKEEPER_LOG_BUCKET_READERS": OTHER}
    answer = function("trail", endpoint=faults, mode="enforce", **settings).invoke(trail_call("UpdateTrail", arn))
    assert outcomes(answer)["cloudtrail-kms"]["status"] == "compliant"
    faults.deny("kms", "ListGrants")
    found = check(function, faults, arn)
    assert found["status"] == "unknown" and "kms:ListGrants was denied" in found["because"]


def test_a_key_that_somebody_planted_with_a_grant_is_not_taken(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn, kms, alias = unencrypted(moto), moto.client("kms"), "alias/trailkeeper-cloudtrail"
    text = (ROOT / "policies" / "trail-key.json").read_text()
    for name, value in (("Partition", "aws"), ("AccountId", ACCOUNT), ("Region", REGION)):
        text = text.replace(f"${{AWS::{name}}}", value)
    planted = key_with(moto, json.loads(text))
    kms.create_alias(AliasName=alias, TargetKeyId=planted.rpartition("/")[2])
    grant(moto, planted, f"arn:aws:iam::{OTHER}:root", "Decrypt")
    found = check(function, faults, arn)
    assert found["status"] == "fixed", found
    assert f"{planted} of {alias} has a grant of somebody else's" in found["steps"][0]["summary"]
    ours = kms.describe_key(KeyId=f"{alias}-2")["KeyMetadata"]["Arn"]
    assert now(moto, arn)["KmsKeyId"] == ours != planted


def test_a_stranger_in_the_role_of_the_feed_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    trust = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": '
        f'{{"Service": "cloudtrail.amazonaws.com", "AWS": "arn:aws:iam::{OTHER}:root"}}}}]}}'
    )
    moto.client("iam").update_assume_role_policy(RoleName=WRITER, PolicyDocument=trust)
    found = check_logs(function, faults, trail_call("UpdateTrail", arn))
    assert found["status"] == "advised" and f"arn:aws:iam::{OTHER}:root" in found["because"]
    assert changes(faults) == []


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ("DeleteLogStream", {"logGroupName": GROUP, "logStreamName": "x"}),
        ("PutRetentionPolicy", {"logGroupName": GROUP, "retentionInDays": 1}),
        (
            "PutSubscriptionFilter",
            {"logGroupName": GROUP, "destinationArn": f"arn:aws:logs:{REGION}:{OTHER}:destination:x"},
        ),
        ("AssociateKmsKey", {"logGroupName": GROUP, "kmsKeyId": "k"}),
        ("PutDataProtectionPolicy", {"logGroupIdentifier": GROUP}),
    ],
)
def test_calls_on_the_log_group_of_a_trail_are_told(
    function: StartFunction, moto: Moto, faults: Faults, call: str, asked: dict[str, Any]
) -> None:
    kept_trail(moto)
    people = Subscribers(moto)
    event = api_call("logs", call, requestParameters=asked)
    settings = {"TRAILKEEPER_TOPIC_ARN": people.topic}
    answer = function("trail", endpoint=faults, mode="enforce", **settings).invoke(event)
    found = outcomes(answer)[LOGS]
    assert found["status"] == "changed" and call in found["because"], found
    (letter,) = people.letters()
    assert call in letter.text
    assert changes(faults) == []


@pytest.mark.parametrize("narrowed", ["reads", "one region"])
def test_beside_a_blinded_trail_to_a_stranger_one_is_made(
    function: StartFunction, moto: Moto, faults: Faults, narrowed: str
) -> None:
    multi = narrowed == "reads"
    arn = trail(moto, S3BucketName=foreign_bucket(moto, trail_arn()), IsMultiRegionTrail=multi)
    kind = "ReadOnly" if multi else "WriteOnly"
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[basic(kind)])
    moto.client("cloudtrail").start_logging(Name=arn)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("PutEventSelectors", arn))
    assert outcomes(answer, OUR_TRAIL_ARN)[MULTI]["status"] == "fixed" and is_logging(moto, OUR_TRAIL_ARN)


def overheard(moto: Moto) -> str:
    """Has another account receive the events of our log group. The destination."""
    client_of(moto, OTHER, "logs").create_log_group(logGroupName="ears")
    ears = f"arn:aws:logs:{REGION}:{OTHER}:destination:ears"
    moto.client("logs").put_subscription_filter(
        logGroupName=OUR_GROUP, filterName="mine", filterPattern="", destinationArn=ears
    )
    return ears


def test_whoever_hears_our_log_group_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = on_ours(function, moto)
    ears = overheard(moto)
    event = trail_call("UpdateTrail", arn)
    found = check_logs(function, faults, event)
    assert found["status"] == "advised" and f"subscription filter mine hands its events to {ears}" in found["because"]
    assert changes(faults) == []
    moto.client("logs").put_retention_policy(logGroupName=OUR_GROUP, retentionInDays=1)
    check_logs(function, faults, event)
    assert retentions(moto)[OUR_GROUP] == 365, "what is wrong besides is put right"
    settings = {"TRAILKEEPER_RECORD_DESTINATIONS": OTHER}
    assert check_logs(function, faults, event, **settings)["status"] == "compliant"


@pytest.mark.parametrize(
    ("kind", "document", "what"),
    [
        (
            "SUBSCRIPTION_FILTER_POLICY",
            {"DestinationArn": f"arn:aws:logs:{REGION}:{OTHER}:destination:ears", "FilterPattern": ""},
            f"hands its events to arn:aws:logs:{REGION}:{OTHER}:destination:ears",
        ),
        (
            "DATA_PROTECTION_POLICY",
            {"Statement": [{"DataIdentifier": [], "Operation": {"Deidentify": {"MaskConfig": {}}}}]},
            "masks parts of its events",
        ),
    ],
)
def test_a_policy_for_all_log_groups_is_told_with_who_and_stays(
    function: StartFunction, moto: Moto, faults: Faults, kind: str, document: dict[str, Any], what: str
) -> None:
    arn = on_ours(function, moto)
    asked = {"policyName": "p", "policyType": kind, "policyDocument": json.dumps(document)}
    moto.client("logs").put_account_policy(**asked)
    people = Subscribers(moto)
    event = api_call("logs", "PutAccountPolicy", requestParameters=asked)
    function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic).invoke(event)
    text = " ".join(letter.text for letter in people.letters())
    assert "PutAccountPolicy" in text and "every log group" in text and what in text, text
    found = check_logs(function, faults, trail_call("UpdateTrail", arn))
    assert found["status"] == "advised" and f"policy p of the account {what}" in found["because"]
    assert changes(faults) == []
    if kind.startswith("SUBSCRIPTION"):
        settings = {"TRAILKEEPER_RECORD_DESTINATIONS": OTHER}
        found = check_logs(function, faults, trail_call("UpdateTrail", arn), **settings)
        assert found["status"] == "compliant"


def test_a_log_group_that_somebody_planted_is_not_fed(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto, **WITHOUT_LOGS)
    moto.client("logs").create_log_group(logGroupName=OUR_GROUP)
    ears, event = overheard(moto), trail_call("UpdateTrail", arn)
    found = check_logs(function, faults, event)
    assert found["status"] == "advised" and ears in found["because"] and "it is not used" in found["because"]
    assert changes(faults) == [] and "CloudWatchLogsLogGroupArn" not in now(moto, arn)
    moto.client("logs").delete_subscription_filter(logGroupName=OUR_GROUP, filterName="mine")
    assert check_logs(function, faults, event)["status"] == "fixed"
