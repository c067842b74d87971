"""Whether a role's trust policy lets an AWS service assume it for a resource.

IAM User Guide, "Policy evaluation logic" and "The confused deputy problem": a statement
counts when its principal, action and every condition fit; an explicit Deny wins. Services
give aws:SourceAccount and aws:SourceArn; any other condition key is absent, and so is
not met.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any


def may_assume(document: str, service: str, source_account: str, source_arn: str) -> bool:
    """Decides for the service principal `service`, e.g. "transfer.amazonaws.com"."""
    given = {"aws:sourceaccount": source_account, "aws:sourcearn": source_arn}
    effects = {
        statement["Effect"]
        for statement in _list(json.loads(document).get("Statement"))
        if _names(statement.get("Principal"), service)
        and any(fnmatchcase("sts:assumerole", a.lower()) for a in _list(statement.get("Action")))
        and _met(statement.get("Condition", {}), given)
    }
    return effects == {"Allow"}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _names(principal: Any, service: str) -> bool:
    if isinstance(principal, dict):
        return service in _list(principal.get("Service"))
    return False


def _like(value: str, pattern: str) -> bool:
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _arn_like(value: str, pattern: str) -> bool:
    """Each of the six parts of an ARN is compared on its own."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    if len(values) != len(patterns):
        return False
    return all(_like(v, p) for v, p in zip(values, patterns, strict=True))


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
}


def _met(conditions: dict[str, dict[str, Any]], given: dict[str, str]) -> bool:
    return all(
        _one_met(operator, given.get(key.lower()), _list(wanted))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _one_met(operator: str, value: str | None, wanted: list[str]) -> bool:
    compare = OPERATORS.get(operator.removesuffix("IfExists"))
    if value is None:
        return operator.endswith("IfExists")
    return compare is not None and any(compare(value, str(w)) for w in wanted)
