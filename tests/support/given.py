"""What tests put into a local account, and how they read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pytest
from botocore.exceptions import ClientError
from local_aws.clients import ACCOUNT, REGION, Credentials, client


class Account(Protocol):
    """A local server which has boto3 clients: moto, ministack, or the proxy before moto."""

    def client(self, service: str) -> Any: ...


def policy(**statement: Any) -> str:
    """A policy document of one Allow statement."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | statement]}
    )


def trust(service: str = "transfer.amazonaws.com", **condition: Any) -> str:
    """A trust policy for a service."""
    rest = {"Condition": condition} if condition else {}
    return policy(Principal={"Service": service}, Action="sts:AssumeRole", **rest)


def refusal(call: Callable[..., Any], /, **given: Any) -> tuple[int, str, str]:
    """The status, code and message with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status, answer["Error"]["Code"], answer["Error"].get("Message", "")


def role(account: Account, name: str = "logging", document: str | None = None) -> str:
    """A role that Transfer Family may assume."""
    created = account.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=document or trust()
    )
    return str(created["Role"]["Arn"])


def server(account: Account, **given: Any) -> str:
    """A Transfer server."""
    return str(account.client("transfer").create_server(**given)["ServerId"])


def described(account: Account, server_id: str) -> dict[str, Any]:
    """The server as it is now."""
    found: dict[str, Any] = account.client("transfer").describe_server(ServerId=server_id)["Server"]
    return found


SECOND, NEXT_SECOND = "20260302T102959Z", "20260302T103000Z"


@contextmanager
def signed_at(second: str, *clients: Any) -> Iterator[None]:
    """Lets the calls of these clients tell that they were made in that second, however long they take."""

    def tell(request: Any, **_: Any) -> None:
        request.headers["X-Amz-Date"] = second

    for one in clients:
        one.meta.events.register("before-send", tell)
    try:
        yield
    finally:
        for one in clients:
            one.meta.events.unregister("before-send", tell)


class Emulator(Protocol):
    """Moto, or the proxy before it: an account whose clients are of any region."""

    endpoint: str

    def client(self, service: str, region: str = REGION) -> Any: ...


CLOUDTRAIL = "cloudtrail.amazonaws.com"


def client_of(account: Emulator, account_id: str, service: str, region: str = REGION) -> Any:
    """A boto3 client in another account of the emulator; a reset makes it one of the first."""
    role_arn = f"arn:aws:iam::{account_id}:role/visitor"
    given = account.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")
    keys = given["Credentials"]
    signed = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return client(account.endpoint, service, region, signed)


def trail_arn(name: str = "main", region: str = REGION, account_id: str = ACCOUNT) -> str:
    """The ARN a trail has, or will have."""
    return f"arn:aws:cloudtrail:{region}:{account_id}:trail/{name}"


def trail_bucket_policy(bucket: str, *trail_arns: str, prefix: str = "") -> str:
    """The bucket policy of CloudTrail's User Guide, for these trails."""
    owner = trail_arns[0].split(":")[4]
    folder = "/".join(filter(None, (f"arn:aws:s3:::{bucket}", prefix, "AWSLogs", owner, "*")))
    source = {"aws:SourceArn": list(trail_arns)}
    common = {"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}}
    look = {"Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"}
    write = {"Action": "s3:PutObject", "Resource": folder}
    full = {"s3:x-amz-acl": "bucket-owner-full-control"}
    found = [
        common | look | {"Condition": {"StringEquals": source}},
        common | write | {"Condition": {"StringEquals": source | full}},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": found})


def trail_bucket(
    account: Emulator, name: str = "trail-logs", region: str = REGION, *trail_arns: str
) -> str:
    """A bucket into which the trails may write: by default "main", of the bucket's region."""
    s3 = account.client("s3", region)
    placed = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else placed))
    document = trail_bucket_policy(name, *(trail_arns or (trail_arn(region=region),)))
    s3.put_bucket_policy(Bucket=name, Policy=document)
    return name


