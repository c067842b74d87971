"""AWS Config: how recording and delivery fare, in the state that things are in.

Source: AWS Config API reference, DescribeConfigurationRecorderStatus and
DescribeDeliveryChannelStatus. The API model spells the statuses Pending, Success, Failure;
AWS answers PENDING, SUCCESS, FAILURE, as the Developer Guide, "Viewing the Configuration
Recorder", shows. AWS delivers some time after a change; here a delivery takes place whenever
somebody looks. That the recorder's status tells of failed deliveries is an assumption.
"""

from __future__ import annotations

import json
from typing import Any

from moto.config.models import ConfigBackend, ConfigRecorder, config_backends, datetime2int
from moto.config.responses import ConfigResponse
from moto.core.utils import utcnow

from local_aws.clients import ACCOUNT
from local_aws.moto.config_delivery import problem, role_of

Told = dict[str, Any]


def set_status(region: str, status: str, code: str = "", message: str = "") -> None:
    """An order: what the recorder of the region is to tell; "" takes it back.

    Said as it is given: "Failure" too. What is really wrong goes before "SUCCESS" and "PENDING".
    """
    backend = config_backends[ACCOUNT][region]
    error = {"lastErrorCode": code, "lastErrorMessage": message}
    told = {"lastStatus": status} | {key: value for key, value in error.items() if value}
    vars(backend)["ordered_status"] = told if status else {}


def status(backend: ConfigBackend, recorder: ConfigRecorder) -> Told:
    """What is told of a recorder: a stopped one keeps what it last came to.

    Right after the start it is PENDING, until SUCCESS is ordered.
    """
    kept, told = vars(recorder.status).setdefault("_kept", {}), recorder.status.to_dict()
    told = {
        key: value for key, value in told.items() if not key.startswith("last") or "Time" in key
    }
    if recorder.status.recording:
        found = _now(backend, recorder)
        if found != {key: value for key, value in kept.items() if "Time" not in key}:
            kept.clear()
            kept.update(found | {"lastStatusChangeTime": datetime2int(utcnow())})
    return told | kept | {"arn": vars(recorder)["arn"]}


def _now(backend: ConfigBackend, recorder: ConfigRecorder) -> Told:
    ordered: Told = vars(backend).get("ordered_status", {})
    if ordered.get("lastStatus", "").upper() == "FAILURE":
        return ordered
    return _failure(backend, recorder) or ordered or {"lastStatus": "PENDING"}


def _failure(backend: ConfigBackend, recorder: ConfigRecorder) -> Told:
    """Why the recorder cannot do its work; nothing when it can."""
    if role_of(backend, recorder.role_arn) is None:
        why = f"AWS Config cannot assume {recorder.role_arn}."
        return _failed("AccessDenied", why)
    for channel in backend.delivery_channels.values():
        if found := problem(backend, recorder, channel):
            return _failed(found.later, found.told)
    return {}


def _failed(code: str, why: str) -> Told:
    return {"lastStatus": "FAILURE", "lastErrorCode": code, "lastErrorMessage": why}


def describe_delivery_channel_status(self: ConfigResponse) -> str:
    """How the history was delivered the last time; nothing before anything is recorded."""
    backend, statuses = self.config_backend, []
    for channel in backend.describe_delivery_channels(self._get_param("DeliveryChannelNames")):
        history: Told = {}
        for recorder in backend.recorders.values():
            if recorder.status.recording:
                history = _failure(backend, recorder) or {"lastStatus": "SUCCESS"}
        told = {"configSnapshotDeliveryInfo": {}, "configStreamDeliveryInfo": {}}
        statuses.append(told | {"name": channel["name"], "configHistoryDeliveryInfo": history})
    return json.dumps({"DeliveryChannelsStatus": statuses})
