"""The ledger: every change is in it before its first call, and ends there; fights end; too many changes at once stop."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ledger
import pytest
from batches import again, batch
from conftest import StartFunction
from dying import dies
from envelope import api_call, create_server, role_session, schedule
from given import server, trail, trail_status
from inbox import Inbox
from local_aws.processes import ACCOUNT, Faults, Moto
from observed import results, writes
from our_role import by
from runtime_api import Function

BUCKET = "main-trail-logs"
HTTPS = "log-bucket-https-only"
Start = Callable[..., Function]


@pytest.fixture
def table(moto: Moto) -> str:
    """The stack's table."""
    return ledger.create(moto)


@pytest.fixture
def start(function: StartFunction, faults: Faults, table: str) -> Start:
    """Starts a function that fixes and knows the table, behind the proxy of faults."""
    settings = {"TRAILKEEPER_LEDGER": table}
    return lambda name, **more: function(name, endpoint=faults, **({"mode": "enforce"} | settings | more))


def stopped(moto: Moto, arn: str) -> dict[str, Any]:
    """The event of somebody who stops a trail."""
    moto.client("cloudtrail").stop_logging(Name=arn)
    return api_call("cloudtrail", "StopLogging", requestParameters={"name": arn})


def anew(service: str, name: str, **record: Any) -> dict[str, Any]:
    """A call with an event id of its own."""
    return api_call(service, name, **({"eventID": str(uuid.uuid4())} | record))


