"""The story of a trail that records next to nothing: it is made whole, in one call."""

from __future__ import annotations

from demo_story import Run, State, Story, recorded
from given import described_trail, trail, trail_bucket, trail_status
from local_aws.processes import Moto

ALIAS = "alias/trailkeeper-cloudtrail"


class BareTrail(Story):
    """CreateTrail with a name and a bucket, and StartLogging forgotten."""

    function = "trail"
    title = "Someone creates a single-region trail and does not start it"
    fault = "everything the trail lacks"

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.event = recorded("cloudtrail.create-trail")
        asked = self.event["detail"]["requestParameters"]
        self.name = asked["name"]
        trail_bucket(moto, asked["s3BucketName"])
        trail(moto, self.name, S3BucketName=asked["s3BucketName"])

    def state(self) -> State:
        """The trail, its key and its log group, as the API describes them."""
        found = described_trail(self.moto, self.name)
        status = trail_status(self.moto, self.name)
        return {
            "trail": found["TrailARN"],
            "bucket": found["S3BucketName"],
            "logging": status["IsLogging"],
            "multi-region": found["IsMultiRegionTrail"],
            "log file validation": found["LogFileValidationEnabled"],
            "key": found.get("KmsKeyId"),
            **self._key(found.get("KmsKeyId")),
            "log group": found.get("CloudWatchLogsLogGroupArn"),
            "retention (days)": self._retention(found.get("CloudWatchLogsLogGroupArn")),
            "written with role": found.get("CloudWatchLogsRoleArn"),
            "delivery errors": ", ".join(sorted(name for name in status if name.endswith("Error"))) or None,
        }

    def _key(self, arn: str | None) -> State:
        """Whether the key rotates, and its names."""
        if arn is None:
            return {}
        kms = self.moto.client("kms")
        names = [alias["AliasName"] for alias in kms.list_aliases(KeyId=arn)["Aliases"]]
        rotates = kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]
        return {"key alias": ", ".join(names) or None, "key rotates": rotates}

    def _retention(self, arn: str | None) -> int | None:
        """How long the log group keeps its events; none where there is no group, or no end."""
        groups = self.moto.client("logs").describe_log_groups()["logGroups"]
        kept = {group["arn"]: group.get("retentionInDays") for group in groups}
        return kept.get(arn)

    def claims(self, fix: Run) -> dict[str, bool]:
        now = fix.after
        updates = [call for call in fix.calls if call.operation == "UpdateTrail"]
        return {
            "the trail covers every region, is logging, and validates its log files":
                now["multi-region"] and now["logging"] and now["log file validation"],
            "they are encrypted with a key of their own, which has Trailkeeper's alias and rotates":
                now["key"] is not None and now["key alias"] == ALIAS and now["key rotates"],
            "it feeds a log group that keeps events for a year, and delivers without errors":
                now["retention (days)"] == 365 and now["delivery errors"] is None,
            "a single UpdateTrail did it": len(updates) == 1,
        }
