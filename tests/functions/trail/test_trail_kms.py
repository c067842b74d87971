"""A trail's key: the customer's is never edited, ours is made once, kept, and mended."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from dying import dies
from given import key_with, role, trail, trail_arn, trail_bucket, trail_key, trail_key_policy, trust
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import results
from trail_keys import Document, ENCRYPT, check, on_our_key, only_the_root, put_policy, unencrypted
from trails import (
    KEY_CALLS, KMS, OTHER, OUR_KEY, OUR_PURPOSE, UPDATE, WEST, aliased, assert_key_in_order, changes, changing, is_kept, kept_trail,
    key_call, key_policy, name_of, now, our_keys, statuses, trail_call,
)


def test_a_customers_key_that_lost_its_statements_is_advised(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    key = now(moto, arn)["KmsKeyId"]
    put_policy(moto, key, only_the_root())
    outcome = check(function, faults, arn, key_call("PutKeyPolicy", key))
    assert outcome["status"] == "advised"
    for told in (key, ENCRYPT, "kms:DescribeKey", "kms:EncryptionContext:aws:cloudtrail:arn", "aws:SourceArn"):
        assert told in outcome["advice"], told
    assert changes(faults) == [] and key_policy(moto, key) == only_the_root()


def test_of_a_customers_key_only_the_missing_statement_is_told(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto)
    key, whole = now(moto, arn)["KmsKeyId"], trail_key_policy(trail_arn())
    put_policy(moto, key, whole | {"Statement": whole["Statement"][:2]})
    outcome = check(function, faults, arn)
    assert outcome["status"] == "advised"
    assert "kms:DescribeKey" in outcome["advice"] and ENCRYPT not in outcome["advice"]


@pytest.mark.parametrize("whose", ["customers", "ours"])
@pytest.mark.parametrize("call", ["DisableKey", "ScheduleKeyDeletion"])
def test_a_key_that_was_switched_off_is_advised_and_left_so(
    function: StartFunction, moto: Moto, faults: Faults, call: str, whose: str
) -> None:
    if whose == "ours":
        arn, key = on_our_key(function, moto)
    else:
        arn = kept_trail(moto)
        key = now(moto, arn)["KmsKeyId"]
    kms = moto.client("kms")
    if call == "DisableKey":
        kms.disable_key(KeyId=key)
    else:
        kms.schedule_key_deletion(KeyId=key)
    state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    outcome = check(function, faults, arn, key_call(call, key))
    assert outcome["status"] == "advised" and state in outcome["because"] and key in outcome["because"]
    assert changes(faults) == []
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == state
    assert now(moto, arn)["KmsKeyId"] == key


def test_a_key_leads_to_the_trails_that_use_it_and_to_no_other(function: StartFunction, moto: Moto, faults: Faults) -> None:
    kept_trail(moto)
    west = kept_trail(moto, "west", WEST, IsMultiRegionTrail=False)
    started = function("trail", endpoint=faults, mode="enforce")
    found = results(started.invoke(key_call("DisableKey", now(moto, west)["KmsKeyId"])))
    assert {it["resource"] for it in found} == {west}
    assert results(started.invoke(key_call("DisableKey", trail_key(moto)))) == []
    assert changes(faults) == []


def encrypting_taken_out(document: Document) -> None:
    document["Statement"] = [it for it in document["Statement"] if it["Action"] != ENCRYPT]


def encrypting_for_another(document: Document) -> None:
    for it in document["Statement"]:
        if it["Action"] == ENCRYPT:
            it["Condition"]["ArnLike"]["aws:SourceArn"] = trail_arn("other")


def all_but_the_root(document: Document) -> None:
    document["Statement"] = document["Statement"][:1]


THEIRS = {
    "Sid": "AllowCloudTrailEncryptLogs2", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
    "Action": ["kms:Decrypt"], "Resource": "*",
}


@pytest.mark.parametrize("cut", [encrypting_taken_out, encrypting_for_another, all_but_the_root])
def test_our_key_gets_back_what_it_lost_and_keeps_all_else(
    function: StartFunction, moto: Moto, faults: Faults, cut: Any
) -> None:
    arn, key = on_our_key(function, moto)
    document = key_policy(moto, key)
    cut(document)
    document["Statement"].insert(1, THEIRS)
    put_policy(moto, key, document)
    outcome = check(function, faults, arn, key_call("PutKeyPolicy", key))
    assert outcome["status"] == "advised" and changing(faults) == ["kms:PutKeyPolicy"]
    assert f"{OTHER}:root may kms:Decrypt" in outcome["advice"], "a reader elsewhere is told and left"
    (step,) = outcome["steps"]
    assert step["before"] == document and step["after"] == key_policy(moto, key)
    restored = key_policy(moto, key)["Statement"]
    assert restored[: len(document["Statement"])] == document["Statement"], "in its order and its words"
    assert "LatestDeliveryError" not in moto.client("cloudtrail").get_trail_status(Name=arn)


def test_a_deny_in_the_policy_of_our_key_is_advised(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn, key = on_our_key(function, moto)
    document = key_policy(moto, key)
    deny = {"Effect": "Deny", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ENCRYPT, "Resource": "*"}
    document["Statement"].append(deny)
    put_policy(moto, key, document)
    outcome = check(function, faults, arn)
    assert outcome["status"] == "advised" and "denies" in outcome["advice"]
    assert changes(faults) == [] and key_policy(moto, key) == document



def test_a_key_that_is_gone_is_replaced_by_ours(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """No call deletes a key at once: it is gone for whoever asks once its time is up."""
    arn = kept_trail(moto)
    key = now(moto, arn)["KmsKeyId"]
    message = f"Key '{key}' does not exist"
    faults.rule("kms", "DescribeKey", times=1, error="NotFoundException", status=400, message=message)
    faults.rule("kms", "GetKeyPolicy", times=1, error="NotFoundException", status=400, message=message)
    outcome = check(function, faults, arn)
    assert outcome["status"] == "fixed" and key in outcome["because"]
    assert changing(faults) == [*KEY_CALLS, UPDATE]
    assert outcome["steps"][-1]["before"] == {"KmsKeyId": key}
    assert now(moto, arn)["KmsKeyId"] == assert_key_in_order(moto)


def test_the_key_is_made_where_the_bucket_is(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bucket = trail_bucket(moto, "far-logs", WEST, trail_arn())
    arn = unencrypted(moto, S3BucketName=bucket)
    outcome = check(function, faults, arn)
    assert outcome["status"] == "fixed" and changing(faults) == [*KEY_CALLS, UPDATE]
    assert {call.region for call in changes(faults) if call.service == "kms"} == {WEST}
    assert now(moto, arn)["KmsKeyId"] == assert_key_in_order(moto, WEST)
    assert our_keys(moto, REGION) == []


def named_as_ours(moto: Moto, document: Document, *, described: bool = False) -> str:
    """A key under our alias, and with our description."""
    key, kms = key_with(moto, document), moto.client("kms")
    kms.create_alias(AliasName=OUR_KEY, TargetKeyId=name_of(key))
    if described:
        kms.update_key_description(KeyId=name_of(key), Description=OUR_PURPOSE)
    return key


def second_of(moto: Moto) -> str:
    """The key behind our second alias; its ARN."""
    kms = moto.client("kms")
    return str(kms.describe_key(KeyId=f"{OUR_KEY}-2")["KeyMetadata"]["Arn"])


@pytest.mark.parametrize("described", [False, True])
@pytest.mark.parametrize("serves", [False, True])
def test_somebody_elses_key_under_our_alias_is_not_used(
    function: StartFunction, moto: Moto, faults: Faults, serves: bool, described: bool
) -> None:
    arn = unencrypted(moto)
    theirs = trail_key_policy(arn) if serves else only_the_root()
    if described:
        theirs = theirs | {"Statement": [*theirs["Statement"], MALLORYS]}
    key = named_as_ours(moto, theirs, described=described)
    outcome = check(function, faults, arn)
    assert outcome["status"] == "fixed"
    assert key in outcome["steps"][0]["summary"] and "is not used" in outcome["steps"][0]["summary"]
    assert key_policy(moto, key) == theirs and aliased(moto) == [name_of(key)]
    assert now(moto, arn)["KmsKeyId"] == second_of(moto) != key
    assert check(function, moto, arn)["status"] == "compliant"


MALLORYS = {"Sid": "OnlyMe", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "kms:*", "Resource": "*"}


def test_a_key_with_our_description_alone_is_not_taken_up(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Whoever may make and describe keys must not be able to choose the trail's."""
    arn, root = unencrypted(moto), only_the_root()
    planted = key_with(moto, root | {"Statement": [*root["Statement"], MALLORYS]})
    moto.client("kms").update_key_description(KeyId=name_of(planted), Description=OUR_PURPOSE)
    assert check(function, faults, arn)["status"] == "fixed" and "kms:CreateKey" in changing(faults)
    assert now(moto, arn)["KmsKeyId"] != planted and aliased(moto) != [name_of(planted)]


