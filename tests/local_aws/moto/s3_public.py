"""S3: whether a bucket policy is public.

Source: Amazon S3 User Guide, "Blocking public access", "The meaning of public": a policy
is public unless every Allow grants access "only to fixed values (values that don't contain
a wildcard or an IAM policy variable)" of a principal or of certain condition keys.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

FIXED_KEYS = frozenset(
    key.lower()
    for key in (
        "aws:PrincipalOrgID aws:PrincipalArn aws:PrincipalAccount aws:SourceArn aws:SourceVpc "
        "aws:SourceVpce aws:SourceOwner aws:SourceAccount aws:userid "
        "s3:x-amz-server-side-encryption-aws-kms-key-id s3:DataAccessPointAccount"
    ).split()
)
"""PrincipalArn and PrincipalAccount are not in the list: they name a principal."""
OPERATORS = frozenset(
    "stringequals stringequalsignorecase stringlike arnequals arnlike".split()
)
ACCESS_POINT = re.compile(r"arn:aws[\w-]*:s3:[\w-]+:\d{12}:accesspoint/[^$]+")
PRIVATE = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
BROADEST = {4: 8, 6: 32}


def is_public(document: dict[str, Any]) -> bool:
    """Whether a statement of the policy, which is well-formed, opens the bucket to anyone."""
    return any(
        statement["Effect"] == "Allow"
        and _names_anyone(statement)
        and not _narrowed(statement.get("Condition") or {})
        for statement in listed(document["Statement"])
    )


def listed(value: Any) -> list[Any]:
    """A value that may stand without the list round it."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _names_anyone(statement: dict[str, Any]) -> bool:
    """Any principal but a fixed one: "*", everyone except some, or someone federated."""
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return True
    return "Federated" in principal or any("*" in str(name) for name in listed(principal.get("AWS")))


def _narrowed(conditions: dict[str, dict[str, Any]]) -> bool:
    """Whether one of the conditions lets in fixed values only."""
    return any(
        _fixed(operator.lower(), key.lower(), [str(value) for value in listed(values)])
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _fixed(operator: str, key: str, values: list[str]) -> bool:
    operator = operator.removeprefix("foranyvalue:")
    if not values:
        return False
    if key == "aws:sourceip":
        return operator == "ipaddress" and all(_narrow(value) for value in values)
    if operator not in OPERATORS:
        return False
    if key == "s3:dataaccesspointarn":
        return all(ACCESS_POINT.fullmatch(value) for value in values)
    if key not in FIXED_KEYS:
        return False
    return not any(mark in value for value in values for mark in ("*", "?", "${"))


def _narrow(value: str) -> bool:
    """A range of addresses that is private, or not "broader than /8 for IPv4 and /32 for IPv6"."""
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    private = any(network.version == 4 and network.subnet_of(known) for known in PRIVATE)
    return private or network.prefixlen >= BROADEST[network.version]
