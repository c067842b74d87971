"""A member account: a function acts there as its own family, may do what that one needs and no more, and ends no record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from deployed import ENTERING, FAMILIES, Account, Home, organization
from given import policy, refusal
from local_aws.clients import Credentials, client
from local_aws.processes import ACCOUNT, REGION, Ministack

STRANGER = "444455556666"
DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
READS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "transfer": ("transfer", "list_servers", {}),
    "trail": ("cloudtrail", "list_tags", {"ResourceIdList": ["arn:aws:cloudtrail:us-east-1:123456789012:trail/main"]}),
    "bucket": ("s3", "get_bucket_lifecycle_configuration", {"Bucket": "logs"}),
    "vpc": ("ec2", "describe_vpcs", {}),
    "key": ("kms", "list_keys", {}),
    "recorder": ("config", "describe_configuration_recorder_status", {}),
    "monitoring": ("cloudwatch", "describe_alarms", {}),
    "access": ("s3", "get_object", {"Bucket": "trailkeeper-access-logs", "Key": "one"}),
}
"""A call for each function that no other may make, unless it may fix things."""
WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "transfer": ("transfer", "update_server", {"ServerId": "s-0123456789abcdef0"}),
    "trail": ("cloudtrail", "start_logging", {"Name": "main"}),
    "bucket": ("s3", "put_bucket_logging", {"Bucket": "logs", "BucketLoggingStatus": {}}),
    "vpc": ("logs", "create_log_group", {"logGroupName": "/trailkeeper/vpc-flow-logs"}),
    "key": ("kms", "enable_key_rotation", {"KeyId": "0f5d9a63-4c11-4d7e-9b0f-7a2f4c8e1d03"}),
    "recorder": ("config", "start_configuration_recorder", {"ConfigurationRecorderName": "default"}),
    "monitoring": ("logs", "put_metric_filter", {
        "logGroupName": "g", "filterName": "f", "filterPattern": "",
        "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
    }),
}
"""A call for each family that needs MayFix, and that no other may make."""


@dataclass
class World:
    """The home account, a member, one that lets things be fixed, and a stranger that made the role, too."""

    home: Home
    external_id: str
    member: Account
    fixed: Account

    def session(self, family: str, account: str = "", **given: Any) -> Credentials:
        """What a function gets for an account, the member by default, as it asks for it."""
        asked = {"ExternalId": self.external_id, "Tags": [{"Key": "trailkeeper-family", "Value": family}]} | given
        role = f"arn:aws:iam::{account or self.member.account}:role/TrailkeeperRole"
        sts = self.home.client_as(family, "sts")
        asked = {key: value for key, value in asked.items() if value is not None}
        keys = sts.assume_role(RoleArn=role, RoleSessionName=f"trailkeeper-{family}", **asked)["Credentials"]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def code(self, session: Credentials, call: tuple[str, str, dict[str, Any]], account: Account | None = None) -> str:
        """The code with which a call is refused; nothing where it is not. A bucket is the account's own."""
        service, operation, given = call
        own = (account or self.member).account
        given = given | ({"Bucket": f"{given['Bucket']}-{own}-{REGION}"} if "Bucket" in given else {})
        made = getattr(client(self.home.endpoint, service, REGION, session), operation)
        try:
            made(**given)
        except made.__self__.exceptions.ClientError as refused:
            return str(refused.response["Error"]["Code"])
        return ""


@pytest.fixture(scope="module")
def world(ministack_server: Ministack) -> World:
    ministack_server.reset()
    ours = organization(ministack_server)
    secret = "0f5d9a634c114d7e9b0f7a2f4c8e1d03"
    home = Home(ministack_server, Organization=ours, ExternalId=secret)
    member, fixed, stranger = home.joined("member"), home.joined("fixed"), Account(ministack_server, STRANGER)
    for account in (member, fixed, stranger):
        given = {"HomeAccount": ACCOUNT, "Bus": home.outputs["Bus"], "ExternalId": secret}
        account.deploy("members.yaml", **given, MayFix="true" if account is fixed else "false")
        for name in ("logs", "trailkeeper-access-logs"):
            account.client("s3").create_bucket(Bucket=f"{name}-{account.account}-{REGION}")
    return World(home, secret, member, fixed)


@pytest.mark.parametrize("family", ENTERING)
def test_a_function_says_who_it_is_and_that_it_is_expected(world: World, family: str) -> None:
    assert world.session(family)
    other = ENTERING[ENTERING.index(family) - 1]
    tags = [{"Key": "trailkeeper-family", "Value": family}]
    for given in (
        {"ExternalId": None}, {"ExternalId": "o-another1234"}, {"Tags": None},
        {"Tags": [{"Key": "trailkeeper-family", "Value": other}]},
        {"Tags": [*tags, {"Key": "more", "Value": "more"}]},
        {"account": STRANGER},
    ):
        assert refusal(world.session, family=family, **given)[1] == "AccessDenied", given


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "trailkeeper-dashboard-ApiRole-1A2B3C"), ("/", "trailkeeper-FunctionRole-key2"), ("/", "trailkeeper-FunctionRole-"),
        ("/trailkeeper-FunctionRole-key/", "any"), ("/any/", "trailkeeper-FunctionRole-trail2"),
    ],
)
def test_no_other_role_of_the_home_account_gets_in(world: World, path: str, name: str) -> None:
    """Whatever it is called, says and may do."""
    iam = world.home.client("iam")
    lets_in = policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sts:AssumeRole")
    arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=lets_in)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy(Action="*", Resource="*"))
    sts = client(world.home.endpoint, "sts", REGION, world.home.server.credentials_for(arn))
    there = {"RoleArn": f"arn:aws:iam::{world.member.account}:role/TrailkeeperRole", "RoleSessionName": "trailkeeper-key"}
    for value in [*ENTERING, "key2", "trail2", "", "*"]:
        tags = [{"Key": "trailkeeper-family", "Value": value}]
        refused = refusal(sts.assume_role, **there, ExternalId=world.external_id, Tags=tags)
        assert refused[1] == "AccessDenied", value


@pytest.mark.parametrize("family", ENTERING)
def test_a_session_may_do_what_its_family_needs_and_nothing_of_another(world: World, family: str) -> None:
    session = world.session(family)
    for other, call in READS.items():
        code = world.code(session, call)
        assert (code in DENIED) == (other != family), (other, code)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_session_writes_only_where_the_member_lets_it(world: World, family: str) -> None:
    assert world.code(world.session(family), WRITES[family]) in DENIED
    session = world.session(family, world.fixed.account)
    for other, call in WRITES.items():
        code = world.code(session, call, world.fixed)
        assert (code in DENIED) == (family != other), (other, code)


def test_a_right_to_everything_lets_no_session_stop_a_trail(world: World) -> None:
    everything = {"PolicyName": "everything", "PolicyDocument": policy(Action="*", Resource="*")}
    world.fixed.client("iam").put_role_policy(RoleName="TrailkeeperRole", **everything)
    for family in FAMILIES:
        cloudtrail = client(world.home.endpoint, "cloudtrail", REGION, world.session(family, world.fixed.account))
        assert cloudtrail.describe_trails()["trailList"] == []
        _, code, message = refusal(cloudtrail.stop_logging, Name="main")
        assert code in DENIED and "explicit deny" in message
