"""CloudTrail: which trail a name or an ARN means, seen from an account and a region.

Sources: CloudTrail API reference, DescribeTrails, GetTrail, GetTrailStatus, AddTags; User
Guide, "Creating a trail for an organization".
"""

from __future__ import annotations

import re
from typing import NoReturn

from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.core.exceptions import JsonRESTError

ARN = re.compile(r"arn:[\w-]+:cloudtrail:([\w-]+):(\d{12}):trail/([\w.-]+)", re.ASCII)


class CloudTrailError(JsonRESTError):
    """An error of AWS JSON 1.1: status 400, the code in __type."""

    code = 400


def trails_of(account: str) -> list[Trail]:
    """Every trail of the account, in any region."""
    backends = list(cloudtrail_backends[account].values())
    return [trail for backend in backends for trail in list(backend.trails.values())]


def visible(account: str, region: str, *, shadows: bool = True) -> list[Trail]:
    """What DescribeTrails shows in a region.

    Shadows are multi-region trails of another home region, "or in the case of an
    organization trail, the replication of an organization trail in member accounts".
    Every account of the emulator is a member of the one organization.
    """
    own = [t for t in trails_of(account) if t.region_name == region]
    if not shadows:
        return own
    mine = [t for t in trails_of(account) if t.region_name != region and t.is_multi_region]
    return own + mine + [
        t for t in _of_organization(account) if t.is_multi_region or t.region_name == region
    ]


def readable(account: str, region: str, name: str) -> Trail:
    """GetTrail and its like: by ARN from any region, by name in the trail's own only."""
    if found := lookup(account, region, name):
        return found
    return _unknown(account, region, name)


def lookup(account: str, region: str, name: str) -> Trail | None:
    """The trail that may be read by this name or ARN, if there is one."""
    if not name.startswith("arn:"):
        own = visible(account, region, shadows=False)
        return next((trail for trail in own if trail.trail_name == name), None)
    if not ARN.fullmatch(name):
        raise CloudTrailError("CloudTrailARNInvalidException", f"Invalid trail ARN: {name}")
    everywhere = trails_of(account) + _of_organization(account)
    return next((t for t in everywhere if t.arn == name), None)


def writable(account: str, region: str, name: str) -> Trail:
    """Writes: in the home region only, and a member may not change its organization's trail.

    User Guide: "users in member accounts do not have sufficient permissions to ... change
    an organization trail in any way"; which error says so is not documented.
    """
    found = lookup(account, region, name)
    if found is None:
        shadows = (t for t in trails_of(account) if t.is_multi_region)
        found = next((t for t in shadows if t.trail_name == name), None)
    if found is None:
        return _unknown(account, region, name)
    if found.account_id != account:
        raise CloudTrailError(
            "AccessDeniedException",
            f"Account {account} is not authorized to change the organization trail {found.arn}",
        )
    if found.region_name != region:
        raise CloudTrailError(
            "InvalidHomeRegionException",
            f"Trail {found.arn} cannot be changed in {region}: its home region is "
            f"{found.region_name}",
        )
    return found


def taggable(account: str, region: str, arn: str) -> Trail:
    """AddTags, RemoveTags and ListTags work "in the current Region", on an ARN.

    Their model names no InvalidHomeRegionException, but these two.
    """
    parts = ARN.fullmatch(arn)
    if parts is None:
        raise CloudTrailError("CloudTrailARNInvalidException", f"Invalid trail ARN: {arn}")
    if parts[1] != region:
        raise CloudTrailError(
            "CloudTrailARNInvalidException",
            f"Region in ARN is wrong, you can only access resources in region {region}.",
        )
    found = next((t for t in trails_of(account) if t.arn == arn), None)
    if found is None and any(t.arn == arn for t in _of_organization(account)):
        raise CloudTrailError("AccessDeniedException", f"{arn} is a trail of the organization")
    if found is None:
        raise CloudTrailError("ResourceNotFoundException", f"Resource not found: {arn}")
    return found


def _of_organization(account: str) -> list[Trail]:
    """The organization trails of other accounts."""
    others = [other for other in list(cloudtrail_backends) if other != account]
    return [trail for other in others for trail in trails_of(other) if trail.is_org_trail]


def _unknown(account: str, region: str, name: str) -> NoReturn:
    arn = name if name.startswith("arn:") else f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"
    raise CloudTrailError("TrailNotFoundException", f"Unknown trail: {arn} for the user: {account}")
