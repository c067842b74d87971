"""CloudTrail: GetTrailStatus, as deliveries would fare in the state that things are in.

Source: CloudTrail API reference, GetTrailStatus. AWS delivers about every five minutes and
shows the outcome then; here a delivery takes place whenever somebody looks. The words of
the errors other than S3's are an assumption.
"""

from __future__ import annotations

import time
from typing import Any

from moto.cloudtrail.models import Trail

from local_aws.moto.cloudtrail_checks import (
    bucket_problem,
    key_problem,
    logs_problem,
    topic_problem,
)
from local_aws.moto.state import controls


def status(trail: Trail) -> dict[str, Any]:
    """What is told of a trail: times of success, and the error of the last attempt if it failed.

    A trail that does not log attempts nothing, and keeps what it last came to.
    """
    told, kept = trail.status.description(), vars(trail.status).setdefault("kept", {})
    told.pop("LatestDeliveryTime", None)
    if trail.status.is_logging:
        for what, problem in _attempts(trail).items():
            kept.pop(f"Latest{what}Error", None)
            kept[f"Latest{what}{'Error' if problem else 'Time'}"] = problem or time.time()
    ordered = controls.delivery_error(trail.arn, has_key=bool(trail.kms_key_id))
    return told | kept | ({"LatestDeliveryError": ordered} if ordered else {})


def _attempts(trail: Trail) -> dict[str, str]:
    """What the trail delivers, and why it cannot; empty when it can."""
    ordered = controls.delivery_error(trail.arn, has_key=bool(trail.kms_key_id))
    problem = bucket_problem(trail) or key_problem(trail)
    attempts = {"Delivery": ordered or (problem.later if problem else "")}
    if trail.log_validation:
        attempts["DigestDelivery"] = attempts["Delivery"]
    if trail.cw_log_group_arn:
        problem = logs_problem(trail)
        attempts["CloudWatchLogsDelivery"] = problem.later if problem else ""
    if trail.sns_topic_name:
        problem = topic_problem(trail)
        attempts["Notification"] = problem.later if problem else ""
    return {what: controls.refusals.get((trail.arn, what), said) for what, said in attempts.items()}


def told_to(account: str, trail: Trail) -> dict[str, Any]:
    """What an account is told of a trail.

    The page says nothing of what a member is told of its organization's deliveries. Here it is told all, unless it was
    ordered that CloudTrail keeps silent about them.
    """
    told = status(trail)
    if account == trail.account_id or trail.arn not in controls.untold:
        return told
    return {name: value for name, value in told.items() if not name.startswith("Latest")}
