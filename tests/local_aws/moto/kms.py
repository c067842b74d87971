"""KMS: how keys are listed, whose policy may be put, and how they may be called.

Sources: KMS API reference, ListKeys, ListAliases, PutKeyPolicy, CreateAlias, CreateGrant, ListGrants; Developer Guide,
"Key states of KMS keys".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from moto.kms.exceptions import NotAuthorizedException, NotFoundException, ValidationException
from moto.kms.responses import KmsResponse

from local_aws.moto import kms_keys, kms_rotation
from local_aws.moto.kms_keys import ALIASES, check_state, find_key, key_of
from local_aws.moto.kms_policy import KmsError, check_policy

Operation = Callable[[KmsResponse], str]
CREATE_GRANT = KmsResponse.create_grant
Told = dict[str, Any]

STATES = {
    "enable_key": ("PendingDeletion", "PendingImport"),
    "disable_key": ("PendingDeletion", "PendingImport"),
    "schedule_key_deletion": ("PendingDeletion",),
    "cancel_key_deletion": (),
}
ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")


def list_keys(self: KmsResponse) -> str:
    """ListKeys: Limit "must be between 1 and 1000, inclusive ... it defaults to 100"."""
    keys = sorted(self.kms_backend.list_keys(), key=lambda key: key.id)
    listed = [{"KeyArn": key.arn, "KeyId": key.id} for key in keys]
    return _page(self, "Keys", listed, "KeyId", default=100, most=1000)


def _page(
    self: KmsResponse, member: str, found: list[Told], by: str, *, default: int, most: int
) -> str:
    """One page: the marker is the last name of the page before, even if it is gone since."""
    size, marker = self._get_param("Limit", default), self._get_param("Marker")
    if not 1 <= size <= most:
        raise ValidationException(
            f"1 validation error detected: Value '{size}' at 'limit' failed to satisfy constraint"
        )
    if marker is not None and not marker.startswith(f"after {by} "):
        raise KmsError("InvalidMarkerException", "Could not deserialize marker")
    after = marker.removeprefix(f"after {by} ") if marker else ""
    left = [one for one in found if one[by] > after]
    page, truncated = left[:size], len(left) > size
    more = {"NextMarker": f"after {by} {page[-1][by]}"} if truncated else {}
    return json.dumps({member: page, "Truncated": truncated} | more)


def put_key_policy(self: KmsResponse) -> str:
    """PutKeyPolicy: checked as described in kms_policy; allowed in every key state."""
    key, given = key_of(self), json.loads(self.body)
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
    policy = key_of(self).policy
    text = policy if isinstance(policy, str) else json.dumps(policy)
    return json.dumps({"Policy": text, "PolicyName": "default"})


OPERATIONS = frozenset(
    "CreateGrant Decrypt DeriveSharedSecret DescribeKey Encrypt GenerateDataKey GenerateDataKeyPair "
    "GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac GetPublicKey ReEncryptFrom "
    "ReEncryptTo RetireGrant Sign Verify VerifyMac".split()
)
"""Grant operations."""
GRANTEE = re.compile(r"arn:aws[\w-]*:(iam|sts)::(\d{12}):.+|\d{12}|[\w.-]+\.amazonaws\.com")


def create_grant(self: KmsResponse) -> str:
    """CreateGrant: "You cannot create a grant on a key that is pending deletion", operations and principals AWS knows."""
    key = key_of(self)
    check_state(key, "Disabled", "PendingDeletion", "PendingImport")
    operations = self._get_param("Operations") or []
    if not operations or not OPERATIONS.issuperset(operations):
        raise ValidationException("1 validation error detected: Value at 'operations' failed to satisfy constraint")
    if not GRANTEE.fullmatch(self._get_param("GranteePrincipal") or ""):
        raise KmsError("InvalidArnException", "GranteePrincipal is not valid")
    self.body = json.dumps(json.loads(self.body) | {"KeyId": key.id})
    return CREATE_GRANT(self)


def list_grants(self: KmsResponse) -> str:
    """ListGrants: Limit "must be between 1 and 100, inclusive ... it defaults to 50"; a key by its id or ARN."""
    key, principal = key_of(self), self._get_param("GranteePrincipal")
    found = [grant.to_json() for grant in key.list_grants(self._get_param("GrantId"))]
    more = {"KeyId": key.arn, "IssuingAccount": f"arn:aws:iam::{key.account_id}:root"}
    listed = [{name: value for name, value in (one | more).items() if value} for one in found]
    listed = [one for one in listed if principal in (None, one["GranteePrincipal"])]
    return _page(self, "Grants", sorted(listed, key=lambda one: one["GrantId"]), "GrantId", default=50, most=100)


def _check_policy_name(self: KmsResponse) -> None:
    if self._get_param("PolicyName", "default") != "default":
        raise NotFoundException("No such policy exists")


def _patch_aliases() -> None:
    set_alias, aliases = KmsResponse._set_alias, KmsResponse.list_aliases

    def list_aliases(self: KmsResponse) -> str:
        """ListAliases: Limit "must be between 1 and 100, inclusive ... it defaults to 50"."""
        found = sorted(json.loads(aliases(self))["Aliases"], key=lambda one: one["AliasName"])
        return _page(self, "Aliases", found, "AliasName", default=50, most=100)

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

    KmsResponse.list_aliases = list_aliases
    KmsResponse._set_alias = _set_alias


def _in_state(operation: Operation, *refused: str) -> Operation:
    def change(self: KmsResponse) -> str:
        """Key states; moto knows a key by its id only, not by its ARN."""
        key = key_of(self)
        check_state(key, *refused)
        self.body = json.dumps(json.loads(self.body) | {"KeyId": key.id})
        return operation(self)

    return change


def patch() -> None:
    """Puts the above into moto's service."""
    kms_keys.patch()
    kms_rotation.patch()
    _patch_aliases()
    KmsResponse.list_keys = list_keys
    KmsResponse.create_grant = create_grant
    KmsResponse.list_grants = list_grants
    KmsResponse.get_key_policy = get_key_policy
    KmsResponse.put_key_policy = put_key_policy
    for name, refused in STATES.items():
        setattr(KmsResponse, name, _in_state(getattr(KmsResponse, name), *refused))
