"""AWS Organizations for ministack: accounts come page by page, to those who may see them, and belong together.

Sources: Organizations API reference, ListAccounts (the management account's and delegates' alone; a
page may hold less than MaxResults, and NextToken alone says whether there is more); IAM User Guide,
"AWS global condition context keys" (aws:PrincipalOrgID, aws:ResourceOrgID).
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import error_response_json, get_account_id
from ministack.services import organizations

from local_aws.ministack_checks import Response

PAGE = 2


def management(account: str | None) -> str | None:
    """The management account of the organization that an account is in, itself perhaps."""
    of = [owner for owner, member in list(organizations._accounts._data) if member == account]
    return next((owner for owner in of if owner != account), of[0] if of else None)


def organization(account: str | None) -> str | None:
    """The id of the organization that an account is in."""
    owner = management(account)
    return str(organizations._orgs.get_scoped(owner, None, "self")["Id"]) if owner else None


def list_accounts(given: dict[str, Any]) -> Response:
    """Two accounts at a time."""
    refused: Response
    if management(get_account_id()) not in (None, get_account_id()):
        message = "You don't have permissions to access this resource."
        refused = error_response_json("AccessDeniedException", message, 400)
        return refused
    organizations._ensure_org()
    first = int(given.get("NextToken") or 0)
    found = [organizations._public_account(it) for it in organizations._accounts.values()]
    more = {"NextToken": str(first + PAGE)} if first + PAGE < len(found) else {}
    page: Response = organizations._json(200, {"Accounts": found[first : first + PAGE]} | more)
    return page


def patch() -> None:
    """Puts them in place of ministack's own."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_condition_key(key: str, asked: iam_evaluator.EvalContext) -> Any:
        """The value of a condition key; a bucket, whose ARN has no account, counts as the caller's."""
        if key.lower() == "aws:resourceorgid":
            return organization(iam_evaluator._account_from_arn(asked.resource_arn) or asked.principal_account)
        return resolve(key, asked)

    iam_evaluator._resolve_condition_key = resolve_condition_key
    iam_evaluator._principal_org_id = organization
    organizations._DISPATCH["ListAccounts"] = list_accounts
