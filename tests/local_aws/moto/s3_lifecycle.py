"""S3: lifecycle rules, kept as they were put, and what S3 refuses in them.

Sources: Amazon S3 API reference, PutBucketLifecycleConfiguration and "Error responses"
(InvalidRequest); User Guide, "Transitioning objects" and "Configuring MFA delete"; the two
styles of rules: noobaa/noobaa-core#8426, aws/aws-sdk-ruby#1653.
"""

from __future__ import annotations

import itertools
import secrets
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

import xmltodict
from moto.s3.exceptions import NoSuchLifecycleConfiguration
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local_aws.moto.s3_refusal import XML, Refusal, malformed
from local_aws.moto.s3_versioning import has_mfa_delete

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
HEADER = "x-amz-transition-default-minimum-object-size"
SIZES = ("all_storage_classes_128K", "varies_by_storage_class")
RULES = 1000
ID_LENGTH = 255
ACTIONS = (
    "Transition",
    "Expiration",
    "NoncurrentVersionTransition",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)
FIRST_DAY = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
CLASSES = {"GLACIER", "GLACIER_IR", "DEEP_ARCHIVE", "INTELLIGENT_TIERING", *FIRST_DAY}


def _put(self: S3Response, bucket: FakeBucket) -> Any:
    """PutBucketLifecycleConfiguration overwrites; without the header the size is the default.

    A bucket with MFA delete has no lifecycle: "You cannot use MFA delete with lifecycle
    configurations". The code is the one of the opposite order of the two calls, the words
    are an assumption.
    """
    if has_mfa_delete(bucket):
        raise Refusal(
            "InvalidBucketState",
            "Lifecycle configuration is not supported on a bucket with Mfa Authentication.",
        )
    size = self.request.headers.get(HEADER, SIZES[0])
    if size not in SIZES:
        raise Refusal("InvalidRequest", f"{HEADER} is not valid: {size}")
    rules = _rules(self.body)
    _check(rules)
    self.backend.put_bucket_lifecycle(bucket.name, rules)
    bucket.lifecycle_document = _with_ids(self.body)
    bucket.lifecycle_size = size
    return 200, {HEADER: size}, ""


def _rules(body: bytes) -> list[dict[str, Any]]:
    try:
        rules = (xmltodict.parse(body).get("LifecycleConfiguration") or {}).get("Rule") or []
    except ExpatError as wrong:
        raise malformed() from wrong
    return rules if isinstance(rules, list) else [rules]


def _check(rules: list[dict[str, Any]]) -> None:
    if not rules:
        raise _invalid("At least one lifecycle rule must be specified.")
    if len(rules) > RULES:
        raise _invalid(f"The number of lifecycle rules must not exceed the allowed limit of {RULES} rules.")
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(set(ids)) < len(ids):
        raise _wrong("Rule ID must be unique. Found same ID for more than one rule")
    if any(len(name) > ID_LENGTH for name in ids):
        raise _wrong(f"ID length should not exceed allowed limit of {ID_LENGTH}")
    _check_style(rules)
    for rule in rules:
        if rule.get("Status") not in ("Enabled", "Disabled"):
            raise malformed()
        if not any(action in rule for action in ACTIONS):
            raise _invalid("At least one action needs to be specified in a rule")
        _check_days(rule)


def _check_style(rules: list[dict[str, Any]]) -> None:
    """A Prefix of its own makes all rules old ones: no Filter, and no overlap of prefixes."""
    old = any("Prefix" in rule for rule in rules)
    if old and any("Filter" in rule for rule in rules):
        raise _invalid("Filter element can only be used in Lifecycle V2.")
    if not old and not all("Filter" in rule for rule in rules):
        raise malformed()
    if not old:
        return
    for one, other in itertools.combinations(rules, 2):
        first, second = sorted((one.get("Prefix") or "", other.get("Prefix") or ""), key=len)
        for action in ACTIONS:
            if action in one and action in other and second.startswith(first):
                raise _invalid(
                    f"Found overlapping prefixes '{second}' and '{first}' for same action type "
                    f"'{action}'"
                )


def _check_days(rule: dict[str, Any]) -> None:
    """Transitions go to a class there is, not too early, and before the expiration."""
    expiration = (rule.get("Expiration") or {}).get("Days")
    if expiration is not None and _days(expiration) < 1:
        raise _wrong("'Days' for Expiration action must be a positive integer")
    for transition in _list(rule.get("Transition")):
        storage, days = transition.get("StorageClass"), transition.get("Days")
        if storage not in CLASSES or (days is None) == (transition.get("Date") is None):
            raise malformed()
        if days is None:
            continue
        least = FIRST_DAY.get(storage, 0)
        if _days(days) < least:
            raise _wrong(
                f"'Days' in Transition action must be greater than or equal to {least} for "
                f"storageClass '{storage}'"
            )
        if expiration is not None and _days(expiration) <= _days(days):
            raise _wrong(
                "'Days' in the Expiration action must be greater than 'Days' in the "
                "Transition action"
            )


def _days(text: str) -> int:
    if not text.lstrip("-").isdigit():
        raise malformed()
    return int(text)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _with_ids(body: bytes) -> str:
    """The document as it was put, each rule with an ID: S3 gives one to a rule without."""
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.fromstring(body)
    inside = root.tag.removesuffix("LifecycleConfiguration")
    for rule in root.iter(f"{inside}Rule"):
        if not rule.findtext(f"{inside}ID"):
            for empty in rule.findall(f"{inside}ID"):
                rule.remove(empty)
            ElementTree.SubElement(rule, f"{inside}ID").text = secrets.token_urlsafe(36)
    return ElementTree.tostring(root, encoding="unicode")


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidRequest", message)


def _wrong(message: str) -> Refusal:
    return Refusal("InvalidArgument", message)


def _get(self: S3Response, bucket: FakeBucket) -> Any:
    """GetBucketLifecycleConfiguration: the rules as put; moto loses some of their filters."""
    if not bucket.rules:
        raise NoSuchLifecycleConfiguration(bucket_name=bucket.name)
    headers = {"content-type": XML, HEADER: bucket.lifecycle_size}
    return 200, headers, bucket.lifecycle_document


OPERATIONS = {("GET", "lifecycle"): _get, ("PUT", "lifecycle"): _put}
