"""The story of a weakened bucket policy: what CloudTrail needs comes back, and nothing else goes."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from demo_story import Run, State, Story, recorded
from given import CLOUDTRAIL, policy, role, trail_arn
from local_aws.clients import ACCOUNT
from local_aws.moto.policy import decides
from local_aws.processes import Moto
from log_delivery import access_logs_arrive

ABSENT = "NoSuchBucketPolicy NoSuchLifecycleConfiguration NoSuchPublicAccessBlockConfiguration".split()
FILE = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/03/02/events.json.gz"


class WeakenedBucket(Story):
    """PutBucketPolicy on the bucket of the trail: an auditor gets in, and CloudTrail drops out."""

    function = "bucket"
    title = "Someone replaces the policy of the trail's bucket"
    fault = "everything the bucket lacks"
    settings = {
        "TRAILKEEPER_CONTROLS": "log-bucket-mfa-delete=off",
        "TRAILKEEPER_LOG_BUCKET_READERS": f"arn:aws:iam::{ACCOUNT}:role/auditor",
    }
    """That control is only ever advised, as no function can do it; a reader that nobody named would be told of."""

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.event = recorded("s3.put-bucket-policy")
        asked = self.event["detail"]["requestParameters"]
        self.bucket = asked["bucketName"]
        (self.reader,) = asked["bucketPolicy"]["Statement"]
        # S3 takes no policy that names a role which there is not.
        trust = policy(Principal={"AWS": ACCOUNT}, Action="sts:AssumeRole")
        role(moto, self.reader["Principal"]["AWS"].rpartition("/")[2], trust)
        moto.client("s3").put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(asked["bucketPolicy"]))

    def state(self) -> State:
        """The bucket and the one that takes its access logs, as the API describes them."""
        logging = self._read("bucket_logging", self.bucket).get("LoggingEnabled")
        found: State = {
            "bucket": self.bucket,
            "policy": self._policy(self.bucket),
            "CloudTrail may write": cloudtrail_may(self._policy(self.bucket), self.bucket),
            "access logs": f"{logging['TargetBucket']}/{logging['TargetPrefix']}" if logging else None,
        }
        return found | self._target(logging["TargetBucket"]) if logging else found

    def _target(self, bucket: str) -> State:
        """What is configured of the bucket for access logs."""
        rules = self._read("bucket_lifecycle_configuration", bucket).get("Rules", [])
        days = [rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {})]
        flags = self._read("public_access_block", bucket).get("PublicAccessBlockConfiguration", {})
        return {
            "access logs arrive": access_logs_arrive(self.moto, self.bucket) or True,
            "target's policy": self._policy(bucket),
            "closed to the public": len(flags) == 4 and all(flags.values()),
            "expire after (days)": min(days, default=None),
        }

    def _policy(self, bucket: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._read("bucket_policy", bucket).get("Policy", "{}"))
        return document

    def _read(self, what: str, bucket: str) -> dict[str, Any]:
        """One configuration of a bucket, empty where there is none."""
        try:
            found: dict[str, Any] = getattr(self.moto.client("s3"), f"get_{what}")(Bucket=bucket)
        except ClientError as refused:
            if refused.response["Error"]["Code"] in ABSENT:
                return {}
            raise
        return found

    def claims(self, fix: Run) -> dict[str, bool]:
        before, now = fix.before, fix.after
        return {
            "CloudTrail could no longer deliver to the bucket, and now can again":
                not before["CloudTrail may write"] and now["CloudTrail may write"],
            "the auditor's statement is unchanged": self.reader in now["policy"]["Statement"],
            "plain HTTP is denied": plain_http(now["policy"], self.bucket) == "Denied",
            "its access logs arrive in a bucket of their own, which is closed to the public and expires them":
                now.get("access logs arrive") is True
                and now["closed to the public"]
                and now["expire after (days)"] is not None,
        }


def cloudtrail_may(document: dict[str, Any], bucket: str) -> bool:
    """Whether the policy lets the trail deliver: it looks at the ACL, then puts files."""
    source = {"aws:SourceArn": trail_arn(), "aws:SourceAccount": ACCOUNT}
    look = decides(
        document, service=CLOUDTRAIL, action="s3:GetBucketAcl", resource=f"arn:aws:s3:::{bucket}", context=source
    )
    full = source | {"s3:x-amz-acl": "bucket-owner-full-control"}
    write = decides(
        document, service=CLOUDTRAIL, action="s3:PutObject", resource=f"arn:aws:s3:::{bucket}/{FILE}", context=full
    )
    return look == write == "Allowed"


def plain_http(document: dict[str, Any], bucket: str) -> str:
    """What the policy says to someone who reads a file without TLS."""
    plain = {"aws:SecureTransport": "false"}
    return decides(
        document, service=CLOUDTRAIL, action="s3:GetObject", resource=f"arn:aws:s3:::{bucket}/{FILE}", context=plain
    )
