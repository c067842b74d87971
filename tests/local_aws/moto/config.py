"""AWS Config: what must be there before what, and what AWS refuses where moto does not.

Sources: AWS Config API reference, PutConfigurationRecorder, PutDeliveryChannel,
DescribeConfigurationRecorders, StartConfigurationRecorder; Developer Guide, "Working with the
Configuration Recorder". Everything is per region, as in moto. InvalidRoleException is
documented for an empty role only; that a missing or untrusting one gets it is an assumption.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from moto.config.exceptions import NameTooLongException, NoSuchConfigurationRecorderException
from moto.config.models import (
    ConfigBackend,
    ConfigDeliveryChannel,
    ConfigRecorder,
    validate_tags,
)
from moto.config.responses import ConfigResponse

from local_aws.moto import config_linked, config_status
from local_aws.moto.config_delivery import TOPIC, ConfigError, problem, role_of
from local_aws.moto.config_linked import PREFIX, Tagged, arn_of, linked_in
from local_aws.moto.state import controls

Operation = Callable[[ConfigResponse], str]

CHANGE = threading.RLock()
"""Of several calls at once one comes first: moto looks and changes in two steps."""
FREQUENCIES = ("CONTINUOUS", "DAILY")
KEPT = {"s3BucketName": "s3_bucket_name", "snsTopicARN": "sns_topic_arn"}


def put_configuration_recorder(self: ConfigResponse) -> str:
    """PutConfigurationRecorder: what is left out goes back to its default, of the role too.

    Tags are set at creation only; a later call ignores them.
    """
    backend, given = self.config_backend, dict(self._get_param("ConfigurationRecorder"))
    given.setdefault("name", "default")
    tags = validate_tags(self._get_param("Tags") or [])
    with CHANGE:
        before = backend.recorders.get(given["name"])
        _check_recorder(backend, given)
        backend.put_configuration_recorder(given)
        recorder = backend.recorders[given["name"]]
        vars(recorder).update(
            arn=arn_of(backend, recorder.name),
            _tagged=vars(before)["_tagged"] if before else Tagged(tags),
            recording_scope="PAID",
            recording_mode=_mode(given.get("recordingMode")),
        )
    return ""


def _check_recorder(backend: ConfigBackend, given: dict[str, Any]) -> None:
    name, role = given["name"], given.get("roleARN")
    if name in linked_in(backend) or given.get("servicePrincipal"):
        raise config_linked.unmodifiable(name)
    if name.startswith(PREFIX):
        why = f"The configuration recorder name '{name}' is not valid: {PREFIX} is reserved."
        raise ConfigError("InvalidConfigurationRecorderNameException", why)
    if not role or role_of(backend, role) is None or controls.is_too_early(role):
        why = f"The role '{role}' does not exist in the account, or AWS Config cannot assume it."
        raise ConfigError("InvalidRoleException", why)


def _mode(given: dict[str, Any] | None) -> dict[str, Any]:
    """RecordingMode: continuous unless told otherwise."""
    mode = {"recordingFrequency": FREQUENCIES[0], "recordingModeOverrides": []} | (given or {})
    for one in (mode, *mode["recordingModeOverrides"]):
        if one.get("recordingFrequency") not in FREQUENCIES:
            why = "Value at 'configurationRecorder.recordingMode' failed to satisfy constraint"
            raise ConfigError("ValidationException", f"1 validation error detected: {why}")
    return mode


def _described(self: ConfigResponse) -> list[tuple[str, ConfigRecorder | None]]:
    """The recorders of a request by name; none is the model of a service-linked one.

    "You can only specify one configuration recorder", by its name, ARN or service principal;
    without that it is all of them.
    """
    backend = self.config_backend
    linked, names = linked_in(backend), self._get_param("ConfigurationRecorderNames") or []
    arn, principal = self._get_param("Arn"), self._get_param("ServicePrincipal")
    if len(names) + bool(arn) + bool(principal) > 1:
        raise ConfigError("ValidationException", "You can only specify one configuration recorder.")
    everything: list[tuple[str, ConfigRecorder | None]] = [
        *backend.recorders.items(),
        *((name, None) for name in linked),
    ]
    if not names and not arn and not principal:
        return everything
    arns = {name: vars(recorder)["arn"] for name, recorder in backend.recorders.items()}
    arns |= {name: told["arn"] for name, told in linked.items()}
    found = [
        (name, recorder)
        for name, recorder in everything
        if name in names
        or arns[name] == arn
        or (principal and linked.get(name, {}).get("servicePrincipal") == principal)
    ]
    if not found:
        raise NoSuchConfigurationRecorderException(names[0] if names else arn or principal)
    return found


def describe_configuration_recorders(self: ConfigResponse) -> str:
    """DescribeConfigurationRecorders: arn, recordingScope and recordingMode too."""
    linked = linked_in(self.config_backend)
    told = [one.to_dict() if one else linked[name] for name, one in _described(self)]
    recorders = [{key: it for key, it in one.items() if key != "status"} for one in told]
    return json.dumps({"ConfigurationRecorders": recorders})


def describe_configuration_recorder_status(self: ConfigResponse) -> str:
    """DescribeConfigurationRecorderStatus: a service-linked recorder always records."""
    backend = self.config_backend
    told = [
        config_status.status(backend, one) if one else config_linked.status(backend, name)
        for name, one in _described(self)
    ]
    return json.dumps({"ConfigurationRecordersStatus": told})


def put_delivery_channel(self: ConfigResponse) -> str:
    """PutDeliveryChannel: "will keep the existing value for the parameter that is not changed".

    That is said of the bucket and of the topic; the rest is replaced. Nothing changes when the
    channel is refused.
    """
    backend, given = self.config_backend, dict(self._get_param("DeliveryChannel"))
    name = given.setdefault("name", "default")
    with CHANGE:
        before = backend.delivery_channels.get(name)
        given = {m: getattr(before, a) for m, a in KEPT.items() if getattr(before, a, None)} | given
        if (topic := given.get("snsTopicARN")) and not TOPIC.fullmatch(topic):
            why = f"The sns topic arn '{topic}' is not valid."
            raise ConfigError("InvalidSNSTopicARNException", why)
        backend.put_delivery_channel(given)
        found = _problem(backend, backend.delivery_channels[name])
        if found:
            del backend.delivery_channels[name]
            if before:
                backend.delivery_channels[name] = before
            raise found
    return ""


def _problem(backend: ConfigBackend, channel: ConfigDeliveryChannel) -> ConfigError | None:
    (recorder,) = backend.recorders.values()
    found = problem(backend, recorder, channel)
    return ConfigError(found.code, found.message) if found else None


def _of_customer(operation: Operation) -> Operation:
    def call(self: ConfigResponse) -> str:
        """Start, Stop, Delete: "these operations do not affect service-linked" recorders."""
        name = self._get_param("ConfigurationRecorderName")
        if len(name) > 256:
            raise NameTooLongException(name, "configurationRecorderName")
        if name in linked_in(self.config_backend):
            raise config_linked.unmodifiable(name)
        with CHANGE:
            return operation(self)

    return call


def patch() -> None:
    """Puts the above into moto's service."""
    config_linked.patch()
    for verb in ("start", "stop", "delete"):
        name = f"{verb}_configuration_recorder"
        setattr(ConfigResponse, name, _of_customer(getattr(ConfigResponse, name)))
    ConfigResponse.put_configuration_recorder = put_configuration_recorder
    ConfigResponse.describe_configuration_recorders = describe_configuration_recorders
    ConfigResponse.describe_configuration_recorder_status = describe_configuration_recorder_status
    ConfigResponse.put_delivery_channel = put_delivery_channel
    ConfigResponse.describe_delivery_channel_status = config_status.describe_delivery_channel_status
