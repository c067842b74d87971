"""The role of a function of ours, and the calls by it as CloudTrail reports them."""

from __future__ import annotations

import copy
from typing import Any

from envelope import Event, role_session
from local_aws.processes import ACCOUNT, Moto
from local_aws.server import request


def as_our_role(moto: Moto, name: str = "trail-function") -> tuple[dict[str, str], dict[str, Any]]:
    """Credentials of a session of the function's role, and how a record tells of calls by it."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    given = moto.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")
    keys, unique_id = given["Credentials"], given["AssumedRoleUser"]["AssumedRoleId"].split(":")[0]
    environment = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    return environment, role_session(name, unique_id)


def by(event: Event, who: dict[str, Any], **record: Any) -> Event:
    """The same call by somebody else."""
    event = copy.deepcopy(event)
    event["detail"] |= {"userIdentity": who, **record}
    return event


def request_ids(moto: Moto, operation: str) -> list[str]:
    """The ids of the latest requests of an operation, the oldest first."""
    found: list[str] = request("POST", f"{moto.endpoint}/_local/request-ids", {"operation": operation})["ids"]
    return found
