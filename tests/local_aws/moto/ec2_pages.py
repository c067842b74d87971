"""EC2: lists that are told by the page, or whole.

Sources: Amazon EC2 API reference, DescribeVpcs ("MaxResults ... Minimum value of 5. Maximum
value of 1000"), DescribeFlowLogs (taken to be the same); Developer Guide, "Pagination": "the
action might return fewer results than specified", with a NextToken as long as there are more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses._base_response import EC2BaseResponse

from local_aws.moto.state import controls

Item = TypeVar("Item")

FEWEST, MOST = 5, 1000


def paged(
    request: EC2BaseResponse,
    items: Mapping[str, Item],
    fits: Callable[[Item], bool],
    *,
    whole: bool = False,
) -> tuple[list[Item], dict[str, str]]:
    """The items of the page asked for, and the NextToken if there are more.

    In the order of their ids, so that none is lost or told twice while others come and go.
    Where the test has ordered sparse pages, the filters are applied to each page, which may
    be empty then though others follow.
    """
    size, after = _size(request), _after(request._get_param("NextToken"))
    rest = [it for it in sorted(items) if it > after]
    if not controls.ec2.sparse:
        rest = [it for it in rest if fits(items[it])]
    limit = len(rest) if whole else min(size, controls.ec2.page or MOST)
    chosen = rest[:limit]
    more = {"NextToken": _token(chosen[-1])} if len(rest) > limit else {}
    return [items[it] for it in chosen if fits(items[it])], more


def _size(request: EC2BaseResponse) -> int:
    size = request._get_int_param("MaxResults")
    if size is None:
        return MOST
    if not FEWEST <= size <= MOST:
        bound = f"less than {MOST + 1}" if size > MOST else f"greater than {FEWEST - 1}"
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {bound}.",
        )
    return size


def _token(last: str) -> str:
    return base64.b64encode(f"after {last}".encode()).decode()


def _after(token: str | None) -> str:
    if not token:
        return ""
    try:
        told = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        told = ""
    if not told.startswith("after "):
        raise EC2ClientError("InvalidNextToken", "The token provided is invalid.")
    return told.removeprefix("after ")


def any_fits(values: list[str], patterns: list[Any]) -> bool:
    """A filter: one of the values is like one of those given, with * and ? as wildcards."""
    return any(
        fnmatchcase(value, str(pattern).replace("[", "[[]"))
        for value in values
        for pattern in patterns
    )
