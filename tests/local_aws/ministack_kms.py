"""KMS for ministack: the key behind an alias, both resources of CreateAlias, kms:TagResource.

Sources: Service Authorization Reference, AWS KMS; KMS developer guide, "Using aliases to
control access" (a call by alias is decided on the key), "Controlling access to tags".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.services import kms

from local_aws.ministack_checks import Call, Needed, also, arn, with_tags


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


def patch() -> None:
    """Adds them."""
    also(kms, "kms", needs)
