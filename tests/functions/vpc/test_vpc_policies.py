"""The vpc function as its role, with IAM enforced: its policies suffice, and none is idle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, role_call, role_session, schedule
from given import policy, refusal, role, trust
from installed import Installed, all_actions, nobody_looks, visible
from local_aws.processes import ACCOUNT, REGION, Ministack
from log_buckets import policy_of
from observed import result, results
from trails import OURS, group_call, our_roles, retentions
from vpcs import (
    BUCKET, INTO_BUCKET, OUR_GROUP, OUR_POLICY, OUR_ROLE, READERS, SERVICE, SIDS, SOURCE,
    assert_flows_into_bucket, assert_flows_with_ours, create_flow_logs, create_vpc,
    delete_flow_logs, flow_log, flow_logs, log_bucket, vpc, writer,
)


OBSERVE, REMEDIATE = "vpc.observe", "vpc.remediate"
Scene = Callable[[Installed], tuple[Event, dict[str, str]]]


@pytest.fixture
def installed(ministack: Ministack, function: StartFunction) -> Installed:
    return Installed(ministack, function, "vpc")


# What makes the function need an action, and the event that wakes it.


def bare(installed: Installed) -> tuple[Event, dict[str, str]]:
    """A VPC without a flow log, and nothing of ours yet."""
    return create_vpc(vpc(installed.ministack)), {}


def swept(installed: Installed) -> tuple[Event, dict[str, str]]:
    """The same, found by a sweep."""
    bare(installed)
    return schedule(), {}


def into_bucket(installed: Installed) -> tuple[Event, dict[str, str]]:
    """A VPC whose flow logs are to go to a bucket that does not let them in."""
    log_bucket(installed.ministack, READERS)
    return bare(installed)[0], INTO_BUCKET


def customers(installed: Installed) -> tuple[Event, dict[str, str]]:
    """A VPC with a flow log on a role of the customer's, with an inline and a managed policy."""
    account, iam = installed.ministack, installed.iam
    arn, one = writer(account), vpc(account)
    rights = policy(Action="logs:*", Resource="*")
    managed = iam.create_policy(PolicyName="logs", PolicyDocument=rights)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="flows", PolicyArn=managed)
    flow_log(account, one, arn)
    return create_flow_logs(one), {}


def altered(installed: Installed) -> tuple[Event, dict[str, str]]:
    """What we made for a VPC, after someone changed all of it."""
    event, _ = bare(installed)
    assert visible(installed.invoke(event)) == ""
    less, elsewhere = policy(Action="logs:PutLogEvents", Resource="*"), trust("ec2.amazonaws.com")
    installed.iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=less)
    installed.iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=elsewhere)
    installed.ministack.client("logs").delete_log_group(logGroupName=OUR_GROUP)
    return role_call("PutRolePolicy", OUR_ROLE), {}


def unbounded(installed: Installed) -> tuple[Event, dict[str, str]]:
    """Our role, whole but out of its boundary."""
    event, _ = bare(installed)
    assert visible(installed.invoke(event)) == ""
    installed.iam.delete_role_permissions_boundary(RoleName=OUR_ROLE)
    return role_call("PutRolePolicy", OUR_ROLE), {}


SCENES: dict[str, Scene] = {
    "account:ListRegions": swept,
    "iam:GetPolicy": customers,
    "iam:GetPolicyVersion": customers,
    "iam:GetRolePolicy": customers,
    "iam:ListAttachedRolePolicies": customers,
    "iam:ListRolePolicies": customers,
    "iam:PutRolePermissionsBoundary": unbounded,
    "iam:UpdateAssumeRolePolicy": altered,
    "s3:GetBucketPolicy": into_bucket,
    "s3:PutBucketPolicy": into_bucket,
}
"""Where each action shows; all others with a bare VPC."""

NOT_REPORTED = {
    "ec2:DeleteFlowLogs": "asked only where AWS says that a flow log of ours fails, and ministack never does",
    "logs:CreateLogDelivery": "AWS asks for it with CreateFlowLogs to a bucket, ministack does not",
    "logs:DeleteLogDelivery": "likewise with DeleteFlowLogs",
    "s3:ListAllMyBuckets": "asked only where a bucket lets nobody look; then AWS is to refuse it",
    "s3:ListBucket": "s3:ListAllMyBuckets stands in for it: a bucket is found by either",
}
"""Those whose absence no result calls unknown or failed."""


def test_no_action_is_told_of_that_is_not_there() -> None:
    assert SCENES.keys() | NOT_REPORTED.keys() <= set(all_actions(OBSERVE, REMEDIATE))


def vpc_of(event: Event) -> str:
    return str(event["detail"]["responseElements"]["vpc"]["vpcId"])


def test_the_policies_suffice_for_a_fix(installed: Installed) -> None:
    event, _ = bare(installed)
    assert result(installed.invoke(event))["status"] == "fixed"
    assert_flows_with_ours(installed.ministack, vpc_of(event))
    assert result(installed.invoke(event))["status"] == "compliant"


def test_the_policies_suffice_for_a_bucket(installed: Installed) -> None:
    event, settings = into_bucket(installed)
    assert result(installed.invoke(event, **settings))["status"] == "fixed"
    assert_flows_into_bucket(installed.ministack, vpc_of(event))
    sids = [it["Sid"] for it in policy_of(installed.ministack, BUCKET)["Statement"]]
    assert sids == ["Readers", *SIDS]
    assert result(installed.invoke(event, **settings))["status"] == "compliant"


def test_the_policies_suffice_for_repair_of_what_is_ours(installed: Installed) -> None:
    event, _ = altered(installed)
    assert result(installed.invoke(event))["status"] == "fixed"
    assert retentions(installed.ministack)[OUR_GROUP] == 365
    assert result(installed.invoke(group_call(OUR_GROUP)))["status"] == "compliant"


