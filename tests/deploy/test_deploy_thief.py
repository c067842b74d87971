"""Whoever steals the credentials of a function gains nothing that the function does not have, at home and in a member."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from broken import HEARD
from deployed import FUNCTIONS, Account, Home, organization
from given import policy, refusal
from local_aws.clients import Credentials, client
from local_aws.processes import ACCOUNT, REGION, Ministack

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
EVERYTHING = policy(Action="*", Resource="*")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
LOGGING = {"transfer": "trailkeeper-transfer-logging", "trail": "trailkeeper-cloudtrail-logs", "vpc": "trailkeeper-vpc-flow-logs"}
"""The role that a function makes."""
PLACES = ("home", "member")

Attempt = tuple[str, str, dict[str, Any]]


def trusting(account: str) -> str:
    """A trust that lets everybody of an account in whom its policies let."""
    return policy(Principal={"AWS": f"arn:aws:iam::{account}:root"}, Action="sts:AssumeRole")


@dataclass
class Loot:
    """What there is to take in an account."""

    account: Account
    keys: tuple[str, str]
    trail: str
    flow_log: str
    server: str
    vpc: str
    boundary: str
    function: str


def furnished(account: Account, function: str) -> Loot:
    """An account with things of somebody else's."""
    s3, kms, ec2, logs = (account.client(it) for it in ("s3", "kms", "ec2", "logs"))
    bucket = f"audit-{account.account}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="AWSLogs/1.json.gz", Body=b"{}")
    named, nameless = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/payroll", TargetKeyId=named)
    logs.create_log_group(logGroupName="payroll")
    lets = {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ["s3:PutObject", "s3:GetBucketAcl"]}
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(**lets, Resource=resources))
    trail = account.client("cloudtrail").create_trail(Name="audit", S3BucketName=bucket)["TrailARN"]
    account.client("cloudtrail").start_logging(Name=trail)
    services = {"Service": ["lambda.amazonaws.com", "transfer.amazonaws.com", "cloudtrail.amazonaws.com"]}
    iam = account.client("iam")
    iam.create_role(RoleName="admin", AssumeRolePolicyDocument=policy(Principal=services, Action="sts:AssumeRole"))
    iam.put_role_policy(RoleName="admin", PolicyName="all", PolicyDocument=EVERYTHING)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    flow = ec2.create_flow_logs(
        ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="s3", LogDestination=f"arn:aws:s3:::{bucket}",
    )
    server = account.client("transfer").create_server()["ServerId"]
    (boundary,) = [it["Arn"] for it in iam.list_policies(Scope="Local")["Policies"] if "LoggingBoundary" in it["PolicyName"]]
    return Loot(account, (named, nameless), trail, flow["FlowLogIds"][0], server, vpc, boundary, function)


@dataclass
class World:
    """The home account and a member, both with something to take, and the thief's ways in."""

    home: Home
    loot: dict[str, Loot]

    def credentials(self, family: str, place: str) -> Credentials:
        """A function's own credentials, at home or as it acts in the member."""
        own = self.home.server.credentials_for(self.home.role(family))
        if place == "home":
            return own
        role = f"arn:aws:iam::{self.loot[place].account.account}:role/TrailkeeperRole"
        given = client(self.home.endpoint, "sts", REGION, own).assume_role(
            RoleArn=role, RoleSessionName="thief", ExternalId=self.home.parameters["Organization"],
            Tags=[{"Key": "trailkeeper-family", "Value": family}],
        )["Credentials"]
        return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def thief(self, family: str, place: str) -> Callable[[str], Any]:
        """A maker of boto3 clients with these credentials."""
        credentials = self.credentials(family, place)
        return lambda service: client(self.home.endpoint, service, REGION, credentials)


@pytest.fixture(scope="module")
def world(ministack_server: Ministack) -> World:
    ministack_server.reset()
    ours = organization(ministack_server)
    home = Home(ministack_server, Organization=ours, Mode="enforce", AlarmAddress=HEARD, Concurrency="0")
    member = home.joined("member")
    given = {"HomeAccount": ACCOUNT, "Bus": home.outputs["Bus"], "ExternalId": ours, "AlarmAddress": HEARD, "MayFix": "true"}
    member.deploy("members.yaml", **given)
    function = home.function("trail")
    return World(home, {"home": furnished(home, function), "member": furnished(member, function)})