def opened(moto: Moto, agent: str = "aws-cli/2.31.9", bucket: str = BUCKET) -> dict[str, Any]:
    """The event of somebody who lets a log bucket be read and written without TLS."""
    s3 = moto.client("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    policy["Statement"] = [it for it in policy["Statement"] if it.get("Sid") != "TrailkeeperHttpsOnly"]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    parameters = {"bucketName": bucket, "bucketPolicy": policy}
    return anew("s3", "PutBucketPolicy", requestParameters=parameters, userAgent=agent)


def status(answer: Any, control: str) -> dict[str, Any]:
    (found, *_) = [it for it in results(answer) if it["control"] == control and it["status"] != "not-applicable"]
    return found


def test_a_change_has_an_entry_that_says_what_it_was_and_how_it_ended(start: Start, moto: Moto, table: str) -> None:
    arn = trail(moto)
    told = status(start("trail").invoke(stopped(moto, arn)), "cloudtrail-logging")
    changes = {entry["id"]: entry for entry in ledger.entries(moto, table)}
    entry = changes[told["change"]]
    assert (entry["account"], entry["region"], entry["resource"]) == (ACCOUNT, "us-east-1", arn)
    assert entry["outcome"] == "fixed" and entry["ended"] and entry["wrong_since"] == "2026-03-02T11:20:48Z"
    assert entry["cause"]["name"] == "StopLogging" and entry["cause"]["actor"].endswith("user/alice")
    step = next(it for it in entry["steps"] if it["action"] == "cloudtrail:StartLogging")
    assert step["state"] == "applied" and step["property"] == {"property": "trail-logging", "arn": arn}
    assert step["before"] == {"IsLogging": False} and step["after"] == {"IsLogging": True}
    found = [it for it in entry["findings"] if it["control"] == "cloudtrail-logging"]
    assert found and found[0]["fixed"] is True and found[0]["finding"].startswith("f-")
    assert not [it for it in ledger.items(moto, table, "change#") if "open" in it], "nothing is left open"


def test_one_question_and_no_change_of_it_when_nothing_is_wrong(start: Start, moto: Moto, faults: Faults) -> None:
    arn = trail(moto)
    keeper = start("trail")
    assert keeper.invoke(stopped(moto, arn)).ok
    faults.forget()
    looked = keeper.invoke(api_call("cloudtrail", "StartLogging", requestParameters={"name": arn}))
    assert status(looked, "cloudtrail-logging")["status"] in {"compliant", "changed"}
    # Whether a change has not ended.
    assert [it.operation for it in faults.calls("dynamodb")] == ["Query"]


@pytest.mark.parametrize("how", ["denied", "throttled", "absent"])
def test_what_cannot_be_kept_is_not_done(start: Start, moto: Moto, faults: Faults, table: str, how: str) -> None:
    event = stopped(moto, trail(moto))
    match how:
        case "denied":
            faults.deny("dynamodb")
        case "throttled":
            faults.rule("dynamodb", error="ProvisionedThroughputExceededException", status=400)
        case _:
            moto.client("dynamodb").delete_table(TableName=table)
    answer = start("trail").invoke(event, timeout=90)
    if answer.ok:
        failed = status(answer, "cloudtrail-logging")
        assert failed["status"] == "failed" and "dynamodb:" in failed["because"], failed
    else:
        assert "dynamodb:" in json.dumps(answer.body), answer.body
    assert not trail_status(moto)["IsLogging"]
    assert [it for it in writes(faults) if it.service != "dynamodb"] == []


def test_a_fight_ends_after_three_fixes_with_one_message_that_names_who(
    start: Start, moto: Moto, faults: Faults
) -> None:
    trail(moto)
    keeper = start("bucket")
    seen = []
    for _ in range(6):
        answer = keeper.invoke(opened(moto, "Terraform/1.9.5 terraform-provider-aws/5.80"))
        seen.append(status(answer, HTTPS))
    assert [it["status"] for it in seen] == ["fixed"] * 3 + ["fought"] * 3
    assert "user/alice" in seen[3]["because"] and "Terraform" in seen[3]["because"]
    faults.forget()
    swept = results(keeper.invoke(schedule()))
    about = [it for it in swept if (it["control"], it["resource"]) == (HTTPS, f"arn:aws:s3:::{BUCKET}")]
    assert [it["status"] for it in about] == ["fought"]
    assert [it for it in writes(faults) if it.service == "s3"] == []


def test_the_last_trail_is_started_each_time(start: Start, moto: Moto) -> None:
    arn = trail(moto, IsMultiRegionTrail=True)
    keeper = start("trail")
    for _ in range(30):
        told = status(keeper.invoke(stopped(moto, arn)), "cloudtrail-logging")
        assert told["status"] == "fixed" and trail_status(moto)["IsLogging"]


def test_delivery_into_a_log_bucket_is_put_right_each_time(start: Start, moto: Moto) -> None:
    """Though another trail records: that one may end next."""
    for name in ("main", "other"):
        trail(moto, name, IsMultiRegionTrail=True)
        moto.client("cloudtrail").start_logging(Name=name)
    keeper = start("bucket")
    for _ in range(5):
        moto.client("s3").delete_bucket_policy(Bucket=BUCKET)
        event = anew("s3", "DeleteBucketPolicy", requestParameters={"bucketName": BUCKET})
        assert status(keeper.invoke(event), "log-bucket-delivery")["status"] == "fixed"


def test_a_fight_over_one_thing_switches_no_other_repair_off(start: Start, moto: Moto) -> None:
    trail(moto)
    trail(moto, "other")
    keeper = start("bucket")
    for _ in range(5):
        keeper.invoke(opened(moto))
    told = keeper.invoke(opened(moto, bucket="other-trail-logs"))
    assert status(told, HTTPS)["status"] == "fixed"


def test_too_many_changes_of_one_control_in_an_hour_stop(start: Start, moto: Moto) -> None:
    kms = moto.client("kms")
    for _ in range(8):
        kms.create_key()
    answer = start("key", TRAILKEEPER_CHANGES_AN_HOUR="5").invoke(schedule())
    rotations = [it["status"] for it in results(answer) if it["control"] == "kms-key-rotation"]
    assert sorted(rotations) == ["fixed"] * 5 + ["planned"] * 3


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["StartLogging", "TransactWriteItems"])
def test_a_crash_leaves_what_was_meant_and_the_next_run_closes_it(
    start: Start, moto: Moto, table: str, operation: str, when: str
) -> None:
    arn = trail(moto)
    event = stopped(moto, arn)
    dies(start("trail"), moto, event, operation, when)
    left = ledger.entries(moto, table)
    assert all(entry["ended"] is None for entry in left)
    if (operation, when) != ("TransactWriteItems", "before"):
        assert [entry["resource"] for entry in left] == [arn]
    again = start("trail").invoke(event)
    assert status(again, "cloudtrail-logging")["status"] in {"fixed", "changed"} and trail_status(moto)["IsLogging"]
    told = {it["control"]: it.get("change") for it in results(again) if it["status"] == "fixed"}
    assert told.get("cloudtrail-logging"), "whoever made the call, people are told that it was fixed"
    after = ledger.entries(moto, table)
    assert all(entry["ended"] for entry in after), [entry["outcome"] for entry in after]
    assert not [it for it in ledger.items(moto, table, "change#") if "open" in it]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["CreateLogGroup", "PutRetentionPolicy", "CreateRole", "PutRolePolicy", "CreateFlowLogs"])