def test_the_policies_suffice_for_a_sweep(installed: Installed) -> None:
    event, _ = swept(installed)
    assert {it["status"] for it in results(installed.invoke(event))} == {"fixed"}
    assert {it["status"] for it in results(installed.invoke(event))} <= {"compliant", "fixed"}


@pytest.mark.parametrize("scene", [bare, into_bucket, altered])
def test_the_observing_policy_suffices_for_a_dry_run(installed: Installed, scene: Scene) -> None:
    event, settings = scene(installed)
    installed.take(REMEDIATE)
    assert result(installed.invoke(event, mode="dry-run", **settings))["status"] == "planned"


@pytest.mark.parametrize("scene", [bare, into_bucket])
def test_without_the_remediating_policy_nothing_can_be_written(
    installed: Installed, scene: Scene
) -> None:
    event, settings = scene(installed)
    account, one = installed.ministack, vpc_of(event)
    before = flow_logs(account, one), retentions(account)
    installed.take(REMEDIATE)
    outcome = result(installed.invoke(event, **settings))
    assert outcome["status"] == "failed" and "was denied" in outcome["because"]
    assert {step["status"] for step in outcome["steps"]} == {"failed", "skipped"}
    assert our_roles(account) == []
    assert (flow_logs(account, one), retentions(account)) == before


@pytest.mark.parametrize(
    "action", [it for it in all_actions(OBSERVE, REMEDIATE) if it not in NOT_REPORTED]
)
def test_every_action_taken_away_is_reported(installed: Installed, action: str) -> None:
    event, settings = SCENES.get(action, bare)(installed)
    installed.take_action(action)
    missed = visible(installed.invoke(event, **settings))
    assert "denied" in missed and action in missed, f"without {action} nothing is missed"


def test_a_bucket_is_found_by_a_look_or_by_the_list(installed: Installed) -> None:
    event, settings = into_bucket(installed)
    nobody_looks(installed.ministack, BUCKET)
    assert result(installed.invoke(event, mode="dry-run", **settings))["steps"][0]["before"]
    installed.take_action("s3:ListAllMyBuckets")
    blind = result(installed.invoke(event, mode="dry-run", **settings))
    assert [step["action"] for step in blind["steps"]] == ["ec2:CreateFlowLogs"], "AWS is to say"
    installed.take_action("s3:ListBucket")
    assert result(installed.invoke(event, **settings))["status"] == "fixed"


def test_calls_by_our_role_are_looked_into(installed: Installed) -> None:
    one = vpc(installed.ministack)
    ours = {"userIdentity": role_session(installed.role, installed.unique_id)}
    own = [create_flow_logs(one, **ours), delete_flow_logs(**ours), role_call("PutRolePolicy", OUR_ROLE, **ours)]
    first, *rest = own
    assert result(installed.invoke(first))["status"] == "fixed"
    for event in rest:
        assert {it["status"] for it in installed.invoke(event).body["results"]} <= {"compliant", "fixed"}
    namesake = create_flow_logs(one, userIdentity=role_session("Vpc-Function"))
    assert result(installed.invoke(namesake))["status"] == "compliant"
    destroyed = group_call(OUR_GROUP)
    destroyed["detail"] |= ours
    assert {it["status"] for it in installed.invoke(destroyed).body["results"]} == {"compliant"}


# What it may not do, whatever the code would ask for.


def denied(installed: Installed, service: str, operation: str, action: str, **given: Any) -> None:
    call = getattr(installed.ministack.client_as(installed.arn, service), operation)
    _, code, message = refusal(call, **given)
    assert code.startswith(("AccessDenied", "UnauthorizedOperation")) and action in message


def test_only_flow_logs_of_ours_are_made_and_deleted(installed: Installed) -> None:
    account, one = installed.ministack, vpc(installed.ministack)
    arn = role(account, OUR_ROLE, trust(SERVICE, **SOURCE))
    theirs = flow_log(account, one, writer(account))
    denied(installed, "ec2", "delete_flow_logs", "ec2:DeleteFlowLogs", FlowLogIds=[theirs])
    asked = {"ResourceIds": [one], "ResourceType": "VPC", "TrafficType": "ALL"}
    asked |= {"LogDestination": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g"}
    untagged = asked | {"DeliverLogsPermissionArn": arn}
    denied(installed, "ec2", "create_flow_logs", "ec2:CreateFlowLogs", **untagged)
    tags = [{"Key": key, "Value": value} for key, value in OURS.items()]
    tagged = asked | {"TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": tags}]}
    other = tagged | {"DeliverLogsPermissionArn": arn.replace(OUR_ROLE, "flows")}
    denied(installed, "ec2", "create_flow_logs", "iam:PassRole", **other)
    denied(installed, "ec2", "create_tags", "ec2:CreateTags", Resources=[theirs], Tags=tags)
    denied(installed, "ec2", "delete_vpc", "ec2:DeleteVpc", VpcId=one)


def test_only_our_role_group_and_bucket_are_changed(installed: Installed) -> None:
    log_bucket(installed.ministack, name="other")
    role(installed.ministack, "theirs")
    write = {"PolicyName": "p", "PolicyDocument": policy(Action="*", Resource="*")}
    denied(installed, "iam", "put_role_policy", "iam:PutRolePolicy", RoleName="theirs", **write)
    denied(installed, "logs", "create_log_group", "logs:CreateLogGroup", logGroupName="theirs")
    denied(installed, "logs", "delete_log_group", "logs:DeleteLogGroup", logGroupName=OUR_GROUP)
    text = policy(Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::other/*")
    denied(installed, "s3", "put_bucket_policy", "s3:PutBucketPolicy", Bucket="other", Policy=text)
