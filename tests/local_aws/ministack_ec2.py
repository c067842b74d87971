"""EC2 for ministack: the resources of calls on flow logs, iam:PassRole, and what is kept.

Sources: Service Authorization Reference, Amazon EC2 (CreateFlowLogs is on vpc-flow-log*, where
the request's tags are known, and on each resource that is to be monitored; DeleteFlowLogs is on
each flow log); EC2 User Guide, "Grant permission to tag Amazon EC2 resources during creation"
(ec2:CreateAction); EC2 API reference, CreateFlowLogs, DescribeFlowLogs, DeleteFlowLogs.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import ec2, iam, tagging

from local_aws.ministack_checks import Call, Needed, Response, also, arn, with_tags
from local_aws.moto.trust import may_assume

SERVICE = "vpc-flow-logs.amazonaws.com"
KINDS = {"VPC": "vpc", "Subnet": "subnet", "NetworkInterface": "network-interface"}
TAG = re.compile(r"(TagSpecification\.\d+\.Tag\.\d+)\.Key")
KEPT = {
    "TrafficType": "trafficType",
    "LogDestinationType": "logDestinationType",
    "LogDestination": "logDestination",
    "LogGroupName": "logGroupName",
    "DeliverLogsPermissionArn": "deliverLogsPermissionArn",
    "MaxAggregationInterval": "maxAggregationInterval",
    "LogFormat": "logFormat",
}
MEMBERS = KEPT | {
    "FlowLogId": "flowLogId",
    "ResourceId": "resourceId",
    "FlowLogStatus": "flowLogStatus",
    "CreationTime": "creationTime",
}
FILTERS = {
    "resource-id": "ResourceId",
    "flow-log-id": "FlowLogId",
    "traffic-type": "TrafficType",
    "log-destination-type": "LogDestinationType",
    "log-group-name": "LogGroupName",
}
DEFAULTS = {"LogDestinationType": "cloud-watch-logs", "MaxAggregationInterval": "600"}


def resource(call: Call) -> str | None:
    """What a call about flow logs is decided on first; none where ministack knows it."""
    if call.operation == "CreateFlowLogs":
        return _monitored(call)[0]
    if call.operation == "DeleteFlowLogs":
        return arn("ec2", f"vpc-flow-log/{call.one('FlowLogId.1')}")
    return None


def _monitored(call: Call) -> list[str]:
    """The resources that are to be monitored, of which the request's tags say nothing."""
    kind = KINDS.get(call.one("ResourceType"), "vpc")
    listed = ec2._parse_member_list(call.form, "ResourceId") or ["*"]
    return [arn("ec2", f"{kind}/{one}") for one in listed]


def needs(call: Call) -> Iterator[Needed]:
    """The resources that are monitored, the tags, and the role that is handed to flow logs."""
    if call.operation == "DeleteFlowLogs":
        for one in ec2._parse_member_list(call.form, "FlowLogId")[1:]:
            yield "ec2:DeleteFlowLogs", arn("ec2", f"vpc-flow-log/{one}"), {}
    if call.operation != "CreateFlowLogs":
        return
    for one in _monitored(call)[1:]:
        yield "ec2:CreateFlowLogs", one, {}
    found = [match[1] for name in call.form if (match := TAG.fullmatch(name))]
    tags = {call.one(f"{name}.Key"): call.one(f"{name}.Value") for name in found}
    context = with_tags(tags) if tags else {}
    yield "ec2:CreateFlowLogs", arn("ec2", "vpc-flow-log/*"), context
    if tags:
        created = context | {"ec2:CreateAction": "CreateFlowLogs"}
        yield "ec2:CreateTags", arn("ec2", "vpc-flow-log/*"), created
    if role := call.one("DeliverLogsPermissionArn"):
        yield "iam:PassRole", role, {"iam:PassedToService": SERVICE}


def _tagged() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """What aws:ResourceTag is asked of: VPCs and flow logs."""
    for kind, store in (("vpc", ec2._vpcs), ("vpc-flow-log", ec2._flow_logs)):
        for one in store:
            yield arn("ec2", f"{kind}/{one}"), ec2._tags.get(one, [])


