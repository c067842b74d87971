"""Whose reading of access logs is denied where IAM decides, and what nobody is denied."""

from __future__ import annotations

import json

import pytest
from conftest import StartFunction
from given import refusal, trail
from installed import Installed, caller
from local_aws.processes import ACCOUNT, Ministack
from log_buckets import READERS, TARGET, bucket_call, by_control, grant, log_into, only, put_policy

LOCAL, ELSEWHERE = "127.0.0.0/8", "192.0.2.0/24"
"""Where the tests call from, and not."""
EVERYTHING = {"Action": "s3:*", "Resource": "*"}


ROLES = {"TRAILKEEPER_ROLES": f"arn:aws:iam::{ACCOUNT}:role/trailkeeper-AccessRole-1A2B3C"}


class Kept:
    """A bucket for access logs with a file in it, whose readers are limited."""

    def __init__(self, ministack: Ministack, function: StartFunction) -> None:
        self.ministack, self.function = ministack, Installed(ministack, function, "bucket", **only(READERS))
        self.reader, self.admin = caller(ministack, EVERYTHING), caller(ministack, EVERYTHING)
        s3 = ministack.client("s3")
        s3.create_bucket(Bucket=TARGET)
        put_policy(ministack, json.loads(grant(TARGET, "*", "")), TARGET)
        trail(ministack)
        log_into(ministack, TARGET)
        s3.put_object(Bucket=TARGET, Key="log", Body=b"who read what")

    def limit(self, networks: str = "") -> None:
        """Has the function limit who reads."""
        set_ = {"TRAILKEEPER_ACCESS_READERS": self.reader, "TRAILKEEPER_ACCESS_NETWORKS": networks} | ROLES
        found = by_control(self.function.invoke(bucket_call(TARGET), **set_))[READERS]
        assert found["status"] == "fixed", found

    def reads(self, role: str) -> bool:
        """Whether a role may list the logs, and read and look at one: all of it or nothing."""
        s3 = self.ministack.client_as(role, "s3")
        answers = set()
        for call, given in (
            (s3.list_objects_v2, {}), (s3.get_object, {"Key": "log"}), (s3.head_object, {"Key": "log"}),
            (s3.list_object_versions, {}), (s3.get_object_tagging, {"Key": "log"}),
        ):
            try:
                call(Bucket=TARGET, **given)
                answers.add(True)
            except s3.exceptions.ClientError as error:
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
                answers.add(False)
        (answer,) = answers
        return answer


@pytest.fixture
def kept(ministack: Ministack, function: StartFunction) -> Kept:
    return Kept(ministack, function)


def test_readers_read_and_others_do_not(kept: Kept) -> None:
    assert kept.reads(kept.admin)
    kept.limit()
    assert kept.reads(kept.reader) and not kept.reads(kept.admin)
    body = kept.ministack.client("s3").get_object(Bucket=TARGET, Key="log")["Body"].read()
    assert body == b"who read what", "the root user reads"


def test_readers_read_from_their_networks_alone(kept: Kept) -> None:
    kept.limit(LOCAL)
    assert kept.reads(kept.reader) and not kept.reads(kept.admin)
    kept.limit(ELSEWHERE)
    assert not kept.reads(kept.reader) and not kept.reads(kept.admin)
    kept.limit()
    assert kept.reads(kept.reader)


def test_our_own_functions_read_from_wherever_they_run(kept: Kept) -> None:
    iam = kept.ministack.client("iam")
    names = ["trailkeeper-AccessRole-1A2B3C", "TrailkeeperRole", "AccessRole", "trailkeeper-AccessRole-3C4D5E"]
    trust = iam.get_role(RoleName=kept.admin.split("/")[-1])["Role"]["AssumeRolePolicyDocument"]
    for name in names:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | EVERYTHING]}
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(allow))
    kept.limit(ELSEWHERE)
    assert [kept.reads(f"arn:aws:iam::{ACCOUNT}:role/{name}") for name in names] == [True, False, False, False]


def test_whoever_manages_the_bucket_can_take_the_statements_out(kept: Kept) -> None:
    kept.limit(ELSEWHERE)
    s3 = kept.ministack.client_as(kept.admin, "s3")
    assert refusal(s3.get_object, Bucket=TARGET, Key="log")[0] == 403
    s3.put_object(Bucket=TARGET, Key="another", Body=b"")
    s3.get_bucket_logging(Bucket=TARGET)
    document = json.loads(s3.get_bucket_policy(Bucket=TARGET)["Policy"])
    rest = [it for it in document["Statement"] if not it.get("Sid", "").startswith("Trailkeeper")]
    s3.put_bucket_policy(Bucket=TARGET, Policy=json.dumps(document | {"Statement": rest}))
    assert kept.reads(kept.admin)
    kept.limit(ELSEWHERE)
    assert not kept.reads(kept.admin)
    s3.delete_bucket_policy(Bucket=TARGET)
    assert kept.reads(kept.admin)