def test_whoever_was_let_into_our_key_is_put_out(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn, key = on_our_key(function, moto)
    whole = key_policy(moto, key)
    put_policy(moto, key, whole | {"Statement": [*whole["Statement"], MALLORYS]})
    outcome = check(function, faults, arn, key_call("PutKeyPolicy", key))
    assert outcome["status"] == "fixed" and f"{OTHER}:root may kms:*" in outcome["because"]
    assert key_policy(moto, key) == whole and changing(faults) == ["kms:PutKeyPolicy"]


def test_what_our_own_account_may_do_with_our_key_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn, key = on_our_key(function, moto)
    whole = key_policy(moto, key)
    admin = MALLORYS | {"Principal": {"AWS": f"arn:aws:iam::{key.split(':')[4]}:role/admin"}}
    role(moto, "admin", trust("ec2.amazonaws.com"))
    put_policy(moto, key, whole | {"Statement": [*whole["Statement"], admin]})
    outcome = check(function, faults, arn, key_call("PutKeyPolicy", key))
    assert outcome["status"] == "advised" and "role/admin may kms:*" in outcome["advice"]
    assert changes(faults) == []


def test_our_key_is_mended_before_it_is_set(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = unencrypted(moto)
    key = named_as_ours(moto, only_the_root(), described=True)
    assert check(function, faults, arn)["status"] == "fixed"
    assert sorted(changing(faults)) == sorted(["kms:PutKeyPolicy", "kms:EnableKeyRotation", UPDATE])
    assert now(moto, arn)["KmsKeyId"] == key and aliased(moto) == [name_of(key)]
    assert is_kept(key_policy(moto, key)["Statement"], "trail"), "a key from before is kept by its policy now"


def test_a_key_that_lost_its_maker_before_it_had_its_name_is_taken_up(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = unencrypted(moto)
    dies(function("trail", mode="enforce"), moto, trail_call("UpdateTrail", arn), "CreateAlias", "before")
    (key,) = our_keys(moto)
    assert aliased(moto) == []
    assert check(function, faults, arn)["status"] == "fixed"
    assert "kms:CreateKey" not in changing(faults)
    assert now(moto, arn)["KmsKeyId"] == key == assert_key_in_order(moto)


def test_two_trails_of_a_region_share_one_key(function: StartFunction, moto: Moto) -> None:
    arns = [trail(moto, name) for name in ("one", "two")]
    started = function("trail", mode="enforce")
    for arn in arns:
        assert statuses(started.invoke(trail_call("UpdateTrail", arn)), arn)[KMS] == "fixed"
    key = assert_key_in_order(moto)
    assert {now(moto, arn)["KmsKeyId"] for arn in arns} == {key}
