"""Writes CloudTrail's files as they lie in a bucket, for the bench of `trailkeeper replay`.

usage: replay_records.py FOLDER RECORDS

Most records are reads and calls of services, as in any account; one of a hundred is watched. A fight of 31 rounds and
three attacks are among them.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
REGIONS = ["eu-west-1", "us-east-1", "eu-central-1"]
IN_A_FILE = 5_000
BEGIN = datetime(2027, 1, 1, tzinfo=timezone.utc)
Record = dict[str, Any]

COMMON = [
    ("sts", "AssumeRole", True, {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/app", "roleSessionName": "i-0123456789abcdef0"}),
    ("kms", "Decrypt", True, {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::data/key"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
    ("ec2", "DescribeInstances", True, {"instancesSet": {"items": [{"instanceId": f"i-{n:017x}"} for n in range(6)]}, "filterSet": {}}),
    ("s3", "GetBucketLocation", True, {"bucketName": "data", "Host": "data.s3.eu-west-1.amazonaws.com", "location": ""}),
    ("logs", "CreateLogStream", False, {"logGroupName": "/aws/lambda/app", "logStreamName": "2027/01/31/[$LATEST]0123456789abcdef"}),
    ("dynamodb", "DescribeTable", True, {"tableName": "orders"}),
    ("ssm", "UpdateInstanceInformation", False, {"instanceId": "i-0123456789abcdef0", "agentStatus": "Active", "agentVersion": "3.3"}),
]
WATCHED = [
    ("iam", "PutRolePolicy", {"roleName": "app", "policyName": "inline", "policyDocument": '{"Version":"2012-10-17","Statement":[]}'}),
    ("s3", "PutBucketPolicy", {"bucketName": "data", "bucketPolicy": {"Version": "2012-10-17", "Statement": []}}),
    ("monitoring", "PutMetricAlarm", {"alarmName": "scale-out", "metricName": "CPUUtilization", "namespace": "AWS/EC2"}),
    ("ec2", "CreateVpc", {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default"}),
]


def record(random_: random.Random, at: datetime, who: str, service: str, name: str, reads: bool, request: Record) -> Record:
    """One record, as long as CloudTrail's are: between one and two kB."""
    key = f"ASIA{random_.randrange(10**15):016d}"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": f"AROAEXAMPLE:{who}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{who}/session-{random_.randrange(1000)}", "accountId": ACCOUNT,
            "accessKeyId": key,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role", "principalId": "AROAEXAMPLE", "arn": f"arn:aws:iam::{ACCOUNT}:role/{who}",
                    "accountId": ACCOUNT, "userName": who,
                },
                "attributes": {"creationDate": f"{at:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventSource": f"{service}.amazonaws.com", "eventName": name,
        "awsRegion": random_.choice(REGIONS), "sourceIPAddress": f"192.0.2.{random_.randrange(256)}",
        "userAgent": "aws-sdk-java/2.31.9 Linux/6.1 OpenJDK_64-Bit_Server_VM/21.0.5 Java/21.0.5 cfg/retry-mode/standard",
        "requestParameters": request,
        "responseElements": None if reads else {"requestId": f"{random_.randrange(16**32):032x}", "return": True},
        "additionalEventData": {"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": 0},
        "requestID": f"{random_.randrange(16**32):032x}", "eventID": f"{random_.randrange(16**32):032x}", "readOnly": reads,
        "resources": [{"accountId": ACCOUNT, "type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::data/{random_.randrange(10**9)}"}],
        "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{service}.eu-west-1.amazonaws.com",
        },
    }


def planted(random_: random.Random) -> list[Record]:
    """A fight over the policy of a log bucket, a trail that is stopped for an hour, and one that is deleted."""
    arns = ["arn:aws:s3:::my-logs", "arn:aws:s3:::my-logs/*"]
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arns, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    made = []
    asked = record(random_, BEGIN, "x", "s3", "GetBucketAcl", True, {"bucketName": "my-logs"})
    made.append(asked | {"userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}})
    for day in range(31):
        for hour, who, statements in ((1, "security", [denial]), (3, "terraform-ci", [])):
            request = {"bucketName": "my-logs", "bucketPolicy": {"Version": "2012-10-17", "Statement": statements}}
            at = BEGIN + timedelta(days=day, hours=hour)
            put = record(random_, at, who, "s3", "PutBucketPolicy", False, request)
            made.append(put | ({"userAgent": "HashiCorp Terraform/1.9.5"} if who == "terraform-ci" else {}))
    for hour, name in ((5, "StopLogging"), (6, "StartLogging"), (7, "DeleteTrail")):
        at = BEGIN + timedelta(days=9, hours=hour)
        call = record(random_, at, "mallory", "cloudtrail", name, False, {"name": "main"})
        made.append(call | {"awsRegion": "eu-west-1"})
    return made


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    random_ = random.Random(20261121)
    special = planted(random_)
    apart = timedelta(days=31) / count
    for number in range(0, count, IN_A_FILE):
        records = []
        for index in range(number, min(number + IN_A_FILE, count)):
            at = BEGIN + index * apart
            if index % 100 == 0:
                service, name, request = random_.choice(WATCHED)
                records.append(record(random_, at, "app", service, name, False, request))
            else:
                service, name, reads, request = random_.choice(COMMON)
                records.append(record(random_, at, "app", service, name, reads, request))
        # The planted ones lie in files all over, in no order.
        share = special[number // IN_A_FILE :: max(1, -(-count // IN_A_FILE))]
        records[: len(share)] = share
        at = BEGIN + number * apart
        region = REGIONS[number // IN_A_FILE % len(REGIONS)]
        into = folder / "AWSLogs" / ACCOUNT / "CloudTrail" / region / f"{at:%Y/%m/%d}"
        into.mkdir(parents=True, exist_ok=True)
        name = f"{ACCOUNT}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{number:016d}.json.gz"
        (into / name).write_bytes(gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode(), 6))


if __name__ == "__main__":
    main()
