"""Who outside the account may handle log files is told, and nothing is taken from anybody."""

from __future__ import annotations

import ledger
import pytest
from batches import anew
from conftest import StartFunction
from envelope import role_session
from given import trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import LOGS, OUTSIDERS, bucket_call, check, only, put_policy, statement_of, trail_policy, whole_bucket
from observed import results, writes
from our_role import by
from subscriber import Subscribers
from trails import OTHER

FOREIGN = f"arn:aws:iam::{OTHER}:root"
BACKUP = {
    "Sid": "Backup",
    "Effect": "Allow",
    "Principal": {"AWS": FOREIGN},
    "Action": ["s3:GetObject", "s3:DeleteObject", "s3:PutLifecycleConfiguration", "s3:ListBucket"],
    "Resource": [f"arn:aws:s3:::{LOGS}", f"arn:aws:s3:::{LOGS}/*"],
}


def test_a_letter_says_who_may_do_what(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    put_policy(moto, trail_policy(statement_of(LOGS), BACKUP))
    people = Subscribers(moto)
    started = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic, **only(OUTSIDERS))
    (found,) = [it for it in results(started.invoke(bucket_call())) if it["control"] == OUTSIDERS]
    assert found["status"] == "advised" and "TRAILKEEPER_LOG_BUCKET_READERS" in found["advice"]
    may = f"statement Backup lets account {OTHER} ({FOREIGN}) read, list, delete and administer log files"
    assert found["because"] == may
    (letter,) = people.letters()
    assert OUTSIDERS in letter.text and may in " ".join(letter.text.split())
    assert [call for call in writes(faults) if call.operation not in {"Publish", "HeadBucket"}] == []


MALLORY = f"arn:aws:iam::{ACCOUNT}:user/mallory"


def test_whoever_of_the_account_a_new_policy_lets_in_is_told_with_who_did_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    trail(moto)
    moto.client("iam").create_user(UserName="mallory")
    document = trail_policy(statement_of(LOGS), BACKUP | {"Principal": {"AWS": MALLORY}})
    put_policy(moto, document)
    people = Subscribers(moto)
    event = bucket_call(name="PutBucketPolicy")
    event["detail"]["requestParameters"]["bucketPolicy"] = document
    told = {"TRAILKEEPER_TOPIC_ARN": people.topic, **only(OUTSIDERS)}
    started = function("bucket", endpoint=faults, mode="enforce", **told)
    (found,) = [it for it in results(started.invoke(event)) if it["control"] == OUTSIDERS]
    assert (found["status"], found["severity"]) == ("changed", "high")
    assert f"{MALLORY} may read, list, delete, administer. Now it is compliant" in found["because"]
    (letter,) = people.letters()
    assert MALLORY in letter.text and event["detail"]["userIdentity"]["arn"] in letter.text
    named = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_LOG_BUCKET_READERS=MALLORY, **told)
    (found,) = [it for it in results(named.invoke(event)) if it["control"] == OUTSIDERS]
    assert found["status"] == "compliant" and people.letters() == []


def test_a_reader_is_told_once_for_each_caller_as_long_as_he_stands(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    for name in ("mallory", "eve"):
        moto.client("iam").create_user(UserName=name)
    people = Subscribers(moto)
    settings = {"TRAILKEEPER_TOPIC_ARN": people.topic, "TRAILKEEPER_LEDGER": ledger.create(moto), **only(OUTSIDERS)}
    started = function("bucket", endpoint=faults, mode="enforce", **settings)

    def told(caller: str, *readers: str) -> int:
        """The number of letters about one who puts a policy that lets these in."""
        backup = BACKUP | {"Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:user/{it}" for it in readers]}}
        document = trail_policy(statement_of(LOGS), *([backup] if readers else []))
        put_policy(moto, document)
        event = anew(by(bucket_call(name="PutBucketPolicy"), role_session(caller)))
        event["detail"]["requestParameters"]["bucketPolicy"] = document
        started.invoke(event)
        letters = people.letters()
        assert all(caller in it.text for it in letters)
        return len(letters)

    assert (told("alice", "mallory"), told("alice", "mallory")) == (1, 0)
    assert (told("bob", "mallory"), told("bob", "mallory"), told("alice", "mallory")) == (1, 0, 0)
    assert (told("alice", "mallory", "eve"), told("alice", "mallory", "eve")) == (1, 0), "somebody new"
    assert (told("carol"), told("alice", "mallory", "eve")) == (0, 1), "nobody stood there in between"
    faults.deny("dynamodb")
    assert told("alice", "mallory", "eve") == 1, "what cannot be known is told"


@pytest.mark.parametrize("setting", ["TRAILKEEPER_LOG_BUCKET_READERS", "TRAILKEEPER_RECORD_DESTINATIONS"])
def test_whoever_is_named_may(function: StartFunction, moto: Moto, faults: Faults, setting: str) -> None:
    trail(moto)
    put_policy(moto, trail_policy(BACKUP))
    assert check(function, faults, OUTSIDERS, **{setting: OTHER})[OUTSIDERS]["status"] == "compliant"
    other = check(function, faults, OUTSIDERS, **{setting: "777788889999"})[OUTSIDERS]
    assert other["status"] == "advised"


def test_the_organization_may(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """AWS Organizations says which it is, unless a setting does."""
    trail(moto)
    made = moto.client("organizations").create_organization(FeatureSet="ALL")["Organization"]["Id"]
    for identifier, status in ((made, "compliant"), ("o-0000000000", "advised")):
        everybody = BACKUP | {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": identifier}}}
        put_policy(moto, trail_policy(everybody))
        assert check(function, faults, OUTSIDERS)[OUTSIDERS]["status"] == status, identifier
    assert len(faults.calls("organizations", "DescribeOrganization")) >= 2
    faults.deny("organizations")
    assert check(function, faults, OUTSIDERS)[OUTSIDERS]["status"] == "unknown"


def test_a_key_of_another_account_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Whoever owns the key of new files can take it away."""
    whole_bucket(moto)
    key = f"arn:aws:kms:{REGION}:{OTHER}:key/11111111-2222-3333-4444-555555555555"
    for arn, status in ((key, "advised"), (key.replace(OTHER, ACCOUNT), "compliant")):
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]}
        moto.client("s3").put_bucket_encryption(Bucket=LOGS, ServerSideEncryptionConfiguration=rules)
        found = check(function, faults, OUTSIDERS)[OUTSIDERS]
        assert found["status"] == status and (status == "compliant" or arn in found["because"]), found
    assert writes(faults) == []


def test_the_grants_of_the_owner_and_of_log_delivery_are_no_news(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    s3 = moto.client("s3")
    s3.put_bucket_ownership_controls(
        Bucket=LOGS, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_bucket_acl(Bucket=LOGS, ACL="log-delivery-write")
    assert check(function, faults, OUTSIDERS)[OUTSIDERS]["status"] == "compliant"
    s3.put_bucket_acl(Bucket=LOGS, GrantFullControl='id="' + "79a5" * 16 + '"')
    found = check(function, faults, OUTSIDERS)[OUTSIDERS]
    assert found["status"] == "advised" and "canonical user 79a5" in found["because"]
