"""CloudTrail for ministack: resources, iam:PassRole and cloudtrail:AddTags, and what CreateTrail keeps.

Sources: Service Authorization Reference, AWS CloudTrail; CloudTrail API reference
(CreateTrail, UpdateTrail); CloudTrail user guide, sending events to CloudWatch Logs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ministack.services import cloudtrail

from local_aws.ministack_checks import Call, Needed, Response, also, arn, with_tags

SERVICE = "cloudtrail.amazonaws.com"
WRITING = ("CreateTrail", "UpdateTrail")


def resource(given: dict[str, Any]) -> str:
    """The trail that a call names, ListTags the first of a list; DescribeTrails is on no trail."""
    (listed, *_) = given.get("ResourceIdList") or [""]
    name = str(given.get("Name") or given.get("TrailName") or given.get("ResourceId") or listed)
    if not name:
        return "*"
    return name if name.startswith("arn:") else arn("cloudtrail", f"trail/{name}")


def needs(call: Call) -> Iterator[Needed]:
    """The tags of CreateTrail, the role that either call hands to CloudTrail, and what an organization trail needs.

    IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; CloudTrail User Guide, "Prepare for
    creating a trail for your organization": organizations:ListAWSServiceAccessForOrganization.
    """
    if call.operation not in WRITING:
        return
    given = call.json
    if tags := {tag["Key"]: tag.get("Value", "") for tag in given.get("TagsList") or []}:
        yield "cloudtrail:AddTags", resource(given), with_tags(tags)
    name = str(given.get("Name")).rpartition("/")[2]
    if given.get("IsOrganizationTrail", (cloudtrail._trails.get(name) or {}).get("IsOrganizationTrail")):
        yield "organizations:ListAWSServiceAccessForOrganization", "*", {}
    if role := given.get("CloudWatchLogsRoleArn"):
        yield "iam:PassRole", role, {"iam:PassedToService": SERVICE}


def _kept(trail: dict[str, Any], given: dict[str, Any]) -> None:
    """What ministack's CreateTrail forgets, and the ARN of the topic, which the answers have."""
    for member in ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"):
        if member in given:
            trail[member] = given[member]
    if topic := given.get("SnsTopicName"):
        trail["SnsTopicARN"] = topic if topic.startswith("arn:") else arn("sns", topic)
        trail["SnsTopicName"] = trail["SnsTopicARN"].rpartition(":")[2]


def patch() -> None:
    """Answers CreateTrail and UpdateTrail with all that they are given."""

    def keeping(operation: str) -> None:
        elsewhere = cloudtrail._DISPATCH[operation]

        def handle(given: dict[str, Any]) -> Response:
            answer: Response = elsewhere(given)
            if answer[0] == 200:
                trail_arn = json.loads(answer[2])["TrailARN"]
                _kept(cloudtrail._trails[trail_arn.rpartition("/")[2]], given)
                if tags := given.get("TagsList"):
                    cloudtrail._trail_tags[trail_arn] = {tag["Key"]: tag["Value"] for tag in tags}
            return answer

        cloudtrail._DISPATCH[operation] = handle

    for operation in WRITING:
        keeping(operation)
    also(cloudtrail, "cloudtrail", needs)
