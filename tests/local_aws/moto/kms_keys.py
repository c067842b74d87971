"""KMS: keys, and those of them that AWS manages.

Sources: KMS API reference, CreateKey, DescribeKey, ReplicateKey; Developer Guide, "AWS managed
keys", "Key states of KMS keys".
"""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

from moto.kms import models, utils
from moto.kms.exceptions import NotFoundException, ValidationException
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse
from moto.utilities.utils import get_partition

from local_aws.moto.kms_policy import KmsError, check_policy

MANAGED = ("alias/aws/sns", "alias/aws/sqs", "alias/aws/kinesis")
"""Keys that AWS manages and moto does not know."""
ALIASES = threading.RLock()
"""Of several CreateAlias at once, one succeeds: moto looks and creates in two steps."""
REFUSED = {
    "PendingDeletion": ("KMSInvalidStateException", "is pending deletion."),
    "PendingReplicaDeletion": ("KMSInvalidStateException", "is pending replica deletion."),
    "PendingImport": ("KMSInvalidStateException", "is pending import."),
    "Unavailable": ("KMSInvalidStateException", "is unavailable."),
    "Creating": ("KMSInvalidStateException", "is creating."),
    "Updating": ("KMSInvalidStateException", "is updating."),
    "Disabled": ("DisabledException", "is disabled."),
}
STATES = frozenset(("Enabled", *REFUSED))


def find_key(account: str, region: str, name: str) -> Key | None:
    """The key of a region that an id, a key ARN, an alias or an alias ARN names."""
    if name.startswith("arn:"):
        parts = name.split(":", 5)
        if len(parts) != 6 or parts[3] != region:
            return None
        account, name = parts[4], parts[5].removeprefix("key/")
    backend = kms_backends[account][region]
    if name.startswith("alias/"):
        name = backend.get_key_id_from_alias(name) or ""
    return backend.keys.get(name)


def key_of(self: KmsResponse) -> Key:
    """The key that a request names by its id or ARN; an alias names none here."""
    named = self._get_param("KeyId")
    if named.startswith("arn:") and ":key/" not in named:
        raise KmsError("InvalidArnException", f"Invalid arn {named}")
    self._validate_cmk_id(named)
    return self.kms_backend.keys[self.kms_backend.get_key_id(named)]


def managed_policy(service: str, account: str, region: str) -> str:
    """The policy of a key that AWS manages: through the service, for users of the account.

    Directly they may read about it, as "AWS managed keys" shows.
    """
    via = f"{service}.{region}.amazonaws.com"
    condition = {"kms:CallerAccount": account, "kms:ViaService": via}
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": condition},
    }
    direct = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{get_partition(region)}:iam::{account}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement, direct]})


def primary_of(key: Key) -> Key:
    """The key itself, or the primary key of which it is a replica."""
    if not key.multi_region:
        return key
    arn = key.multi_region_configuration["PrimaryKey"]["Arn"]
    return find_key(key.account_id, arn.split(":")[3], arn) or key


def check_state(key: Key, *refused: str) -> None:
    """Refuses a key in one of these states."""
    if key.key_state in refused:
        code, why = REFUSED[key.key_state]
        raise KmsError(code, f"{key.arn} {why}")


def _make_no_idle_pair() -> None:
    """Moto makes an RSA key pair for every key, which a symmetric one has no use for."""
    make, pairs = models.generate_private_key, ("RSA", "ECC", "SM2")
    models.generate_private_key = lambda spec: make(spec) if spec.startswith(pairs) else None


def patch() -> None:
    """Puts the above into moto's service."""
    utils.RESERVED_ALIASES.extend(MANAGED)
    _make_no_idle_pair()
    create, validate = KmsResponse.create_key, KmsResponse._validate_cmk_id
    describe, replicate = Key.to_dict, KmsBackend.replicate_key
    managed, find = KmsBackend._generate_default_keys, KmsBackend.get_key_id_from_alias

    def create_key(self: KmsResponse) -> str:
        """CreateKey: KeyUsage "is optional when you are creating a symmetric encryption KMS key;
        otherwise, it is required"; an imported key waits for its material."""
        given = json.loads(self.body)
        spec = given.get("KeySpec") or given.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
        if spec != "SYMMETRIC_DEFAULT" and "KeyUsage" not in given:
            raise ValidationException("You must specify a KeyUsage value for this KeySpec.")
        if "Policy" in given:
            bypass = given.get("BypassPolicyLockoutSafetyCheck", False)
            check_policy(given["Policy"], self.current_account, bypass=bypass)
        self.body = json.dumps({"KeyUsage": "ENCRYPT_DECRYPT"} | given)
        made = self.kms_backend.keys[json.loads(create(self))["KeyMetadata"]["KeyId"]]
        made.custom_key_store_id = given.get("CustomKeyStoreId")
        if made.origin == "EXTERNAL":
            made.key_state, made.enabled = "PendingImport", False
        return json.dumps(made.to_dict())

    def to_dict(self: Key) -> dict[str, Any]:
        """KeyMetadata also names the custom key store."""
        told = describe(self)
        if store := getattr(self, "custom_key_store_id", None):
            told["KeyMetadata"]["CustomKeyStoreId"] = store
        return told

    def _validate_cmk_id(self: KmsResponse, key_id: str) -> None:
        """A key ARN is looked for where it says, not in any region."""
        parts = key_id.split(":", 5)
        if len(parts) == 6 and parts[3:5] != [self.region, self.current_account]:
            raise NotFoundException(f"Invalid arn {parts[3]}")
        validate(self, key_id)

    def replicate_key(self: KmsBackend, key_id: str, replica_region: str) -> Key:
        """ReplicateKey: of multi-region keys only; moto's replica changes its primary with it.

        "If you do not provide a key policy, AWS KMS attaches the default key policy".
        """
        key = self.keys[self.get_key_id(key_id)]
        if not key.multi_region:
            raise KmsError("UnsupportedOperationException", f"{key.arn} is not multi-Region.")
        replica = replicate(self, key.id, replica_region)
        shared = copy.copy(key.multi_region_configuration)
        replica.multi_region_configuration = shared | {"MultiRegionKeyType": "REPLICA"}
        replica.aliases, replica.grants = {}, {}
        replica.policy = replica.generate_default_policy()
        return replica

    def _generate_default_keys(self: KmsBackend, alias_name: str) -> str | None:
        """Developer Guide, "AWS managed keys": KeyManager is AWS, and they rotate every year."""
        made = managed(self, alias_name)
        if made:
            key, service = self.keys[made], alias_name.rpartition("/")[2]
            key.key_manager, key.key_rotation_status = "AWS", True
            key.policy = managed_policy(service, self.account_id, self.region_name)
        return made

    def get_key_id_from_alias(self: KmsBackend, alias_name: str) -> str | None:
        """A key that AWS manages is made when it is first used, and once."""
        with ALIASES:
            return find(self, alias_name)

    KmsResponse.create_key = create_key
    KmsResponse._validate_cmk_id = _validate_cmk_id
    Key.to_dict = to_dict
    KmsBackend.replicate_key = replicate_key
    KmsBackend._generate_default_keys = _generate_default_keys
    KmsBackend.get_key_id_from_alias = get_key_id_from_alias
