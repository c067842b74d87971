"""One VPC without a flow log: with the role and the log group for one already there, and with nothing."""

from __future__ import annotations

import json

from bench.scenario import Scenario
from given import role
from installed import document
from local_aws.processes import ACCOUNT, REGION, Moto
from trail_groups import drop_role
from trails import OURS, our_roles, retentions
from vpcs import (
    CONTROL, OUR_GROUP, OUR_POLICY, OUR_ROLE, OUR_ROLE_ARN, assert_flows_with_ours, create_vpc, flow_logs, vpcs_in,
)

TOPIC = "trailkeeper-reports"


def bare(moto: Moto) -> str:
    """An account with its default VPC alone, which has no flow log."""
    moto.reset()
    # After a reset moto makes IAM's 1,600 managed policies anew at the first call.
    moto.client("iam").list_roles()
    moto.client("sns").create_topic(Name=TOPIC)
    (vpc,) = vpcs_in(moto)
    return vpc


def furnished(moto: Moto) -> str:
    """The same, with the role and the log group that an earlier repair left."""
    vpc, iam, logs = bare(moto), moto.client("iam"), moto.client("logs")
    role(moto, OUR_ROLE, json.dumps(document("vpc-flow-logs.trust")))
    iam.tag_role(RoleName=OUR_ROLE, Tags=[{"Key": key, "Value": value} for key, value in OURS.items()])
    rights = json.dumps(document("vpc-flow-logs.permissions"))
    iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=rights)
    logs.create_log_group(logGroupName=OUR_GROUP, tags=OURS)
    logs.put_retention_policy(logGroupName=OUR_GROUP, retentionInDays=365)
    return vpc


def silence(moto: Moto) -> None:
    """Deletes every flow log."""
    ec2 = moto.client("ec2")
    ec2.delete_flow_logs(FlowLogIds=[it["FlowLogId"] for it in ec2.describe_flow_logs()["FlowLogs"]])


def strip(moto: Moto) -> None:
    """Deletes every flow log, and what it leant on."""
    silence(moto)
    drop_role(moto, OUR_ROLE)
    moto.client("logs").delete_log_group(logGroupName=OUR_GROUP)


def prove_flow_log(moto: Moto, vpc: str) -> None:
    """The VPC has one flow log, of all traffic, on what was there; nothing else was made."""
    (found,) = flow_logs(moto, vpc).values()
    assert (found["FlowLogStatus"], found["TrafficType"]) == ("ACTIVE", "ALL"), found
    assert (found["LogGroupName"], found["DeliverLogsPermissionArn"]) == (OUR_GROUP, OUR_ROLE_ARN), found
    assert our_roles(moto) == [OUR_ROLE] and retentions(moto) == {OUR_GROUP: 365}


def prove_all(moto: Moto, vpc: str) -> None:
    """That one is ours, and so is all that it leans on."""
    prove_flow_log(moto, vpc)
    assert_flows_with_ours(moto, vpc)


FLOW_LOG = Scenario(
    name="flow log alone",
    make=furnished,
    again=silence,
    event=create_vpc,
    prove=prove_flow_log,
    wanted={CONTROL: "fixed"},
)
ALL = Scenario(
    name="log group, role and flow log",
    make=bare,
    again=strip,
    event=create_vpc,
    prove=prove_all,
    wanted={CONTROL: "fixed"},
    settings={"TRAILKEEPER_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:{TOPIC}"},
)
