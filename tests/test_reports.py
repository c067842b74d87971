"""Reports of every family: of the documented shape, published, and with attributes that filter policies can use."""

from __future__ import annotations

import json

import pytest
from conftest import StartFunction
from envelope import schedule
from given import server, trail
from inbox import Inbox, valid
from local_aws.processes import ACCOUNT, Moto


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
@pytest.mark.parametrize("family", ["transfer", "trail", "bucket", "vpc", "key", "recorder"])
def test_a_sweep_is_told(function: StartFunction, moto: Moto, inbox: Inbox, family: str, mode: str) -> None:
    server(moto)
    trail(moto)
    moto.client("kms").create_key()
    answer = valid(function(family, mode=mode, TRAILKEEPER_TOPIC_ARN=inbox.topic).invoke(schedule()))
    assert answer.ok, answer.error_message
    (message,) = inbox.messages()
    attributes = {name: it["Value"] for name, it in message["MessageAttributes"].items()}
    assert attributes["account"] == ACCOUNT and "us-east-1" in attributes["region"]
    assert ("planned" if mode == "dry-run" else "fixed") in attributes["status"]
    told = json.loads(message["Message"])
    news = [it for it in answer.body["results"] if it["status"] not in {"compliant", "exempt", "not-applicable"}]
    assert told == answer.body | {"results": news}
    (letter,) = moto.mail()
    assert all(it["control"] in letter["text"] for it in news)
