"""KMS: which keys rotate, whose policy may be put, and how they may be called.

Sources: KMS API reference, EnableKeyRotation, GetKeyRotationStatus, PutKeyPolicy, CreateAlias;
Developer Guide, "Key states of KMS keys".
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from moto.kms.exceptions import NotAuthorizedException, NotFoundException, ValidationException
from moto.kms.models import Key
from moto.kms.responses import KmsResponse

from local_aws.moto import kms_keys
from local_aws.moto.kms_keys import ALIASES, REFUSED, check_state, find_key, primary_of
from local_aws.moto.kms_policy import KmsError, check_policy

Operation = Callable[[KmsResponse], str]

PERIOD = 365
PERIODS = range(90, 2561)
STATES = {
    "enable_key": ("PendingDeletion", "PendingImport"),
    "disable_key": ("PendingDeletion", "PendingImport"),
    "schedule_key_deletion": ("PendingDeletion",),
    "cancel_key_deletion": (),
}
ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")


def _key(self: KmsResponse) -> Key:
    named = self._get_param("KeyId")
    self._validate_cmk_id(named)
    return self.kms_backend.keys[self.kms_backend.get_key_id(named)]


def _check_rotates(key: Key) -> None:
    """EnableKeyRotation: "supported only on symmetric encryption KMS keys", which KMS made.

    A replica rotates with its primary key, a key that AWS manages by itself. That either of
    them answers UnsupportedOperationException, and before the state is looked at, is an
    assumption.
    """
    plain = (key.key_spec, key.key_usage, key.origin) == (
        "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS"
    )
    if not plain or key.key_manager == "AWS" or primary_of(key) is not key:
        raise KmsError("UnsupportedOperationException", "The key does not support rotation.")
    check_state(key, *REFUSED)


def enable_key_rotation(self: KmsResponse) -> str:
    """RotationPeriodInDays: 90 to 2560; "if no value is specified, the default value is 365"."""
    key, period = _key(self), self._get_param("RotationPeriodInDays", PERIOD)
    _check_rotates(key)
    if period not in PERIODS:
        raise ValidationException(
            f"1 validation error detected: Value '{period}' at 'rotationPeriodInDays' failed to "
            "satisfy constraint"
        )
    key.key_rotation_status, key.rotation_period, key.rotated_from = True, period, time.time()
    return ""


def disable_key_rotation(self: KmsResponse) -> str:
    """The same keys as for EnableKeyRotation."""
    key = _key(self)
    _check_rotates(key)
    key.key_rotation_status = False
    return ""


def get_key_rotation_status(self: KmsResponse) -> str:
    """A replica has the status of its primary; while deletion is pending it is false.

    Of keys that cannot rotate it is false too; the reference still names an error for them.
    """
    key = _key(self)
    primary = primary_of(key)
    on = primary.key_rotation_status and key.key_state != "PendingDeletion"
    answer: dict[str, Any] = {"KeyId": key.id, "KeyRotationEnabled": on}
    if on:
        period = getattr(primary, "rotation_period", PERIOD)
        since = getattr(primary, "rotated_from", primary.creation_date)
        answer |= {"RotationPeriodInDays": period, "NextRotationDate": since + period * 86_400}
    return json.dumps(answer)


def put_key_policy(self: KmsResponse) -> str:
    """PutKeyPolicy: checked as described in kms_policy; allowed in every key state."""
    key, given = _key(self), json.loads(self.body)
    _check_policy_name(self)
    if key.key_manager == "AWS":
        raise KmsError("UnsupportedOperationException", "AWS manages the policy of this key.")
    bypass = given.get("BypassPolicyLockoutSafetyCheck", False)
    check_policy(given["Policy"], key.account_id, bypass=bypass)
    key.policy = given["Policy"]
    return ""


def get_key_policy(self: KmsResponse) -> str:
    """GetKeyPolicy: "the default value is default"."""
    _check_policy_name(self)
    policy = _key(self).policy
    text = policy if isinstance(policy, str) else json.dumps(policy)
    return json.dumps({"Policy": text, "PolicyName": "default"})


def _check_policy_name(self: KmsResponse) -> None:
    if self._get_param("PolicyName", "default") != "default":
        raise NotFoundException("No such policy exists")


def _patch_aliases() -> None:
    set_alias = KmsResponse._set_alias

    def _set_alias(self: KmsResponse, update: bool = False) -> str:
        """CreateAlias and UpdateAlias: "The alias name cannot begin with alias/aws/"."""
        name = self._get_param("AliasName")
        if name.startswith("alias/aws/"):
            raise NotAuthorizedException
        if not ALIAS.fullmatch(name):
            raise ValidationException(f"1 validation error detected: '{name}' at 'aliasName'")
        with ALIASES:
            target = find_key(self.current_account, self.region, self._get_param("TargetKeyId"))
            if target:
                check_state(target, "PendingDeletion")
            return set_alias(self, update)

    KmsResponse._set_alias = _set_alias


def _in_state(operation: Operation, *refused: str) -> Operation:
    def change(self: KmsResponse) -> str:
        """Key states; moto knows a key by its id only, not by its ARN."""
        key = _key(self)
        check_state(key, *refused)
        self.body = json.dumps(json.loads(self.body) | {"KeyId": key.id})
        return operation(self)

    return change


def patch() -> None:
    """Puts the above into moto's service."""
    kms_keys.patch()
    _patch_aliases()
    KmsResponse.get_key_policy = get_key_policy
    KmsResponse.enable_key_rotation = enable_key_rotation
    KmsResponse.disable_key_rotation = disable_key_rotation
    KmsResponse.get_key_rotation_status = get_key_rotation_status
    KmsResponse.put_key_policy = put_key_policy
    for name, refused in STATES.items():
        setattr(KmsResponse, name, _in_state(getattr(KmsResponse, name), *refused))
