"""Condition keys of a request that ministack does not know.

Sources: Service Authorization Reference, "Condition keys" of AWS IAM, AWS KMS and Amazon CloudWatch; IAM User Guide,
"Permissions boundaries for IAM entities": iam:PermissionsBoundary of CreateRole and PutRolePermissionsBoundary is the
boundary that the request names, and of any other call on a role the one that the role has; KMS developer guide, "AWS KMS
condition keys": kms:ResourceAliases are all aliases of the key, and a key without one has no such key in its context;
kms:CallerAccount is the account of the caller; kms:EncryptionContext: has each pair that the request gives.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam, kms

from local_aws import ministack_alarms
from local_aws.ministack_checks import Call

GIVES = {"CreateRole", "PutRolePermissionsBoundary"}
ON_ROLES = {
    "AttachRolePolicy", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy",
    "UpdateAssumeRolePolicy",
}


def of_iam(name: str, call: Call) -> dict[str, Any]:
    """The boundary that a call gives a role, or that the role has; a role without one has no such key."""
    if name in GIVES:
        boundary = call.one("PermissionsBoundary")
    elif name in ON_ROLES:
        boundary = str((iam._roles.get(call.one("RoleName")) or {}).get("PermissionsBoundary") or "")
    else:
        boundary = ""
    return {"iam:PermissionsBoundary": boundary} if boundary else {}


def of_cloudwatch(name: str, call: Call) -> dict[str, Any]:
    """What an alarm is to do, in whatever state."""
    if name != "PutMetricAlarm":
        return {}
    given = ministack_alarms.given(call.body)
    named = [value for kind in ministack_alarms.ACTIONS for value in given.get(kind) or []]
    forms = {f"{kind}.member" for kind in ministack_alarms.ACTIONS}
    named += [call.one(key) for key in call.form if key.rpartition(".")[0] in forms]
    return {"cloudwatch:AlarmActions": named} if named else {}


def of_kms(call: Call) -> dict[str, Any]:
    """The encryption context of a request."""
    return {f"kms:EncryptionContext:{name}": value for name, value in (call.json.get("EncryptionContext") or {}).items()}


def aliases(key_arn: str) -> list[str]:
    """The aliases of a key."""
    key = kms._resolve_key(key_arn)
    names = (str(arn).split(":")[5] for arn, target in kms._aliases.items() if key and target == key["KeyId"])
    return sorted(names)


def patch() -> None:
    """Adds them."""
    request, resolve = iam_actions.request_tag_context, iam_evaluator._resolve_condition_key

    def request_tag_context(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        """The keys that a request's own parameters give."""
        call, name = Call("", "", {}, body, parameters), action.partition(":")[2]
        found: dict[str, Any] = request(service, action, body, parameters)
        if service == "iam":
            return found | of_iam(name, call)
        if service == "kms":
            return found | of_kms(call)
        return found | of_cloudwatch(name, call) if service == "monitoring" else found

    def resolve_condition_key(key: str, asked: Any) -> Any:
        """The value of a condition key."""
        if asked.action.startswith("kms:"):
            if key.lower() == "kms:calleraccount":
                return asked.principal_account
            if key.lower() == "kms:resourcealiases":
                return aliases(asked.resource_arn) or None
        return resolve(key, asked)

    iam_actions.request_tag_context = request_tag_context
    iam_evaluator._resolve_condition_key = resolve_condition_key
