"""Errors in one line: what was asked, of whom, and what to do about it."""

from __future__ import annotations

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN = {
    "AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "NotAuthorized",
    "SignatureDoesNotMatch", "UnrecognizedClientException",
}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


def listed(text: str | None) -> list[str]:
    """A list such as `a,b`, each once."""
    return list(dict.fromkeys((text or "").replace(",", " ").split()))


class Refused(Exception):
    """What cannot be done as it was asked, with the reason and the cure."""


def told(error: BotoCoreError | ClientError, asked: dict[str, str]) -> str:
    """An error of AWS or of the way there: what it means, the cure, and which stack, region and account were asked."""
    place = ", ".join(f"{what} {name}" for what, name in asked.items())
    return " ".join(f"{cause(error)}{f' ({place})' if place else ''}".split())


def cause(error: BotoCoreError | ClientError) -> str:
    """What an error means, and the cure."""
    match error:
        case ClientError():
            return answered(error)
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError() | exceptions.CredentialRetrievalError():
            return "No AWS credentials: log in (`aws sso login`, `aws configure`), or name a profile with AWS_PROFILE"
        case exceptions.ProfileNotFound():
            return f"{error}: AWS_PROFILE must name one of `aws configure list-profiles`"
        case exceptions.UnauthorizedSSOTokenError() | exceptions.SSOTokenLoadError() | exceptions.TokenRetrievalError():
            return "The login is over: `aws sso login`"
        case exceptions.HTTPClientError() | exceptions.ConnectionError():
            return f"No answer ({error}): is the region's name right, and is there a network?"
        case exceptions.WaiterError():
            return f"{error}; `aws cloudformation describe-stack-events` has the reason"
        case _:
            return str(error)


def answered(error: ClientError) -> str:
    """What AWS said, and the cure."""
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in EXPIRED:
        return f"The credentials have expired ({code}): log in again"
    if code in UNKNOWN:
        return f"AWS does not know these credentials ({code}): check AWS_PROFILE, and that the region is enabled"
    if code in DENIED:
        return f"{error.operation_name} is denied: {said}. docs/permissions.md has the rights that these commands need"
    return f"{error.operation_name}: {code}: {said}"
