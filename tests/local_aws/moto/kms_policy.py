"""KMS: what a key policy must be.

Sources: KMS API reference, PutKeyPolicy and CreateKey; Developer Guide, "Default key policy".
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends

from local_aws.moto.policy import concerns_action, listing, met, statements
from local_aws.moto.state import controls

LIMIT = 32_768
ELEMENTS = frozenset(
    "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition".split()
)
PRINCIPALS = frozenset(("AWS", "Service", "Federated", "CanonicalUser"))
PRINCIPAL = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::(\d{12}):(.+)")


class KmsError(JsonRESTError):
    """An error of AWS JSON 1.1: status 400, the code in __type."""

    code = 400


def check_policy(document: str, account: str, *, bypass: bool) -> None:
    """Refuses what PutKeyPolicy refuses; `bypass` leaves out the last check only.

    A statement without Action or Resource "has no effect", and is taken.
    """
    if len(document) > LIMIT:
        raise KmsError("LimitExceededException", f"The policy is longer than {LIMIT} characters.")
    _check_elements(document)
    visible: dict[str, bool] = {}
    for statement in statements(document):
        for named in _named(statement):
            if named not in visible:
                visible[named] = _exists(named, account)
    if not all(visible.values()):
        raise _malformed("Policy contains a statement with one or more invalid principals.")
    if not bypass and not _can_be_changed(document, account):
        raise _malformed(
            "The new key policy will not allow you to update the key policy in the future."
        )


def _malformed(why: str) -> KmsError:
    return KmsError("MalformedPolicyDocumentException", why)


def _check_elements(document: str) -> None:
    try:
        found = json.loads(document)
        listed = listing(found["Statement"])
        version = found.get("Version", "2008-10-17")
        sound = version in ("2008-10-17", "2012-10-17") and all(map(_is_statement, listed))
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise _malformed("The policy document is malformed.") from wrong
    if not listed or not sound:
        raise _malformed("The policy document is malformed.")


def _is_statement(statement: dict[str, Any]) -> bool:
    """ "Each statement in the key policy must contain one or more principals"."""
    whom = statement.get("Principal", statement.get("NotPrincipal"))
    known = whom == "*" or (
        isinstance(whom, dict) and bool(whom) and PRINCIPALS.issuperset(whom) and all(whom.values())
    )
    return (
        known and ELEMENTS.issuperset(statement) and statement.get("Effect") in ("Allow", "Deny")
    )


def _named(statement: dict[str, Any]) -> list[str]:
    whom = statement.get("Principal", statement.get("NotPrincipal"))
    return [whom] if isinstance(whom, str) else [str(p) for p in listing(whom.get("AWS"))]


def _exists(principal: str, account: str) -> bool:
    """ "The principals in the key policy must exist and be visible to KMS".

    Those of other accounts are taken as they are.
    """
    if principal == "*" or re.fullmatch(r"\d{12}", principal):
        return True
    parts = PRINCIPAL.fullmatch(principal)
    if parts is None:
        return False
    owner, name = parts.groups()
    if owner != account or name == "root" or name.startswith("federated-user/"):
        return True
    iam = iam_backends[account]["aws"]
    if name.startswith("assumed-role/"):
        return any(role.name == name.split("/")[1] for role in iam.get_roles())
    known = [role.arn for role in iam.get_roles()] + [user.arn for user in iam.users.values()]
    return principal in known and not controls.is_too_early(principal)


def _can_be_changed(document: str, account: str) -> bool:
    """ "The key policy must allow the calling principal to make a subsequent PutKeyPolicy".

    The emulator knows no calling principal: any one of the account will do, and a Deny to
    all of them will not.
    """
    context = {"kms:CallerAccount": account, "aws:PrincipalAccount": account}
    effects = {
        statement["Effect"]
        for statement in statements(document)
        if concerns_action(statement, "kms:PutKeyPolicy")
        and "Resource" in statement
        and any(_reaches(named, account, statement["Effect"]) for named in _named(statement))
        and met(statement.get("Condition", {}), context | {"aws:SecureTransport": "true"})
    }
    return effects == {"Allow"}


def _reaches(principal: str, account: str, effect: str) -> bool:
    everyone = principal in ("*", account, f"arn:aws:iam::{account}:root")
    if effect == "Deny":
        return everyone
    return everyone or f"::{account}:" in principal
