"""What a month of Trailkeeper costs, by the number of events a day, before any free tier."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

FIGURES: dict[str, float] = {
    name: figure for name, figure in json.loads(Path(__file__).with_name("costs.json").read_text()).items() if name != "about"
}
"""What is reckoned with. `trailkeeper replay` reads the same file."""


def _number(name: str) -> int:
    return int(FIGURES[name])


DAYS = _number("days")
FAMILIES = _number("families")
# Those with metrics and a daily schedule: one for each family, and the guard.
FUNCTIONS = FAMILIES + 1
# How often the digest looks whether there is something to tell.
DIGESTS = _number("digests")
ALARMS = _number("alarms")
KEYS = _number("keys")
METRICS_OF_A_FAMILY = _number("metrics_of_a_family")
REGIONS = _number("regions")
# Those whose sweep is handed on, region by region.
BY_REGION = _number("by_region")

# What is assumed; docs/costs.md says why.
SECONDS_OF_AN_EVENT = FIGURES["seconds_of_an_event"]
SECONDS_OF_A_SWEEP = FIGURES["seconds_of_a_sweep"]
GB_OF_MEMORY = FIGURES["gb_of_memory"]
GB_OF_LOG = FIGURES["gb_of_log"]
# Of the calls that wake it, those that come by way of a queue, and how many of them one batch has; each message is sent,
# received and deleted. Lambda asks a queue by five connections, each once in twenty seconds while nothing comes.
MANY = FIGURES["many"]
BATCHED = FIGURES["batched"]
REQUESTS_OF_A_MESSAGE = _number("requests_of_a_message")
ASKED = _number("asked_a_day")
MONTHS_OF_LOG = _number("months_of_log")
COMPRESSED = FIGURES["compressed"]
TOLD = FIGURES["told"]
# What one sweep, one fix and one digest write into the ledger, and read there.
WRITTEN_BY_A_SWEEP = _number("written_by_a_sweep")
WRITTEN_BY_A_FIX = _number("written_by_a_fix")
READ_BY_A_DIGEST = _number("read_by_a_digest")
SECONDS_OF_A_DIGEST = FIGURES["seconds_of_a_digest"]

# Dollars in us-east-1.
REQUEST = FIGURES["request"]
GB_SECOND = FIGURES["gb_second"]
FORWARDED = FIGURES["forwarded"]
SCHEDULED = FIGURES["scheduled"]
LOG_GB = FIGURES["log_gb"]
LOG_GB_MONTH = FIGURES["log_gb_month"]
METRIC_HOUR = FIGURES["metric_month"] / FIGURES["metric_hours"]
ALARM = FIGURES["alarm"]
DASHBOARD = FIGURES["dashboard"]
KEY = FIGURES["key"]
KEY_REQUEST = FIGURES["key_request"]
ITEM_WRITTEN = FIGURES["item_written"]
ITEM_READ = FIGURES["item_read"]
PUBLISHED = FIGURES["published"]
RECEIVED = FIGURES["received"]
MAIL = FIGURES["mail"]


def month(events_a_day: int) -> dict[str, float]:
    """Dollars by what they are paid for."""
    events, schedules, handed_on, digests = (it * DAYS for it in (events_a_day, FUNCTIONS, BY_REGION * REGIONS, DIGESTS))
    sweeps = schedules + handed_on
    invoked = events * (1 - MANY + MANY / BATCHED)
    seconds = events * SECONDS_OF_AN_EVENT + sweeps * SECONDS_OF_A_SWEEP + digests * SECONDS_OF_A_DIGEST
    logged = (events + sweeps) * GB_OF_LOG
    # A metric is paid for by the hour in which something was counted; a sweep may reach into two.
    hours = min(24 * FUNCTIONS, events_a_day + 2 * FUNCTIONS) * DAYS
    # The metric that counts sweeps is one of these alone.
    swept = 2 * FUNCTIONS * DAYS
    reports = events * TOLD
    written = sweeps * WRITTEN_BY_A_SWEEP + reports * WRITTEN_BY_A_FIX
    return {
        "Lambda": (invoked + sweeps + digests) * REQUEST + seconds * GB_OF_MEMORY * GB_SECOND,
        "EventBridge": (events + handed_on) * FORWARDED + (schedules + digests) * SCHEDULED,
        "CloudWatch Logs": logged * LOG_GB + logged * MONTHS_OF_LOG * COMPRESSED * LOG_GB_MONTH,
        "CloudWatch metrics": (hours * METRICS_OF_A_FAMILY + swept) * METRIC_HOUR,
        "CloudWatch alarms": ALARMS * ALARM,
        "CloudWatch dashboard": DASHBOARD,
        "KMS": KEYS * KEY + reports * 2 * KEY_REQUEST,
        "DynamoDB": written * ITEM_WRITTEN + digests * READ_BY_A_DIGEST * ITEM_READ,
        "SQS": (invoked + sweeps + digests + events * MANY * REQUESTS_OF_A_MESSAGE + FAMILIES * ASKED * DAYS) * RECEIVED,
        "SNS, one email address": reports * (PUBLISHED + MAIL),
    }


def table(*events_a_day: int) -> str:
    """Markdown: a column for each number of events."""
    months = [month(it) for it in events_a_day]
    rows = [["", *(f"{it:,} events a day" for it in events_a_day)], ["---", *("---:" for _ in months)]]
    rows += [[what, *(f"{it[what]:.2f}" for it in months)] for what in months[0]]
    rows += [["**a month, US dollars**", *(f"**{sum(it.values()):.2f}**" for it in months)]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int, nargs="*", default=[10, 1000, 100_000], help="events a day (default: three numbers)")
    print(table(*parser.parse_args().events))
