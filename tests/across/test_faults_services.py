"""The proxy names the calls of each service, and refuses them in the service's own way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError
from given import policy, refusal
from local_aws.processes import ACCOUNT, Faults, Moto

NAME = {"Bucket": "files"}
RULES = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]}
ALLOW = policy(Principal={"AWS": ACCOUNT}, Action="s3:GetObject", Resource="arn:aws:s3:::files/*")
DEFAULT = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
S3: dict[str, dict[str, Any]] = {
    "HeadBucket": {}, "GetBucketPolicy": {}, "GetBucketPolicyStatus": {}, "GetBucketAcl": {},
    "GetBucketLocation": {}, "GetPublicAccessBlock": {}, "GetBucketOwnershipControls": {},
    "GetBucketEncryption": {}, "GetBucketLogging": {}, "GetBucketLifecycleConfiguration": {},
    "GetBucketVersioning": {}, "GetBucketWebsite": {}, "GetObjectLockConfiguration": {},
    "GetBucketRequestPayment": {}, "GetBucketTagging": {}, "GetBucketCors": {},
    "GetBucketNotificationConfiguration": {}, "ListObjectsV2": {},
    "PutBucketPolicy": {"Policy": ALLOW},
    "PutBucketLogging": {"BucketLoggingStatus": {}},
    "PutPublicAccessBlock": {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
    "PutBucketEncryption": {"ServerSideEncryptionConfiguration": {"Rules": [DEFAULT]}},
    "PutBucketLifecycleConfiguration": {"LifecycleConfiguration": RULES},
    "PutBucketVersioning": {"VersioningConfiguration": {"Status": "Enabled"}},
    "PutBucketRequestPayment": {"RequestPaymentConfiguration": {"Payer": "Requester"}},
    "PutBucketTagging": {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    "PutObject": {"Key": "k"}, "HeadObject": {"Key": "k"}, "GetObjectAcl": {"Key": "k"},
    "DeleteObject": {"Key": "k"}, "DeleteBucketPolicy": {}, "DeletePublicAccessBlock": {},
    "DeleteBucketLifecycle": {}, "DeleteBucketEncryption": {}, "DeleteBucket": {},
}
SERVICES = [
    ("cloudtrail", "DescribeTrails"),
    ("kms", "ListKeys"),
    ("logs", "DescribeLogGroups"),
    ("sqs", "ListQueues"),
    ("config", "DescribeDeliveryChannels"),
]


def test_every_call_of_s3_has_its_name_and_bucket(moto: Moto, faults: Faults) -> None:
    moto.client("s3").create_bucket(**NAME)
    for operation, given in S3.items():
        faults.forget()
        try:
            getattr(faults.client("s3"), xform_name(operation))(**NAME, **given)
        except ClientError as refused:
            assert refused.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409)
        calls = [(call.service, call.operation, call.resource) for call in faults.calls()]
        assert calls == [("s3", operation, "files")]
    faults.forget()
    faults.client("s3").list_buckets()
    faults.client("s3").create_bucket(**NAME)
    assert [call.operation for call in faults.calls("s3")] == ["ListBuckets", "CreateBucket"]


def test_a_call_of_s3_is_recorded_with_the_region_it_is_signed_for(moto: Moto, faults: Faults) -> None:
    s3 = faults.client("s3", "eu-west-1")
    s3.create_bucket(**NAME, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.get_bucket_acl(**NAME, ExpectedBucketOwner=ACCOUNT)
    assert {(call.operation, call.region) for call in faults.calls()} == {
        ("CreateBucket", "eu-west-1"), ("GetBucketAcl", "eu-west-1")
    }


@pytest.mark.parametrize("operation", ["PutBucketPolicy", "PutBucketLifecycleConfiguration"])
def test_one_operation_of_s3_is_refused_in_its_own_way(
    moto: Moto, faults: Faults, operation: str
) -> None:
    moto.client("s3").create_bucket(**NAME)
    s3 = faults.client("s3")
    call = getattr(s3, xform_name(operation))
    faults.deny("s3", operation, 1)
    assert refusal(call, **NAME, **S3[operation])[:2] == (403, "AccessDenied")
    faults.throttle("s3", operation, 1)
    assert refusal(call, **NAME, **S3[operation])[:2] == (503, "SlowDown")
    faults.rule("s3", operation, times=1, error="OperationAborted", status=409)
    assert refusal(call, **NAME, **S3[operation])[:2] == (409, "OperationAborted")
    faults.unavailable("s3", operation, 1, 500)
    assert refusal(call, **NAME, **S3[operation])[:2] == (500, "InternalError")
    s3.get_bucket_acl(**NAME)
    call(**NAME, **S3[operation])


def test_a_call_of_s3_without_an_answer_was_applied_or_not(moto: Moto, faults: Faults) -> None:
    moto.client("s3").create_bucket(**NAME)
    faults.drop_after("s3", "PutBucketPolicy")
    with pytest.raises(ConnectionClosedError):
        faults.client("s3").put_bucket_policy(**NAME, Policy=ALLOW)
    assert moto.client("s3").get_bucket_policy(**NAME)["Policy"] == ALLOW
    faults.drop_before("s3", "DeleteBucketPolicy")
    with pytest.raises(ConnectionClosedError):
        faults.client("s3").delete_bucket_policy(**NAME)
    assert moto.client("s3").get_bucket_policy(**NAME)["Policy"] == ALLOW
    moto.drop_answers("DeleteBucketPolicy")
    with pytest.raises(ConnectionClosedError):
        moto.client("s3").delete_bucket_policy(**NAME)
    assert refusal(moto.client("s3").get_bucket_policy, **NAME)[0] == 404


def test_calls_of_s3_are_held_by_their_operation(moto: Moto) -> None:
    s3 = moto.client("s3")
    s3.create_bucket(**NAME)
    with ThreadPoolExecutor() as elsewhere:
        moto.hold("PutBucketLifecycleConfiguration")
        pending = elsewhere.submit(
            s3.put_bucket_lifecycle_configuration, **NAME, LifecycleConfiguration=RULES
        )
        moto.wait_until_held()
        assert refusal(s3.get_bucket_lifecycle_configuration, **NAME)[0] == 404
        moto.release()
        pending.result()


@pytest.mark.parametrize(("service", "operation"), SERVICES)
def test_calls_of_other_services_are_named_and_refused(
    faults: Faults, service: str, operation: str
) -> None:
    call = getattr(faults.client(service), xform_name(operation))
    faults.deny(service, operation, 1)
    status, code, _ = refusal(call)
    assert status == 400 and code.endswith("AccessDeniedException")
    faults.throttle(service, operation, 1)
    status, code, message = refusal(call)
    assert status == 400 and code.endswith("ThrottlingException") and message == "Rate exceeded"
    faults.unavailable(service, operation, 1)
    assert refusal(call)[0] == 503
    call()
    assert [call.operation for call in faults.calls(service)] == [operation] * 4


def test_calls_of_ec2_are_named_and_refused_in_its_own_way(moto: Moto, faults: Faults) -> None:
    call = faults.client("ec2", "eu-west-1").describe_flow_logs
    faults.deny("ec2", "DescribeFlowLogs", 1)
    assert refusal(call)[:2] == (403, "UnauthorizedOperation")
    faults.throttle("ec2", "DescribeFlowLogs", 1)
    assert refusal(call)[:2] == (503, "RequestLimitExceeded")
    faults.unavailable("ec2", "DescribeFlowLogs", 1)
    assert refusal(call)[0] == 503
    faults.drop_before("ec2", "DescribeFlowLogs")
    with pytest.raises(ConnectionClosedError):
        call()
    call()
    faults.client("ec2").describe_vpcs()
    seen = [(call.service, call.operation, call.region) for call in faults.calls()]
    assert seen == [("ec2", "DescribeFlowLogs", "eu-west-1")] * 5 + [("ec2", "DescribeVpcs", "us-east-1")]
