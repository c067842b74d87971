"""CloudWatch Logs transformers: what metric filters that apply to transformed logs see.

Sources: CloudWatch Logs API reference, PutTransformer ("the first processor must be a parser", up
to 20 processors), GetTransformer, DeleteTransformer, PutAccountPolicy and DescribeAccountPolicies
(TRANSFORMER_POLICY, selectionCriteria with LogGroupNamePrefix), PutMetricFilter
(applyOnTransformedLogs: "the metric filter will be applied on the transformed version of the log
events instead of the original ingested log events"); User Guide, "Log transformation". A transformer
of the log group goes before one of the account. Of the processors only parseJSON, renameKeys and
parseToOCSF are carried out; what members the last makes is reduced to the call's name and service.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

Config = list[dict[str, Any]]

MOST = 20
PARSERS = frozenset(
    "csv grok parseCloudfront parseJSON parseKeyValue parsePostgres parseRoute53 parseToOCSF parseVPC parseWAF".split()
)


def _own(backend: LogsBackend) -> dict[str, Config]:
    found: dict[str, Config] = backend.__dict__.setdefault("transformers", {})
    return found


def _policies(backend: LogsBackend) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = backend.__dict__.setdefault("transformer_policies", {})
    return found


def config_of(backend: LogsBackend, group: str) -> Config | None:
    """The transformer of a log group: its own, or else the first of the account that selects it."""
    if group in _own(backend):
        return _own(backend)[group]
    for policy in _policies(backend).values():
        prefixes = re.findall('"([^"]*)"', policy.get("selectionCriteria", ""))
        if not prefixes or any(group.startswith(prefix) for prefix in prefixes):
            config: Config = json.loads(policy["policyDocument"])
            return config
    return None


def transformed(config: Config, message: str) -> str:
    """An event as a transformer leaves it."""
    event = json.loads(message)
    for processor in config:
        ((name, given),) = processor.items()
        if name == "parseToOCSF":
            event = {"api": {"operation": event.get("eventName"), "service": {"name": event.get("eventSource")}}}
        elif name == "renameKeys":
            for entry in given["entries"]:
                if entry["key"] in event:
                    event[entry["renameTo"]] = event.pop(entry["key"])
        elif name != "parseJSON":
            raise NotImplementedError(f"the processor {name}")
    return json.dumps(event)


def _group(self: LogsResponse) -> LogGroup:
    name = json.loads(self.body)["logGroupIdentifier"].rpartition("log-group:")[2].removesuffix(":*")
    group = self.logs_backend.groups.get(name)
    if group is None:
        raise ResourceNotFoundException
    return group


def _checked(config: Config) -> Config:
    if not 1 <= len(config) <= MOST or next(iter(config[0])) not in PARSERS:
        raise InvalidParameterException("The first of up to 20 processors must be a parser.")
    return config


def put_transformer(self: LogsResponse) -> str:
    """PutTransformer: an upsert."""
    group = _group(self)
    _own(self.logs_backend)[group.name] = _checked(json.loads(self.body)["transformerConfig"])
    return ""


def get_transformer(self: LogsResponse) -> str:
    """GetTransformer: nothing of a log group without one of its own."""
    config = _own(self.logs_backend).get(_group(self).name)
    told = json.loads(self.body)["logGroupIdentifier"]
    return json.dumps({"logGroupIdentifier": told, "transformerConfig": config} if config else {})


def delete_transformer(self: LogsResponse) -> str:
    """DeleteTransformer."""
    _own(self.logs_backend).pop(_group(self).name, None)
    return ""


KINDS = frozenset({"DATA_PROTECTION_POLICY", "SUBSCRIPTION_FILTER_POLICY"})
"""Account policies that are kept and described, and not carried out. An account has at most one of each."""


def _kept(backend: LogsBackend) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = backend.__dict__.setdefault("account_policies", {})
    return found


def _kind(given: dict[str, Any]) -> str:
    kind = given.get("policyType")
    if kind != "TRANSFORMER_POLICY" and kind not in KINDS:
        raise NotImplementedError(f"account policies of type {kind}")
    return str(kind)


def put_account_policy(self: LogsResponse) -> str:
    """PutAccountPolicy: for transformers, data protection and subscriptions."""
    given = json.loads(self.body)
    kind, document = _kind(given), json.loads(given["policyDocument"])
    policy = given | {"scope": "ALL", "accountId": self.current_account}
    if kind == "TRANSFORMER_POLICY":
        _checked(document)
        _policies(self.logs_backend)[given["policyName"]] = policy
    else:
        _kept(self.logs_backend)[kind] = policy
    return json.dumps({"accountPolicy": policy})


def describe_account_policies(self: LogsResponse) -> str:
    """DescribeAccountPolicies: for the same."""
    kind = _kind(json.loads(self.body))
    if kind == "TRANSFORMER_POLICY":
        found = list(_policies(self.logs_backend).values())
    else:
        found = [policy for policy in [_kept(self.logs_backend).get(kind)] if policy]
    return json.dumps({"accountPolicies": found})


def patch() -> None:
    """Adds the operations, which moto does not have."""
    for operation in (
        *(put_transformer, get_transformer, delete_transformer),
        *(put_account_policy, describe_account_policies),
    ):
        setattr(LogsResponse, operation.__name__, operation)
