"""Mute rules of alarms and transformers of log groups for ministack, which has neither: what tells that there are none.

Sources: CloudWatch API reference, ListAlarmMuteRules; CloudWatch Logs API reference, GetTransformer,
DescribeAccountPolicies, PutMetricFilter (applyOnTransformedLogs, which ministack does not keep);
Service Authorization Reference, Amazon CloudWatch and CloudWatch Logs.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import json_response
from ministack.services import cloudwatch, cloudwatch_logs

from local_aws.ministack_checks import Call, Response, arn

EMPTY: dict[str, dict[str, Any]] = {
    "GetTransformer": {}, "DescribeAccountPolicies": {"accountPolicies": []},
}
KEPT = ("applyOnTransformedLogs",)


def resource(service: str, call: Call) -> str | None:
    """What a call is decided on; none where it is another call."""
    if service == "monitoring" and call.path.endswith("/operation/ListAlarmMuteRules"):
        return arn("cloudwatch", "alarm-mute-rule:*")
    if service == "logs" and call.operation == "GetTransformer":
        return arn("logs", f"log-group:{call.json.get('logGroupIdentifier', '')}:log-stream:")
    return "*" if service == "logs" and call.operation == "DescribeAccountPolicies" else None


def patch() -> None:
    """Wraps the two services."""
    alarms, logs, put = cloudwatch.handle_request, cloudwatch_logs.handle_request, cloudwatch_logs._put_metric_filter

    async def of_alarms(method: str, path: str, headers: Any, body: bytes, query: Any) -> Response:
        if path.endswith("/operation/ListAlarmMuteRules"):
            none: Response = cloudwatch._cbor_ok({"AlarmMuteRuleSummaries": []})
            return none
        answer: Response = await alarms(method, path, headers, body, query)
        return answer

    async def of_logs(method: str, path: str, headers: Any, body: bytes, query: Any) -> Response:
        name = Call(method, path, headers, body, query).operation
        if name in EMPTY:
            nothing: Response = json_response(EMPTY[name])
            return nothing
        answer: Response = await logs(method, path, headers, body, query)
        return answer

    def put_metric_filter(data: dict[str, Any]) -> Response:
        answer: Response = put(data)
        key = (data.get("logGroupName"), data.get("filterName"))
        if answer[0] == 200:
            kept = {member: data[member] for member in KEPT if member in data}
            cloudwatch_logs._metric_filters[key] = cloudwatch_logs._metric_filters[key] | kept
        return answer

    cloudwatch.handle_request, cloudwatch_logs.handle_request = of_alarms, of_logs
    cloudwatch_logs._put_metric_filter = put_metric_filter
