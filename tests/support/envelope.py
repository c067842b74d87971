"""EventBridge events as the functions receive them."""

from __future__ import annotations

import copy
from typing import Any

from local_aws.processes import ACCOUNT, REGION

Event = dict[str, Any]

ALICE = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice", "accountId": ACCOUNT}


def role_session(name: str, unique_id: str = "AROAEXAMPLE") -> dict[str, Any]:
    """The userIdentity of a session of a role."""
    return {
        "type": "AssumedRole",
        "principalId": f"{unique_id}:session",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session",
        "accountId": ACCOUNT,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": unique_id,
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
                "accountId": ACCOUNT,
                "userName": name,
            }
        },
    }


def api_call(service: str, name: str, *, region: str = REGION, **record: Any) -> Event:
    """A call as CloudTrail reports it; `record` replaces fields of the record."""
    detail = {
        "eventVersion": "1.11",
        "userIdentity": copy.deepcopy(ALICE),
        "eventTime": "2026-03-02T11:20:48Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.25",
        "userAgent": "aws-cli/2.31.9",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "1b0a7c52-52c4-4b8e-8d0e-6f1f5a1c2e13",
        "eventID": "c4a1d1d2-9d55-4a3c-a1b7-2b8f3b7e5a23",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    return {
        "version": "0",
        "id": "0f5d9a63-4c11-4d7e-9b0f-7a2f4c8e1d03",
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{service}",
        "account": ACCOUNT,
        "time": "2026-03-02T11:20:48Z",
        "region": region,
        "resources": [],
        "detail": detail | record,
    }


def create_server(server_id: str, **record: Any) -> Event:
    """CreateServer, which names the server in its answer only."""
    given = {
        "requestParameters": {"protocols": ["SFTP"], "hostKey": "HIDDEN_DUE_TO_SECURITY_REASONS"},
        "responseElements": {"serverId": server_id},
    }
    return api_call("transfer", "CreateServer", **(given | record))


def role_call(name: str, role: str, **record: Any) -> Event:
    """A call of IAM on a role, which it names by its name alone."""
    return api_call("iam", name, **({"requestParameters": {"roleName": role}} | record))


def schedule(source: str = "aws.events") -> Event:
    """The event of a schedule."""
    return {
        "version": "0",
        "id": "89d1a02d-5ec7-412e-82f5-13505f849b41",
        "detail-type": "Scheduled Event",
        "source": source,
        "account": ACCOUNT,
        "time": "2026-03-02T06:00:00Z",
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/sweep"],
        "detail": {},
    }


def changed(event: Event, path: str, value: Any) -> Event:
    """A copy with the value at a dotted path replaced."""
    whole = copy.deepcopy(event)
    *parents, last = path.split(".")
    place = whole
    for parent in parents:
        place = place[parent]
    place[last] = value
    return whole
