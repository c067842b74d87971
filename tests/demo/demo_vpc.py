"""The story of a new VPC: nobody could say who talked to whom, and then somebody can."""

from __future__ import annotations

from typing import Any

from demo_story import Run, State, Story, recorded
from given import role, trust
from local_aws.processes import Moto

GROUP = "/trailkeeper/vpc-flow-logs"
SUBNET_GROUP = "web-subnet"


class SilentVpc(Story):
    """CreateVpc, and a flow log on one of its subnets only."""

    function = "vpc"
    title = "Someone creates a VPC and logs the traffic of only one subnet"
    fault = "the missing flow log"

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.event = recorded("ec2.create-vpc")
        ec2 = moto.client("ec2")
        self.vpc = str(ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"])
        self.event["detail"]["responseElements"]["vpc"]["vpcId"] = self.vpc
        subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
        ec2.create_flow_logs(
            ResourceIds=[subnet],
            ResourceType="Subnet",
            TrafficType="ALL",
            LogGroupName=SUBNET_GROUP,
            DeliverLogsPermissionArn=role(moto, "subnet-logs", trust("vpc-flow-logs.amazonaws.com")),
        )

    def state(self) -> State:
        """The VPC's own flow logs and what they lean on, as the API describes them."""
        found: State = {"VPC": self.vpc, "flow logs of the VPC itself": len(self._flow_logs())}
        for it in self._flow_logs():
            role_name = it["DeliverLogsPermissionArn"].rpartition("/")[2]
            trusted = self.moto.client("iam").get_role(RoleName=role_name)["Role"]["AssumeRolePolicyDocument"]
            found |= {
                "status": it["FlowLogStatus"],
                "traffic": it["TrafficType"],
                "log group": it["LogGroupName"],
                "retention (days)": self._retention(it["LogGroupName"]),
                "tags": {tag["Key"]: tag["Value"] for tag in it["Tags"]},
                "written with role": role_name,
                f"trust of {role_name}": trusted,
            }
        return found

    def _flow_logs(self) -> list[dict[str, Any]]:
        named = [{"Name": "resource-id", "Values": [self.vpc]}]
        found: list[dict[str, Any]] = self.moto.client("ec2").describe_flow_logs(Filter=named)["FlowLogs"]
        return found

    def _retention(self, name: str) -> int | None:
        """How long the log group keeps its events; none where there is no group, or no end."""
        groups = self.moto.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        kept = {group["logGroupName"]: group.get("retentionInDays") for group in groups}
        return kept.get(name)

    def claims(self, fix: Run) -> dict[str, bool]:
        now = fix.after
        trusted = str(now.get("trust of trailkeeper-vpc-flow-logs"))
        return {
            "the VPC had no flow log of its own and now has exactly one, active, for all traffic":
                fix.before["flow logs of the VPC itself"] == 0
                and now["flow logs of the VPC itself"] == 1
                and (now["status"], now["traffic"]) == ("ACTIVE", "ALL"),
            "it writes to a log group that keeps events for a year":
                (now["log group"], now["retention (days)"]) == (GROUP, 365),
            "through a role that only flow logs of this account may assume":
                "aws:SourceAccount" in trusted and "aws:SourceArn" in trusted,
            "the subnet's flow log is unchanged": not any(
                SUBNET_GROUP in str(change) for change in fix.changed.values()
            ),
        }