def test_a_crash_between_any_two_of_several_calls_leaves_what_was_meant(
    start: Start, moto: Moto, table: str, operation: str, when: str
) -> None:
    vpc = moto.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    event = api_call("ec2", "CreateVpc", responseElements={"vpc": {"vpcId": vpc}})
    dies(start("vpc"), moto, event, operation, when)
    (left,) = ledger.entries(moto, table)
    assert left["ended"] is None and "ec2:CreateFlowLogs" in [step["action"] for step in left["steps"]]
    again = status(start("vpc").invoke(event), "vpc-flow-logs")
    assert again["status"] in {"fixed", "compliant"}, again
    logs = moto.client("ec2").describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc]}])["FlowLogs"]
    assert len(logs) == 1
    entries = ledger.entries(moto, table)
    assert all(entry["ended"] for entry in entries), [entry["outcome"] for entry in entries]
    assert not [it for it in ledger.items(moto, table, "change#") if "open" in it]


STARTS_ALONE = {"mode": "dry-run", "TRAILKEEPER_CONTROLS": "cloudtrail-logging=enforce"}
"""Nothing but the trail is started: two transactions, one before the call and one after it, and one update."""
CALLS_OF_A_FIX = [
    ("TransactWriteItems", 1), ("StartLogging", 1), ("TransactWriteItems", 2), ("Query", 1), ("Publish", 1), ("UpdateItem", 1),
]


def fixes(moto: Moto) -> list[dict[str, Any]]:
    """The new mails that tell of a fix, some besides what was called."""
    return [it for it in moto.mail() if "FIXED (1), read back as right:\n    cloudtrail-logging" in it["text"]]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("operation", "nth"), CALLS_OF_A_FIX)
def test_a_crash_between_any_two_of_six_calls_is_told_by_the_retry(
    start: Start, moto: Moto, table: str, inbox: Inbox, operation: str, nth: int, when: str
) -> None:
    settings = STARTS_ALONE | {"TRAILKEEPER_TOPIC_ARN": inbox.topic}
    arn = trail(moto)
    event = stopped(moto, arn)
    dies(start("trail", **settings), moto, event, operation, when, nth)
    assert start("trail", **settings).invoke(event).ok and trail_status(moto)["IsLogging"]
    told = fixes(moto)
    # Who dies while people are told does not know whether they were: telling twice is better than telling nobody.
    is_sure = (operation, when) not in {("Publish", "before"), ("Publish", "after"), ("UpdateItem", "before")}
    assert len(told) in ((1,) if is_sure else (1, 2)), [it["subject"] for it in told]
    assert all("alice" in it["text"] and "trail main" in it["subject"] for it in told), told
    others = api_call("cloudtrail", "AddTags", requestParameters={"resourceId": arn}, eventID=str(uuid.uuid4()))
    for again in (event, others):
        assert start("trail", **settings).invoke(again).ok and fixes(moto) == [], "nobody is told any more"
    items = ledger.items(moto, table, "change#")
    assert not [it for it in items if "open" in it] and [it for it in items if "told" in it], items


def test_that_people_were_told_costs_one_call_after_a_fix(start: Start, moto: Moto, faults: Faults, inbox: Inbox) -> None:
    event = stopped(moto, trail(moto))
    keeper = start("trail", **STARTS_ALONE, TRAILKEEPER_TOPIC_ARN=inbox.topic)
    faults.forget()
    assert keeper.invoke(event).ok
    meant = ended = ["GetItem", "TransactWriteItems"]
    assert [it.operation for it in faults.calls("dynamodb")] == [*meant, *ended, "Query", "UpdateItem"]


