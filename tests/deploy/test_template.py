"""template.yaml holds what the code needs: the rules, the rights and the settings, no more and no less."""

from __future__ import annotations

import json
import re

import pytest
from template import BESIDE, FUNCTIONS, NAMES, ORGANIZATION, ROOT, SETTINGS, TOPIC, Template, document, listed, parsed


SWEEPING = [it for it in FUNCTIONS if it != "access"]
"""The functions that have a schedule."""


@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize(
    ("parameters", "besides"),
    [
        ({}, []),
        ({"Mode": "enforce"}, ["remediate"]),
        ({"Controls": "transfer-server-logging=enforce"}, ["remediate"]),
        ({"Mode": "enforce", "Controls": "transfer-server-logging=off"}, ["remediate"]),
        ({"Organization": ORGANIZATION}, ["organization"]),
    ],
)
def test_the_policies_are_those_of_the_repository(family: str, parameters: dict[str, str], besides: list[str]) -> None:
    policies = Template(ReportTopicArn=TOPIC, **parameters).inline(f"{family.capitalize()}Role")
    assert policies.keys() == {"log", "observe", "handing-on", "ledger", "queue", "unsent", *besides}
    shared = {"handing-on", "ledger", "organization", "queue", "unsent"}
    for name in policies.keys() - {"log"}:
        assert policies[name] == document(name if name in shared else f"{family}.{name}", family), name


@pytest.mark.parametrize("family", FUNCTIONS)
def test_no_function_may_end_a_record(family: str) -> None:
    """What an explicit Deny forbids no other policy grants, were it changed by mistake."""
    policies = Template().resources("AWS::IAM::ManagedPolicy")
    assert policies["Never"]["PolicyDocument"] == document("never")
    role = Template().resources("AWS::IAM::Role")[f"{family.capitalize()}Role"]
    assert role["ManagedPolicyArns"] == ["Never"]
    denied = {action for it in document("never")["Statement"] if "Condition" not in it for action in it["Action"]}
    files = sorted((ROOT / "policies").glob(f"{family}.*.json"))
    assert len(files) == (1 if family in {"guard", "digest"} else 2)
    every = [document(file.stem)["Statement"] for file in files]
    allowed = {action for statements in every for it in statements for action in listed(it["Action"])}
    assert not denied & allowed


