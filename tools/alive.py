"""What shows that a stack is alive, each as lines for people: what is well, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError
from home import ROOT, Home
from refusal import cause, listed
from stacks import CLOSED
from values import Loader

AT_ONCE = 8
# As far back as the last event is looked for.
DAYS = 14
HOUR = 3600
# The schedule runs within an hour of its making, and the metric of a sweep shows some minutes after it.
FIRST_SWEEP = timedelta(hours=2)
# It reads access logs as they come, and sweeps nothing.
NO_SWEEPS = "access"


@dataclass(frozen=True)
class Line:
    """Something that was looked at, and whether it is well."""

    about: str
    well: bool = True


class Looks:
    """What is to be seen of a stack."""

    def __init__(self, home: Home) -> None:
        self.home, self.now = home, datetime.now(UTC)

    @cached_property
    def names(self) -> list[str]:
        """The functions, by what comes after the stack's name in theirs."""
        return sorted(it.removeprefix(f"{self.home.name}-") for it in self.home.parts("AWS::Lambda::Function").values())

    @cached_property
    def families(self) -> list[str]:
        """The functions, those of one family as one."""
        return sorted({family(name) for name in self.names})

    def state(self) -> Iterator[Line]:
        """What the stack is set to."""
        status = self.home.stack["StackStatus"]
        yield Line(f"Stack is {status}", status.endswith("_COMPLETE") and "ROLLBACK" not in status)
        stopped = self.home.parameter("Stopped") == "true"
        controls = self.home.parameter("Controls")
        yield Line(f"Mode {self.home.parameter('Mode')}{f', {controls}' if controls else ''}")
        if stopped:
            yield Line("Stopped: nothing is fixed until `make start`", well=False)

    def functions(self) -> Iterator[Line]:
        """When each function last swept, and last ran; a sweep is missed after as many days as its alarm waits."""
        swept, ran, failed = (self._last(*it) for it in (
            ("Trailkeeper", "Sweeps", "Family", "", self.families),
            ("AWS/Lambda", "Invocations", "FunctionName", f"{self.home.name}-", self.names),
            ("AWS/Lambda", "Errors", "FunctionName", f"{self.home.name}-", self.names),
        ))
        silent = timedelta(days=int(self.home.parameter("SilentDays") or 2))
        young = self.now - self.home.stack["CreationTime"] < FIRST_SWEEP
        if young:
            yield Line(f"the stack is new: the first sweep comes within {FIRST_SWEEP.seconds // HOUR} hours of its making")
        for name in self.families:
            sweep, lanes = swept.get(name), [it for it in self.names if family(it) == name]
            missed = name != NO_SWEEPS and (self.now - sweep > silent if sweep else not young)
            last = "sweeps nothing" if name == NO_SWEEPS else f"last sweep {self._ago(sweep)}"
            errors = [failed[it] for it in lanes if it in failed]
            error = f", last error {self._ago(max(errors))}" if errors else ""
            broken = any(failed[it] >= ran.get(it, failed[it]) for it in lanes if it in failed)
            event = max((ran[it] for it in lanes if it in ran), default=None)
            yield Line(f"{name:<12}{last}, last event {self._ago(event)}{error}", not missed and not broken)

    def _last(self, namespace: str, metric: str, dimension: str, prefix: str, names: list[str]) -> dict[str, datetime]:
        """The last hour in which a metric of each of these counted something."""
        queries = [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": metric,
                        "Dimensions": [{"Name": dimension, "Value": f"{prefix}{name}"}],
                    },
                    "Period": HOUR,
                    "Stat": "Sum",
                },
            }
            for number, name in enumerate(names)
        ]
        asked = {"MetricDataQueries": queries, "StartTime": self.now - timedelta(days=DAYS), "EndTime": self.now}
        pages = self.home.client("cloudwatch").get_paginator("get_metric_data").paginate(**asked)
        found: dict[str, datetime] = {}
        for page in pages:
            for it in page["MetricDataResults"]:
                name = names[int(it["Id"][1:])]
                counted = [at for at, value in zip(it["Timestamps"], it["Values"], strict=True) if value > 0]
                if counted:
                    found[name] = max([*counted, *([found[name]] if name in found else [])])
        return found

    def _ago(self, at: datetime | None) -> str:
        """How long ago an hour was."""
        if at is None:
            return f"none in {DAYS} days"
        hours = int((self.now - at).total_seconds() // HOUR)
        return "within the last hours" if hours < 2 else f"{hours} hours ago" if hours < 48 else f"{hours // 24} days ago"

    def letters(self) -> Iterator[Line]:
        """What waits in the queues."""
        sqs = self.home.client("sqs")
        queues = self.home.parts("AWS::SQS::Queue")
        for name, what, cure in (
            ("DeadLetters", "dead letters", "`make redrive DRY=1` lists them"),
            ("UnsentReports", "reports that could not be sent", "they are sent as soon as the topic can be reached"),
        ):
            if name in queues:
                asked = sqs.get_queue_attributes(QueueUrl=queues[name], AttributeNames=["ApproximateNumberOfMessages"])
                count = int(asked["Attributes"]["ApproximateNumberOfMessages"])
                yield Line(f"{count} {what}{f': {cure}' if count else ''}", count == 0)
        yield from self._batches()

    def _batches(self) -> Iterator[Line]:
        """Whether what comes by way of a queue is taken out."""
        client, queues = self.home.client("lambda"), self.home.queues
        off = []
        for queue, function in queues.items():
            found = client.list_event_source_mappings(EventSourceArn=queue, FunctionName=function)["EventSourceMappings"]
            if not any(it["State"] in {"Enabled", "Creating", "Enabling", "Updating"} for it in found):
                off.append(function.rsplit(":", 1)[-1])
        yield Line(f"{len(queues) - len(off)} of {len(queues)} queues are emptied{f', not by {chr(44).join(off)}' if off else ''}", not off)

    def hearers(self) -> Iterator[Line]:
        """Who is told."""
        for name in ("ReportTopic", "GuardTopic"):
            topic = self.home.output(name)
            region, account = topic.split(":")[3:5]
            if account != self.home.account:
                yield Line(f"{name}: is account {account}'s, where its subscribers are to be seen")
                continue
            pages = self.home.client("sns", region).get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
            states = [it["SubscriptionArn"] for page in pages for it in page["Subscriptions"]]
            waiting = sum(not it.startswith("arn:") for it in states)
            confirmed = len(states) - waiting
            # Its alarms ring at the other topic, where nobody is subscribed to this one.
            needed = name == "ReportTopic" or bool(self.home.parameter("ReportEmail") or self.home.parameter("GuardEmail"))
            unconfirmed = f", {waiting} not confirmed: the link is in AWS's mail" if waiting else ""
            yield Line(f"{name}: {confirmed} subscribed{unconfirmed}", not waiting and (confirmed > 0 or not needed))

    def schedules(self) -> Iterator[Line]:
        """Whether the sweeps are scheduled."""
        scheduler, names = self.home.client("scheduler"), self.home.parts("AWS::Scheduler::Schedule").values()
        # A name that CloudFormation made up may carry the group.
        found = [scheduler.get_schedule(Name=name.rsplit("/")[-1].rsplit("|")[-1]) for name in names]
        off = [it["Name"] for it in found if it["State"] != "ENABLED"]
        yield Line(f"{len(found)} schedules, {self.home.parameter('Schedule')}{f', disabled: {off}' if off else ''}", bool(found) and not off)

    def rules(self, regions: list[str]) -> Iterator[Line]:
        """Whether every region forwards what is watched."""
        wanted = len([it for it in regions_template()["Resources"].values() if it["Type"] == "AWS::Events::Rule"])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = dict(zip(regions, pool.map(self._forwarding, regions), strict=True))
        well = [region for region, it in found.items() if it == f"{wanted} on"]
        if well:
            yield Line(f"{len(well)} of {len(regions)} regions forward events, by {wanted} rules each")
        for region, it in found.items():
            if region not in well:
                cure = "" if it == CLOSED else f"; {wanted} are needed: `make regions`"
                yield Line(f"{region}: {it}{cure}", it == CLOSED)

    def _forwarding(self, region: str) -> str:
        """How many rules of a region send to the bus."""
        events, bus = self.home.client("events", region), self.home.output("Bus")
        try:
            pages = events.get_paginator("list_rule_names_by_target").paginate(TargetArn=bus)
            names = {name for page in pages for name in page["RuleNames"]}
            states = [it["State"] for page in events.get_paginator("list_rules").paginate() for it in page["Rules"] if it["Name"] in names]
        except (BotoCoreError, ClientError) as error:
            return CLOSED if CLOSED in str(error) else cause(error)
        off = sum(it == "DISABLED" for it in states)
        return f"{len(states) - off} on{f', {off} disabled' if off else ''}"

    def alarms(self) -> Iterator[Line]:
        """The stack's alarms that ring."""
        pages = self.home.client("cloudwatch").get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=f"{self.home.name}-", StateValue="ALARM"
        )
        ringing = [it["AlarmName"] for page in pages for it in page["MetricAlarms"]]
        yield Line(f"{len(ringing)} alarms ring{': ' if ringing else ''}{', '.join(ringing)}", not ringing)

    def swept(self, given: str | None) -> list[str]:
        """The regions to look at."""
        return list(dict.fromkeys([self.home.region, *(listed(given) or listed(self.home.parameter("Regions")) or self.home.regions)]))


def family(name: str) -> str:
    """What a function is one of several of."""
    return name.removesuffix("-batch").removesuffix("-sweep")


def regions_template() -> Any:
    """regions.yaml, with CloudFormation's short forms left as they are."""
    return yaml.load((ROOT / "regions.yaml").read_text(), Loader)  # noqa: S506 - a safe loader
