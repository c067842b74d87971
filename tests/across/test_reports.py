"""Reports of every family: of the documented shape, published, and with attributes that filter policies can use."""

from __future__ import annotations

import json

import pytest
from conftest import StartFunction
from envelope import schedule
from given import server, trail
from inbox import Inbox, valid
from local_aws.processes import ACCOUNT, Moto
from trails import kept_trail


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
@pytest.mark.parametrize("family", ["transfer", "trail", "bucket", "vpc", "key", "recorder", "monitoring"])
def test_a_sweep_is_told(function: StartFunction, moto: Moto, inbox: Inbox, family: str, mode: str) -> None:
    server(moto)
    trail(moto)
    kept_trail(moto, "watched")
    moto.client("kms").create_key()
    told = {"TRAILKEEPER_TOPIC_ARN": inbox.topic, "TRAILKEEPER_ALARM_ADDRESS": f"arn:aws:sqs:us-east-1:{ACCOUNT}:inbox"}
    answer = valid(function(family, mode=mode, **told).invoke(schedule()))
    assert answer.ok, answer.error_message
    (message,) = inbox.messages()
    attributes = {name: it["Value"] for name, it in message["MessageAttributes"].items()}
    assert attributes["account"] == ACCOUNT and "us-east-1" in attributes["region"]
    assert ("planned" if mode == "dry-run" else "fixed") in attributes["status"]
    report = json.loads(message["Message"])
    news = [it for it in answer.body["results"] if it["status"] not in {"compliant", "exempt", "not-applicable"}]
    assert report == answer.body | {"results": news}
    (letter,) = moto.mail()
    assert all(it["control"] in letter["text"] for it in news)
