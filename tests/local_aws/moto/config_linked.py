"""AWS Config: service-linked configuration recorders, and the tags of all recorders.

Sources: AWS Config API reference, PutServiceLinkedConfigurationRecorder,
DeleteServiceLinkedConfigurationRecorder, UnmodifiableEntityException, TagResource. Their names
are those that AWS Security Hub, CloudWatch and Network Flow Monitor document; that of any
other service is made up.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moto.config.models import ConfigBackend, validate_tags
from moto.config.responses import ConfigResponse
from moto.iam.exceptions import IAMException
from moto.iam.models import iam_backends

from local_aws.moto.config_delivery import LINKED, SERVICE, ConfigError

Told = dict[str, Any]

PREFIX = "AWSConfigurationRecorderFor"
NAMES = {
    "securityhub.amazonaws.com": "SecurityHubCSPM",
    "observabilityadmin.amazonaws.com": "ObservabilityAdmin",
    "topology.networkflowmonitor.amazonaws.com": "NetworkFlowMonitorTopologyService",
}
GROUP = {
    "allSupported": False,
    "includeGlobalResourceTypes": False,
    "resourceTypes": ["AWS::EC2::VPC"],
    "exclusionByResourceTypes": {"resourceTypes": []},
    "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"},
}


class Tagged:
    """What moto asks for the tags of an ARN."""

    def __init__(self, tags: dict[str, str]) -> None:
        self.tags = tags


def linked_in(backend: ConfigBackend) -> dict[str, Told]:
    """The service-linked recorders of a region, as they are described, by name."""
    found: dict[str, Told] = vars(backend).setdefault("linked", {})
    return found


def arn_of(backend: ConfigBackend, name: str) -> str:
    """Service Authorization Reference: ...:configuration-recorder/NAME/ID, 16 characters."""
    place = f"{backend.partition}:config:{backend.region_name}:{backend.account_id}"
    number = hashlib.sha256(f"{place}:{name}".encode()).hexdigest()[:16]
    return f"arn:{place}:configuration-recorder/{name}/{number}"


def unmodifiable(name: str) -> ConfigError:
    """The refusal of what is not to be done to a service-linked recorder."""
    why = f"The configuration recorder '{name}' is service-linked; the operation is not valid."
    return ConfigError("UnmodifiableEntityException", why)


def status(backend: ConfigBackend, name: str) -> Told:
    """ "Service-linked configuration recorders are always recording"."""
    told = linked_in(backend)[name]
    shared = {key: told[key] for key in ("arn", "name", "servicePrincipal")}
    return shared | {"recording": True, "lastStatus": "NotApplicable"}


def put_service_linked_configuration_recorder(self: ConfigResponse) -> str:
    """Makes AWSServiceRoleForConfig too, where it is missing; one recorder per service."""
    backend, principal = self.config_backend, self._get_param("ServicePrincipal")
    service = NAMES.get(principal, principal.partition(".")[0].capitalize())
    name, linked = f"{PREFIX}{service}", linked_in(backend)
    tags = validate_tags(self._get_param("Tags") or [])
    if name in linked:
        why = f"A service-linked configuration recorder already exists for {principal}."
        raise ConfigError("ConflictException", why)
    role = f"arn:{backend.partition}:iam::{backend.account_id}:role/{LINKED}"
    try:
        iam_backends[backend.account_id][backend.partition].create_service_linked_role(
            SERVICE, "", ""
        )
    except IAMException:
        pass
    told = {
        "arn": arn_of(backend, name),
        "name": name,
        "roleARN": role,
        "recordingGroup": GROUP,
        "recordingMode": {"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": []},
        "recordingScope": "INTERNAL",
        "servicePrincipal": principal,
    }
    linked[name] = told
    vars(backend).setdefault("linked_tags", {})[told["arn"]] = Tagged(tags)
    return json.dumps({"Arn": told["arn"], "Name": name})


def delete_service_linked_configuration_recorder(self: ConfigResponse) -> str:
    """By the service principal, or by the recorder's ARN."""
    linked, principal = linked_in(self.config_backend), self._get_param("ServicePrincipal")
    arn = self._get_param("Arn")
    for name, told in linked.items():
        if told["servicePrincipal"] == principal or told["arn"] == arn:
            del linked[name]
            return json.dumps({"Arn": told["arn"], "Name": name})
    why = f"Cannot find a service-linked configuration recorder for '{principal or arn}'."
    raise ConfigError("NoSuchConfigurationRecorderException", why)


def patch() -> None:
    """Adds the operations, and recorders to what may be tagged."""
    match = ConfigBackend._match_arn

    def _match_arn(self: ConfigBackend, resource_arn: str) -> Any:
        """TagResource, UntagResource, ListTagsForResource: of a recorder's ARN too."""
        known = {vars(one)["arn"]: vars(one)["_tagged"] for one in self.recorders.values()}
        known |= vars(self).get("linked_tags", {})
        return known.get(resource_arn) or match(self, resource_arn)

    ConfigBackend._match_arn = _match_arn
    for operation in (
        put_service_linked_configuration_recorder,
        delete_service_linked_configuration_recorder,
    ):
        setattr(ConfigResponse, operation.__name__, operation)
