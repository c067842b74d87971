"""The patched S3: lifecycle rules are kept as put, and refused as S3 refuses them."""

from __future__ import annotations

from typing import Any

import pytest
from given import refusal
from local_aws.processes import Moto

GLACIER = {"Days": 90, "StorageClass": "GLACIER"}
ALL = {"Prefix": ""}


def put(s3: Any, *rules: dict[str, Any], **given: Any) -> None:
    """Puts the rules on the bucket "files"."""
    s3.put_bucket_lifecycle_configuration(
        Bucket="files", LifecycleConfiguration={"Rules": list(rules)}, **given
    )


def rule(name: str = "ours", **given: Any) -> dict[str, Any]:
    """An enabled rule which moves everything, unless told otherwise."""
    style = {} if "Prefix" in given else {"Filter": ALL}
    return {"ID": name, "Status": "Enabled", "Transitions": [GLACIER]} | style | given


def files(moto: Moto) -> Any:
    """A bucket, and the client for it."""
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="files")
    return s3


def test_rules_come_back_as_they_were_put(moto: Moto) -> None:
    tags = [{"Key": "team", "Value": "a"}, {"Key": "kind", "Value": "b"}]
    rules = [
        rule("sizes", Filter={"ObjectSizeGreaterThan": 500}),
        rule("both", Filter={"And": {"Prefix": "logs/", "ObjectSizeLessThan": 9, "Tags": tags}}),
        rule("tag", Filter={"Tag": tags[0]}, Status="Disabled"),
        rule("versions", NoncurrentVersionExpiration={"NoncurrentDays": 3, "NewerNoncurrentVersions": 2}),
        rule("marker", Expiration={"ExpiredObjectDeleteMarker": True},
             AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7}),
    ]
    s3 = files(moto)
    put(s3, *rules)
    assert s3.get_bucket_lifecycle_configuration(Bucket="files")["Rules"] == rules
    old = [rule("old", Prefix="a/"), rule("older", Prefix="b/")]
    put(s3, *old)
    assert s3.get_bucket_lifecycle_configuration(Bucket="files")["Rules"] == old
    s3.delete_bucket_lifecycle(Bucket="files")
    found = refusal(s3.get_bucket_lifecycle_configuration, Bucket="files")
    assert found[:2] == (404, "NoSuchLifecycleConfiguration")


def test_a_rule_without_an_id_gets_one(moto: Moto) -> None:
    s3 = files(moto)
    unnamed = rule()
    del unnamed["ID"]
    put(s3, unnamed)
    found = s3.get_bucket_lifecycle_configuration(Bucket="files")["Rules"]
    assert found == [unnamed | {"ID": found[0]["ID"]}] and found[0]["ID"]


def test_the_minimum_size_is_kept_and_falls_back_when_left_out(moto: Moto) -> None:
    s3 = files(moto)

    def size() -> str:
        found = s3.get_bucket_lifecycle_configuration(Bucket="files")
        return str(found["TransitionDefaultMinimumObjectSize"])

    put(s3, rule(), TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    assert size() == "varies_by_storage_class"
    put(s3, rule())
    assert size() == "all_storage_classes_128K"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([rule("a"), rule("b", Prefix="x")], "InvalidRequest"),
        ([rule("a", Prefix="x/"), rule("b", Prefix="x/y")], "InvalidRequest"),
        ([rule("a"), rule("a")], "InvalidArgument"),
        ([rule("a" * 256)], "InvalidArgument"),
        ([{"ID": "a", "Status": "Enabled", "Filter": ALL}], "InvalidRequest"),
        ([{"ID": "a", "Status": "Enabled", "Transitions": [GLACIER]}], "MalformedXML"),
        ([rule("a", Status="On")], "MalformedXML"),
        ([rule("a", Transitions=[{"Days": 1, "StorageClass": "ICEBERG"}])], "MalformedXML"),
        ([rule("a", Transitions=[{"Days": 29, "StorageClass": "STANDARD_IA"}])], "InvalidArgument"),
        ([rule("a", Expiration={"Days": 90})], "InvalidArgument"),
        ([rule(str(n)) for n in range(1001)], "InvalidRequest"),
        ([], "InvalidRequest"),
    ],
)
def test_rules_that_are_refused(moto: Moto, rules: list[dict[str, Any]], code: str) -> None:
    s3 = files(moto)
    put(s3, rule("kept"))
    with pytest.raises(s3.exceptions.ClientError) as caught:
        put(s3, *rules)
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (400, code)
    assert s3.get_bucket_lifecycle_configuration(Bucket="files")["Rules"] == [rule("kept")]


def test_mfa_delete_and_lifecycle_exclude_each_other(moto: Moto) -> None:
    s3 = files(moto)
    enable = {
        "Bucket": "files", "MFA": "serial 123456",
        "VersioningConfiguration": {"Status": "Enabled", "MFADelete": "Enabled"},
    }
    put(s3, rule())
    assert refusal(s3.put_bucket_versioning, **enable)[:2] == (409, "InvalidBucketState")
    s3.delete_bucket_lifecycle(Bucket="files")
    s3.put_bucket_versioning(**enable)
    configuration = {"Rules": [rule()]}
    found = refusal(
        s3.put_bucket_lifecycle_configuration, Bucket="files", LifecycleConfiguration=configuration
    )
    assert found[:2] == (409, "InvalidBucketState")
