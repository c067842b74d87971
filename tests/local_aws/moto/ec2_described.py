"""EC2: what DescribeFlowLogs tells of a flow log, and how its delivery goes.

Sources: Amazon EC2 API reference, DescribeFlowLogs, FlowLog; Amazon VPC User Guide,
"Troubleshoot VPC Flow Logs" ("Access error"; "it can take ten minutes or more after you
create the flow log for the log group to be created, and for data to be displayed"). That a
bucket that takes no records any more shows as an access error too is an assumption.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidFlowLogIdError
from moto.ec2.models.flow_logs import FlowLogs as FlowLog
from moto.ec2.responses.flow_logs import FlowLogs

from local_aws.moto.ec2_delivery import Cache, works
from local_aws.moto.ec2_pages import any_fits, paged
from local_aws.moto.state import controls

MEMBERS = {
    "FlowLogId": "id",
    "ResourceId": "resource_id",
    "TrafficType": "traffic_type",
    "LogDestinationType": "log_destination_type",
    "LogDestination": "log_destination",
    "LogGroupName": "log_group_name",
    "DeliverLogsPermissionArn": "deliver_logs_permission_arn",
    "MaxAggregationInterval": "max_aggregation_interval",
    "LogFormat": "log_format",
    "DestinationOptions": "destination_options",
    "FlowLogStatus": "flow_log_status",
    "CreationTime": "creation_time",
}
FILTERS = {
    "resource-id": "resource_id",
    "flow-log-id": "id",
    "traffic-type": "traffic_type",
    "log-destination-type": "log_destination_type",
    "log-group-name": "log_group_name",
}


def describe_flow_logs(self: FlowLogs) -> ActionResult:
    """DescribeFlowLogs: by the page, with how the delivery goes."""
    self.error_on_dryrun()
    filters, known = self._filters_from_querystring(), self.ec2_backend.flow_logs.copy()
    asked = list(dict.fromkeys(self._get_param("FlowLogIds", [])))
    if missing := [one for one in asked if one not in known]:
        raise InvalidFlowLogIdError(len(missing), " ".join(missing))
    cache: Cache = {}

    def fits(flow_log: FlowLog) -> bool:
        return all(
            any_fits(_values(flow_log, name, cache), patterns)
            for name, patterns in filters.items()
        )

    chosen = {one: known[one] for one in asked} if asked else known
    page, more = paged(self, chosen, fits, whole=bool(asked))
    return ActionResult({"FlowLogs": [_described(it, cache) for it in page]} | more)


def _described(flow_log: FlowLog, cache: Cache) -> dict[str, Any]:
    """A flow log as it is told; members without a value are left out."""
    status, error = _delivery(flow_log, cache)
    found = {member: getattr(flow_log, name, None) for member, name in MEMBERS.items()}
    found |= {"DeliverLogsStatus": status, "DeliverLogsErrorMessage": error}
    tags = [{"Key": key, "Value": value} for key, value in _tags(flow_log).items()]
    return {member: value for member, value in found.items() if value} | {"Tags": tags}


def _delivery(flow_log: FlowLog, cache: Cache) -> tuple[str | None, str | None]:
    """Nothing is told until there were records to deliver.

    That is once there is traffic; or the flow log has worked, and does no longer.
    """
    if ordered := controls.ec2.statuses.get(flow_log.id):
        return ordered
    if not works(flow_log, cache):
        tried = controls.ec2.traffic or getattr(flow_log, "worked", True)
        return ("FAILED", "Access error") if tried else (None, None)
    return ("SUCCESS", None) if controls.ec2.traffic else (None, None)


def _tags(flow_log: FlowLog) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in flow_log.get_tags()}


def _values(flow_log: FlowLog, name: str, cache: Cache) -> list[str]:
    """What a filter of this name looks at."""
    tags = _tags(flow_log)
    if name in FILTERS:
        found = [getattr(flow_log, FILTERS[name])]
    elif name == "deliver-log-status":
        found = [_delivery(flow_log, cache)[0]]
    elif name == "tag-key":
        found = list(tags)
    elif name.startswith("tag:"):
        found = [tags.get(name.removeprefix("tag:"))]
    else:
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return [value for value in found if value is not None]