def on_keys(loot: Loot) -> Iterator[Attempt]:
    """Ways to take a key: by tag, by policy, by alias, by grant."""
    for key in loot.keys:
        yield "kms", "tag_resource", {"KeyId": key, "Tags": [{"TagKey": "managed-by", "TagValue": "trailkeeper"}]}
        yield "kms", "put_key_policy", {"KeyId": key, "PolicyName": "default", "Policy": EVERYTHING}
        for alias in ("alias/trailkeeper-cloudtrail-3", "alias/trailkeeper-notifications-3", "alias/trailkeeper-alarms-3"):
            yield "kms", "create_alias", {"AliasName": alias, "TargetKeyId": key}
        yield "kms", "update_alias", {"AliasName": "alias/payroll", "TargetKeyId": key}
        admin = f"arn:aws:iam::{loot.account.account}:role/admin"
        yield "kms", "create_grant", {"KeyId": key, "GranteePrincipal": admin, "Operations": ["Decrypt"]}
        yield "kms", "schedule_key_deletion", {"KeyId": key}
        yield "kms", "disable_key", {"KeyId": key}


def on_roles(loot: Loot, own: str) -> Iterator[Attempt]:
    """Ways to a role with more rights, the thief's own among them."""
    trust = trusting(loot.account.account)
    for name in (*LOGGING.values(), "wide"):
        made = {"RoleName": name, "AssumeRolePolicyDocument": trust}
        yield "iam", "create_role", made
        yield "iam", "create_role", made | {"PermissionsBoundary": ADMINISTRATOR}
        yield "iam", "attach_role_policy", {"RoleName": name, "PolicyArn": ADMINISTRATOR}
    for name in ("admin", own):
        yield "iam", "put_role_policy", {"RoleName": name, "PolicyName": "all", "PolicyDocument": EVERYTHING}
        yield "iam", "update_assume_role_policy", {"RoleName": name, "PolicyDocument": trust}
        yield "iam", "put_role_permissions_boundary", {"RoleName": name, "PermissionsBoundary": loot.boundary}
        yield "iam", "tag_role", {"RoleName": name, "Tags": [{"Key": "trailkeeper-logging-boundary", "Value": ADMINISTRATOR}]}
    for boundary in (loot.boundary,):
        given = {"PolicyArn": boundary, "PolicyDocument": EVERYTHING, "SetAsDefault": True}
        yield "iam", "create_policy_version", given
    yield "iam", "create_user", {"UserName": "mallory"}
    yield "iam", "create_access_key", {"UserName": "mallory"}


