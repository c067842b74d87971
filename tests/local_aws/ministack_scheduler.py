"""EventBridge Scheduler for ministack: it invokes with the schedule's role, and only if that may.

Source: EventBridge Scheduler User Guide, "Setting up the execution role" and "Confused deputy
prevention": aws:SourceArn is that of the schedule's group. When a schedule runs is left to the
test: `POST /_local/schedule` with its "arn" has it run now, and answers why it does not.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from ministack.services import lambda_svc, scheduler

from local_aws import ministack_control, ministack_roles

SERVICE = "scheduler.amazonaws.com"


def invoke(schedule: dict[str, Any]) -> str | None:
    """Invokes the target asynchronously; why not, if it may not."""
    target, arn = schedule["Target"], schedule["Arn"]
    _, _, _, region, account, name = arn.split(":", 5)
    group = arn.replace(":schedule/", ":schedule-group/").rpartition("/")[0]
    source = {"aws:SourceArn": group, "aws:SourceAccount": account}
    role, function = target["RoleArn"], target["Arn"]
    if refused := ministack_roles.refusal(role, SERVICE, "lambda:InvokeFunction", function, {}, source):
        return refused
    found, config, _ = lambda_svc._get_func_record_for_ref(function)
    if found is None or config is None:
        return f"there is no function {function}"
    # A detail that is a text is what Scheduler sends where the target has no input.
    event = {
        "version": "0", "id": str(uuid.uuid4()), "detail-type": "Scheduled Event", "source": "aws.scheduler",
        "account": account, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "region": region,
        "resources": [arn], "detail": "{}",
    }
    given = json.loads(target["Input"]) if target.get("Input") else event
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(found, config), given)
    return None


def run(given: dict[str, Any]) -> dict[str, str | None]:
    """A schedule's time has come."""
    _, _, _, region, account, name = given["arn"].split(":", 5)
    schedule = scheduler._schedules.get_scoped(account, region, name.removeprefix("schedule/"))
    return {"refused": ministack_control.at(account, region, lambda: invoke(schedule))}


def patch() -> None:
    """Adds the control."""
    ministack_control.serves("schedule", run)
