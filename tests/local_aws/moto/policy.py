"""What a policy decides about a call of an AWS service, or of a role it assumed.

IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements": a statement counts
when its principal, action, resource and every condition fit; an explicit Deny wins. With a
key that is absent, "Condition operators" says: a positive operator is not met, a negative
one is, and with ...IfExists either is met. "AWS global condition context keys" names what
a service's own call carries; it comes over TLS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatchcase
from typing import Any, Literal

Decision = Literal["Allowed", "Denied", "NotAllowed"]
Document = str | bytes | dict[str, Any] | None
Statement = dict[str, Any]

NO_RESOURCE = ""
"""The resource of a policy whose statements name none: a role's trust policy."""


def decides(
    document: Document,
    *,
    service: str,
    action: str,
    resource: str,
    context: dict[str, str],
    by_name: bool = False,
) -> Decision:
    """What a resource's policy says to the service principal, e.g. "sns.amazonaws.com".

    With `by_name` an Allow to everyone does not reach it, as in a trust policy.
    """
    carried = {
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": service,
        "aws:ViaAWSService": "false",
    }
    concerned = [
        statement
        for statement in statements(document)
        if _reaches(statement, service, everyone=not by_name or statement["Effect"] == "Deny")
    ]
    return _decision(concerned, action, resource, carried | context)


def identity_decides(
    documents: Iterable[Document],
    *,
    action: str,
    resource: str,
    context: dict[str, str] | None = None,
) -> Decision:
    """What the policies of one identity say together."""
    found = [statement for document in documents for statement in statements(document)]
    return _decision(found, action, resource, {"aws:SecureTransport": "true"} | (context or {}))


def caller_decides(
    document: Document,
    *,
    names: Collection[str],
    action: str,
    resource: str,
    context: dict[str, str],
) -> Decision:
    """What a resource's policy says to a caller whom each of these names in Principal means.

    These are the ARNs of the session and of its role or user, and those of the account: its
    root's ARN and its id mean everybody in it ("AWS JSON policy elements: Principal").
    """
    carried = {"aws:SecureTransport": "true", "aws:PrincipalIsAWSService": "false"}
    concerned = [statement for statement in statements(document) if _means(statement, names)]
    return _decision(concerned, action, resource, carried | context)


def statements(document: Document) -> list[Statement]:
    """The statements of a policy; none of what is no policy."""
    try:
        found = document if isinstance(document, dict) else json.loads(document or "{}")
    except ValueError:
        return []
    listed = listing(found.get("Statement")) if isinstance(found, dict) else []
    return [s for s in listed if isinstance(s, dict) and s.get("Effect") in ("Allow", "Deny")]


def listing(value: Any) -> list[Any]:
    """A member that may hold one value or several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def concerns_action(statement: Statement, action: str) -> bool:
    """Action and NotAction: not distinguished by case, with wildcards."""
    named = "Action" if "Action" in statement else "NotAction"
    if named not in statement:
        return False
    fits = any(like(action.lower(), str(a).lower()) for a in listing(statement[named]))
    return fits == (named == "Action")


def like(value: str, pattern: str) -> bool:
    """Only * and ? are wildcards."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def met(conditions: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    """Whether every key of every operator is met; keys are not distinguished by case."""
    given = {key.lower(): value for key, value in context.items()}
    return all(
        _one_met(operator.rpartition(":")[2], given.get(key.lower()), listing(wanted))
        or (operator.startswith("ForAllValues:") and key.lower() not in given)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _decision(
    concerned: list[Statement], action: str, resource: str, context: dict[str, str]
) -> Decision:
    effects = {
        statement["Effect"]
        for statement in concerned
        if concerns_action(statement, action)
        and _concerns_resource(statement, resource)
        and met(statement.get("Condition", {}), context)
    }
    if "Deny" in effects:
        return "Denied"
    return "Allowed" if effects else "NotAllowed"


def _concerns_resource(statement: Statement, resource: str) -> bool:
    named = "Resource" if "Resource" in statement else "NotResource"
    if named not in statement:
        return resource == NO_RESOURCE
    fits = any(like(resource, str(r)) for r in listing(statement[named]))
    return fits == (named == "Resource")


def _reaches(statement: Statement, service: str, *, everyone: bool) -> bool:
    if "NotPrincipal" in statement:
        return everyone and not _names(statement["NotPrincipal"], service, everyone=True)
    return _names(statement.get("Principal"), service, everyone=everyone)


def _means(statement: Statement, names: Collection[str]) -> bool:
    named = "Principal" if "Principal" in statement else "NotPrincipal"
    whom = statement.get(named)
    listed = listing(whom.get("AWS")) if isinstance(whom, dict) else [whom]
    return any(one == "*" or one in names for one in listed) == (named == "Principal")


def _names(principal: Any, service: str, *, everyone: bool) -> bool:
    if not isinstance(principal, dict):
        return everyone and principal == "*"
    if everyone and "*" in listing(principal.get("AWS")):
        return True
    return service in listing(principal.get("Service"))


def _arn_like(value: str, pattern: str) -> bool:
    """Each of the six parts of an ARN is compared on its own."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    if len(values) != len(patterns):
        return False
    return all(like(v, p) for v, p in zip(values, patterns, strict=True))


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
}


def _one_met(operator: str, value: str | None, wanted: list[Any]) -> bool:
    if operator == "Null":
        return any(str(w).lower() == str(value is None).lower() for w in wanted)
    negative = "Not" in operator
    if value is None:
        return negative or operator.endswith("IfExists")
    compare = OPERATORS.get(operator.removesuffix("IfExists").replace("Not", ""))
    if compare is None:
        raise NotImplementedError(f"condition operator {operator}")
    return any(compare(value, str(w)) for w in wanted) != negative
