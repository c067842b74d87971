"""What AWS says of its services, as the simulation takes it: each number with the page that it is from.

Where AWS gives no number, the value is an assumption, is called one, and is on the side that makes us slower.
"""

from __future__ import annotations

# Lambda.

CONCURRENCY = 1_000
"""Of all functions of an account in a region: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
ENVIRONMENTS_A_SECOND, ENVIRONMENTS_AT_ONCE = 100.0, 1_000
"""By which each function grows, 1,000 every ten seconds: https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html"""
RETRIES_AFTER = (60.0, 120.0)
"""Waits after an error of the function; there are no more attempts than these and the first:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
THROTTLED_FIRST, THROTTLED_MOST = 1.0, 300.0
"""Waits of an event that found no concurrency, doubled each time: the same page."""
READS_A_SECOND = 20.0
"""Assumed: events that Lambda tries each second where more wait than would be tried in that time. "If the queue contains many
entries, Lambda increases the retry interval and reduces the rate at which it reads events": the same page, without numbers."""
MAX_EVENT_AGE = 6 * 3600.0
"""After which an event that was not taken is a dead letter: the same page."""
COLD_START = (0.1, 1.0)
"""Least and most: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
IDLE = 300.0
"""Assumed: how long an environment is kept without work. AWS says that this is not determined: the same page."""
CPU_OF_256_MB = 256 / 1769
"""Of a core: a function has a whole one at 1,769 MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""

# SQS as an event source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html

POLLERS, POLLERS_A_SECOND, POLLERS_MOST = 5, 300 / 60, 1_000
"""Batches that are worked on at the same time at first, by how many more each second, and at most."""
LONG_POLL = 20.0
"""Seconds that a poller waits at an empty queue, the most there is; SQS bills each wait as a request:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""
RECEIVED_AT_ONCE = 10
"""Messages of one request: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html"""

# EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html

DELIVERIES_A_SECOND = 1_100.0
"""To targets, in the regions for which AWS names no other number; more than that is delivered late."""
PUTS_A_SECOND = 600.0
"""PutEvents, likewise."""
ENTRIES = 10
"""Events of one PutEvents: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""
HOP = (0.08, 1.0)
"""Assumed: from one bus to its target, median and 99th percentile. AWS promises nothing ("near real time"); its architecture
blog measured 80 ms at the 90th percentile:
https://aws.amazon.com/blogs/architecture/mastering-millisecond-latency-and-millions-of-events-the-event-driven-architecture-behind-the-amazon-key-suite/"""
HOPS = 2
"""From the bus of the account and region to ours, and from ours to the function or queue (members.yaml, template.yaml)."""
SCHEDULE_WINDOW = 3600.0
"""In which the scheduler starts a sweep at a time of its choice: FlexibleTimeWindow in template.yaml."""

# Calls of AWS.

CALL = (0.020, 0.100)
"""Assumed: what one call takes, 5th and 95th percentile, beside the way there: docs/costs.md."""
CPU_OF_A_CALL = 0.0005
"""Seconds of a core for one call: docs/performance.md, 3.3 ms for eight calls and 5.5 for ten."""
ROUND_TRIPS = {
    "us-east-1": 0.002, "us-east-2": 0.015, "ca-central-1": 0.015, "us-west-1": 0.065, "us-west-2": 0.065, "eu-west-1": 0.070,
    "eu-west-2": 0.080, "eu-west-3": 0.085, "eu-central-1": 0.095, "eu-north-1": 0.110, "sa-east-1": 0.115,
    "ap-northeast-1": 0.150, "ap-northeast-3": 0.155, "ap-northeast-2": 0.180, "ap-south-1": 0.190, "ap-southeast-2": 0.200,
    "ap-southeast-1": 0.220,
}
"""Assumed, in seconds: the way from us-east-1 to each region and back, in round numbers. AWS shows those of an hour to who
asks: https://docs.aws.amazon.com/network-manager/latest/infrastructure-performance/what-is-nmip.html"""
REGIONS = tuple(ROUND_TRIPS)
TO_CONNECT = 2
"""Round trips before the first call to an endpoint: TCP and TLS 1.3 (RFC 8446, 2)."""
CONNECTED = 20.0
"""Assumed: how long an unused connection stays open, in seconds."""
PAGE_OF_ACCOUNTS = 20
"""ListAccounts: https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html"""
AT_ONCE = 8
"""Regions that a function asks at the same time (`REGIONS_AT_ONCE` in the code)."""

CLOUDTRAIL = "https://docs.aws.amazon.com/general/latest/gr/ct.html"
LOGS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"
CLOUDWATCH = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"
KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html"
SNS = "https://docs.aws.amazon.com/general/latest/gr/sns.html"
STS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
QUOTAS: dict[str, tuple[float, str]] = {
    "cloudtrail:DescribeTrails": (10, CLOUDTRAIL),
    "cloudtrail:GetEventSelectors": (10, CLOUDTRAIL),
    "cloudtrail:GetTrailStatus": (10, CLOUDTRAIL),
    "cloudtrail:ListTags": (10, CLOUDTRAIL),
    "cloudtrail:StartLogging": (1, CLOUDTRAIL),
    "cloudtrail:StopLogging": (1, CLOUDTRAIL),
    "cloudwatch:DescribeAlarmsForMetric": (9, CLOUDWATCH),
    "kms:DescribeKey": (2000, KMS),
    "kms:GetKeyPolicy": (1000, KMS),
    "kms:GetKeyRotationStatus": (1000, KMS),
    "logs:DescribeLogGroups": (10, LOGS),
    "logs:DescribeMetricFilters": (5, LOGS),
    "sns:ListSubscriptionsByTopic": (30, SNS),
    "sts:AssumeRole": (600, STS),
}
"""Calls a second, each for one account and region; those of AssumeRole count for the account that calls. AWS publishes none
for IAM, EC2, AWS Config, Transfer Family and the configuration of buckets, which throttle as well."""
HOME_QUOTAS = frozenset({"sts:AssumeRole", "sns:Publish"})
"""Calls that are made at home, whichever account they concern."""
