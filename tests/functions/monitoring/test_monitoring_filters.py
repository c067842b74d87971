"""Metric filters: one that means the same serves, one that lacks names is completed."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import GROUP, QUEUE, Monitoring
from chains import (
    ADDRESS, OURS, PATTERN, PUT_FILTER, S3_CALLS, THEIRS, WHOLE_CHAIN, any_of, but_key, check, fed,
    filter_key, left, made, mended, new_alarm, new_topic, theirs,
)
from conftest import StartFunction
from envelope import api_call
from local_aws.faults import Faults
from local_aws.processes import Moto

S3 = "s3.amazonaws.com"
STRICT = {"TRAILKEEPER_FILTER_PATTERNS": "strict"}
NEW_CHAIN = {filter_key()} | new_alarm() | new_topic()

SAME = {
    "Security Hub's": PATTERN,
    "CIS 1.4": any_of(S3_CALLS, source=S3),
    "without the source": any_of(S3_CALLS),
    "spaces": f"  {PATTERN.replace('||', '  ||   ').replace('=', '  =  ')} ",
    "reversed": any_of(S3_CALLS[::-1], source=S3),
    "quotes": any_of([f'"{name}"' for name in S3_CALLS], source=f'"{S3}"'),
    "source last": f"{{ ({any_of(S3_CALLS)[2:-2]}) && $.eventSource = {S3} }}",
    "more": any_of([*S3_CALLS, "PutBucketVersioning"], source=S3),
    "wider": any_of(["PutBucket*", "DeleteBucket*"], source=S3),
}


@pytest.mark.parametrize("pattern", SAME.values(), ids=SAME)
def test_one_that_means_the_same_or_takes_in_more_serves(
    function: StartFunction, moto: Moto, faults: Faults, pattern: str
) -> None:
    theirs(moto, pattern)
    left(function, moto, faults, "compliant", **ADDRESS)


def test_one_that_can_never_match_is_written_anew_in_its_place(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto, any_of(S3_CALLS, "&&", source=S3))
    assert here.ring(api_call("s3", "PutBucketAcl")) == []
    changes = mended(
        function,
        moto,
        faults,
        f"metric filter {THEIRS} of log group {GROUP}",
        [PUT_FILTER],
        **ADDRESS,
    )
    ((before, after),) = changes.values()
    assert changes.keys() == {filter_key(THEIRS)} and after == before | {"filterPattern": PATTERN}
    (told,) = here.ring(api_call("s3", "PutBucketAcl"))
    assert told["AlarmName"] == THEIRS


@pytest.mark.parametrize(
    "missing", [S3_CALLS[:1], S3_CALLS[-1:], S3_CALLS[:4]], ids=["first", "last", "four"]
)
def test_one_that_lacks_names_is_completed_and_keeps_its_own_text(
    function: StartFunction, moto: Moto, faults: Faults, missing: list[str]
) -> None:
    own = any_of([it for it in S3_CALLS if it not in missing] + ["PutBucketTagging"], source=S3)
    here = theirs(moto, own)
    changes = mended(
        function, moto, faults, "does not match everything it should", [PUT_FILTER], **ADDRESS
    )
    ((before, after),) = changes.values()
    assert changes.keys() == {filter_key(THEIRS)}
    assert after | {"filterPattern": own} == before
    assert own[2:-2] in after["filterPattern"]
    for name in [*S3_CALLS, "PutBucketTagging"]:
        here.quiet()
        assert [it["AlarmName"] for it in here.ring(api_call("s3", name))] == [THEIRS], name
    assert here.ring(api_call("s3", "GetBucketAcl")) == []


def test_one_that_names_less_than_half_is_about_something_else(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    theirs(moto, any_of(S3_CALLS[:4], source=S3))
    changes = mended(
        function, moto, faults, "has no metric filter for this", WHOLE_CHAIN, **ADDRESS
    )
    assert but_key(changes) == NEW_CHAIN


OTHERS: dict[str, dict[str, Any]] = {
    "a value of zero": {"metricValue": "0"},
    "a value of the event": {"metricValue": "$.size"},
    "dimensions": {"dimensions": {"Event": "$.eventName"}},
}


@pytest.mark.parametrize("transformation", OTHERS.values(), ids=OTHERS)
def test_one_that_counts_something_else_gets_ours_beside_it(
    function: StartFunction, moto: Moto, faults: Faults, transformation: dict[str, Any]
) -> None:
    here = theirs(moto)
    here.filter_(THEIRS, PATTERN, **transformation)
    changes = mended(
        function, moto, faults, "has no metric filter for this", WHOLE_CHAIN, **ADDRESS
    )
    assert but_key(changes) == NEW_CHAIN


@pytest.mark.parametrize("pattern", [
    any_of(
        S3_CALLS, source="kms.amazonaws.com"
    ), "PutBucketPolicy", "[a, b]", "", "{ $.eventName = * }",
    f"{{ $.eventSource = {S3} }}", "{ $.eventName != HeadBucket }",
])
def test_one_about_something_else_gets_ours_beside_it(
    function: StartFunction, moto: Moto, faults: Faults, pattern: str
) -> None:
    theirs(moto, pattern)
    changes = mended(
        function, moto, faults, "has no metric filter for this", WHOLE_CHAIN, **ADDRESS
    )
    assert but_key(changes) == NEW_CHAIN and changes[filter_key()][1]["filterPattern"] == PATTERN


def test_one_that_would_be_too_long_when_completed_gets_ours_beside_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto, f"{{ ({any_of(S3_CALLS)[2:-2]}) && ($.errorCode NOT EXISTS) }}")
    record = api_call("s3", "PutBucketPolicy", errorCode="AccessDenied")
    assert here.ring(record) == []
    changes = mended(
        function, moto, faults, "has no metric filter for this", WHOLE_CHAIN, **ADDRESS
    )
    assert but_key(changes) == NEW_CHAIN
    assert [it["AlarmName"] for it in here.ring(record)] == [OURS]


@pytest.mark.parametrize(("pattern", "serves"), [
    (PATTERN, True), (SAME["CIS 1.4"], False), (SAME["reversed"], False), (SAME["more"], False),
    (any_of(S3_CALLS[1:], source=S3), False),
])
def test_strict_takes_security_hubs_text_alone_and_leaves_any_other(
    function: StartFunction, moto: Moto, faults: Faults, pattern: str, serves: bool
) -> None:
    theirs(moto, pattern)
    if serves:
        left(function, moto, faults, "compliant", **ADDRESS, **STRICT)
        return
    changes = mended(
        function, moto, faults, "has no metric filter for this", WHOLE_CHAIN, **ADDRESS, **STRICT
    )
    assert but_key(changes) == NEW_CHAIN


def test_a_filter_in_a_group_that_no_trail_feeds_does_not_count(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    topic = Monitoring(moto, group="other").chain(THEIRS, PATTERN)
    assert topic in str(here.everything())
    changes = mended(
        function, moto, faults, f"log group {GROUP} has no metric filter", WHOLE_CHAIN, **ADDRESS
    )
    assert but_key(changes) == NEW_CHAIN


def test_ours_that_somebody_changed_is_put_back(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    here.filter_(OURS, "{ $.eventName = Nothing }")
    changes = mended(
        function, moto, faults, "has no metric filter for this", [PUT_FILTER], **ADDRESS
    )
    assert changes[filter_key()][1]["filterPattern"] == PATTERN and len(changes) == 1


def test_a_group_with_a_hundred_filters_is_left_to_a_person(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    for number in range(99):
        here.filter_(f"other-{number}", "{ $.eventName = Nothing }", metric="nothing")
    here.filter_("the-last", "{ $.eventName = Nothing }", metric="nothing")
    outcome = left(function, moto, faults, "advised", "has no metric filter for this", **ADDRESS)
    assert "at most 100" in outcome["advice"]
    here.logs.delete_metric_filter(logGroupName=GROUP, filterName="other-98")
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    assert here.ring(api_call("s3", "DeleteBucketPolicy"), queue=QUEUE)[0]["AlarmName"] == OURS


def test_a_hundred_filters_do_not_keep_one_from_being_completed(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = theirs(moto, any_of(S3_CALLS[1:], source=S3))
    for number in range(99):
        here.filter_(f"other-{number}", "{ $.eventName = Nothing }", metric="nothing")
    assert check(function, faults, **ADDRESS)["status"] == "fixed" and made(faults) == [PUT_FILTER]
