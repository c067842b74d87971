"""CloudTrail: trails are checked as a whole, known by their ARN, and changed at home only.

Sources: CloudTrail API reference, CreateTrail, UpdateTrail, DescribeTrails, StartLogging,
GetEventSelectors; User Guide, "Quotas in AWS CloudTrail", "Understanding multi-Region trails".
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.cloudtrail.exceptions import InvalidTrailNameException
from moto.cloudtrail.models import CloudTrailBackend, Trail
from moto.cloudtrail.responses import CloudTrailResponse

from local_aws.moto import cloudtrail_selectors as selectors
from local_aws.moto.cloudtrail_checks import check, resolve_key
from local_aws.moto.cloudtrail_find import (
    CloudTrailError,
    lookup,
    readable,
    taggable,
    visible,
    writable,
)
from local_aws.moto.cloudtrail_status import told_to
from local_aws.moto.state import controls

Operation = Callable[[CloudTrailResponse], str]

PREFIX_LIMIT = 200
SETTINGS = {
    "S3BucketName": "bucket_name",
    "S3KeyPrefix": "s3_key_prefix",
    "SnsTopicName": "sns_topic_name",
    "IncludeGlobalServiceEvents": "include_global_service_events",
    "IsMultiRegionTrail": "is_multi_region",
    "EnableLogFileValidation": "log_validation",
    "IsOrganizationTrail": "is_org_trail",
    "CloudWatchLogsLogGroupArn": "cw_log_group_arn",
    "CloudWatchLogsRoleArn": "cw_role_arn",
    "KmsKeyId": "kms_key_id",
}
CHANGE = threading.RLock()
"""A trail is checked and changed in one step."""


def create_trail(self: CloudTrailResponse) -> str:
    """CreateTrail: the trail does not log yet."""
    given = json.loads(self.body)
    name, account, region = given["Name"], self.current_account, self.region
    off = (True, False, False, False, None, None, None)
    with CHANGE:
        trail = _changed(Trail(account, region, name, "", None, None, *off), given)
        for place in _regions(trail):
            own = [t for t in visible(account, place) if t.account_id == account]
            if any(other.trail_name == name for other in own):
                why = f"Trail {name} already exists for customer: {account}"
                raise CloudTrailError("TrailAlreadyExistsException", why)
        _check_room(trail, _regions(trail))
        check(trail)
        self.cloudtrail_backend.trails[name] = trail
        tags = given.get("TagsList", [])
        self.cloudtrail_backend.tagging_service.tag_resource(trail.arn, tags)
    return json.dumps(_settings(trail))


def update_trail(self: CloudTrailResponse) -> str:
    """UpdateTrail: members left out keep their value, an empty string takes it away.

    Neither is in the reference; the User Guide's examples and recorded events show both.
    """
    given = json.loads(self.body)
    with CHANGE:
        trail = writable(self.current_account, self.region, given["Name"])
        changed = _changed(trail, given)
        _check_room(changed, _regions(changed) - _regions(trail))
        check(changed)
        vars(trail).update(vars(changed))
    return json.dumps(_settings(trail))


def _changed(trail: Trail, given: dict[str, Any]) -> Trail:
    """The trail as it would be; its own members are checked, not yet what it depends on."""
    changed = copy.copy(trail)
    for member, attribute in SETTINGS.items():
        if member in given:
            setattr(changed, attribute, None if given[member] == "" else given[member])
    if given.get("IsMultiRegionTrail") and "IncludeGlobalServiceEvents" not in given:
        changed.include_global_service_events = True
    if changed.is_multi_region and not changed.include_global_service_events:
        why = "Multi-Region trail must include global service events."
        raise CloudTrailError("InvalidParameterCombinationException", why)
    if len(changed.s3_key_prefix or "") > PREFIX_LIMIT:
        raise CloudTrailError("InvalidS3PrefixException", "The S3 prefix is too long.")
    logs = {"CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"}
    for missing in logs - given.keys() if logs & given.keys() else ():
        setattr(changed, SETTINGS[missing], None)
    resolve_key(changed)
    return changed


def _regions(trail: Trail) -> set[str]:
    """Where the trail is, or has a shadow."""
    return {trail.region_name, *(controls.regions if trail.is_multi_region else ())}


def _check_room(trail: Trail, regions: Iterable[str]) -> None:
    """Quotas: five trails a region; "a multi-Region trail counts as one trail in each Region"."""
    for region in regions:
        if len(visible(trail.account_id, region)) >= controls.trails:
            why = f"User: {trail.account_id} already has {controls.trails} trails in {region}."
            raise CloudTrailError("MaximumNumberOfTrailsExceededException", why)


def _settings(trail: Trail, *, home: bool = False) -> dict[str, Any]:
    told = {k: v for k, v in trail.description(include_region=home).items() if v is not None}
    if home:
        custom = bool(trail.event_selectors or trail.advanced_event_selectors)
        return told | {
            "HasCustomEventSelectors": custom and trail.event_selectors != [selectors.DEFAULTS],
            "HasInsightSelectors": bool(trail.insight_selectors),
        }
    return {k: v for k, v in told.items() if not k.startswith("Has")}


def get_trail(self: CloudTrailResponse) -> str:
    """GetTrail."""
    trail = readable(self.current_account, self.region, self._get_param("Name"))
    return json.dumps({"Trail": _settings(trail, home=True)})


def get_trail_status(self: CloudTrailResponse) -> str:
    """GetTrailStatus: of a shadow by its ARN only."""
    trail = readable(self.current_account, self.region, self._get_param("Name"))
    return json.dumps(told_to(self.current_account, trail))


def describe_trails(self: CloudTrailResponse) -> str:
    """DescribeTrails: names of this region and account, ARNs of any; unknown ones are left out."""
    given, account = json.loads(self.body or "{}"), self.current_account
    if wanted := given.get("trailNameList"):
        found = [lookup(account, self.region, name) for name in wanted]
    else:
        found = list(visible(account, self.region, shadows=given.get("includeShadowTrails", True)))
    return json.dumps({"trailList": [_settings(trail, home=True) for trail in found if trail]})


def get_event_selectors(self: CloudTrailResponse) -> str:
    """GetEventSelectors: a trail nobody configured logs all management events."""
    trail = readable(self.current_account, self.region, json.loads(self.body)["TrailName"])
    return json.dumps({"TrailARN": trail.arn} | _selected(trail))


def put_event_selectors(self: CloudTrailResponse) -> str:
    """PutEventSelectors: replaces all that there were, of both kinds."""
    given = json.loads(self.body)
    trail = writable(self.current_account, self.region, given["TrailName"])
    put = selectors.checked(given.get("EventSelectors"), given.get("AdvancedEventSelectors"))
    with CHANGE:
        trail.event_selectors, trail.advanced_event_selectors = put
    return json.dumps({"TrailARN": trail.arn} | _selected(trail))


def _selected(trail: Trail) -> dict[str, Any]:
    if trail.advanced_event_selectors:
        return {"AdvancedEventSelectors": trail.advanced_event_selectors}
    return {"EventSelectors": trail.event_selectors or [selectors.DEFAULTS]}


def _limited(operation: Operation) -> Operation:
    def call(self: CloudTrailResponse) -> str:
        """Quotas: one such call a second, account and region; only when it was ordered."""
        place = f"{operation.__name__} {self.current_account} {self.region}"
        if controls.is_throttled("cloudtrail", place):
            raise CloudTrailError("ThrottlingException", "Rate exceeded")
        return operation(self)

    return call


def _counted(operation: Operation) -> Operation:
    def call(self: CloudTrailResponse) -> str:
        """Quotas: ten such reads a second, account and region; only when it was ordered."""
        place = f"{operation.__name__} {self.current_account} {self.region}"
        if controls.is_emptied("cloudtrail-reads", place):
            raise CloudTrailError("ThrottlingException", "Rate exceeded")
        return operation(self)

    return call


def _at_home(operation: Operation) -> Operation:
    def call(self: CloudTrailResponse) -> str:
        """Moto's own operation, once the trail may be changed from here; it gets the name."""
        given = json.loads(self.body)
        member = "TrailName" if "TrailName" in given else "Name"
        trail = writable(self.current_account, self.region, given[member])
        self.body = json.dumps(given | {member: trail.trail_name})
        return operation(self)

    call.__name__ = operation.__name__
    return call


