"""What can be exempted: a resource of each kind with one thing wrong, and how it gets its tags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import kms_keys
import log_buckets
import recorders
import vpcs
from conftest import StartFunction
from envelope import Event, api_call
from given import Emulator, described, server
from local_aws.processes import ACCOUNT, REGION
from local_aws.server import Server
from observed import results
from trails import VALIDATION, kept_trail, name_of, trail_call

TAG, UNTIL = "trailkeeper:exempt", "trailkeeper:exempt-until"
BY_TAG = f"; exempt by tag {TAG}"


def day(distance: int) -> str:
    """Today, UTC, or so many days away."""
    return (datetime.now(UTC) + timedelta(days=distance)).date().isoformat()


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as most services take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclass(frozen=True)
class Kind:
    """A kind of resource that carries tags."""

    function: str
    control: str
    make: Callable[[Emulator], str]
    """Makes one that is wrong by this control; its ARN."""
    event: Callable[[str], Event]
    """What wakes the function for it."""
    tag: Callable[[Emulator, str, dict[str, str]], Any]
    read: str = ""
    """The action that reads its tags; none where they come along with the resource."""

    def check(
        self, function: StartFunction, endpoint: Server, arn: str, mode: str = "enforce", **settings: str
    ) -> dict[str, Any]:
        """What is said of it by this control."""
        started = function(self.function, endpoint=endpoint, mode=mode, **settings)
        found = [it for it in results(started.invoke(self.event(arn))) if it["control"] == self.control]
        (outcome,) = found
        assert outcome["resource"] == self.told(arn)
        return outcome

    def told(self, arn: str) -> str:
        """The ARN under which it is told of."""
        return recorders.subject() if self.function == "recorder" else arn


def hidden(outcome: dict[str, Any]) -> str:
    """What is said after a call of a violation that is exempt: one that matters is told, once, with who."""
    return "changed" if outcome["severity"] in ("high", "critical") else "exempt"


def _server(account: Emulator) -> str:
    return str(described(account, server(account))["Arn"])


def _bucket(account: Emulator) -> str:
    """A log bucket that lets plain HTTP in."""
    log_buckets.whole_bucket(account)
    log_buckets.put_policy(account, log_buckets.trail_policy())
    return f"arn:aws:s3:::{log_buckets.LOGS}"


def _recorder(account: Emulator) -> str:
    recorders.on(account)
    recorders.stop(account)
    (found,) = recorders.recorders(account)
    return str(found["arn"])


def _tag_key(account: Emulator, arn: str, tags: dict[str, str]) -> None:
    given = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
    account.client("kms").tag_resource(KeyId=arn, Tags=given)


KINDS = [
    Kind(
        "transfer", "transfer-server-logging", _server,
        lambda arn: api_call("transfer", "StartServer", requestParameters={"serverId": name_of(arn)}),
        lambda account, arn, tags: account.client("transfer").tag_resource(Arn=arn, Tags=pairs(tags)),
    ),
    Kind(
        "trail", VALIDATION, lambda account: kept_trail(account, EnableLogFileValidation=False),
        lambda arn: trail_call("UpdateTrail", arn),
        lambda account, arn, tags: account.client("cloudtrail").add_tags(ResourceId=arn, TagsList=pairs(tags)),
        "cloudtrail:ListTags",
    ),
    Kind(
        "bucket", log_buckets.HTTPS, _bucket, lambda _: log_buckets.bucket_call(),
        lambda account, arn, tags: account.client("s3").put_bucket_tagging(
            Bucket=log_buckets.LOGS, Tagging={"TagSet": pairs(tags)}
        ),
        "s3:GetBucketTagging",
    ),
    Kind(
        "vpc", vpcs.CONTROL, lambda account: vpcs.vpc_arn(vpcs.vpc(account)), lambda arn: vpcs.create_vpc(name_of(arn)),
        lambda account, arn, tags: account.client("ec2").create_tags(Resources=[name_of(arn)], Tags=pairs(tags)),
    ),
    Kind(
        "key", kms_keys.CONTROL, kms_keys.key, lambda arn: kms_keys.key_call("CreateKey", arn),
        _tag_key, "kms:ListResourceTags",
    ),
    Kind(
        "recorder", recorders.CONTROL, _recorder, lambda _: recorders.config_call(),
        lambda account, arn, tags: account.client("config").tag_resource(ResourceArn=arn, Tags=pairs(tags)),
        "config:ListTagsForResource",
    ),
]
READ = [kind for kind in KINDS if kind.read]
"""Those whose tags take a call of their own."""

PLACE = f"account={ACCOUNT} region={REGION}"
