"""An organization of several accounts, which ministack has not: there each account is one by itself.

Sources: AWS Organizations API reference, ListAccounts; IAM User Guide, "AWS global condition
context keys" (aws:PrincipalOrgID, aws:ResourceOrgID).

`POST /_local/organization` with "id", "management" and "accounts", the status of each by its id,
makes it; "delegates" are the accounts that may list them besides.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import error_response_json, get_account_id
from ministack.services import organizations

from local_aws import ministack_control
from local_aws.ministack_checks import Response

PAGE = 2
_organization: dict[str, Any] = {}


def of(account: str | None) -> str | None:
    """The id of the organization that an account is in."""
    return str(_organization["id"]) if account in _organization.get("accounts", {}) else None


def make(given: dict[str, Any]) -> dict[str, Any]:
    """The one organization that there is."""
    _organization.clear()
    _organization.update(given)
    return {}


def list_accounts(given: dict[str, Any]) -> Response:
    """ListAccounts: for the management account and delegates alone, in pages, closed ones too."""
    if of(get_account_id()) is None:
        return error_response_json("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.", 400)
    if get_account_id() not in (_organization["management"], *_organization.get("delegates", [])):
        return error_response_json("AccessDeniedException", "You don't have permissions to access this resource.", 400)
    start, size = int(given.get("NextToken") or 0), min(int(given.get("MaxResults") or PAGE), PAGE)
    listed = list(_organization["accounts"].items())
    page = [
        {
            "Id": account, "Name": account, "Email": f"{account}@example.com", "Status": status, "State": status,
            "JoinedMethod": "CREATED", "JoinedTimestamp": 1735689600,
            "Arn": f"arn:aws:organizations::{_organization['management']}:account/{_organization['id']}/{account}",
        }
        for account, status in listed[start : start + size]
    ]
    more = {"NextToken": str(start + size)} if start + size < len(listed) else {}
    return organizations._json(200, {"Accounts": page} | more)


def patch() -> None:
    """Puts it in place of ministack's own."""
    resolve, reset = iam_evaluator._resolve_condition_key, organizations.reset

    def resolve_condition_key(key: str, asked: iam_evaluator.EvalContext) -> Any:
        """The value of a condition key; a bucket, whose ARN has no account, counts as the caller's."""
        if key.lower() == "aws:resourceorgid":
            return of(iam_evaluator._account_from_arn(asked.resource_arn) or asked.principal_account)
        return resolve(key, asked)

    def reset_all() -> None:
        """There is none any more."""
        _organization.clear()
        reset()

    iam_evaluator._resolve_condition_key = resolve_condition_key
    iam_evaluator._principal_org_id = of
    organizations._DISPATCH["ListAccounts"] = list_accounts
    organizations.reset = reset_all
    ministack_control.serves("organization", make)
