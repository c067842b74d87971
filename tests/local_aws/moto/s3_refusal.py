"""How S3 refuses: an error document in XML, which a HEAD request does not get.

Source: Amazon S3 API reference, "Error responses": the codes, and the status of each.
"""

from __future__ import annotations

import secrets
from xml.sax.saxutils import escape

STATUSES = {
    "AccessDenied": 403,
    "CrossLocationLoggingProhibited": 403,
    "InvalidBucketState": 409,
    "PermanentRedirect": 301,
}
XML = "application/xml"

Answer = tuple[int, dict[str, str], str]


class Refusal(Exception):
    """An error as S3 answers it; the status follows from the code."""

    def __init__(
        self, code: str, message: str, details: dict[str, str] | None = None, region: str | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.told = {"Code": code, "Message": message} | (details or {})
        self.headers = {"content-type": XML} | ({"x-amz-bucket-region": region} if region else {})

    def answer(self, method: str) -> Answer:
        """The answer to a request of this method."""
        status = STATUSES.get(self.code, 400)
        if method == "HEAD":
            return status, self.headers, ""
        told = self.told | {"RequestId": secrets.token_hex(8).upper(), "HostId": secrets.token_hex(16)}
        members = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
        return status, self.headers, f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{members}</Error>'


def denied(message: str = "Access Denied", region: str | None = None) -> Refusal:
    """The refusal of what is not allowed."""
    return Refusal("AccessDenied", message, region=region)


def malformed() -> Refusal:
    """The refusal of a document that is not of the operation's form."""
    return Refusal(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
