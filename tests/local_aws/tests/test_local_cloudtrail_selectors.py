"""The local CloudTrail keeps and refuses event selectors as AWS does."""

from __future__ import annotations

from typing import Any

import pytest
from given import described_trail, refusal, trail
from local_aws.processes import Moto

MANAGEMENT = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
CATEGORY = {"Field": "eventCategory", "Equals": ["Management"]}
ADVANCED = [{"Name": "all", "FieldSelectors": [CATEGORY]}]
DATA = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::bucket/"]}


def test_a_trail_nobody_configured_logs_management_events(moto: Moto) -> None:
    trail(moto)
    found = moto.client("cloudtrail").get_event_selectors(TrailName="main")
    assert found["EventSelectors"] == [MANAGEMENT]
    assert "AdvancedEventSelectors" not in found


def test_selectors_replace_each_other(moto: Moto) -> None:
    arn, cloudtrail = trail(moto), moto.client("cloudtrail")
    reads, nothing = {"ReadWriteType": "ReadOnly"}, {"IncludeManagementEvents": False}
    for put, told in (
        ({"EventSelectors": [reads]}, [MANAGEMENT | reads]),
        ({"AdvancedEventSelectors": ADVANCED}, ADVANCED),
        ({"EventSelectors": [nothing]}, [MANAGEMENT | nothing]),
    ):
        (kind,) = put
        answer = cloudtrail.put_event_selectors(TrailName="main", **put)
        answer.pop("ResponseMetadata")
        assert answer == {"TrailARN": arn, kind: told}
        found = cloudtrail.get_event_selectors(TrailName=arn)
        found.pop("ResponseMetadata")
        assert found == answer
        assert described_trail(moto)["HasCustomEventSelectors"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"EventSelectors": []},
        {"EventSelectors": [MANAGEMENT], "AdvancedEventSelectors": ADVANCED},
        {"EventSelectors": [MANAGEMENT] * 6},
        {"EventSelectors": [{"ReadWriteType": "read-only"}]},
        {"EventSelectors": [{"ExcludeManagementEventSources": ["s3.amazonaws.com"]}]},
        {"EventSelectors": [{"DataResources": [DATA | {"Type": "AWS::S3::Bucket"}]}]},
        {"EventSelectors": [{"DataResources": [DATA | {"Values": ["arn:aws:s3:::b/"] * 251}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [CATEGORY | {"Field": "readOnly"}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [CATEGORY | {"Equals": ["All"]}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [CATEGORY | {"Equals": ["Data"]}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [CATEGORY, {"Field": "readOnly"}]}]},
        {"AdvancedEventSelectors": [{"FieldSelectors": [CATEGORY, CATEGORY]}]},
        {"AdvancedEventSelectors": [
            {"FieldSelectors": [CATEGORY, {"Field": "eventSource", "NotEquals": ["x"] * 500}]}
        ]},
    ],
)
def test_selectors_that_are_not_valid_are_refused(moto: Moto, given: dict[str, Any]) -> None:
    trail(moto)
    call = moto.client("cloudtrail").put_event_selectors
    found = refusal(call, TrailName="main", **given)
    assert found[:2] == (400, "InvalidEventSelectorsException")
    assert not described_trail(moto)["HasCustomEventSelectors"]
