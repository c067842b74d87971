"""What a service may do with a role that it was given, and what a resource's own policy lets a service do.

Sources: IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal", "AWS global
condition context keys": aws:PrincipalArn of a session is the ARN of its role, and "IAM policy elements:
Variables and tags": any condition key with a single value is a variable, one without a value fails the
statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, evaluate, evaluate_resource_policy
from ministack.core.responses import get_region
from ministack.services import iam

Context = Mapping[str, Any]


def _account(arn: str) -> str:
    return arn.split(":")[4]


def _asked(principal: str, account: str, action: str, resource: str, context: Context) -> EvalContext:
    keys = {key.lower(): value for key, value in context.items()}
    kind = "AssumedRole" if principal.startswith("arn:") else "Service"
    return EvalContext(
        principal_arn=principal, principal_type=kind, principal_account=account, action=action,
        resource_arn=resource, region=get_region(), service_context=keys,
    )


def session_of(role_arn: str, service: str) -> str:
    """The ARN of the session in which a service uses a role."""
    name = role_arn.rpartition("/")[2]
    return f"arn:aws:sts::{_account(role_arn)}:assumed-role/{name}/{service.partition('.')[0]}"


def refusal(
    role_arn: str, service: str, action: str, resource: str, context: Context, source: Context
) -> str | None:
    """Why a service may not do this with a role, which it assumes for `source`; none if it may.

    The role's trust, its policies and its boundary decide.
    """
    account, name = _account(role_arn), role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name)
    if role is None or role["Arn"] != role_arn:
        return f"there is no role {role_arn}"
    assume = _asked(service, account, "sts:AssumeRole", role_arn, source)
    if evaluate_resource_policy(role["AssumeRolePolicyDocument"], assume, service=service).decision != "Allow":
        return f"{service} may not assume {role_arn}"
    asked = _asked(session_of(role_arn, service), account, action, resource, context)
    limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
    if evaluate(asked, iam_evaluator._gather_role_policies(name, account), *limits).decision != "Allow":
        return f"{role_arn} may not {action} on {resource}"
    return None


def resource_lets(policy: Any, caller: str, action: str, resource: str, context: Context) -> bool:
    """Whether a resource's own policy lets a caller in: a service, or a session of a role."""
    service = None if caller.startswith("arn:") else caller
    account = _account(caller) if service is None else _account(resource)
    asked = _asked(caller, account, action, resource, context)
    return bool(evaluate_resource_policy(policy, asked, service=service).decision == "Allow")


def resource_denies(policy: Any, caller: str, action: str, resource: str, context: Context) -> bool:
    """Whether a resource's own policy keeps a caller out, whatever the caller's own policies say."""
    asked = _asked(caller, _account(caller), action, resource, context)
    return bool(evaluate_resource_policy(policy, asked).decision == "Deny")


VARIABLE = re.compile(r"\$\{([^}]+)\}")


class NoValueError(Exception):
    """The request has no single value for a variable."""


def filled(value: Any, asked: EvalContext) -> Any:
    """A value of a condition with its variables filled in."""

    def one(variable: re.Match[str]) -> str:
        found = iam_evaluator._resolve_condition_key(variable[1], asked)
        found = found if isinstance(found, list) else [found]
        if len(found) != 1 or found[0] is None:
            raise NoValueError
        return str(found[0])

    match value:
        case str():
            return VARIABLE.sub(one, value)
        case list():
            return [filled(it, asked) for it in value]
        case dict():
            return {key: filled(it, asked) for key, it in value.items()}
        case _:
            return value


def patch() -> None:
    """aws:PrincipalArn, which ministack has be the session's, and variables in conditions, which it takes for text."""
    resolve, met = iam_evaluator._resolve_condition_key, iam_evaluator._conditions_met

    def conditions_met(conditions: Any, asked: EvalContext) -> bool:
        """Whether the conditions of a statement hold, which with a variable that has no value they do not."""
        try:
            return bool(met(filled(conditions, asked), asked))
        except NoValueError:
            return False

    def resolve_condition_key(key: str, asked: EvalContext) -> Any:
        """The value of a condition key."""
        if key.lower() == "aws:principalarn" and ":assumed-role/" in asked.principal_arn:
            name = asked.principal_arn.split("/")[1]
            role = iam._roles.get_scoped(_account(asked.principal_arn), None, name)
            return role["Arn"] if role else None
        return resolve(key, asked)

    iam_evaluator._resolve_condition_key, iam_evaluator._conditions_met = resolve_condition_key, conditions_met
