"""DynamoDB: one request at a time.

Sources: DynamoDB developer guide, "Amazon DynamoDB transactions: how it works": transactions and single writes are
serializable. moto puts back the whole table as it was before a transaction that is cancelled, and with it takes back what
others have written in the meantime.
"""

from __future__ import annotations

from threading import RLock
from typing import Any

from moto.dynamodb.responses import DynamoHandler

CALL_ACTION = DynamoHandler.call_action
_ONE_AT_A_TIME = RLock()


def call_action(self: DynamoHandler) -> Any:
    """Any call."""
    with _ONE_AT_A_TIME:
        return CALL_ACTION(self)


def patch() -> None:
    """Puts the above into moto's service."""
    DynamoHandler.call_action = call_action
