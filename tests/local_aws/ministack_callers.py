"""What a request says of its caller and its way: the second factor, the service, TLS and the network.

Sources: IAM User Guide, "AWS global condition context keys". aws:MultiFactorAuthPresent is there "only when the
principal uses temporary security credentials", true where they were got with MFA; aws:MultiFactorAuthAge only where MFA
was used; aws:PrincipalIsAWSService and aws:ViaAWSService in every signed request. "Secure API access with MFA":
GetSessionToken and AssumeRole take the serial of a device of the calling user with six digits, and no other call does.
Which digits a device shows is not checked.
"""

from __future__ import annotations

import re
import time
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import iam, sts

from local_aws import ministack_control
from local_aws.ministack_checks import Call, Response

GIVE = {"AssumeRole", "GetSessionToken"}
KEY = re.compile(rb"<AccessKeyId>([^<]+)<")
AT = "MfaAt"
"""In a session: when the second factor was shown."""
WAY: dict[str, Any] = {}
"""From where and how calls come, where a test says so: the address, and whether over TLS."""


def refused(call: Call, caller: str) -> str | None:
    """Why no session is given for the device and code of a request."""
    serial, code = call.one("SerialNumber"), call.one("TokenCode")
    device = iam._mfa_devices.get(serial)
    owner = f":user/{device['User']}" if device and device["User"] else None
    if not code:
        return "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    if owner is None or not caller.endswith(owner):
        return "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
    return None if re.fullmatch(r"\d{6}", code) else "MultiFactorAuthentication failed with invalid MFA one time pass code. "


def patch_sessions() -> None:
    """A session that was got with a device's code says so, and no session that is got from it."""
    elsewhere = sts.handle_request

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        call = Call(method, path, headers, body, query)
        asked = call.operation in GIVE and (call.one("SerialNumber") or call.one("TokenCode"))
        if asked and (why := refused(call, iam_evaluator.request_caller_arn(headers, query))):
            denied: Response = sts._error(403, "AccessDenied", why, ns="sts")
            return denied
        answer: Response = await elsewhere(method, path, headers, body, query)
        if asked and answer[0] == 200 and (found := KEY.search(answer[2])):
            sts._sessions[found[1].decode()][AT] = time.time()
        return answer

    sts.handle_request = handle_request


def patch_keys() -> None:
    """Adds the keys of a caller."""
    principal_keys, resolve = iam_evaluator._principal_keys, iam_evaluator._resolve_condition_key

    def of(credential: Any) -> dict[str, Any]:
        found: dict[str, Any] = principal_keys(credential)
        session = sts._sessions.get(credential.access_key_id) or {}
        if AT in session:
            age = str(int(time.time() - session[AT]))
            found |= {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": age}
        return found

    def resolve_condition_key(key: str, asked: Any) -> Any:
        found = resolve(key, asked)
        match key.lower():
            case "aws:principalisawsservice" if found is None:
                return str(asked.principal_type == "Service").lower()
            case "aws:viaawsservice" if found is None:
                return "false"
            case _:
                return found

    iam_evaluator._principal_keys = sts._principal_keys = of
    iam_evaluator._resolve_condition_key = resolve_condition_key


def patch_way() -> None:
    """Calls count as made over TLS, as all to AWS are: else a bucket that asks for it is locked. A test may say otherwise."""
    elsewhere = app.pin_request_origin
    app.pin_request_origin = lambda address, _: elsewhere(WAY.get("address", address), WAY.get("tls", True))


def way(given: dict[str, Any]) -> dict[str, Any]:
    """Has all calls come this way from now on; without an address or TLS, as they come."""
    WAY.clear()
    WAY.update(given)
    return {}


def patch() -> None:
    """Adds what a request says."""
    patch_sessions()
    patch_keys()
    patch_way()
    ministack_control.serves("way", way)
