"""What a month of Trailkeeper costs, by the number of events a day, before any free tier."""

from __future__ import annotations

import argparse

DAYS = 30
FAMILIES = 7
# Those with metrics and a daily schedule: one for each family, and the guard.
FUNCTIONS = FAMILIES + 1
# How often the digest looks whether there is something to tell.
DIGESTS = 96
ALARMS = 31 + 3 * FAMILIES + 1
KEYS = 2
METRICS_OF_A_FAMILY = 5
REGIONS = 17
# Those whose sweep is handed on, region by region.
BY_REGION = 4

# What is assumed; docs/costs.md says why.
SECONDS_OF_AN_EVENT = 1.0
SECONDS_OF_A_SWEEP = 5.0
GB_OF_MEMORY = 0.25
GB_OF_LOG = 2e-6
# Of the calls that wake it, those that come by way of a queue, and how many of them one batch has; each message is sent,
# received and deleted. Lambda asks a queue by five connections, each once in twenty seconds while nothing comes.
MANY = 0.8
BATCHED = 4.0
REQUESTS_OF_A_MESSAGE = 3
ASKED = 5 * 3 * 60 * 24
MONTHS_OF_LOG = 12
COMPRESSED = 0.15
TOLD = 0.1
# What one sweep, one fix and one digest write into the ledger, and read there.
WRITTEN_BY_A_SWEEP = 3
WRITTEN_BY_A_FIX = 6
READ_BY_A_DIGEST = 4
SECONDS_OF_A_DIGEST = 0.2

# Dollars in us-east-1.
REQUEST = 0.20 / 1e6
GB_SECOND = 0.0000133334
FORWARDED = 1.00 / 1e6
SCHEDULED = 1.00 / 1e6
LOG_GB = 0.50
LOG_GB_MONTH = 0.03
METRIC_HOUR = 0.30 / 720
ALARM = 0.10
DASHBOARD = 3.00
KEY = 1.00
KEY_REQUEST = 0.03 / 1e4
ITEM_WRITTEN = 0.625 / 1e6
ITEM_READ = 0.125 / 1e6
PUBLISHED = 0.50 / 1e6
RECEIVED = 0.40 / 1e6
MAIL = 2.00 / 1e5


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
