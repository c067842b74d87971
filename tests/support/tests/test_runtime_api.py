"""The stub of the Lambda Runtime API, with a function written in a few lines of Python."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime_api import Function, FunctionError

BOOTSTRAP = '''
import http.client, json, os, sys, time

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/"

def post(path, body, **headers):
    api.request("POST", base + path, body, headers)
    return api.getresponse().read()

if os.environ.get("BROKEN"):
    post("init/error", json.dumps({"errorType": "Setup", "errorMessage": "no mode"}))
    sys.exit(1)
print("plain line", flush=True)
while True:
    api.request("GET", base + "invocation/next")
    event = api.getresponse()
    body = event.read()
    here = "invocation/" + event.headers["Lambda-Runtime-Aws-Request-Id"]
    print(json.dumps({"bytes": len(body)}), flush=True)
    if body == b"die":
        sys.exit(3)
    if body == b"sleep":
        time.sleep(60)
    if body == b"fail":
        post(here + "/error", json.dumps({"errorType": "Refused", "errorMessage": "why"}))
    elif body == b"large":
        post(here + "/response", b"x" * 7_000_000)
    elif body == b"chunks":
        api.request("POST", base + here + "/response", iter([b'{"a":', b"1}"]), encode_chunked=True,
                    headers={"Transfer-Encoding": "chunked"})
        api.getresponse().read()
    else:
        told = {"bytes": len(body), "environment": dict(os.environ),
                "headers": {k.lower(): v for k, v in event.headers.items()}}
        post(here + "/response", json.dumps(told))
'''


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """Runs the function above."""
    path = tmp_path / "bootstrap.py"
    path.write_text(BOOTSTRAP)
    return [sys.executable, str(path)]


@pytest.fixture
def echo(command: list[str]) -> Iterator[Function]:
    """The function above, running."""
    with Function(command, {"SETTING": "value"}) as running:
        yield running


def test_an_event_is_answered(echo: Function) -> None:
    before = time.time()
    answer = echo.invoke({"a": 1}, timeout=20)
    after = time.time()
    assert answer.ok and answer.body["bytes"] == len('{"a": 1}')
    headers = answer.body["headers"]
    assert headers["lambda-runtime-invoked-function-arn"] == echo.arn
    assert before - 0.001 <= int(headers["lambda-runtime-deadline-ms"]) / 1000 - 20 <= after
    assert headers["lambda-runtime-trace-id"].startswith("Root=")


def test_the_environment_is_that_of_lambda_and_no_more(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("HOME", "/home/me")
    with Function(command, {"SETTING": "value", "AWS_ACCESS_KEY_ID": "given"}) as running:
        found = running.invoke("{}").body["environment"]
    assert found["SETTING"] == "value"
    assert found["AWS_ACCESS_KEY_ID"] == "given"
    assert found["AWS_SECRET_ACCESS_KEY"] == "testing"
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "transfer"
    assert found["AWS_REGION"] == "us-east-1"
    assert not {"AWS_PROFILE", "HOME"} & found.keys()


def test_events_may_be_large_and_need_not_be_json(echo: Function) -> None:
    assert echo.invoke(b"\xff\x00" * 2_000_000).body["bytes"] == 4_000_000
    assert echo.invoke("not json").body["bytes"] == 8
    assert echo.invoke(b"").body["bytes"] == 0
    assert echo.invoke("chunks").body == {"a": 1}


def test_an_error_is_told_apart_from_a_response(echo: Function) -> None:
    answer = echo.invoke("fail")
    assert (answer.ok, answer.error_type, answer.error_message) == (False, "Refused", "why")
    assert echo.invoke("{}").ok


def test_a_response_larger_than_lambda_takes_is_an_error(echo: Function) -> None:
    answer = echo.invoke("large")
    assert (answer.ok, answer.error_type) == (False, "Function.ResponseSizeTooLarge")
    assert echo.invoke("{}").ok


def test_what_is_measured_and_logged(echo: Function) -> None:
    assert 0 < echo.first_next < 10
    echo.invoke("{}")
    assert echo.peak_rss_kib > 1000
    assert "plain line" in echo.log
    assert echo.log_json == [{"bytes": 2}]


def test_the_end_of_the_process_is_told_with_its_log(echo: Function) -> None:
    with pytest.raises(FunctionError, match=r"(?s)ended with 3.*plain line"):
        echo.invoke("die")
    assert not echo.alive
    assert echo.wait_exit() == 3


def test_an_answer_is_awaited_until_the_time_is_up(echo: Function) -> None:
    assert echo.first_next
    start = time.monotonic()
    with pytest.raises(FunctionError, match="in time"):
        echo.invoke("sleep", timeout=0.5)
    assert time.monotonic() - start < 5
    assert echo.alive


def test_a_function_is_killed_in_the_middle_of_an_event(echo: Function) -> None:
    assert echo.first_next
    pending = echo.begin("sleep")
    while not echo.log_json:
        time.sleep(0.01)
    echo.kill()
    assert not echo.alive
    assert echo.wait_exit() == -9
    assert echo.peak_rss_kib > 1000
    with pytest.raises(FunctionError, match="ended with -9"):
        pending.answer()


def test_a_function_that_cannot_start_says_so(command: list[str]) -> None:
    with Function(command, {"BROKEN": "yes"}) as running:
        assert running.wait_exit() == 1
        assert running.init_error and running.init_error.error_message == "no mode"
        with pytest.raises(FunctionError, match="did not ask"):
            _ = running.first_next
