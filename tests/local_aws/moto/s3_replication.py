"""S3: replication rules that S3 refuses, and which objects a rule copies.

Sources: Amazon S3 API reference, PutBucketReplication; User Guide, "What does Amazon S3 replicate?",
"Replicating encrypted objects (SSE-S3, SSE-KMS, DSSE-KMS, SSE-C)", "Replication configuration file
elements". A copy is made at once here, within minutes on AWS; that the role may do what a copy takes is
not looked at.
"""

from __future__ import annotations

from typing import Any

import xmltodict
from moto.core.responses import ActionResult
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response

from local_aws.moto.policy import listing
from local_aws.moto.s3_refusal import Refusal

KMS = frozenset({"aws:kms", "aws:kms:dsse"})


def _refused(why: str) -> Refusal:
    return Refusal("InvalidRequest", why)


def _put(self: S3Response, bucket: FakeBucket) -> None:
    """PutBucketReplication: both buckets are versioned, and copies of ciphertext name a key.

    "If you choose SourceSelectionCriteria, you must specify ... EncryptionConfiguration", with
    ReplicaKmsKeyID ("Replicating encrypted objects").
    """
    if bucket.versioning_status != "Enabled":
        raise _refused("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
    given = xmltodict.parse(self.body).get("ReplicationConfiguration") or {}
    for rule in listing(given.get("Rule")):
        to = rule.get("Destination") or {}
        target = _target(to)
        if target is None or target.versioning_status != "Enabled":
            raise _refused("Destination bucket must have versioning enabled.")
        key = (to.get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID")
        if takes_ciphertext(rule) != bool(key):
            raise _refused("SseKmsEncryptedObjects and EncryptionConfiguration must be specified together.")


def _get(self: S3Response, bucket: FakeBucket) -> Any:
    """GetBucketReplication: the rules as they were put, of which moto tells only a few members."""
    kept = _rules(bucket)
    if not kept:
        return None
    self.data["Action"] = "GetBucketReplication"
    told = {"Role": bucket.replication["Role"], "Rules": [_told(rule) for rule in kept]}
    return self.serialized(ActionResult({"ReplicationConfiguration": told}))


def _told(rule: dict[str, Any]) -> dict[str, Any]:
    chosen = rule.get("Filter")
    told = {name: value for name, value in rule.items() if name not in ("Filter", "Prefix") and value}
    if chosen is None:
        return told | {"Prefix": rule.get("Prefix") or ""}
    both = chosen.get("And")
    if both:
        tags = {"Tags": listing(both.get("Tag"))}
        return told | {"Filter": {"And": {"Prefix": both.get("Prefix") or ""} | tags}}
    return told | {"Filter": {"Tag": chosen["Tag"]} if "Tag" in chosen else {"Prefix": chosen.get("Prefix") or ""}}


def _rules(bucket: FakeBucket) -> list[dict[str, Any]]:
    return listing((getattr(bucket, "replication", None) or {}).get("Rule"))


def _target(destination: dict[str, Any]) -> FakeBucket | None:
    name = str(destination.get("Bucket")).rpartition(":")[2]
    owner = s3_backends.bucket_accounts.get(name)
    return s3_backends[owner[1]][owner[0]].buckets.get(name) if owner else None


def takes_ciphertext(rule: dict[str, Any]) -> bool:
    """Whether the rule copies objects encrypted with KMS keys, which S3 "doesn't replicate by default"."""
    criteria = (rule.get("SourceSelectionCriteria") or {}).get("SseKmsEncryptedObjects") or {}
    return bool(criteria.get("Status") == "Enabled")


def _prefix(rule: dict[str, Any]) -> str:
    chosen = rule.get("Filter") or {}
    return str(chosen.get("Prefix") or (chosen.get("And") or {}).get("Prefix") or rule.get("Prefix") or "")


def _copy(bucket: FakeBucket, made: FakeKey) -> None:
    """Copies a new object by every enabled rule that takes it."""
    for rule in _rules(bucket):
        on = rule.get("Status") == "Enabled" and str(made.name).startswith(_prefix(rule))
        target = _target(rule.get("Destination") or {})
        if on and target and (made.encryption not in KMS or takes_ciphertext(rule)):
            s3_backends[target.account_id][target.partition].put_object(target.name, made.name, made.value)


OPERATIONS = {("GET", "replication"): _get, ("PUT", "replication"): _put}


def patch() -> None:
    """Copies what is put into a replicated bucket."""
    put_object = S3Backend.put_object

    def put(self: S3Backend, bucket_name: str, *given: Any, **named: Any) -> FakeKey:
        made: FakeKey = put_object(self, bucket_name, *given, **named)
        _copy(self.get_bucket(bucket_name), made)
        return made

    S3Backend.put_object = put