def on_the_record(loot: Loot) -> Iterator[Attempt]:
    """Ways to end the record, and to hand a foreign role to a service."""
    admin = f"arn:aws:iam::{loot.account.account}:role/admin"
    bucket = f"audit-{loot.account.account}"
    group = f"arn:aws:logs:{REGION}:{loot.account.account}:log-group:payroll:*"
    yield "cloudtrail", "stop_logging", {"Name": loot.trail}
    yield "cloudtrail", "delete_trail", {"Name": loot.trail}
    given = {"Name": loot.trail, "CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": admin}
    yield "cloudtrail", "update_trail", given
    yield "transfer", "update_server", {"ServerId": loot.server, "LoggingRole": admin}
    yield "transfer", "stop_server", {"ServerId": loot.server}
    yield "ec2", "delete_flow_logs", {"FlowLogIds": [loot.flow_log]}
    yield "ec2", "create_tags", {"Resources": [loot.flow_log], "Tags": [{"Key": "managed-by", "Value": "trailkeeper"}]}
    yield "ec2", "create_flow_logs", {
        "ResourceIds": [loot.vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": "payroll",
        "DeliverLogsPermissionArn": admin,
    }
    yield "logs", "delete_log_group", {"logGroupName": "payroll"}
    yield "logs", "put_retention_policy", {"logGroupName": "payroll", "retentionInDays": 1}
    yield "s3", "delete_object", {"Bucket": bucket, "Key": "AWSLogs/1.json.gz"}
    yield "s3", "put_object", {"Bucket": bucket, "Key": "AWSLogs/1.json.gz", "Body": b""}
    yield "s3", "delete_bucket_policy", {"Bucket": bucket}
    yield "s3", "delete_bucket", {"Bucket": bucket}


def on_the_functions(loot: Loot) -> Iterator[Attempt]:
    """Ways to change what the functions run."""
    name = loot.function
    yield "lambda", "update_function_configuration", {"FunctionName": name, "Environment": {"Variables": {}}}
    yield "lambda", "update_function_code", {"FunctionName": name, "ZipFile": b"PK"}
    given = {"FunctionName": name, "StatementId": "x", "Action": "lambda:InvokeFunction", "Principal": "*"}
    yield "lambda", "add_permission", given
    yield "lambda", "invoke", {"FunctionName": name}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("family", FUNCTIONS)
def test_a_thief_gains_nothing(world: World, family: str, place: str) -> None:
    if family in {"digest", "guard"} and place == "member":
        pytest.skip("it acts in no other account")
    loot, thief = world.loot[place], world.thief(family, place)
    own = world.home.role(family).rpartition("/")[2] if place == "home" else "TrailkeeperRole"
    attempts = [*on_keys(loot), *on_roles(loot, own), *on_the_record(loot), *on_the_functions(loot)]
    got = []
    for service, operation, given in attempts:
        _, code, message = refusal(partial(getattr(thief(service), operation), **given))
        if code not in DENIED:
            got.append((operation, given, code, message))
    assert got == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("family", LOGGING)
def test_a_role_that_a_thief_makes_wide_may_write_logs_and_nothing_else(world: World, family: str, place: str) -> None:
    loot, thief, name = world.loot[place], world.thief(family, place), LOGGING[family]
    iam, account = thief("iam"), loot.account
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(account.account), PermissionsBoundary=loot.boundary)
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=EVERYTHING)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trusting(account.account))
    for operation, given in (
        ("delete_role_permissions_boundary", {}),
        ("put_role_permissions_boundary", {"PermissionsBoundary": ADMINISTRATOR}),
        ("attach_role_policy", {"PolicyArn": ADMINISTRATOR}),
    ):
        _, code, _ = refusal(partial(getattr(iam, operation), RoleName=name, **given))
        assert code in DENIED, operation
    root = client(world.home.endpoint, "sts", REGION, Credentials(account.account, "root"))
    given = root.assume_role(RoleArn=f"arn:aws:iam::{account.account}:role/{name}", RoleSessionName="thief")["Credentials"]
    worn = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    for service, operation, wanted in (
        ("s3", "list_buckets", {}), ("iam", "list_roles", {}), ("kms", "list_keys", {}),
        *on_keys(loot), *on_roles(loot, name), *on_the_record(loot),
    ):
        _, code, message = refusal(partial(getattr(client(world.home.endpoint, service, REGION, worn), operation), **wanted))
        assert code in DENIED, (operation, wanted, code, message)
    client(world.home.endpoint, "logs", REGION, worn).create_log_group(logGroupName=f"/aws/transfer/{family}")


@pytest.mark.parametrize("place", PLACES)
def test_a_key_of_a_thief_is_a_new_one(world: World, place: str) -> None:
    """A function may make keys; none of them is somebody else's, and it may not even change those that it does not keep."""
    kms = world.thief("trail", place)("kms")
    role = world.home.role("trail") if place == "home" else f"arn:aws:iam::{world.loot[place].account.account}:role/TrailkeeperRole"
    account = world.loot[place].account.account
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    kept = {
        "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["kms:PutKeyPolicy", "kms:CreateAlias"], "Resource": "*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": role}},
    }
    locked = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    _, code, _ = refusal(kms.create_key, Policy=locked)
    assert code == "MalformedPolicyDocumentException", "its maker could not put the next policy"
    made = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [root, kept]}))["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/trailkeeper-cloudtrail-3", TargetKeyId=made)
    _, code, _ = refusal(kms.create_alias, AliasName="alias/mine", TargetKeyId=made)
    assert code in DENIED
