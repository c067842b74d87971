"""SNS: checks of a published message which moto lets pass.

Source: Amazon SNS API reference, Publish.
"""

from __future__ import annotations

import json
import unicodedata

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.responses import SNSResponse

SUBJECT_LIMIT = 100
MESSAGE_LIMIT = 262_144


def _check_subject(subject: str) -> None:
    """Subject: no line breaks or control characters, 100 characters at most, not empty.

    Earlier editions of the reference allowed ASCII only, and some regions' e-mail
    endpoints may still: anything else is refused here.
    """
    control = any(unicodedata.category(c) == "Cc" for c in subject)
    if control or not subject or len(subject) > SUBJECT_LIMIT or not subject.isascii():
        raise SNSInvalidParameter("Invalid parameter: Subject")


def _check_message(message: str, structure: str | None) -> None:
    """Message: 262,144 bytes at most, not empty; as "json" an object with a string "default"."""
    if not message:
        raise SNSInvalidParameter("Invalid parameter: Empty message")
    if len(message.encode()) > MESSAGE_LIMIT:
        raise SNSInvalidParameter("Invalid parameter: Message too long")
    if structure is None:
        return
    if structure != "json":
        raise SNSInvalidParameter("Invalid parameter: MessageStructure")
    try:
        texts = json.loads(message)
    except ValueError as wrong:
        raise SNSInvalidParameter(
            "Invalid parameter: Message Structure - JSON message body failed to parse"
        ) from wrong
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise SNSInvalidParameter(
            "Invalid parameter: Message Structure - No default entry in JSON message body"
        )


def patch() -> None:
    """Checks a message before moto publishes it."""
    publish_unchecked = SNSResponse.publish

    def publish(self: SNSResponse) -> ActionResult:
        """Publish, with the checks above."""
        subject = self._get_param("Subject")
        if subject is not None:
            _check_subject(subject)
        _check_message(self._get_param("Message") or "", self._get_param("MessageStructure"))
        return publish_unchecked(self)

    SNSResponse.publish = publish
