"""AWS Organizations for ministack: accounts come page by page.

Source: Organizations API reference, ListAccounts (a page may hold less than MaxResults, and
NextToken alone says whether there is more).
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import organizations

PAGE = 2

Response = tuple[int, dict[str, str], bytes]


def list_accounts(given: dict[str, Any]) -> Response:
    """Two accounts at a time."""
    organizations._ensure_org()
    first = int(given.get("NextToken") or 0)
    found = [organizations._public_account(it) for it in organizations._accounts.values()]
    page: dict[str, Any] = {"Accounts": found[first : first + PAGE]}
    if first + PAGE < len(found):
        page["NextToken"] = str(first + PAGE)
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(page).encode()


def patch() -> None:
    """Adds them."""
    organizations._DISPATCH["ListAccounts"] = list_accounts