def _create(params: dict[str, Any]) -> Response:
    """CreateFlowLogs: keeps all that it is given, for resources that there are, once."""
    given = DEFAULTS | {name: value for name in KEPT if (value := ec2._p(params, name))}
    if group := given.get("LogDestination", "").partition(":log-group:")[2]:
        given["LogGroupName"] = group
    ids, unsuccessful = [], []
    for one in ec2._parse_member_list(params, "ResourceId"):
        flow_log = f"fl-{random.getrandbits(68):017x}"
        record = given | {"FlowLogId": flow_log, "ResourceId": one, "FlowLogStatus": "ACTIVE"}
        if not _trusted(given.get("DeliverLogsPermissionArn"), flow_log):
            return _refused("InvalidParameter", "Unable to assume given IAM role")
        if wrong := _wrong(record):
            unsuccessful.append((one, *wrong))
            continue
        ec2._flow_logs[flow_log] = record | {"CreationTime": ec2._now_ts()}
        ec2._parse_tag_specs(params, "vpc-flow-log", flow_log)
        ids.append(flow_log)
    listed = "".join(f"<item>{it}</item>" for it in ids)
    told = f"<flowLogIdSet>{listed}</flowLogIdSet>{_items(unsuccessful)}"
    return _answer("CreateFlowLogs", told)


def _trusted(role_arn: str | None, flow_log: str) -> bool:
    role = next((it for it in iam._roles.values() if it["Arn"] == role_arn), None)
    document = role["AssumeRolePolicyDocument"] if role else "{}"
    source = arn("ec2", f"vpc-flow-log/{flow_log}")
    return role_arn is None or may_assume(document, SERVICE, get_account_id(), source)


def _wrong(record: dict[str, Any]) -> tuple[str, str] | None:
    """Why a resource gets no flow log."""
    one = record["ResourceId"]
    if one.startswith("vpc-") and one not in ec2._vpcs:
        return "InvalidVpcID.NotFound", f"The vpc ID '{one}' does not exist"
    own = ("FlowLogId", "CreationTime")
    others = ({k: v for k, v in it.items() if k not in own} for it in ec2._flow_logs.values())
    if {k: v for k, v in record.items() if k not in own} in others:
        message = "There is an existing Flow Log with the same configuration and log destination."
        return "FlowLogAlreadyExists", message
    return None


def _describe(params: dict[str, Any]) -> Response:
    """DescribeFlowLogs, on one page; a member that was not given is not told."""
    ids, filters = ec2._parse_member_list(params, "FlowLogId"), ec2._parse_filters(params)
    items = ""
    for one, record in ec2._flow_logs.items():
        wanted = [(record.get(FILTERS[it]), filters[it]) for it in FILTERS if it in filters]
        fits = (not ids or one in ids) and all(value in values for value, values in wanted)
        if not fits or not ec2._resource_matches_tag_filters(one, filters):
            continue
        told = "".join(
            f"<{name}>{ec2._esc(record[member])}</{name}>"
            for member, name in MEMBERS.items()
            if member in record
        )
        items += f"<item>{told}{ec2._tag_set_xml(one)}</item>"
    return _answer("DescribeFlowLogs", f"<flowLogSet>{items}</flowLogSet>")


def _delete(params: dict[str, Any]) -> Response:
    """DeleteFlowLogs: tells which were not there."""
    unsuccessful = []
    for one in ec2._parse_member_list(params, "FlowLogId"):
        if ec2._flow_logs.pop(one, None) is None:
            why = f"These flow log ids in the input list are not found: [TotalCount: 1] {one}"
            unsuccessful.append((one, "InvalidFlowLogId.NotFound", why))
        ec2._tags.pop(one, None)
    return _answer("DeleteFlowLogs", _items(unsuccessful))


def _items(unsuccessful: Iterable[tuple[str, str, str]]) -> str:
    items = "".join(
        f"<item><resourceId>{ec2._esc(one)}</resourceId>"
        f"<error><code>{code}</code><message>{ec2._esc(message)}</message></error></item>"
        for one, code, message in unsuccessful
    )
    return f"<unsuccessful>{items}</unsuccessful>"


def _answer(operation: str, told: str) -> Response:
    answer: Response = ec2._xml(200, f"{operation}Response", told)
    return answer


def _refused(code: str, message: str) -> Response:
    answer: Response = ec2._error(code, message, 400)
    return answer


def patch() -> None:
    """Answers the calls about flow logs in place of ministack, and adds what is decided along."""
    handlers = {"CreateFlowLogs": _create, "DescribeFlowLogs": _describe, "DeleteFlowLogs": _delete}
    ec2._ACTION_MAP.update(handlers)
    tagging._RESOURCE_TAG_COLLECTORS["ec2"] = _tagged
    also(ec2, "ec2", needs)
