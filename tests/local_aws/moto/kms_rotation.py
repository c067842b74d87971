"""KMS: which keys rotate, and whom a key's policy lets ask about that and change it.

Sources: KMS API reference, EnableKeyRotation, GetKeyRotationStatus; Developer Guide, "Key
states of KMS keys" (its footnotes [1], [3], [6], [7], [14]), "Key policies in AWS KMS",
"Request quotas"; what GetKeyRotationStatus says of a key that cannot rotate is told in
ansible-collections/community.aws#311 and turbot/steampipe-plugin-aws#397.
"""

from __future__ import annotations

import json
import time
from typing import Any

from moto.kms.exceptions import ValidationException
from moto.kms.models import Key, kms_backends
from moto.kms.responses import KmsResponse
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from local_aws.clients import ACCOUNT
from local_aws.moto.kms_keys import REFUSED, STATES, check_state, key_of, primary_of
from local_aws.moto.kms_policy import KmsError
from local_aws.moto.policy import caller_decides
from local_aws.moto.state import controls

PERIOD = 365
PERIODS = range(90, 2561)
UNSUPPORTED = "UnsupportedOperationException"


def authorize(self: KmsResponse, key: Key, action: str) -> None:
    """Refuses a caller whom the key's policy does not let in, by name or by way of the account.

    Moto checks no permission, so what the account may delegate, everybody in it may do. "IAM
    policies by themselves are not sufficient to allow access to a KMS key". Asked about are
    DescribeKey and the operations here; GetKeyPolicy and PutKeyPolicy stay open to tests.
    """
    account, partition = self.current_account, get_partition(self.region)
    known = sts_backends[account][partition]
    access_key = self.get_access_key()
    _, arn, _ = known.get_caller_identity(access_key, self.region)
    session = known.get_assumed_role_from_access_key(access_key)
    principal = session.role_arn if session else arn
    root = f"arn:{partition}:iam::{account}:root"
    decision = caller_decides(
        key.policy,
        names={arn, principal, root, account},
        action=action,
        resource=key.arn,
        context={
            "kms:CallerAccount": account,
            "aws:PrincipalAccount": account,
            "aws:PrincipalArn": principal,
        },
    )
    if decision == "Allowed":
        return
    why = f"because no resource-based policy allows the {action} action"
    if decision == "Denied":
        why = "with an explicit deny in a resource-based policy"
    raise KmsError(
        "AccessDeniedException",
        f"User: {arn} is not authorized to perform: {action} on resource: {key.arn} {why}",
    )


def _check_origin(key: Key) -> None:
    """Only keys whose material KMS made: footnotes [6] and [7], whatever the key's state."""
    if key.origin != "AWS_KMS":
        why = f"{key.arn} origin is {key.origin} which is not valid for this operation."
        raise KmsError(UNSUPPORTED, why)


def _check_rotates(key: Key) -> None:
    """EnableKeyRotation: "supported only on symmetric encryption KMS keys".

    A replica rotates with its primary key. That it answers UnsupportedOperationException,
    and before the state is looked at, is an assumption. A key that AWS manages never gets
    here: its policy lets nobody do this.
    """
    check_state(key, "Creating")
    _check_origin(key)
    plain = (key.key_spec, key.key_usage) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    if not plain or primary_of(key) is not key:
        raise KmsError(UNSUPPORTED, "The key does not support rotation.")
    check_state(key, *REFUSED.keys() - {"Updating"})


def _limit(self: KmsResponse, operation: str) -> None:
    """Request quotas: 15 a second each, account and region; only when it was ordered."""
    if controls.is_throttled("kms", f"{operation} {self.current_account} {self.region}"):
        why = "You have exceeded the rate at which you may call KMS."
        raise KmsError("ThrottlingException", f"{why} Reduce the frequency of your calls.")


def enable_key_rotation(self: KmsResponse) -> str:
    """RotationPeriodInDays: 90 to 2560; "if no value is specified, the default value is 365".

    Of a key that rotates already this changes the period.
    """
    _limit(self, "EnableKeyRotation")
    period = self._get_param("RotationPeriodInDays", PERIOD)
    if period not in PERIODS:
        raise ValidationException(
            f"1 validation error detected: Value '{period}' at 'rotationPeriodInDays' failed to "
            "satisfy constraint"
        )
    key = key_of(self)
    authorize(self, key, "kms:EnableKeyRotation")
    _check_rotates(key)
    key.key_rotation_status, key.rotation_period, key.rotated_from = True, period, time.time()
    return ""


def disable_key_rotation(self: KmsResponse) -> str:
    """The same keys as for EnableKeyRotation."""
    _limit(self, "DisableKeyRotation")
    key = key_of(self)
    authorize(self, key, "kms:DisableKeyRotation")
    _check_rotates(key)
    key.key_rotation_status = False
    return ""


def get_key_rotation_status(self: KmsResponse) -> str:
    """A replica has the status of its primary; while deletion is pending it is false.

    Of an asymmetric or HMAC key it is false too, although the reference names an error: "the
    KMS end-point just returns false". An imported key, or one of a custom store, is refused.
    """
    key = key_of(self)
    authorize(self, key, "kms:GetKeyRotationStatus")
    _check_origin(key)
    primary = primary_of(key)
    on = primary.key_rotation_status and not key.key_state.endswith("Deletion")
    answer: dict[str, Any] = {"KeyId": key.id, "KeyRotationEnabled": on}
    if on:
        period = getattr(primary, "rotation_period", PERIOD)
        since = getattr(primary, "rotated_from", primary.creation_date)
        answer |= {"RotationPeriodInDays": period, "NextRotationDate": since + period * 86_400}
    return json.dumps(answer)


def make_keys(region: str, count: int, rotating: bool = False) -> dict[str, list[str]]:
    """An order: so many symmetric keys at once; gives their ids."""
    backend, made = kms_backends[ACCOUNT][region], []
    for _ in range(count):
        key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
        key.key_rotation_status = rotating
        made.append(key.id)
    return {"keys": made}


def set_state(region: str, key: str, state: str) -> None:
    """An order: puts a key, by its id, into a state that only time or AWS brings about."""
    if state not in STATES:
        raise ValueError(f"no such state: {state}")
    found = kms_backends[ACCOUNT][region].keys[key]
    found.key_state, found.enabled = state, state == "Enabled"


def patch() -> None:
    """Puts the above into moto's service; moto asks about DescribeKey by itself."""

    def validate_key_policy(self: KmsResponse, key_id: str, action: str) -> None:
        authorize(self, self.kms_backend.keys[self.kms_backend.any_id_to_key_id(key_id)], action)

    KmsResponse._validate_key_policy = validate_key_policy
    KmsResponse.enable_key_rotation = enable_key_rotation
    KmsResponse.disable_key_rotation = disable_key_rotation
    KmsResponse.get_key_rotation_status = get_key_rotation_status
