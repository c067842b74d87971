"""A call by the intruder: made on the local AWS, and recorded as CloudTrail records it."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from envelope import Event, api_call
from local_aws.processes import ACCOUNT, REGION, Moto

MALLORY = {
    "type": "IAMUser",
    "principalId": "AIDAMALLORY",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/mallory",
    "accountId": ACCOUNT,
    "userName": "mallory",
}

# S3 records other names than the API has ("Amazon S3 CloudTrail events", management events).
S3_NAMES = {
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
}
SOURCES = {"cloudwatch": "monitoring"}


def called(moto: Moto, service: str, operation: str, region: str = REGION, /, **given: Any) -> Event | None:
    """Makes the call, such as "StopLogging", and gives its event; nothing if AWS refuses it."""
    client = moto.client(service, region)
    method = next(python for python, aws in client.meta.method_to_api_mapping.items() if aws == operation)
    resources = [{"ARN": given["KeyId"], "type": "AWS::KMS::Key"}] if service == "kms" and "KeyId" in given else []
    try:
        answered = getattr(client, method)(**given)
    except (ClientError, BotoCoreError):
        return None
    answered.pop("ResponseMetadata", None)
    request = {_low(key): _lows(value) for key, value in given.items()}
    name = operation
    if service == "s3":
        name = S3_NAMES.get(operation, operation)
        request = {"bucketName": given["Bucket"]}
        answered = {}
    elif operation == "DeleteFlowLogs":
        ids = [{"tag": at + 1, "content": one} for at, one in enumerate(given["FlowLogIds"])]
        request = {"DeleteFlowLogsRequest": {"FlowLogId": ids[0] if len(ids) == 1 else ids}}
        answered = {"DeleteFlowLogsResponse": {"unsuccessful": ""}}
    elif operation == "CreateFlowLogs":
        request = {"CreateFlowLogsRequest": {"ResourceId": {"tag": 1, "content": given["ResourceIds"][0]}}}
    elif operation == "PutDeliveryChannel":
        request = {"deliveryChannel": given["DeliveryChannel"]}
    response = {_low(key): _lows(value) for key, value in answered.items()} or None
    if service == "cloudtrail" and response and "trailArn" in response:
        response["trailARN"] = response["trailArn"]
    if service == "cloudtrail" and response and "trailARN" not in response and "TrailARN" in answered:
        response["trailARN"] = answered["TrailARN"]
    plain = json.loads(json.dumps({"requestParameters": request, "responseElements": response}, default=str))
    return api_call(
        SOURCES.get(service, service), name, region=region, userIdentity=MALLORY, resources=resources, **plain
    )


def _low(key: str) -> str:
    return key[0].lower() + key[1:]


def _lows(value: Any) -> Any:
    if isinstance(value, dict):
        return {_low(key): _lows(inner) for key, inner in value.items()}
    return [_lows(inner) for inner in value] if isinstance(value, list) else value
