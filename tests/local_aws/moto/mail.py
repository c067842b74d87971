"""SNS: e-mail subscriptions. Moto drops what is sent to them; here it is kept to be read.

Source: Amazon SNS Developer Guide, "Publishing with a message structure": a subscriber gets
the text for its protocol, else the default one.
"""

from __future__ import annotations

from typing import Any

from moto.sns.models import Subscription

from local_aws.moto.state import controls


def take() -> list[dict[str, str]]:
    """What arrived since the last time, oldest first."""
    arrived = controls.letters[:]
    del controls.letters[: len(arrived)]
    return arrived


def patch() -> None:
    """Keeps what is published to an e-mail address."""
    publish_elsewhere = Subscription.publish

    def publish(self: Subscription, message: str, message_id: str, **told: Any) -> None:
        """Delivers one message to one subscriber."""
        publish_elsewhere(self, message, message_id, **told)
        if self.protocol == "email":
            # The same name as in moto: "json" picks the text for this protocol.
            if told.get("message_structure") == "json":
                message = self._parse_message_structure(message, self.protocol)
            subject = told.get("subject") or ""
            controls.letters.append({"to": self.endpoint, "subject": subject, "text": message})

    Subscription.publish = publish
