"""Account Management: ListRegions, by which the enabled regions are found."""

from __future__ import annotations

from moto.account import urls
from moto.account.responses import AccountResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from local_aws.moto.state import controls

BY_DEFAULT = frozenset(
    "us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 eu-west-1 eu-west-2 "
    "eu-west-3 eu-central-1 eu-north-1 ap-south-1 ap-northeast-1 ap-northeast-2 "
    "ap-northeast-3 ap-southeast-1 ap-southeast-2".split()
)
OPT_IN = frozenset("af-south-1 ap-east-1 eu-south-1 eu-central-2 me-south-1 il-central-1".split())
STATUSES = ("ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT")
PAGE = 50


class ValidationException(ServiceException):
    code = "ValidationException"


def list_regions(self: AccountResponse) -> ActionResult:
    """Account Management API reference, ListRegions.

    Lists every region with its status, those of `RegionOptStatusContains` only if given,
    at most 50 a page. A region is ENABLED_BY_DEFAULT or has been opted into.
    """
    wanted = self._get_param("RegionOptStatusContains") or STATUSES
    size = self._get_param("MaxResults") or PAGE
    token = self._get_param("NextToken") or "0"
    if not 1 <= size <= PAGE or not token.isdigit() or not set(wanted) <= set(STATUSES):
        raise ValidationException("The input fails to satisfy the constraints of the operation.")
    listed = [
        {"RegionName": name, "RegionOptStatus": status}
        for name, status in sorted(_regions().items())
        if status in wanted
    ]
    first = int(token)
    more = {"NextToken": str(first + size)} if first + size < len(listed) else {}
    return ActionResult({"Regions": listed[first : first + size]} | more)


def _regions() -> dict[str, str]:
    enabled = set(controls.regions)
    off = dict.fromkeys(OPT_IN - enabled, "DISABLED")
    return off | {
        name: "ENABLED_BY_DEFAULT" if name in BY_DEFAULT else "ENABLED" for name in enabled
    }


def patch() -> None:
    """Adds the operation to moto's service."""
    AccountResponse.list_regions = list_regions
    urls.url_paths["{0}/listRegions$"] = AccountResponse.dispatch
