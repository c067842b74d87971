"""CloudTrail: the event history, which holds what a test puts there, and the public keys of digest files.

Sources: CloudTrail API reference, LookupEvents ("limited to two per second, per account, per Region", "You can specify only
one attribute", 1 to 50 results, ResourceName "The name of the resource", "The lookup must be repeated with the same parameters" for a token), ListPublicKeys.
"""

from __future__ import annotations

import base64
import json
import time
from datetime import datetime
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse

from local_aws.moto.cloudtrail_find import CloudTrailError
from local_aws.moto.state import controls

RATE = 2
PAGE = 50
KEYS = ("EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId")
NAMING = ("name", "trailName", "bucketName", "keyId", "serverId")
Record = dict[str, Any]


def lookup_events(self: CloudTrailResponse) -> str:
    """LookupEvents: newest first, by one attribute, of the last 90 days of the region."""
    given = json.loads(self.body)
    _in_turn(self.current_account, self.region)
    size = given.get("MaxResults", PAGE)
    if not 1 <= size <= PAGE:
        raise CloudTrailError("InvalidMaxResultsException", f"A value of {size} is not allowed. Specify a value between 1 and {PAGE}.")
    attributes = given.get("LookupAttributes", [])
    if len(attributes) > 1 or any(it["AttributeKey"] not in KEYS for it in attributes):
        raise CloudTrailError("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
    begin, end = given.get("StartTime"), given.get("EndTime")
    if begin is not None and end is not None and begin > end:
        raise CloudTrailError("InvalidTimeRangeException", "StartTime must be before EndTime.")
    asked = {key: value for key, value in given.items() if key != "NextToken"}
    found = [
        record for record in controls.history
        if record["awsRegion"] == self.region and all(_has(record, it) for it in attributes)
        and (begin is None or _time(record) >= begin) and (end is None or _time(record) <= end)
    ]
    found.sort(key=_time, reverse=True)
    at = _at(given.get("NextToken"), asked)
    answer: dict[str, Any] = {"Events": [_event(record) for record in found[at : at + size]]}
    if at + size < len(found):
        answer["NextToken"] = base64.b64encode(json.dumps([at + size, asked]).encode()).decode()
    with controls.lock:
        controls.lookups.append({"region": self.region, "name": "".join(it["AttributeValue"] for it in attributes), "at": time.time()})
    return json.dumps(answer)


def list_public_keys(self: CloudTrailResponse) -> str:
    """ListPublicKeys: the keys of the region, in the form of PKCS #1."""
    found = [
        {"Value": key["value"], "Fingerprint": key["fingerprint"]} for key in controls.public_keys if key["region"] == self.region
    ]
    return json.dumps({"PublicKeyList": found})


def _in_turn(account: str, region: str) -> None:
    key = f"lookup {account} {region} {controls.request.signed}"
    with controls.lock:
        if controls.sent[key] >= RATE:
            controls.throttled += 1
            raise CloudTrailError("ThrottlingException", "Rate exceeded")
        controls.sent[key] += 1


def _at(token: str | None, asked: dict[str, Any]) -> int:
    if token is None:
        return 0
    try:
        at, same = json.loads(base64.b64decode(token))
    except ValueError:
        at, same = 0, None
    if same != asked:
        raise CloudTrailError("InvalidNextTokenException", "Invalid token.")
    return int(at)


def _time(record: Record) -> float:
    return datetime.fromisoformat(record["eventTime"]).timestamp()


def _has(record: Record, attribute: dict[str, str]) -> bool:
    if attribute["AttributeKey"] == "ResourceName":
        return attribute["AttributeValue"] in _resources(record)
    fields = {"EventId": "eventID", "EventName": "eventName", "EventSource": "eventSource"}
    field = fields.get(attribute["AttributeKey"])
    return field is not None and bool(record[field] == attribute["AttributeValue"])


def _resources(record: Record) -> list[str]:
    """What the call names, in the caller's words: an ARN is not found by its name, nor a name by its ARN."""
    request = record.get("requestParameters") or {}
    listed = [it["ARN"] for it in record.get("resources", []) if "ARN" in it]
    return [request[name] for name in NAMING if isinstance(request.get(name), str)] + listed


def _event(record: Record) -> dict[str, Any]:
    return {
        "EventId": record["eventID"], "EventName": record["eventName"], "EventTime": _time(record),
        "EventSource": record["eventSource"], "ReadOnly": str(record.get("readOnly", False)).lower(),
        "Username": record.get("userIdentity", {}).get("arn", "").rsplit("/", 1)[-1],
        "Resources": [{"ResourceName": name} for name in _resources(record)],
        "CloudTrailEvent": json.dumps(record),
    }


def keep(records: list[Record]) -> None:
    """Puts records into the history."""
    with controls.lock:
        controls.history.extend(records)


def asked() -> dict[str, Any]:
    """What was looked up since the last time, and how many calls came too fast."""
    with controls.lock:
        answer = {"lookups": list(controls.lookups), "throttled": controls.throttled}
        controls.lookups.clear()
        controls.throttled = 0
        return answer


def publish(region: str, fingerprint: str, value: str) -> None:
    """Makes a public key known, in base64."""
    with controls.lock:
        controls.public_keys.append({"region": region, "fingerprint": fingerprint, "value": value})


ORDERS = {("POST", "history"): keep, ("GET", "lookups"): asked, ("POST", "public-key"): publish}


def patch() -> None:
    """Puts the above into moto's service."""
    for operation in (lookup_events, list_public_keys):
        setattr(CloudTrailResponse, operation.__name__, operation)
