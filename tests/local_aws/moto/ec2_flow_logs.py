"""EC2: flow logs are created where AWS would, and never twice; and deleted.

Sources: Amazon EC2 API reference, CreateFlowLogs, DeleteFlowLogs, "Error codes"; Developer
Guide, "Ensuring idempotency"; Amazon VPC User Guide, "Flow log limitations" ("250
subscriptions per resource per account"), "Responsibilities and permissions for owners and
participants".
"""

from __future__ import annotations

import threading
import uuid
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
    FlowLogAlreadyExists,
    InvalidFlowLogIdError,
)
from moto.ec2.models.flow_logs import FlowLogs as FlowLog
from moto.ec2.responses.flow_logs import FlowLogs
from moto.ec2.utils import random_flow_log_id

from local_aws.moto.ec2_delivery import check_bucket, check_role, make_group, works
from local_aws.moto.ec2_described import describe_flow_logs
from local_aws.moto.ec2_requests import LOGS, Asked, read, read_token
from local_aws.moto.state import controls

MOST = 250
CHANGE = threading.RLock()
"""Of several calls at once that ask for the same, one makes the flow log."""
THROWN = {"UnauthorizedOperation"}
"""Codes with which the whole call is refused, not one resource of it."""


def create_flow_logs(self: FlowLogs) -> ActionResult:
    """CreateFlowLogs: 200 with "Unsuccessful" for what is wrong with one resource.

    A call with the token of one that made flow logs answers as that did, even when they are
    deleted since: "any subsequent retries complete successfully without performing any
    further actions". A token whose call made none is taken to be free.
    """
    asked, token = read(self), read_token(self)
    self.error_on_dryrun()
    with CHANGE:
        tokens: dict[str, tuple[Asked, list[str]]]
        tokens = self.ec2_backend.__dict__.setdefault("flow_log_tokens", {})
        if token in tokens:
            before, ids = tokens[token]
            if before != asked:
                raise EC2ClientError(
                    "IdempotentParameterMismatch",
                    "Arguments on this idempotent request are inconsistent with arguments used "
                    "in previous request(s).",
                )
            return _created(token, ids, [])
        flow_logs = [_flow_log(self.ec2_backend, asked, one) for one in asked.resources]
        if asked.destination_type == LOGS:
            check_role(flow_logs[0])
        refused = {flow_log.id: _refusal(flow_log, asked.kind) for flow_log in flow_logs}
        made = [flow_log for flow_log in flow_logs if refused[flow_log.id] is None]
        for flow_log in made:
            _keep(flow_log, dict(asked.tags))
        if token and made:
            tokens[token] = asked, [flow_log.id for flow_log in made]
    unsuccessful = [
        {"ResourceId": it.resource_id, "Error": {"Code": wrong.code, "Message": wrong.message}}
        for it in flow_logs
        if (wrong := refused[it.id])
    ]
    return _created(token, [flow_log.id for flow_log in made], unsuccessful)


def _created(token: str | None, ids: list[str], unsuccessful: list[Any]) -> ActionResult:
    told = token or str(uuid.uuid4())
    return ActionResult({"ClientToken": told, "FlowLogIds": ids, "Unsuccessful": unsuccessful})


def _flow_log(backend: Any, asked: Asked, resource: str) -> FlowLog:
    made = FlowLog(
        backend, random_flow_log_id(), resource, asked.traffic, asked.destination, asked.group,
        asked.role, asked.interval, asked.destination_type, asked.format, None,
    )
    made.destination_options = dict(asked.options)
    return made


def _keep(flow_log: FlowLog, tags: dict[str, str]) -> None:
    """It is ACTIVE, whether records will arrive or not; the group may be missing still."""
    flow_log.worked = works(flow_log, {})
    flow_log.ec2_backend.flow_logs[flow_log.id] = flow_log
    flow_log.add_tags(tags)
    if controls.ec2.traffic and flow_log.worked:
        make_group(flow_log)


def _refusal(flow_log: FlowLog, kind: str) -> EC2ClientError | None:
    """What is wrong with a flow log of this resource, unless the whole call is refused."""
    try:
        _check_resource(flow_log, kind)
        if flow_log.log_destination_type != LOGS:
            check_bucket(flow_log)
        _check_others(flow_log)
    except EC2ClientError as wrong:
        exists = isinstance(wrong, FlowLogAlreadyExists)
        if wrong.code in THROWN or (exists and controls.ec2.thrown):
            raise
        return wrong
    return None


def _check_resource(flow_log: FlowLog, kind: str) -> None:
    """It must exist. Participants "cannot create ... flow logs for a shared VPC subnet".

    Nor for the VPC; with which error they are refused is an assumption.
    """
    backend, resource = flow_log.ec2_backend, flow_log.resource_id
    if kind == "NetworkInterface":
        backend.get_network_interface(resource)
        return
    vpc_id = backend.get_subnet(resource).vpc_id if kind == "Subnet" else resource
    if vpc_id not in backend.vpcs or controls.is_unseen(vpc_id):
        raise EC2ClientError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    if backend.vpcs[vpc_id].owner_id != backend.account_id:
        message = "You are not authorized to perform this operation."
        raise EC2ClientError("UnauthorizedOperation", message)


def _check_others(flow_log: FlowLog) -> None:
    """No other "with the same configuration and log destination", and not too many."""
    others = [
        other
        for other in flow_log.ec2_backend.flow_logs.values()
        if other.resource_id == flow_log.resource_id
    ]
    if any(_same(other) == _same(flow_log) for other in others):
        raise FlowLogAlreadyExists()
    if len(others) >= MOST:
        message = f"You have reached the limit of {MOST} flow logs for {flow_log.resource_id}"
        raise EC2ClientError("FlowLogsLimitExceeded", message)


def _same(flow_log: FlowLog) -> tuple[Any, ...]:
    """What two flow logs of a resource may not have in common.

    What AWS counts as configuration is not documented: all of it, unless the test has ordered
    that the destination alone counts.
    """
    where = flow_log.log_group_name or flow_log.log_destination.rstrip("/")
    place = (flow_log.log_destination_type, where)
    if controls.ec2.by_destination:
        return place
    return (
        *place, flow_log.traffic_type, flow_log.deliver_logs_permission_arn,
        flow_log.max_aggregation_interval, flow_log.log_format,
    )


def delete_flow_logs(self: FlowLogs) -> ActionResult:
    """DeleteFlowLogs: 200, with "Unsuccessful" for those that are not there."""
    asked = list(dict.fromkeys(self._get_param("FlowLogIds", [])))
    self.error_on_dryrun()
    unsuccessful = []
    with CHANGE:
        for one in asked:
            if self.ec2_backend.flow_logs.pop(one, None):
                self.ec2_backend.tags.pop(one, None)
                continue
            wrong = InvalidFlowLogIdError(1, one)
            error = {"Code": wrong.code, "Message": wrong.message}
            unsuccessful.append({"ResourceId": one, "Error": error})
    return ActionResult({"Unsuccessful": unsuccessful})


def patch() -> None:
    """Puts the above into moto's service."""
    FlowLogs.create_flow_logs = create_flow_logs
    FlowLogs.describe_flow_logs = describe_flow_logs
    FlowLogs.delete_flow_logs = delete_flow_logs
