"""The local CloudTrail looks at the log group and the role of a trail."""

from __future__ import annotations

import pytest
from given import (
    CLOUDTRAIL,
    policy,
    refusal,
    refused_update,
    trail,
    trail_arn,
    trail_logs,
    trust,
    updated,
)
from local_aws.processes import ACCOUNT, Moto

OTHER = "210987654321"
NO_GROUP = "InvalidCloudWatchLogsLogGroupArnException"
NO_ROLE = "InvalidCloudWatchLogsRoleArnException"


def test_log_group_and_role_come_together(moto: Moto) -> None:
    trail(moto)
    logs = trail_logs(moto)
    group, writer = logs["CloudWatchLogsLogGroupArn"], logs["CloudWatchLogsRoleArn"]
    assert refused_update(moto, CloudWatchLogsLogGroupArn=group) == NO_ROLE
    assert refused_update(moto, CloudWatchLogsRoleArn=writer) == NO_GROUP
    assert logs.items() <= updated(moto, **logs).items()
    assert refused_update(moto, CloudWatchLogsLogGroupArn=group) == NO_ROLE


@pytest.mark.parametrize(
    ("old", "new"),
    [(":*", ""), ("us-east-1", "eu-west-1"), (ACCOUNT, OTHER), (":trail:", ":none:")],
)
def test_the_log_group_must_be_here(moto: Moto, old: str, new: str) -> None:
    trail(moto)
    logs = trail_logs(moto)
    moto.client("logs", "eu-west-1").create_log_group(logGroupName="trail")
    wrong = logs["CloudWatchLogsLogGroupArn"].replace(old, new)
    assert refused_update(moto, **(logs | {"CloudWatchLogsLogGroupArn": wrong})) == NO_GROUP


def test_the_role_must_exist_and_trust_cloudtrail(moto: Moto) -> None:
    trail(moto)
    logs = trail_logs(moto)
    none = f"arn:aws:iam::{ACCOUNT}:role/none"
    assert refused_update(moto, **(logs | {"CloudWatchLogsRoleArn": none})) == NO_ROLE
    iam = moto.client("iam")
    iam.update_assume_role_policy(RoleName="trail-writer", PolicyDocument=trust())
    found = refusal(moto.client("cloudtrail").update_trail, Name="main", **logs)
    message = "Access denied. Check the trust relationships for your role."
    assert found == (400, NO_ROLE, message)
    bound = trust(CLOUDTRAIL, StringEquals={"aws:SourceArn": trail_arn()})
    iam.update_assume_role_policy(RoleName="trail-writer", PolicyDocument=bound)
    assert refused_update(moto, **logs) == NO_ROLE, "CloudTrail gives no source there"
    iam.update_assume_role_policy(RoleName="trail-writer", PolicyDocument=trust(CLOUDTRAIL))
    assert updated(moto, **logs)


def test_a_role_may_be_too_new(moto: Moto) -> None:
    trail(moto)
    moto.role_propagation(1)
    logs = trail_logs(moto)
    assert refused_update(moto, **logs) == NO_ROLE
    assert updated(moto, **logs)


@pytest.mark.parametrize(
    ("actions", "stream"),
    [
        (["logs:PutLogEvents"], "*"),
        (["logs:CreateLogStream"], "*"),
        (["logs:*"], f"{ACCOUNT}_CloudTrail_eu-west-1*"),
        (["logs:*"], f"{ACCOUNT}_CloudTrail_us-east-1"),
    ],
)
def test_the_role_must_be_allowed_to_write(moto: Moto, actions: list[str], stream: str) -> None:
    trail(moto)
    logs = trail_logs(moto)
    resource = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trail:log-stream:{stream}"
    moto.client("iam").put_role_policy(
        RoleName="trail-writer",
        PolicyName="write",
        PolicyDocument=policy(Action=actions, Resource=resource),
    )
    found = refusal(moto.client("cloudtrail").update_trail, Name="main", **logs)
    assert found == (400, NO_GROUP, "Access denied. Check the permissions for your role.")


def test_the_role_of_an_organizations_trail_may_write_its_members_streams(moto: Moto) -> None:
    found = moto.client("organizations").create_organization(FeatureSet="ALL")["Organization"]
    trail(moto, IsOrganizationTrail=True)
    logs = trail_logs(moto)
    assert refused_update(moto, **logs) == NO_GROUP
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trail:log-stream"
    streams = [f"{group}:{ACCOUNT}_CloudTrail_us-east-1*", f"{group}:{found['Id']}_*"]
    document = policy(Action=["logs:CreateLogStream", "logs:PutLogEvents"], Resource=streams)
    moto.client("iam").put_role_policy(RoleName="trail-writer", PolicyName="write", PolicyDocument=document)
    assert updated(moto, **logs)


def test_managed_policies_and_boundaries_count(moto: Moto) -> None:
    trail(moto)
    logs, iam = trail_logs(moto), moto.client("iam")
    iam.delete_role_policy(RoleName="trail-writer", PolicyName="write")
    assert refused_update(moto, **logs) == NO_GROUP
    everything = "arn:aws:iam::aws:policy/CloudWatchLogsFullAccess"
    iam.attach_role_policy(RoleName="trail-writer", PolicyArn=everything)
    assert updated(moto, **logs)
    none = iam.create_policy(
        PolicyName="none", PolicyDocument=policy(Action="s3:*", Resource="*")
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="trail-writer", PermissionsBoundary=none)
    assert refused_update(moto, EnableLogFileValidation=True) == NO_GROUP