def test_a_fix_that_was_told_by_nobody_is_told_by_any_run_after_a_quarter_of_an_hour(
    start: Start, moto: Moto, table: str, inbox: Inbox
) -> None:
    settings = STARTS_ALONE | {"TRAILKEEPER_TOPIC_ARN": inbox.topic}
    arn = trail(moto)
    dies(start("trail", **settings), moto, stopped(moto, arn), "Query", "before")
    keeper = start("trail", **settings)
    other = api_call("cloudtrail", "AddTags", requestParameters={"resourceId": arn}, eventID=str(uuid.uuid4()))
    assert keeper.invoke(other).ok and fixes(moto) == [], "whoever fixed it may still be about to tell it"
    (left,) = ledger.items(moto, table, "change#")
    entry = json.loads(ledger.unzipped(left["body"]["B"]))
    assert (entry["outcome"], entry["told"]) == ("fixed", None) and entry["telling"] == entry["ended"]
    aged = json.dumps(entry | {"telling": "2026-03-02T11:20:50Z"})
    moto.client("dynamodb").put_item(TableName=table, Item=left | {"body": {"B": ledger.zipped(aged.encode())}})
    assert keeper.invoke(other).ok
    (letter,) = fixes(moto)
    assert "the function that fixed it, after StopLogging by " in letter["text"], letter["text"]
    assert keeper.invoke(other).ok and fixes(moto) == []


def test_what_another_control_advises_keeps_no_change_open(start: Start, moto: Moto, table: str) -> None:
    """MFA delete is only ever advised."""
    trail(moto)
    event = opened(moto)
    dies(start("bucket"), moto, event, "PutBucketPolicy", "after")
    assert [entry["ended"] for entry in ledger.entries(moto, table)] == [None]
    looked = start("bucket").invoke(event)
    assert {it["status"] for it in results(looked)} >= {"advised"}
    assert all(entry["ended"] for entry in ledger.entries(moto, table)), ledger.entries(moto, table)


def test_ten_at_once_leave_nothing_open_and_lose_nothing(start: Start, moto: Moto, table: str) -> None:
    trail(moto)
    events = [opened(moto) for _ in range(10)]
    functions = [start("bucket") for _ in events]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda it: it[0].invoke(it[1], timeout=120), zip(functions, events, strict=True)))
    assert all(answer.ok for answer in answers), [answer.error_message for answer in answers]
    told = [status(answer, HTTPS) for answer in answers]
    assert not [it for it in told if it["status"] == "failed"], told
    entries = {entry["id"]: entry for entry in ledger.entries(moto, table)}
    assert all(entry["ended"] for entry in entries.values())
    # Whoever made a change said how it ended, and nobody else wrote over that.
    own = {it["change"]: it["status"] for it in told if it.get("change")}
    assert own and {entries[change]["outcome"] for change in own} == {"fixed"}, entries
    (known,) = [it for it in ledger.items(moto, table, f"resource#arn:aws:s3:::{BUCKET}")]
    history = json.loads(known["history"]["S"])
    made = {it["id"] for it in entries.values() if any(step["state"] == "applied" for step in it["steps"])}
    counted = {fix["change"] for fixes in history["fixes"].values() for fix in fixes}
    # Fixes that overlap in time count as one.
    assert history["open"] == [] and counted and counted <= made, history


def test_a_change_of_what_is_gone_is_closed_as_such(start: Start, moto: Moto, table: str) -> None:
    made = server(moto)
    dies(start("transfer"), moto, create_server(made), "UpdateServer", "before")
    (left,) = [it for it in ledger.items(moto, table, "change#")]
    # A year old: nobody is at it any more.
    old = "01JAAAAAAA" + left["id"]["S"][10:]
    entry = json.loads(ledger.unzipped(left["body"]["B"])) | {"id": old}
    dynamodb = moto.client("dynamodb")
    dynamodb.delete_item(TableName=table, Key={key: left[key] for key in ("pk", "sk")})
    aged = {"pk": {"S": f"change#{old}"}, "id": {"S": old}, "body": {"B": ledger.zipped(json.dumps(entry).encode())}}
    dynamodb.put_item(TableName=table, Item=left | aged)
    moto.client("transfer").delete_server(ServerId=made)
    assert start("transfer").invoke(schedule(), timeout=120).ok
    (found,) = [it for it in ledger.entries(moto, table) if it["id"] == old]
    assert (found["outcome"], [it["fixed"] for it in found["findings"]]) == ("found-gone", [None] * len(found["findings"]))


