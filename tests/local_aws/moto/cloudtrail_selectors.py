"""CloudTrail: the event selectors of a trail.

Source: CloudTrail API reference, GetEventSelectors, PutEventSelectors, EventSelector,
AdvancedEventSelector, AdvancedFieldSelector and InvalidEventSelectorsException.
"""

from __future__ import annotations

from typing import Any

from local_aws.moto.cloudtrail_find import CloudTrailError

Selectors = list[dict[str, Any]]

DEFAULTS: dict[str, Any] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
BASIC_LIMIT, RESOURCE_LIMIT, VALUE_LIMIT = 5, 250, 500
TYPES = ("All", "ReadOnly", "WriteOnly")
RESOURCES = ("AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table")
SOURCES = frozenset(("kms.amazonaws.com", "rdsdata.amazonaws.com"))
CATEGORIES = ("Management", "Data", "NetworkActivity")
OPERATORS = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")


def checked(basic: Selectors | None, advanced: Selectors | None) -> tuple[Selectors, Selectors]:
    """What a PutEventSelectors makes of a trail: exactly one of the two kinds, as a whole."""
    if bool(basic) == bool(advanced):
        raise _invalid("give either event selectors or advanced event selectors")
    if basic:
        return _basic(basic), []
    return [], _advanced(advanced or [])


def _invalid(why: str) -> CloudTrailError:
    return CloudTrailError("InvalidEventSelectorsException", f"Invalid event selectors: {why}.")


def _basic(selectors: Selectors) -> Selectors:
    filled = [DEFAULTS | selector for selector in selectors]
    resources = [resource for selector in filled for resource in selector["DataResources"]]
    if len(filled) > BASIC_LIMIT:
        raise _invalid(f"more than {BASIC_LIMIT}")
    if any(selector["ReadWriteType"] not in TYPES for selector in filled):
        raise _invalid("unknown ReadWriteType")
    if any(not SOURCES.issuperset(s["ExcludeManagementEventSources"]) for s in filled):
        raise _invalid("unknown event source to exclude")
    if any(r.get("Type") not in RESOURCES or not r.get("Values") for r in resources):
        raise _invalid("a data resource needs a known type and values")
    if sum(len(resource["Values"]) for resource in resources) > RESOURCE_LIMIT:
        raise _invalid(f"more than {RESOURCE_LIMIT} data resources")
    return filled


def _advanced(selectors: Selectors) -> Selectors:
    """Each selects one event category; data and network events also say of what."""
    values = 0
    for selector in selectors:
        fields = {field["Field"]: field for field in selector["FieldSelectors"]}
        if len(fields) != len(selector["FieldSelectors"]):
            raise _invalid("a field is given twice")
        if any(not any(field.get(operator) for operator in OPERATORS) for field in fields.values()):
            raise _invalid("a field without a condition")
        category = fields.get("eventCategory", {}).get("Equals", [])
        if len(category) != 1 or category[0] not in CATEGORIES:
            raise _invalid("eventCategory must equal Management, Data or NetworkActivity")
        if category == ["Data"] and not fields.get("resources.type", {}).get("Equals"):
            raise _invalid("data events need resources.type")
        if category == ["NetworkActivity"] and not fields.get("eventSource", {}).get("Equals"):
            raise _invalid("network activity events need eventSource")
        values += sum(len(f.get(o, [])) for f in fields.values() for o in OPERATORS)
    if values > VALUE_LIMIT:
        raise _invalid(f"more than {VALUE_LIMIT} values")
    return selectors
