"""The control interface of ministack at /_local/: what a test tells of the world around the account.

`serves` adds to it: a POST of a JSON document, answered with one.
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core.responses import _request_account_id, set_request_region

Control = Callable[[dict[str, Any]], Any]
_controls: dict[str, Control] = {}


def serves(name: str, control: Control) -> None:
    """Serves POST /_local/NAME."""
    _controls[f"/_local/{name}"] = control


def at(account: str, region: str, work: Callable[[], Any]) -> Any:
    """Does something in an account and region, whoever asked for it."""

    def there() -> Any:
        _request_account_id.set(account)
        set_request_region(region)
        return work()

    return contextvars.copy_context().run(there)


def patch() -> None:
    """Comes before everything else that a request may be for."""
    elsewhere = app._handle_post_body_shortcuts

    async def handle(method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        """One request."""
        if method != "POST" or path not in _controls:
            return await elsewhere(method, path, headers, body, *rest)
        answer = contextvars.copy_context().run(_controls[path], json.loads(body))
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    app._handle_post_body_shortcuts = handle