def fought(moto: Moto, keeper: Function) -> dict[str, Any]:
    """The event of the fourth time that somebody opens a bucket."""
    trail(moto)
    for _ in range(3):
        assert keeper.invoke(opened(moto)).ok
    list(moto.mail())
    return opened(moto)


def fights(moto: Moto) -> int:
    """The number of new mails about a fight."""
    return len([it for it in moto.mail() if it["subject"].startswith("FOUGHT")])


def test_a_fight_that_could_not_be_told_is_told_later(start: Start, moto: Moto, inbox: Inbox, faults: Faults) -> None:
    keeper = start("bucket", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    event = fought(moto, keeper)
    faults.deny("sns", "Publish")
    assert not keeper.invoke(event).ok
    faults.clear()
    assert keeper.invoke(event).ok and fights(moto) == 1, "Lambda's retry tells it"
    assert keeper.invoke(event).ok and keeper.invoke(opened(moto)).ok and fights(moto) == 0, "and nobody tells it again"


def test_a_function_that_dies_while_it_tells_of_a_fight(start: Start, moto: Moto, inbox: Inbox) -> None:
    settings = {"TRAILKEEPER_TOPIC_ARN": inbox.topic}
    event = fought(moto, start("bucket", **settings))
    dies(start("bucket", **settings), moto, event, "Publish", "before")
    # The call that was on its way may have arrived all the same.
    assert start("bucket", **settings).invoke(event).ok and fights(moto) in (1, 2)


def test_what_is_left_for_later_is_told_once_and_then_together(
    start: Start, moto: Moto, table: str, inbox: Inbox
) -> None:
    kms = moto.client("kms")
    keys = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(5)]
    keeper = start("key", TRAILKEEPER_CHANGES_AN_HOUR="1", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    for key in keys:
        assert keeper.invoke(anew("kms", "DisableKeyRotation", requestParameters={"keyId": key})).ok
    mails = list(moto.mail())
    assert [it["subject"].split()[0] for it in mails] == ["FIXED", "PLANNED"], [it["subject"] for it in mails]
    assert "ChangesAnHour" in mails[1]["text"] and "the first sweep or event after" in mails[1]["text"]
    for item in ledger.items(moto, table, "sweeps"):
        at = {"S": "2026-01-01T00:00:00.000Z"}
        moto.client("dynamodb").put_item(TableName=table, Item=item | {"at": at})
    digest = start("digest", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    assert digest.invoke(schedule()).ok
    (letter,) = moto.mail()
    assert letter["subject"].startswith("3 KMS keys") and all(key.split("/")[-1] in letter["text"] for key in keys[2:])


def test_cheap_changes_hold_back_nothing_that_the_account_needs(start: Start, moto: Moto) -> None:
    last = trail(moto, IsMultiRegionTrail=True)
    keeper = start("trail", TRAILKEEPER_CHANGES_AN_HOUR="1")
    for _ in range(4):
        told = status(keeper.invoke(stopped(moto, last) | {"id": str(uuid.uuid4())}), "cloudtrail-logging")
        assert told["status"] == "fixed" and trail_status(moto)["IsLogging"]


def test_a_document_of_twenty_thousand_letters_fits(start: Start, moto: Moto, table: str) -> None:
    trail(moto)
    s3 = moto.client("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    reader = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:GetObject"}
    policy["Statement"] += [reader | {"Sid": f"Reader{n}", "Resource": f"arn:aws:s3:::{BUCKET}/{n}/*"} for n in range(100)]
    text = json.dumps(policy)
    assert 15_000 < len(text) < 20_480
    s3.put_bucket_policy(Bucket=BUCKET, Policy=text)
    event = api_call("s3", "PutBucketPolicy", requestParameters={"bucketName": BUCKET, "bucketPolicy": policy})
    told = status(start("bucket").invoke(event), "log-bucket-https-only")
    assert told["status"] == "fixed"
    (entry,) = [it for it in ledger.entries(moto, table) if it["id"] == told["change"]]
    before = next(it["before"] for it in entry["steps"] if it["property"]["property"] == "bucket-policy")
    assert before == policy


def test_after_a_fight_somebody_else_is_told_of(start: Start, moto: Moto, inbox: Inbox) -> None:
    trail(moto)
    trail(moto, "other", IsMultiRegionTrail=True)
    moto.client("cloudtrail").start_logging(Name="other")
    keeper = start("bucket", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    session = role_session("terraform")
    for _ in range(6):
        keeper.invoke(by(opened(moto), session))
    about_fight = [it for it in moto.mail() if it["subject"].startswith("FOUGHT")]
    assert len(about_fight) == 1 and "role terraform" in about_fight[0]["text"]
    keeper.invoke(opened(moto))
    (letter,) = [it for it in moto.mail() if "alice" in it["text"]]
    assert letter["subject"].startswith("FOUGHT")


def test_who_uses_the_pause_of_a_fight_is_told_whoever_calls_after(start: Start, moto: Moto, inbox: Inbox) -> None:
    keeper = start("bucket", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    terraform = role_session("terraform")
    trail(moto)
    for _ in range(4):
        assert again(keeper.invoke(batch(by(opened(moto), terraform)))) == []
    assert fights(moto) == 1
    tags = anew("s3", "PutBucketTagging", requestParameters={"bucketName": BUCKET}, eventTime="2026-03-02T11:59:59Z")
    assert again(keeper.invoke(batch(opened(moto), by(tags, terraform)))) == []
    (letter,) = moto.mail()
    assert letter["subject"].startswith("FOUGHT") and "alice" in letter["text"]


def test_a_fight_that_could_not_be_told_is_told_with_a_later_call(
    start: Start, moto: Moto, inbox: Inbox, faults: Faults
) -> None:
    """SQS gives the message back in a batch with others."""
    keeper = start("bucket", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    event = fought(moto, keeper)
    faults.deny("sns", "Publish")
    assert again(keeper.invoke(batch(event))) == ["m0"]
    faults.clear()
    assert again(keeper.invoke(batch(event, opened(moto), received=2))) == []
    assert fights(moto) == 1


def test_a_ledger_that_refuses_is_told(start: Start, moto: Moto, inbox: Inbox, faults: Faults) -> None:
    event = stopped(moto, trail(moto))
    faults.deny("dynamodb")
    assert start("trail", TRAILKEEPER_TOPIC_ARN=inbox.topic).invoke(event).ok
    (letter,) = moto.mail()
    assert letter["subject"].startswith("FAILED critical") and "could not be written to the ledger" in letter["text"]


KMS_ALONE = {
    "mode": "dry-run", "TRAILKEEPER_CONTROLS": "cloudtrail-kms=enforce", "timeout": 90,
}
"""Nothing that can exist only once is made before the key."""


def keys(moto: Moto) -> list[str]:
    """The keys of the account."""
    return [it["KeyId"] for it in moto.client("kms").list_keys()["Keys"]]


def test_of_several_at_once_one_makes_the_key(start: Start, moto: Moto, table: str) -> None:
    arn = trail(moto)
    event = api_call("cloudtrail", "UpdateTrail", requestParameters={"name": arn})
    copies = [start("trail", **KMS_ALONE) for _ in range(6)]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda copy: copy.invoke(event, timeout=90), copies))
    assert len(keys(moto)) == 1
    assert [it["sk"]["S"] for it in ledger.items(moto, table, "making#")] == ["0"]
    assert {status(it, "cloudtrail-kms")["status"] for it in answers if it.ok} <= {"fixed", "compliant"}
    assert all(it.ok or it.error_type == "Trailkeeper.TryAgain" for it in answers), answers


def test_what_another_function_is_making_is_waited_for_until_that_one_has_had_its_minute(
    start: Start, moto: Moto, table: str
) -> None:
    """A process that was killed holds nobody up for longer."""
    arn = trail(moto)
    event = api_call("cloudtrail", "UpdateTrail", requestParameters={"name": arn})
    claim = {
        "pk": {"S": f"making#{ACCOUNT}#us-east-1#alias/trailkeeper-cloudtrail"}, "sk": {"S": "0"}, "process": {"S": "another"},
    }
    keeper = start("trail", **KMS_ALONE)
    for left, made in ((60, 0), (-1, 1)):
        item = claim | {"expires": {"N": str(int(time.time()) + left)}}
        moto.client("dynamodb").put_item(TableName=table, Item=item)
        answer = keeper.invoke(event, timeout=90)
        assert len(keys(moto)) == made, answer
        assert answer.ok == bool(made)
        if not made:
            assert answer.error_type == "Trailkeeper.TryAgain" and "another function of Trailkeeper is making it" in str(answer.error_message)
