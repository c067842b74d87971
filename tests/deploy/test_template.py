"""template.yaml holds what the code needs: the rules, the rights and the settings, no more and no less."""

from __future__ import annotations

import json

import pytest
from template import FUNCTIONS, NAMES, ORGANIZATION, ROOT, SETTINGS, TOPIC, Template, document, listed, parsed


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
    assert policies.keys() == {"log", "observe", "handing-on", "unsent", *besides}
    shared = {"handing-on", "organization", "unsent"}
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
    assert len(files) == (1 if family == "guard" else 2)
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
    assert queues == {"DeadLetters": kept, "UnsentReports": kept | {"VisibilityTimeout": 120}}
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
    """Not for what lies there, which would be one alarm for two weeks. What comes in is sent, by no redrive policy."""
    template = Template()
    alarm = template.resources("AWS::CloudWatch::Alarm")[f"{queue}Alarm"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": f"{queue}.QueueName"}]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("NumberOfMessagesSent", "Sum")
    rings = (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"], alarm["ComparisonOperator"])
    assert rings == (1, 60, 1, "GreaterThanOrEqualToThreshold")
    assert all("RedrivePolicy" not in it for it in template.resources("AWS::SQS::Queue").values())


def test_alarms_of_our_own_have_a_topic_and_a_key_of_their_own() -> None:
    """What mutes the reports does not mute them; CloudWatch may publish there, and may use the key."""
    template = Template(ReportEmail="team@example.com")
    topics = template.resources("AWS::SNS::Topic")
    assert {name: it["KmsMasterKeyId"] for name, it in topics.items()} == {"ReportTopic": "ReportKey", "GuardTopic": "GuardKey"}
    alarms = template.resources("AWS::CloudWatch::Alarm").values()
    assert len(alarms) == 2 + 2 * len(FUNCTIONS)
    assert all(it["AlarmActions"] == ["GuardTopic"] and it["TreatMissingData"] == "notBreaching" for it in alarms)
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


def test_x_ray_is_asked_only_where_it_is_switched_on() -> None:
    for tracing, rights in (("PassThrough", set()), ("Active", {"xray:PutTraceSegments", "xray:PutTelemetryRecords"})):
        template = Template(Tracing=tracing)
        for family in FUNCTIONS:
            assert template.function(family)["Tracing"] == tracing
            policies = template.inline(f"{family.capitalize()}Role").values()
            actions = {action for it in policies for each in it["Statement"] for action in listed(each["Action"])}
            assert {action for action in actions if action.startswith("xray:")} == rights


@pytest.mark.parametrize("family", FUNCTIONS)
def test_a_function_has_its_package_and_ends_in_time(family: str) -> None:
    function = Template().function(family)
    assert (ROOT / function["CodeUri"] / "Cargo.toml").is_file()
    assert function["Handler"] == "bootstrap" and function["Runtime"] == "provided.al2023"
    assert 60 < function["Timeout"] <= 900
