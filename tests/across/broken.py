"""For each family one broken resource, and the event that tells of it: all of them fit into one account."""

from __future__ import annotations

from collections.abc import Callable

from alarms import QUEUE
from chains import delete_alarms, fed
from envelope import Event, create_server
from given import Emulator, server, trail
from kms_keys import key, key_call
from local_aws.processes import ACCOUNT, REGION
from log_buckets import bucket_call
from recorders import config_call
from trails import basic, create_trail
from vpcs import create_vpc, vpc

HEARD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"
"""The queue that hears the alarms, where the address for alarms is this."""


def of_transfer(account: Emulator) -> Event:
    """A server that does not log."""
    return create_server(server(account))


def of_trail(account: Emulator) -> Event:
    """A trail with every fault."""
    arn = trail(account)
    account.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[basic("WriteOnly")])
    return create_trail(arn)


def of_bucket(account: Emulator) -> Event:
    """A log bucket that is open and whose policy is gone."""
    trail(account, "bare")
    s3, name = account.client("s3"), "bare-trail-logs"
    s3.delete_public_access_block(Bucket=name)
    s3.delete_bucket_policy(Bucket=name)
    return bucket_call(name)


def of_vpc(account: Emulator) -> Event:
    """A VPC without a flow log."""
    return create_vpc(vpc(account))


def of_monitoring(account: Emulator) -> Event:
    """A trail that feeds a log group, and nothing behind it."""
    fed(account)
    return delete_alarms()


def of_key(account: Emulator) -> Event:
    """A key that does not rotate."""
    return key_call("CreateKey", key(account))


def of_recorder(_: Emulator) -> Event:
    """A region without a recorder."""
    return config_call("DeleteConfigurationRecorder")


BROKEN: dict[str, Callable[[Emulator], Event]] = {
    "transfer": of_transfer, "trail": of_trail, "bucket": of_bucket, "vpc": of_vpc, "monitoring": of_monitoring,
    "key": of_key, "recorder": of_recorder,
}
