"""KMS for ministack: the key behind an alias, both resources of CreateAlias, kms:TagResource, no lockout.

Sources: Service Authorization Reference, AWS KMS; KMS developer guide, "Using aliases to
control access" (a call by alias is decided on the key), "Controlling access to tags",
"Permissions for creating KMS keys" (kms:CreateKey includes the right to set the first
policy, and that policy must let its maker put the next one).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, combine_resource_policy, evaluate
from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import kms

from local_aws.ministack_checks import Call, Needed, Response, also, arn, with_tags

LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."


def resource(operation: str, given: dict[str, Any]) -> str | None:
    """What a call is decided on first; none where ministack knows it.

    That a call by an alias which names no key is decided as on some key of the account is
    an assumption.
    """
    if operation == "CreateAlias":
        return arn("kms", str(given.get("AliasName")))
    key_id = str(given.get("KeyId") or "")
    if "alias/" not in key_id:
        return None
    key = kms._resolve_key(key_id)
    return str(key["Arn"]) if key else arn("kms", "key/none")


def needs(call: Call) -> Iterator[Needed]:
    """CreateAlias is on the key too; CreateKey with tags needs kms:TagResource on no key in particular."""
    given = call.json
    if call.operation == "CreateAlias" and (key := kms._resolve_key(given.get("TargetKeyId"))):
        yield "kms:CreateAlias", str(key["Arn"]), {}
    if call.operation == "CreateKey" and (tags := given.get("Tags")):
        yield "kms:TagResource", "*", with_tags({tag["TagKey"]: tag["TagValue"] for tag in tags})


def locks_out(call: Call) -> bool:
    """Whether a policy takes from whoever sets it the right to set the next one (KMS API reference, CreateKey, "Policy").

    What his own policies say is asked without tags and, of a key in the making, without aliases: AWS tells of none in
    that request's context.
    """
    given = call.json
    if call.operation not in ("CreateKey", "PutKeyPolicy") or given.get("BypassPolicyLockoutSafetyCheck"):
        return False
    if not given.get("Policy"):
        return False
    key = kms._resolve_key(given.get("KeyId") or "")
    resource_arn = str(key["Arn"]) if key else arn("kms", "key/in-the-making")
    principal = iam_evaluator.resolve_principal(extract_access_key_id(call.headers, call.query), get_account_id())
    if getattr(principal, "policies", None) is None:
        return False
    asked = EvalContext(
        principal_arn=principal.arn, principal_type=principal.type, principal_account=principal.account,
        action="kms:PutKeyPolicy", resource_arn=resource_arn, region=get_region(), principal_keys=principal.keys,
    )
    own = evaluate(asked, principal.policies, *principal.limits)
    whole = combine_resource_policy(
        own, asked, given["Policy"], get_account_id(), required=True, limits=principal.limits
    )
    return bool(whole.decision != "Allow")


def patch_lockout() -> None:
    """CreateKey and PutKeyPolicy with a policy that locks their caller out."""
    elsewhere = kms.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """One request."""
        if locks_out(Call(method, path, headers, body, query)):
            refused: Response = error_response_json("MalformedPolicyDocumentException", LOCKED_OUT, 400)
            return refused
        answer: Response = await elsewhere(method, path, headers, body, query)
        return answer

    kms.handle_request = handle_request


def patch() -> None:
    """Adds them."""
    patch_lockout()
    also(kms, "kms", needs)
