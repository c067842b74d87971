"""CloudTrail's event history on the local AWS: by one attribute, newest first, page by page, twice a second."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_aws.processes import REGION, Moto

NOW = datetime.now(UTC).replace(microsecond=0)


def record(name: str, minutes: int) -> dict[str, Any]:
    at = f"{NOW - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
    return {"eventName": name, "eventTime": at, "eventID": f"{name}-{minutes}", "eventSource": "s3.amazonaws.com", "awsRegion": REGION}


def by_name(name: str) -> list[dict[str, str]]:
    return [{"AttributeKey": "EventName", "AttributeValue": name}]


def slowly(moto: Moto, **given: Any) -> dict[str, Any]:
    """One answer, at the pace that CloudTrail allows."""
    time.sleep(1.0)
    answer: dict[str, Any] = moto.client("cloudtrail").lookup_events(**given)
    return answer


def test_pages_go_back_in_time_and_their_tokens_belong_to_the_question(moto: Moto) -> None:
    moto.keep_history([record("A", minutes) for minutes in (3, 1, 2)] + [record("B", 1)])
    asked = {"LookupAttributes": by_name("A"), "MaxResults": 2}
    first = slowly(moto, **asked)
    assert [it["EventId"] for it in first["Events"]] == ["A-1", "A-2"]
    with pytest.raises(ClientError, match="InvalidNextToken"):
        slowly(moto, LookupAttributes=by_name("B"), MaxResults=2, NextToken=first["NextToken"])
    second = slowly(moto, **asked, NextToken=first["NextToken"])
    assert [it["EventId"] for it in second["Events"]] == ["A-3"] and "NextToken" not in second
    within = slowly(moto, StartTime=NOW - timedelta(minutes=2), EndTime=NOW - timedelta(minutes=2))
    assert [it["EventId"] for it in within["Events"]] == ["A-2"]


def test_what_cloudtrail_refuses_is_refused(moto: Moto) -> None:
    with pytest.raises(ClientError, match="InvalidLookupAttributes"):
        slowly(moto, LookupAttributes=by_name("A") + by_name("B"))
    with pytest.raises(ClientError, match="InvalidTimeRange"):
        slowly(moto, StartTime=NOW, EndTime=NOW - timedelta(minutes=1))
    hasty = moto.client("cloudtrail")
    with pytest.raises(ClientError, match="Throttling"):
        for _ in range(12):
            hasty.lookup_events()


def test_public_keys_are_those_of_the_region(moto: Moto) -> None:
    moto.public_key(REGION, "ab", "AAEC")
    (key,) = moto.client("cloudtrail").list_public_keys()["PublicKeyList"]
    assert (key["Fingerprint"], key["Value"]) == ("ab", b"\x00\x01\x02")
    assert moto.client("cloudtrail", "eu-north-1").list_public_keys()["PublicKeyList"] == []