def test_the_roles_that_functions_make_are_within_a_boundary_that_stays() -> None:
    """And the functions that make them are told of it by their own roles' tag, in every account."""
    for file, roles in (("template.yaml", [f"{it}Role" for it in ("Transfer", "Trail", "Vpc")]), ("members.yaml", ["Role"])):
        boundary = parsed(file)["Resources"]["LoggingBoundary"]
        assert (boundary["DeletionPolicy"], boundary["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
        assert "ManagedPolicyName" not in boundary["Properties"], "a stack that comes back must be able to make it anew"
        for role in roles:
            tags = parsed(file)["Resources"][role]["Properties"]["Tags"]
            assert tags == [{"Key": "trailkeeper-logging-boundary", "Value": {"Ref": "LoggingBoundary"}}]
    assert Template().resources("AWS::IAM::ManagedPolicy")["LoggingBoundary"]["PolicyDocument"] == document("logging-boundary")


def test_reports_reach_a_topic_with_a_key_of_yours() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/reports"
    given = Template(ReportTopicArn="arn:aws:sns:us-east-1:123456789012:reports", ReportTopicKeyArn=key)
    for family in FUNCTIONS:
        policies = given.inline(f"{family.capitalize()}Role")
        assert policies["report-key"] == document("report-key"), family
    assert "report-key" not in Template().inline("TrailRole")


def test_a_boundary_of_yours_bounds_every_role() -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    for set_to, expected in (("", None), (boundary, boundary)):
        roles = Template(PermissionsBoundary=set_to).resources("AWS::IAM::Role").values()
        assert {it.get("PermissionsBoundary") for it in roles} == {expected}


@pytest.mark.parametrize("family", FUNCTIONS)
def test_what_fails_for_good_is_kept_and_rings(family: str) -> None:
    """Tried again twice, then put into an encrypted queue that the role may send to; errors and throttles ring, too."""
    template = Template()
    function = template.function(family)
    failing = function["EventInvokeConfig"]
    assert failing["MaximumRetryAttempts"] == 2 and failing["MaximumEventAgeInSeconds"] == 21600
    assert failing["DestinationConfig"] == {"OnFailure": {"Type": "SQS", "Destination": "DeadLetters.Arn"}}
    queues = template.resources("AWS::SQS::Queue")
    kept = {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 1209600}
    assert {name: it for name, it in queues.items() if "RedrivePolicy" not in it} == {
        "DeadLetters": kept, "UnsentReports": kept | {"VisibilityTimeout": 120},
    }
    log = template.inline(f"{family.capitalize()}Role")["log"]
    sends = [it for it in log["Statement"] if it["Action"] == "sqs:SendMessage"]
    assert [it["Resource"] for it in sends] == ["DeadLetters.Arn"]
    alarms = template.resources("AWS::CloudWatch::Alarm")
    for metric in ("Errors", "Throttles"):
        alarm = alarms[f"{family.capitalize()}{metric}"]
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": f"{family.capitalize()}Function"}]
        assert alarm["MetricName"] == metric


def test_the_alarm_rings_for_each_dead_letter_that_comes_in() -> None:
    rings_for_what_comes_in("DeadLetters")


def test_the_alarm_rings_for_each_report_that_is_kept() -> None:
    rings_for_what_comes_in("UnsentReports")


def rings_for_what_comes_in(queue: str) -> None:
    """Not for what lies there, which would be one alarm for two weeks."""
    template = Template()
    alarm = template.resources("AWS::CloudWatch::Alarm")[f"{queue}Alarm"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": f"{queue}.QueueName"}]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("NumberOfMessagesSent", "Sum")
    rings = (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"], alarm["ComparisonOperator"])
    assert rings == (1, 60, 1, "GreaterThanOrEqualToThreshold")


@pytest.mark.parametrize("family", NAMES)
def test_what_a_batch_gives_up_is_kept_and_rings(family: str) -> None:
    """SQS does not count what it moves itself, so the function counts it by the line that says so."""
    template, name = Template(), family.capitalize()
    queue = template.resources("AWS::SQS::Queue")[f"{name}Queue"]
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": "DeadLetters.Arn", "maxReceiveCount": 4}
    counted = template.resources("AWS::Logs::MetricFilter")[f"{name}GivenUp"]
    assert counted["LogGroupName"] == f"{name}Logs"
    (told,) = counted["MetricTransformations"]
    rings = template.resources("AWS::CloudWatch::Alarm")["GivenUp"]
    assert (told["MetricNamespace"], told["MetricName"]) == (rings["Namespace"], rings["MetricName"])
    assert (rings["Threshold"], rings["Statistic"]) == (1, "Sum")
    waits = template.resources("AWS::CloudWatch::Alarm")[f"{name}Waits"]
    assert waits["Dimensions"] == [{"Name": "QueueName", "Value": f"{name}Queue.QueueName"}]
    # Longer than all attempts take: a retry alone rings nothing.
    attempts = queue["RedrivePolicy"]["maxReceiveCount"]
    assert waits["MetricName"] == "ApproximateAgeOfOldestMessage" and waits["Threshold"] > attempts * queue["VisibilityTimeout"]


@pytest.mark.parametrize("family", NAMES)
def test_a_lane_has_the_code_and_the_rights_of_its_family_and_a_concurrency_of_its_own(family: str) -> None:
    """A flood of events, or a sweep, takes none of what the urgent events have, and Lambda never puts a batch back."""
    template = Template(Concurrency="5")
    urgent = template.function(family)
    for lane in BESIDE:
        beside = template.lane(family, lane)
        own = {"FunctionName", "Description", "Environment", "Events", "ReservedConcurrentExecutions"}
        assert {k: it for k, it in beside.items() if k not in own} == {k: it for k, it in urgent.items() if k not in own}
        theirs, ours = (it["Environment"]["Variables"] for it in (beside, urgent))
        assert theirs | {"TRAILKEEPER_SHARE": ours["TRAILKEEPER_SHARE"]} == ours
        assert beside["FunctionName"] == f"{urgent['FunctionName']}-{lane.lower()}"
        errors = template.resources("AWS::CloudWatch::Alarm")[f"{family.capitalize()}{lane}Errors"]
        assert errors["Dimensions"] == [{"Name": "FunctionName", "Value": f"{family.capitalize()}{lane}Function"}]
    shares = [template.lane(family, it)["Environment"]["Variables"]["TRAILKEEPER_SHARE"] for it in ("", *BESIDE)]
    assert shares == ["50", "30", "20"], "together all of a quota, and half of it for what is urgent"
    (queue,) = template.lane_events(family, "Batch", "SQS").values()
    assert queue["Queue"] == f"{family.capitalize()}Queue.Arn"
    assert queue["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["MaximumBatchingWindowInSeconds"] <= 2 and queue["BatchSize"] == 50
    assert queue["ScalingConfig"]["MaximumConcurrency"] == template.lane(family, "Batch")["ReservedConcurrentExecutions"]
    hidden = template.resources("AWS::SQS::Queue")[f"{family.capitalize()}Queue"]["VisibilityTimeout"]
    assert hidden > urgent["Timeout"], "nobody else is handed what may still be worked on"
    assert template.lane(family, "Sweep")["ReservedConcurrentExecutions"] == "5"
    assert "ReservedConcurrentExecutions" not in urgent, "nothing is put back that must not wait"


@pytest.mark.parametrize("family", NAMES)
def test_only_its_rules_put_anything_into_a_queue_and_only_the_family_takes_anything_out(family: str) -> None:
    """What an event says of its caller is told to people: nobody in the account may write one, not by another rule of the bus either."""
    template, queue = Template(), f"{family.capitalize()}Queue"
    policy = template.resources("AWS::SQS::QueuePolicy")[f"{queue}Policy"]
    assert policy["Queues"] == [queue]
    puts, denied, takes = policy["PolicyDocument"]["Statement"]
    rules = {"aws:SourceArn": [f"{rule}.Arn" for rule in template.queued(family)]}
    assert rules["aws:SourceArn"]
    assert (puts["Effect"], puts["Action"], puts["Condition"]) == ("Allow", "sqs:SendMessage", {"ArnEquals": rules})
    assert (denied["Effect"], denied["Action"], denied["Condition"]) == ("Deny", "sqs:SendMessage", {"ArnNotEquals": rules})
    assert takes["Effect"] == "Deny" and {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue"} <= set(takes["Action"])
    assert takes["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": f"{family.capitalize()}Role.Arn"}}
    assert {it["Principal"] for it in (denied, takes)} == {"*"}
    assert {it["Resource"] for it in (puts, denied, takes)} == {f"{queue}.Arn"}


def test_alarms_of_our_own_have_a_topic_and_a_key_of_their_own() -> None:
    """What mutes the reports does not mute them; CloudWatch may publish there, and may use the key."""
    template = Template(ReportEmail="team@example.com")
    topics = template.resources("AWS::SNS::Topic")
    assert {name: it["KmsMasterKeyId"] for name, it in topics.items()} == {"ReportTopic": "ReportKey", "GuardTopic": "GuardKey"}
    alarms = template.resources("AWS::CloudWatch::Alarm").values()
    assert len(alarms) == 3 + 2 * len(FUNCTIONS) + len(SWEEPING) + (len(BESIDE) + 1) * len(NAMES)
    assert all(it["AlarmActions"] == ["GuardTopic"] for it in alarms)
    silent = {it["AlarmDescription"] for it in alarms if it["TreatMissingData"] != "notBreaching"}
    assert silent == {f"The {it} function of Trailkeeper has not swept for days" for it in SWEEPING}
    policies, keys = (template.resources(kind) for kind in ("AWS::SNS::TopicPolicy", "AWS::KMS::Key"))
    for name in ("Report", "Guard"):
        for statements, actions in (
            (policies[f"{name}TopicPolicy"]["PolicyDocument"]["Statement"], ["sns:Publish"]),
            (keys[f"{name}Key"]["KeyPolicy"]["Statement"], ["kms:Decrypt", "kms:GenerateDataKey*"]),
        ):
            cloudwatch = [it for it in statements if it["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
            assert [listed(it["Action"]) for it in cloudwatch] == [actions]
    for (report, guard), own in (
        ((keys[f"{name}Key"]["KeyPolicy"] for name in ("Report", "Guard")), {}),
        ((policies[f"{name}TopicPolicy"]["PolicyDocument"] for name in ("Report", "Guard")), {"GuardTopic": "ReportTopic"}),
    ):
        text = json.dumps(guard)
        for name, other in own.items():
            text = text.replace(name, other)
        assert json.loads(text) == report, "as narrow as the other"
    theirs = Template(ReportTopicArn=TOPIC)
    assert list(theirs.resources("AWS::KMS::Key")) == ["GuardKey"]
    assert list(theirs.resources("AWS::SNS::TopicPolicy")) == ["GuardTopicPolicy"]


@pytest.mark.parametrize(
    ("parameters", "subscriber", "rings"),
    [
        ({"ReportEmail": "team@example.com"}, "team@example.com", ["GuardTopic"]),
        ({"ReportEmail": "team@example.com", "GuardEmail": "soc@example.com"}, "soc@example.com", ["GuardTopic"]),
        ({"ReportTopicArn": TOPIC, "GuardEmail": "soc@example.com"}, "soc@example.com", ["GuardTopic"]),
        ({}, None, ["GuardTopic", "ReportTopic"]),
        ({"ReportTopicArn": TOPIC}, None, ["GuardTopic", TOPIC]),
    ],
)
def test_somebody_hears_the_alarms(parameters: dict[str, str], subscriber: str | None, rings: list[str]) -> None:
    """Without an address of theirs, they ring where the reports go, too."""
    template = Template(**parameters)
    subscriptions = template.resources("AWS::SNS::Subscription")
    found = subscriptions.get("GuardSubscription", {}).get("Endpoint")
    assert found == subscriber
    assert all(it["AlarmActions"] == rings for it in template.resources("AWS::CloudWatch::Alarm").values())


def test_without_a_topic_of_yours_the_stack_makes_one() -> None:
    assert list(Template(ReportTopicArn=TOPIC).resources("AWS::SNS::Topic")) == ["GuardTopic"]
    template = Template(ReportEmail="team@example.com")
    assert list(template.resources("AWS::SNS::Topic")) == ["ReportTopic", "GuardTopic"]
    assert list(template.resources("AWS::SNS::Subscription")) == ["ReportSubscription", "GuardSubscription"]
    for function in template.resources("AWS::Serverless::Function").values():
        assert function["Environment"]["Variables"]["TRAILKEEPER_TOPIC_ARN"] == "ReportTopic"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_environment_has_every_setting_that_a_function_reads_and_no_other(function: str) -> None:
    """What is long goes to the functions that read it: all of it together would be more than Lambda takes."""
    read = {it["name"] for it in SETTINGS if function in (it["read_by"] or FUNCTIONS)}
    assert Template().environment(function).keys() == read


@pytest.mark.parametrize(
    ("parameters", "taken"),
    [({}, True), ({"Organization": ORGANIZATION, "ExternalId": "keeper"}, True), ({"ExternalId": "keeper"}, False)],
)
def test_an_external_id_without_an_organization_is_refused(parameters: dict[str, str], taken: bool) -> None:
    """As the functions do at their start, when it is too late."""
    template = Template(**parameters)
    (rule,) = template.whole["Rules"].values()
    (assertion,) = rule["Assertions"]
    assert (not template.is_true(rule["RuleCondition"]) or template.is_true(assertion["Assert"])) == taken


def test_a_switch_of_x_ray_changes_the_function_alone() -> None:
    """Lambda checks the role when tracing is switched on: a right that came with the switch could be too late."""
    rights = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    for tracing in ("PassThrough", "Active"):
        template = Template(Tracing=tracing)
        for family in FUNCTIONS:
            assert template.function(family)["Tracing"] == tracing
            log = template.resources("AWS::IAM::Role")[f"{family.capitalize()}Role"]["Policies"][0]["PolicyDocument"]
            actions = {action for each in log["Statement"] for action in listed(each["Action"])}
            assert {action for action in actions if action.startswith("xray:")} == rights


def test_no_concurrency_is_reserved_unless_it_is_said() -> None:
    """A new account may have no more than ten in all."""
    for said, expected in (({}, {None}), ({"Concurrency": "5"}, {None, 1, 10, "5"})):
        functions = Template(**said).resources("AWS::Serverless::Function").values()
        assert {it.get("ReservedConcurrentExecutions") for it in functions} == expected


@pytest.mark.parametrize(
    ("said", "mode", "controls"),
    [
        ({"Mode": "enforce"}, "dry-run", ""),
        ({"Mode": "enforce", "Controls": "a=off,b=dry-run,c=enforce"}, "dry-run", "a=off,b=dry-run,c=dry-run"),
        ({"Controls": "c=enforce,d=enforce"}, "dry-run", "c=dry-run,d=dry-run"),
    ],
)
def test_what_is_stopped_fixes_nothing_and_starts_again_as_it_was(said: dict[str, str], mode: str, controls: str) -> None:
    for family in NAMES:
        running, stopped = Template(**said), Template(Stopped="true", **said)
        variables = stopped.environment(family)
        assert (variables["TRAILKEEPER_MODE"], variables["TRAILKEEPER_CONTROLS"]) == (mode, controls)
        variables = running.environment(family)
        assert (variables["TRAILKEEPER_MODE"], variables["TRAILKEEPER_CONTROLS"]) == (
            said.get("Mode", "dry-run"), said.get("Controls", "")
        )
        role = f"{family.capitalize()}Role"
        assert "remediate" in running.inline(role) and "remediate" not in stopped.inline(role)


def test_the_ledger_outlives_the_stack_and_can_be_brought_back() -> None:
    ledger = parsed("template.yaml")["Resources"]["Ledger"]
    assert ledger["DeletionPolicy"] == ledger["UpdateReplacePolicy"] == "Retain"
    given = ledger["Properties"]
    assert given["BillingMode"] == "PAY_PER_REQUEST" and given["DeletionProtectionEnabled"] is True
    assert given["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_an_alarm_rings_where_no_sweep_ends_for_days() -> None:
    template = Template()
    alarms, counted = (template.resources(f"AWS::{it}") for it in ("CloudWatch::Alarm", "Logs::MetricFilter"))
    for family in SWEEPING:
        alarm, metric = alarms[f"{family.capitalize()}Silence"], counted[f"{family.capitalize()}Sweeps"]
        assert metric["LogGroupName"] == f"{family.capitalize()}Logs"
        (told,) = metric["MetricTransformations"]
        assert (told["MetricNamespace"], told["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])
        assert alarm["Dimensions"] == [{"Name": told["Dimensions"][0]["Key"], "Value": family}]
        rings = (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"], alarm["ComparisonOperator"])
        assert rings == (1, 86400, 2, "LessThanThreshold")
        assert alarm["TreatMissingData"] == "breaching"
    # CloudWatch: evaluation periods of seven days together at most.
    assert template.whole["Parameters"]["SilentDays"]["MaxValue"] == 7


@pytest.mark.parametrize(("parameter", "good", "bad"), [
    ("Schedule", ["rate(1 day)", "rate(12 hours)", "cron(0 6 * * ? *)"], ["rate(12", "at(2027-01-01T00:00:00)", "daily", ""]),
    ("ReportTopicArn", ["", TOPIC], ["reports", f"{TOPIC}.fifo", "arn:aws:sqs:us-east-1:123456789012:reports"]),
    ("ReportEmail", ["", "soc@example.com"], ["soc", "soc@example", "a@example.com b@example.com"]),
    ("GuardEmail", ["", "soc@example.com"], ["soc", "a@example.com,b@example.com"]),
    (
        "Exempt",
        [
            "", "control=vpc-flow-logs account=111122223333", "until=2027-01-31 control=a name=x; control=all region=eu-*; ",
            "control=a account=1;control=b name=*",
        ],
        ["control=vpc-flow-logs", "control=a until=2027-01-31", "control=a account=1; control=b", "control=a account=1 all"],
    ),
])
def test_a_value_that_would_do_nothing_or_fail_later_is_refused(parameter: str, good: list[str], bad: list[str]) -> None:
    about = Template().whole["Parameters"][parameter]
    assert about["ConstraintDescription"]
    assert [it for it in (*good, *bad) if re.fullmatch(about["AllowedPattern"], it)] == good


@pytest.mark.parametrize("family", FUNCTIONS)
def test_a_function_has_its_package_and_ends_in_time(family: str) -> None:
    function = Template().function(family)
    assert (ROOT / function["CodeUri"] / "Cargo.toml").is_file()
    assert function["Handler"] == "bootstrap" and function["Runtime"] == "provided.al2023"
    assert 60 < function["Timeout"] <= 900