def _tagging(operation: Operation) -> Operation:
    def call(self: CloudTrailResponse) -> str:
        """AddTags, RemoveTags, ListTags: of trails that are here."""
        given = json.loads(self.body)
        for arn in given.get("ResourceIdList") or [given["ResourceId"]]:
            taggable(self.current_account, self.region, arn)
        return operation(self)

    call.__name__ = operation.__name__
    return call


def _check_name(self: Trail) -> None:
    """Names: "no adjacent periods, underscores or dashes", "not be in IP address format"."""
    if re.search(r"[._-]{2}", self.trail_name) or re.fullmatch(r"[\d.]+\.\d+", self.trail_name):
        raise InvalidTrailNameException("Trail name is not valid.")


def patch() -> None:
    """Puts the above into moto's service."""
    check_name = Trail.check_name

    def check_whole_name(self: Trail) -> None:
        """Moto's rules for names, and those which it lacks."""
        check_name(self)
        _check_name(self)

    def topic_arn(self: Trail) -> str | None:
        """SnsTopicName: "the name or ARN of the Amazon SNS topic"."""
        name = self.sns_topic_name
        place = f"{self.partition}:sns:{self.region_name}:{self.account_id}"
        return name if not name or name.startswith("arn:") else f"arn:{place}:{name}"

    Trail.check_name = check_whole_name
    # What a trail depends on is checked once all of it is known.
    Trail.check_bucket_exists = Trail.check_topic_exists = lambda self: None
    Trail.topic_arn = property(topic_arn)
    CloudTrailBackend.describe_trails = lambda self, include_shadow_trails: visible(
        self.account_id, self.region_name, shadows=include_shadow_trails
    )
    for operation in (create_trail, get_trail):
        setattr(CloudTrailResponse, operation.__name__, operation)
    for operation in (get_trail_status, describe_trails, get_event_selectors):
        setattr(CloudTrailResponse, operation.__name__, _counted(operation))
    for operation in (update_trail, put_event_selectors):
        setattr(CloudTrailResponse, operation.__name__, _limited(operation))
    for name in ("start_logging", "stop_logging"):
        setattr(CloudTrailResponse, name, _limited(_at_home(getattr(CloudTrailResponse, name))))
    for name in ("delete_trail", "put_insight_selectors"):
        setattr(CloudTrailResponse, name, _at_home(getattr(CloudTrailResponse, name)))
    for name in ("add_tags", "remove_tags"):
        setattr(CloudTrailResponse, name, _tagging(getattr(CloudTrailResponse, name)))
    CloudTrailResponse.list_tags = _counted(_tagging(CloudTrailResponse.list_tags))
