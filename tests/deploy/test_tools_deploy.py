"""`make deploy` checks and asks before it builds, changes what was said and nothing else, and is undone again."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from given import trail, trail_arn, trail_bucket
from local_aws.processes import ACCOUNT, REGION, Ministack
from operator_at_home import Operator
from repository import ROOT
from template import FUNCTIONS, NAMES

from tools import change_set, values
from tools.deploy import lacking
from tools.plan import Plan
from tools.refusal import Refused

EMAIL = "soc@example.com"
EXEMPT = "control=vpc-flow-logs account=111122223333; control=all region=eu-* until=2030-01-31"


@pytest.fixture
def operator(ministack: Ministack, tmp_path: Path) -> Operator:
    return Operator(ministack, tmp_path)


def test_a_stack_from_its_first_deployment_to_its_second(operator: Operator) -> None:
    """Deployed with an address alone, changed from another checkout, stopped, started, removed, and deployed again."""
    ran = operator.deploy("--email", EMAIL)
    assert ran.returncode == 0, ran.stderr
    for shown in (f"Account   {ACCOUNT}", f"Region    {REGION}", "trailkeeper: new", "dry-run: reports only", EMAIL):
        assert shown in ran.stdout
    first = operator.stack()
    assert (first["ReportEmail"], first["Mode"], first["Architecture"]) == (EMAIL, "dry-run", "arm64")
    assert operator.built[:3] == ["package", "ARCH=arm64", f"REGION={REGION}"]
    assert not (operator.folder / "samconfig.toml").exists() and not (ROOT / "samconfig.toml").exists()

    # Nothing new is said: nothing is changed.
    assert "nothing had to be changed" in operator.deploy().stdout and operator.stack() == first

    # A blank, a semicolon and an equals sign are part of a value; the rest stays as it is.
    ran = operator.deploy(parameters=f"Exempt={EXEMPT} Mode=enforce")
    assert ran.returncode == 0, ran.stderr
    second = operator.stack()
    assert second == first | {"Exempt": EXEMPT, "Mode": "enforce"}
    assert operator.variables("vpc")["TRAILKEEPER_EXEMPT"] == EXEMPT

    ran = operator.run("controls", "--on", "kms-key-rotation", "--off", "vpc-flow-logs,monitor-root-usage")
    assert ran.returncode == 0 and "kms-key-rotation                    as Mode says -> enforce" in ran.stdout, ran.stderr
    ran = operator.run("controls", "--dry", "vpc-flow-logs", "--usual", "kms-key-rotation")
    assert "vpc-flow-logs                       off -> dry-run" in ran.stdout
    assert operator.stack() == second | {"Controls": "vpc-flow-logs=dry-run,monitor-root-usage=off"}
    assert not operator.built
    assert "Nothing to change" in operator.run("controls", "--off", "monitor-root-usage").stdout
    ran = operator.run("controls", "--on", "kms-rotation")
    assert (ran.returncode, ran.stderr.strip()) == (1, "There is no control kms-rotation; did you mean kms-key-rotation?")

    running = {family: operator.variables(family) for family in NAMES}
    assert all(map(operator.may_fix, NAMES))
    assert "stopped" in operator.run("stop").stdout.lower()
    for family in NAMES:
        variables = operator.variables(family)
        assert (variables["TRAILKEEPER_MODE"], operator.may_fix(family)) == ("dry-run", False)
    assert "already stopped" in operator.run("stop").stdout.lower()
    assert "but stopped" in operator.run("controls").stdout
    ran = operator.run("stop", "--start")
    assert "Started: Mode enforce" in ran.stdout, ran.stderr
    assert {family: operator.variables(family) for family in NAMES} == running and all(map(operator.may_fix, NAMES))

    # An empty value is one.
    assert operator.deploy(parameters="Exempt= Controls=''").returncode == 0
    assert operator.stack() == second | {"Exempt": "", "Controls": "", "Stopped": "false"}

    assert operator.run("deploy", "--remove").returncode == 1
    assert operator.deploy("--remove").stdout.splitlines()[-1].startswith("Stack trailkeeper: removed; its ledger")
    assert operator.stack() == {}
    assert operator.deploy(parameters="ReportEmail=team@example.com").returncode == 0
    assert operator.stack() == first | {"ReportEmail": "team@example.com"}


def test_nothing_is_built_before_somebody_says_yes(operator: Operator) -> None:
    ran = operator.run("deploy", "--email", EMAIL)
    assert ran.returncode == 1 and "YES=1" in ran.stderr and "trailkeeper: new" in ran.stdout
    assert not operator.built and operator.stack() == {}


def test_a_build_that_fails_deploys_nothing(operator: Operator) -> None:
    ran = operator.deploy(PACKAGED_NOT="1")
    assert (ran.returncode, ran.stderr.strip()) == (1, "The build failed; nothing was deployed")
    assert operator.stack() == {}


STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/trailkeeper/1"


@pytest.mark.parametrize("update", [False, True])
def test_a_deployment_that_fails_says_why_and_a_first_one_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, update: bool
) -> None:
    monkeypatch.setattr(change_set, "uploaded", lambda *_: "https://packages/template")
    client = boto3.Session("testing", "testing").client("cloudformation", REGION)
    started, ended = ("UPDATE", "UPDATE_ROLLBACK_COMPLETE") if update else ("CREATE", "DELETE_COMPLETE")
    events = [
        {"LogicalResourceId": "GuardRole", "PhysicalResourceId": "", "ResourceStatus": f"{started}_FAILED",
         "ResourceStatusReason": "it exists"},
        {"LogicalResourceId": "Ledger", "PhysicalResourceId": "trailkeeper-Ledger-1", "ResourceStatus": f"{started}_COMPLETE"},
        {"LogicalResourceId": "Ledger", "PhysicalResourceId": "", "ResourceStatus": f"{started}_IN_PROGRESS"},
        {"LogicalResourceId": "trailkeeper", "PhysicalResourceId": STACK_ID, "ResourceStatus": f"{started}_IN_PROGRESS"},
    ]
    stack = {"StackName": "trailkeeper", "CreationTime": "2026-01-01", "StackId": STACK_ID, "StackStatus": ended}
    which = {"ChangeSetName": "arn:aws:cloudformation:x", "StackName": STACK_ID}
    same = {"EventId": "1", "StackId": STACK_ID, "StackName": "trailkeeper", "Timestamp": "2026-01-01"}
    with Stubber(client) as stub:
        asked = {
            "StackName": "trailkeeper", "ChangeSetName": ANY, "ChangeSetType": started, "TemplateURL": "https://packages/template",
            "Parameters": [], "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        }
        # What was just made goes with the stack: it is rolled back to nothing.
        asked |= {} if update else {"OnStackFailure": "DELETE"}
        stub.add_response("create_change_set", {"Id": which["ChangeSetName"], "StackId": STACK_ID}, asked)
        stub.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"}, which)
        stub.add_response("execute_change_set", {}, which)
        stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK_ID})
        stub.add_response("describe_stack_events", {"StackEvents": [it | same for it in events]}, {"StackName": STACK_ID})
        tables = Tables()
        account = argparse.Namespace(client=lambda service: tables if service == "dynamodb" else client)
        what = argparse.Namespace(account=account, name="trailkeeper", update=update, parameters=list)
        with pytest.raises(Exception, match=f"The deployment failed \\({ended}; .*\\): GuardRole: it exists"):
            change_set.applied(what, tmp_path)
        stub.assert_no_pending_responses()
        assert tables.removed == ([] if update else ["trailkeeper-Ledger-1"])


class Tables:
    """DynamoDB as far as a table that is protected against deletion is concerned."""

    def __init__(self) -> None:
        self.removed: list[str] = []
        self._protected = True
        self.exceptions = argparse.Namespace(ResourceNotFoundException=KeyError)

    def update_table(self, TableName: str, DeletionProtectionEnabled: bool) -> None:  # noqa: N803 - as AWS has it
        assert TableName == "trailkeeper-Ledger-1"
        self._protected = DeletionProtectionEnabled

    def get_waiter(self, name: str) -> Any:
        assert name == "table_exists"
        return argparse.Namespace(wait=lambda **_: None)

    def delete_table(self, TableName: str) -> None:  # noqa: N803 - as AWS has it
        assert not self._protected
        self.removed.append(TableName)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("Mode=enforced", "Mode: must be one of dry-run, enforce (it is `enforced`)"),
        ("Mod=enforce", "Mod is no parameter of template.yaml; did you mean Mode?"),
        ("Controls=kms-rotation=enforce", "there is no control kms-rotation; did you mean kms-key-rotation?"),
        ("Controls=kms-key-rotation=off,kms-key-rotation=enforce", "kms-key-rotation is set twice"),
        ("Exempt=control=vpc-flow-log account=111122223333", "there is no control vpc-flow-log; did you mean vpc-flow-logs?"),
        # The functions' own code finds what no pattern does.
        ("Exempt=control=vpc-flow-logs account=all", "Exempt: `all`"),
        ("Schedule=rate(12", "Schedule: must be an expression such as rate(12 hours)"),
        ("ExternalId=secret", "ExternalId works only with Organization"),
        ("ReportTopicArn=arn:aws:sns:ca-central-1:111122223333:reports", "give an address for them"),
        ("Mode", "`Mode` is not of the form Name=value"),
        ("Exempt='control=all region=eu-*", "Exempt: the quote ' is not closed"),
        ("Mode=enforce Mode=dry-run", "Mode is given twice"),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_built(operator: Operator, parameters: str, told: str) -> None:
    ran = operator.deploy(parameters=parameters)
    assert ran.returncode == 1 and told in ran.stderr, ran.stderr
    assert not operator.built


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("Mode=enforce", {"Mode": "enforce"}),
        (f"Exempt={EXEMPT} Mode=enforce", {"Exempt": EXEMPT, "Mode": "enforce"}),
        (f"Mode=enforce Exempt={EXEMPT}", {"Exempt": EXEMPT, "Mode": "enforce"}),
        (f"Exempt='{EXEMPT}'\nMode=enforce", {"Exempt": EXEMPT, "Mode": "enforce"}),
        ('Controls="" Exempt= Mode=enforce', {"Controls": "", "Exempt": "", "Mode": "enforce"}),
        ('A=it\'s B="x Y=z" C="', None),
        ('A=it\'s B="x Y=z"', {"A": "it's", "B": "x Y=z"}),
    ],
)
def test_a_value_ends_where_the_next_name_begins(text: str, expected: dict[str, str] | None) -> None:
    if expected is None:
        with pytest.raises(Exception, match="not closed"):
            values.spoken(text)
    else:
        assert values.spoken(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"# what is exempt\nExempt={EXEMPT}\n\nControls=\n",
        f'{{"Exempt": "{EXEMPT}", "Controls": ""}}',
        f'[{{"ParameterKey": "Exempt", "ParameterValue": "{EXEMPT}"}}, {{"ParameterKey": "Controls", "ParameterValue": ""}}]',
    ],
    ids=["lines", "object", "list"],
)
def test_a_file_of_values_is_one_of_several_kinds(tmp_path: Path, text: str) -> None:
    (tmp_path / "values").write_text(text)
    assert values.filed(str(tmp_path / "values")) == {"Exempt": EXEMPT, "Controls": ""}


class Account:
    """An account with a stack in some state, and so much concurrency."""

    region, account, partition, who = REGION, ACCOUNT, "aws", f"arn:aws:iam::{ACCOUNT}:user/alice"

    def __init__(
        self, status: str = "", unreserved: int = 1000, there: tuple[str, str] | None = None,
        log_buckets: Iterable[str] | None = (), **kept: str,
    ) -> None:
        self._there, self._unreserved, self._log_buckets = there, unreserved, log_buckets
        holds = {"Mode": "dry-run", "Controls": "", "Schedule": "rate(1 day)"} | kept
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in holds.items()]
        self._stack = {"StackStatus": status, "Parameters": parameters} if status else None

    def stack(self, _: str) -> dict[str, Any] | None:
        return self._stack

    def elsewhere(self) -> tuple[str, str] | None:
        return self._there

    def client(self, _: str, **__: Any) -> Any:
        limits = {"ConcurrentExecutions": self._unreserved, "UnreservedConcurrentExecutions": self._unreserved}
        return argparse.Namespace(
            get_account_settings=lambda: {"AccountLimit": limits},
            describe_trails=self._trails,
            describe_delivery_channels=self._channels,
        )

    def _channels(self) -> dict[str, Any]:
        return {"DeliveryChannels": [{"name": "default"}, {"s3BucketName": "z-of-config"}]} if self._log_buckets != () else {}

    def _trails(self) -> dict[str, Any]:
        if self._log_buckets is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeTrails")
        return {"trailList": [{"S3BucketName": it} for it in self._log_buckets]}


def plan(account: Account, **said: str) -> Plan:
    return Plan(account, "trailkeeper", said)  # type: ignore[arg-type]


def told(account: Account, **said: str) -> str:
    """Why nothing can be done."""
    with pytest.raises(Exception) as refused:
        plan(account, **said)
    assert type(refused.value).__name__ == Refused.__name__
    return str(refused.value)


def test_concurrency_is_reserved_where_the_account_has_it() -> None:
    """A hundred stay for functions that reserve none; a new account may have ten in all."""
    families, alone = len(NAMES), len({"guard", "digest"})
    # Each family's batches take ten and its sweeps five, as does the reader of access logs; what is urgent reserves none.
    needed = alone + 5 * (len(FUNCTIONS) - alone - families) + (10 + 5) * families
    assert plan(Account(unreserved=100 + needed)).said == {"Concurrency": "5"}
    for few in (10, 50, 99 + needed):
        poor = plan(Account(unreserved=few))
        assert poor.said == {} and f"the account has {few} in all" in poor.shown()
        assert "say Concurrency=0" in told(Account(unreserved=few), Concurrency="5")
        assert plan(Account(unreserved=few), Concurrency="0").said == {"Concurrency": "0"}
    # What the stack itself has reserved is there for it.
    kept = Account("UPDATE_COMPLETE", unreserved=1000 - needed, Concurrency="5")
    assert plan(kept).said == {} and plan(kept, Concurrency="3").said == {"Concurrency": "3"}


def logs_into(operator: Operator, name: str, bucket: str) -> None:
    """Makes a trail and its bucket."""
    server: Any = operator.server
    trail(server, name, S3BucketName=trail_bucket(server, bucket, REGION, trail_arn(name)))


def test_a_first_deployment_names_the_log_buckets_of_the_account(operator: Operator) -> None:
    """So that what shuts one wakes a function at once. Later ones are told, and what an operator has named stays."""
    usual = values.rules()["LogBuckets"]["Default"]
    for name, bucket in (("one", "aws-cloudtrail-logs-1"), ("two", "our-audit")):
        logs_into(operator, name, bucket)
    ran = operator.deploy()
    assert f"Value     LogBuckets = `{usual},our-audit`" in ran.stdout, ran.stdout
    assert operator.stack()["LogBuckets"] == f"{usual},our-audit"
    logs_into(operator, "three", "second-audit")
    ran = operator.deploy()
    more = f"PARAMETERS='LogBuckets={usual},our-audit,second-audit'"
    assert f"Calls on the log bucket second-audit come in batches: {more} has them come at once" in ran.stdout, ran.stdout
    assert "nothing had to be changed" in ran.stdout
    assert operator.deploy(parameters="LogBuckets=our-,second").returncode == 0
    ran = operator.deploy()
    assert operator.stack()["LogBuckets"] == "our-,second" and "nothing had to be changed" in ran.stdout and "batches" not in ran.stdout
    assert "must be the names of at most eight buckets" in operator.deploy(parameters="LogBuckets=").stderr


def test_log_buckets_that_have_no_room_or_cannot_be_seen_are_told() -> None:
    many = [f"logs-{number}" for number in range(9)]
    found = plan(Account(log_buckets=[*many, "Old_Logs", "config-bucket-1"]))
    assert found.said["LogBuckets"] == ",".join(["aws-accelerator-central-logs-", *many[:7]])
    assert "Calls on the log buckets logs-7, logs-8, z-of-config come in batches: LogBuckets has no room" in found.shown()
    assert "Calls on the log bucket Old_Logs come in batches: LogBuckets takes no such name" in found.shown()
    # A name stands for all that begin with it.
    assert plan(Account(log_buckets=["logs", *many])).said["LogBuckets"] == "aws-accelerator-central-logs-,logs,z-of-config"
    # What one of the two does not tell keeps nobody from what the other does.
    denied = plan(Account(log_buckets=None))
    assert denied.said["LogBuckets"] == "aws-accelerator-central-logs-,z-of-config"
    assert "The log buckets of trails could not be looked up, to name them in LogBuckets: DescribeTrails is denied" in denied.shown()
    assert plan(Account(log_buckets=None), LogBuckets="mine").notes == []


def test_a_stack_of_an_earlier_version_gets_the_log_buckets_and_one_that_names_them_is_left() -> None:
    assert plan(Account("UPDATE_COMPLETE", log_buckets=["ours"])).said["LogBuckets"] == "aws-accelerator-central-logs-,ours,z-of-config"
    named = plan(Account("UPDATE_COMPLETE", log_buckets=["ours"], LogBuckets="mine"))
    assert "LogBuckets" not in named.said and "PARAMETERS='LogBuckets=mine,ours,z-of-config'" in named.shown()


def test_what_a_failed_creation_left_is_removed_and_what_it_was_told_is_not_lost() -> None:
    left = plan(Account("ROLLBACK_COMPLETE", ReportEmail=EMAIL, Concurrency="20", Gone="x"), Mode="enforce")
    assert left.dead and not left.update
    assert left.said == {"ReportEmail": EMAIL, "Mode": "enforce", "Concurrency": "5"}
    assert "ROLLBACK_COMPLETE) is removed first" in left.shown()


def test_only_what_is_said_is_given_and_what_the_template_has_no_more_is_left_out() -> None:
    given = plan(Account("UPDATE_COMPLETE", ReportEmail=EMAIL, Gone="x"), Mode="enforce").parameters()
    assert given == [
        {"ParameterKey": "Mode", "ParameterValue": "enforce"},
        {"ParameterKey": "Controls", "UsePreviousValue": True},
        {"ParameterKey": "Schedule", "UsePreviousValue": True},
        {"ParameterKey": "ReportEmail", "UsePreviousValue": True},
    ]


def test_a_stack_that_nothing_can_be_done_with_is_told() -> None:
    assert "wait until it is done" in told(Account("UPDATE_IN_PROGRESS"))
    assert "continue-update-rollback --stack-name trailkeeper" in told(Account("UPDATE_ROLLBACK_FAILED"))
    assert "STACK=audit REGION=eu-west-1" in told(Account(there=("audit", "eu-west-1")))
    foreign = Account("CREATE_COMPLETE")
    foreign._stack = {"StackStatus": "CREATE_COMPLETE", "Parameters": []}  # noqa: SLF001 - its own
    assert "is not Trailkeeper's" in told(foreign)


def test_where_aws_lists_no_regions_they_must_be_named() -> None:
    account = Account()
    account.partition = "aws-us-gov"
    assert f"name them, as in Regions={REGION}" in told(account)
    assert plan(account, Regions="us-gov-west-1").said["Regions"] == "us-gov-west-1"


def test_a_machine_that_is_too_small_to_build_is_told_before_it_builds() -> None:
    assert lacking(16 << 30) == []
    (note,) = lacking(4 << 30)
    assert "has 4 GB of memory, and building takes 8" in note


def test_nobody_is_told_is_shown() -> None:
    assert "Reports   NOBODY" in plan(Account()).shown()


def recipe(*given: str, **variables: str) -> str:
    """What make would run."""
    kept = {key: value for key, value in os.environ.items() if key not in {"EMAIL", "ARCH", "MAKEFLAGS"}}
    return subprocess.run(
        ["make", "--dry-run", *given], cwd=ROOT, env=kept | variables, capture_output=True, text=True, check=True
    ).stdout.replace("\\\n", "")


def test_a_value_outside_the_quotes_is_not_lost(operator: Operator) -> None:
    ran = operator.deploy("--given", "EMAIL YES Exempt", "--email", EMAIL)
    assert ran.returncode == 1 and "Exempt= is outside PARAMETERS" in ran.stderr, ran
    assert operator.stack() == {}
    asked = recipe("deploy", "EMAIL=a@example.com", "Exempt=x")
    assert {"EMAIL", "Exempt"} <= set(asked.split("--given '")[1].split("'")[0].split())


def test_make_hands_everything_on_as_it_is() -> None:
    asked = recipe("deploy", "EMAIL=o'neil@example.com", "STACK=audit", "REGION=eu-west-1", "YES=1", "ARCH=x86_64")
    assert "--stack 'audit' --region 'eu-west-1'" in asked and "--email 'o'\\''neil@example.com'" in asked
    assert "--architecture 'x86_64' --yes" in asked
    usual = recipe("deploy", EMAIL="alice@home.example")
    assert "--email" not in usual and "--architecture" not in usual and "--yes" not in usual
    for no in ("0", "no", "false"):
        assert "--remove" not in recipe("regions", f"REMOVE={no}") + recipe("members", f"REMOVE={no}")
    assert "--remove" in recipe("regions", "REMOVE=1")


def test_no_value_goes_by_way_of_sam() -> None:
    assert EXEMPT not in recipe("deploy", f"PARAMETERS=Exempt={EXEMPT}")
    built = [it for it in recipe("package", "REGION=eu-west-1", "PACKAGED=x").splitlines() if "sam " in it]
    assert [it.split("--parameter-overrides ")[1].split() for it in built if "overrides" in it] == [["Architecture=arm64"]]


@pytest.mark.parametrize("value", ["Exempt=control=all name=a$b$(HOME) region='x'; # y", "Mode=enforce\nControls=\n", ""])
def test_make_keeps_its_hands_off_the_values(tmp_path: Path, value: str) -> None:
    (tmp_path / "stamp").touch()
    for given, variables in (([f"PARAMETERS={value}"], {}), ([], {"PARAMETERS": value})):
        told = ["deploy", f"SAM_VENV={tmp_path}", "OPERATE=@printenv PARAMETERS #", *given]
        if "\n" in value and given:
            continue  # A line of a recipe has one line.
        kept = {key: it for key, it in os.environ.items() if key not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PARAMETERS"}}
        ran = subprocess.run(["make", "--no-print-directory", *told], cwd=ROOT, env=kept | variables, capture_output=True, text=True, check=True)
        assert ran.stdout == f"{value}\n"