def trail(account: Emulator, name: str = "main", region: str = REGION, **given: Any) -> str:
    """A trail, not logging; into a bucket of its own, NAME-trail-logs, unless one is given."""
    if "S3BucketName" not in given:
        arn = trail_arn(name, region)
        given["S3BucketName"] = trail_bucket(account, f"{name.lower()}-trail-logs", region, arn)
    made = account.client("cloudtrail", region).create_trail(Name=name, **given)
    return str(made["TrailARN"])


def trail_key_policy(*trail_arns: str, account_id: str = ACCOUNT) -> dict[str, Any]:
    """The key policy of CloudTrail's User Guide, after the default one."""
    root = {"AWS": f"arn:aws:iam::{account_id}:root"}
    source = {"StringEquals": {"aws:SourceArn": list(trail_arns)}}
    any_trail = f"arn:aws:cloudtrail:*:{account_id}:trail/*"
    context = {"kms:EncryptionContext:aws:cloudtrail:arn": any_trail}
    service = {"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL}, "Resource": "*"}
    found = [
        {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"},
        service | {"Action": "kms:GenerateDataKey*", "Condition": source | {"StringLike": context}},
        service | {"Action": "kms:DescribeKey", "Condition": source},
    ]
    return {"Version": "2012-10-17", "Statement": found}


def trail_key(account: Emulator, region: str = REGION, *trail_arns: str) -> str:
    """The ARN of a key with which the trails may encrypt: by default "main", of this region."""
    document = trail_key_policy(*(trail_arns or (trail_arn(region=region),)))
    return key_with(account, document, region)


def trail_logs(account: Emulator, name: str = "trail", region: str = REGION) -> dict[str, str]:
    """A log group and a role with which CloudTrail may write there, as CreateTrail takes them."""
    account.client("logs", region).create_log_group(logGroupName=name)
    group = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}"
    iam, role_name = account.client("iam"), f"{name}-writer"
    arn = role(account, role_name, trust(CLOUDTRAIL))
    write = policy(
        Action=["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource=f"{group}:log-stream:{ACCOUNT}_CloudTrail_{region}*",
    )
    iam.put_role_policy(RoleName=role_name, PolicyName="write", PolicyDocument=write)
    return {"CloudWatchLogsLogGroupArn": f"{group}:*", "CloudWatchLogsRoleArn": arn}


def key_with(account: Emulator, document: dict[str, Any], region: str = REGION) -> str:
    """The ARN of a key with this policy."""
    made = account.client("kms", region).create_key(Policy=json.dumps(document))
    return str(made["KeyMetadata"]["Arn"])


def trail_topic(account: Emulator, region: str = REGION, *, allow: bool = True) -> str:
    """A topic, "trail", to which the trail "main" of the region may publish if it is allowed."""
    sns = account.client("sns", region)
    arn = str(sns.create_topic(Name="trail")["TopicArn"])
    if allow:
        given = {"Principal": {"Service": CLOUDTRAIL}, "Action": "SNS:Publish", "Resource": arn}
        source = {"StringEquals": {"aws:SourceArn": trail_arn(region=region)}}
        document = policy(**given, Condition=source)
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)
    return arn


def described_trail(account: Emulator, name: str = "main", region: str = REGION) -> dict[str, Any]:
    """The trail as it is now, by its name at home or by its ARN."""
    found = account.client("cloudtrail", region).describe_trails(trailNameList=[name])["trailList"]
    assert len(found) == 1
    return dict(found[0])


def trail_status(account: Emulator, name: str = "main") -> dict[str, Any]:
    """What GetTrailStatus tells of the trail."""
    return dict(account.client("cloudtrail").get_trail_status(Name=name))


def updated(account: Emulator, **given: Any) -> dict[str, Any]:
    """The trail "main" after an UpdateTrail."""
    return dict(account.client("cloudtrail").update_trail(Name="main", **given))


def refused_update(account: Emulator, **given: Any) -> str:
    """The code with which UpdateTrail of "main" is refused; nothing changes then."""
    before = described_trail(account)
    found = refusal(account.client("cloudtrail").update_trail, Name="main", **given)
    assert described_trail(account) == before
    return found[1]
