"""CloudWatch Logs: log groups, and which values of theirs are refused.

Sources: CloudWatch Logs API reference, CreateLogGroup, PutRetentionPolicy, DescribeLogGroups.
"""

from __future__ import annotations

import json
import re
import threading
from typing import Any

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

NAME = re.compile(r"[-._/#A-Za-z0-9]{1,512}")
PREFIX = re.compile(r"[-._/#A-Za-z0-9]{0,512}")
CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")
RETENTIONS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)
    + (1096, 1827, 2192, 2557, 2922, 3288, 3653)
)
CREATION = threading.Lock()
"""Of several CreateLogGroup at once, one succeeds: moto looks and creates in two steps."""


def _check(sound: bool, parameter: str, value: object) -> None:
    if not sound:
        raise InvalidParameterException(
            constraint="Member must be valid", parameter=parameter, value=value
        )


def create_log_group(self: LogsResponse) -> str:
    """CreateLogGroup: names "can't start with the string aws/"; by default STANDARD."""
    given = json.loads(self.body)
    name, kind = given["logGroupName"], given.get("logGroupClass", CLASSES[0])
    _check(bool(NAME.fullmatch(name)) and not name.startswith("aws/"), "logGroupName", name)
    _check(kind in CLASSES, "logGroupClass", kind)
    with CREATION:
        group = self.logs_backend.create_log_group(
            name, given.get("tags"), kmsKeyId=given.get("kmsKeyId")
        )
    group.log_group_class = kind
    return ""


def put_retention_policy(self: LogsResponse) -> str:
    """PutRetentionPolicy: "Possible values are: 1, 3, 5, ..." of days."""
    given = json.loads(self.body)
    days = given["retentionInDays"]
    if given["logGroupName"] not in self.logs_backend.groups:
        raise ResourceNotFoundException
    _check(days in RETENTIONS, "retentionInDays", days)
    self.logs_backend.put_retention_policy(given["logGroupName"], days)
    return ""


def patch() -> None:
    """Puts the above into moto's service."""
    describe, to_dict = LogsResponse.describe_log_groups, LogGroup.to_describe_dict
    delete = LogsBackend.delete_log_group

    def describe_log_groups(self: LogsResponse) -> str:
        """DescribeLogGroups: 1 to 50 a page; a prefix or a pattern (a part of the name)."""
        given = json.loads(self.body or "{}")
        prefix, pattern = given.get("logGroupNamePrefix"), given.get("logGroupNamePattern")
        _check(given.get("limit", 50) in range(1, 51), "limit", given.get("limit"))
        _check(prefix is None or bool(NAME.fullmatch(prefix)), "logGroupNamePrefix", prefix)
        _check(bool(PREFIX.fullmatch(pattern or "")), "logGroupNamePattern", pattern)
        _check(not (prefix and pattern), "logGroupNamePattern", pattern)
        if pattern or "logGroupClass" in given:
            raise NotImplementedError("DescribeLogGroups by logGroupNamePattern or logGroupClass")
        answer = json.loads(describe(self))
        return json.dumps({key: value for key, value in answer.items() if value is not None})

    def to_describe_dict(self: LogGroup) -> dict[str, Any]:
        """LogGroup: its class, and how many metric filters it has."""
        filters = logs_backends[self.account_id][self.region].filters
        found = filters.get_matching_filters(log_group_name=self.name)
        kind = getattr(self, "log_group_class", CLASSES[0])
        return to_dict(self) | {"logGroupClass": kind, "metricFilterCount": len(found)}

    def delete_log_group(self: LogsBackend, log_group_name: str) -> None:
        """DeleteLogGroup: its metric filters go with it."""
        delete(self, log_group_name)
        kept = [f for f in self.filters.metric_filters if f["logGroupName"] != log_group_name]
        self.filters.metric_filters[:] = kept

    LogsResponse.create_log_group = create_log_group
    LogsResponse.put_retention_policy = put_retention_policy
    LogsResponse.describe_log_groups = describe_log_groups
    LogGroup.to_describe_dict = to_describe_dict
    LogsBackend.delete_log_group = delete_log_group
