"""`make members` lets Trailkeeper into the accounts of an organization, and forwards their calls from every region."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber
from local_aws.processes import ACCOUNT, REGION, Moto
from operated import TOOLS, deploy, tool
from template import Loader

from tools import members

REGIONS = [REGION, "eu-west-1", "eu-west-2"]
OPERATION = {"OperationId": "1"}


@dataclass(frozen=True)
class Organization:
    """An organization with two accounts in one unit."""

    id: str
    unit: str
    accounts: list[str]


@pytest.fixture
def organization(moto: Moto) -> Organization:
    moto.regions(REGIONS)
    organizations = moto.client("organizations")
    identifier = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="workloads")["OrganizationalUnit"]["Id"]
    accounts = []
    for name in ("one", "two"):
        made = organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
        organizations.move_account(AccountId=made["AccountId"], SourceParentId=root, DestinationParentId=unit)
        accounts.append(made["AccountId"])
    return Organization(identifier, unit, sorted(accounts))


def instances(moto: Moto, name: str) -> set[tuple[str, str]]:
    """The accounts and regions of a StackSet."""
    listed = moto.client("cloudformation").list_stack_instances(StackSetName=name)["Summaries"]
    assert len(listed) == len({(it["Account"], it["Region"]) for it in listed})
    return {(it["Account"], it["Region"]) for it in listed}


def parameters(moto: Moto, name: str) -> dict[str, str]:
    """What a StackSet gives its stacks."""
    whole = moto.client("cloudformation").describe_stack_set(StackSetName=name)["StackSet"]
    assert whole["PermissionModel"] == "SERVICE_MANAGED"
    return {it["ParameterKey"]: it["ParameterValue"] for it in whole["Parameters"]}


def of_stack(moto: Moto) -> dict[str, str]:
    """The parameters of the home stack."""
    (stack,) = moto.client("cloudformation").describe_stacks(StackName="trailkeeper")["Stacks"]
    return {it["ParameterKey"]: it["ParameterValue"] for it in stack["Parameters"]}


def test_every_account_gets_the_roles_once_and_the_rules_in_every_region(
    moto: Moto, organization: Organization
) -> None:
    deploy(moto.client("cloudformation"), Organization=organization.id, Mode="enforce")

    ran = tool(moto, "members", "--ou", organization.unit)

    assert ran.returncode == 0, ran.stderr
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/trailkeeper"
    made = of_stack(moto)["ExternalId"]
    assert parameters(moto, "trailkeeper-regions") == {"Bus": bus, "AccessTargets": "none"}
    assert parameters(moto, "trailkeeper-members") == {
        "Bus": bus,
        "HomeAccount": ACCOUNT,
        "HomeStack": "trailkeeper",
        "ExternalId": made,
        "MayFix": "true",
        "FlowLogBucket": "none",
        "AlarmAddress": "",
        "AccessTargets": "none",
        "PermissionsBoundary": "",
        "BoundaryOwner": "",
    }
    one, two = organization.accounts
    assert instances(moto, "trailkeeper-members") == {(one, REGION), (two, REGION)}
    everywhere = {(account, region) for account in organization.accounts for region in REGIONS}
    assert instances(moto, "trailkeeper-regions") == everywhere
    assert f"{one}  3 of 3 regions" in ran.stdout

    moto.regions([*REGIONS, "af-south-1"])
    assert tool(moto, "members", "--ou", organization.unit).returncode == 0
    new = {(account, "af-south-1") for account in organization.accounts}
    assert instances(moto, "trailkeeper-regions") == everywhere | new


def test_the_external_id_is_random_and_made_once(moto: Moto, organization: Organization) -> None:
    """The stack keeps it beside all that it was deployed with; where it is emptied, another is made."""
    cloudformation, made = moto.client("cloudformation"), []
    for again in (False, True, False):
        if not again:
            deploy(cloudformation, Organization=organization.id, Mode="enforce")
        assert tool(moto, "members", "--ou", organization.unit).returncode == 0
        made.append(parameters(moto, "trailkeeper-members")["ExternalId"])
        assert of_stack(moto)["ExternalId"] == made[-1] and of_stack(moto)["Mode"] == "enforce"
    assert made[0] == made[1] != made[2] and all(re.fullmatch("[0-9a-f]{32}", it) for it in made)


def test_the_templates_are_told_all_that_they_ask_for(moto: Moto, organization: Organization) -> None:
    deploy(moto.client("cloudformation"), Organization=organization.id, Mode="enforce")
    tool(moto, "members", "--ou", organization.unit)
    for name in ("members", "regions"):
        asked = yaml.load((TOOLS.parent / f"{name}.yaml").read_text(), Loader)["Parameters"]  # noqa: S506
        assert parameters(moto, f"trailkeeper-{name}").keys() == asked.keys()


def test_the_right_to_fix_follows_the_stack_and_regions_can_be_named(moto: Moto, organization: Organization) -> None:
    cloudformation = moto.client("cloudformation")
    given = {"Organization": organization.id, "ExternalId": "secret"}
    deploy(cloudformation, Mode="dry-run", Controls="kms-key-rotation=enforce", AlarmAddress="soc@example.com",
           AccessTargets="access-logs", **given)
    tool(moto, "members", "--ou", organization.unit, "--regions", "eu-west-1,eu-west-2")

    given_to_members = parameters(moto, "trailkeeper-members")
    assert (given_to_members["MayFix"], given_to_members["ExternalId"]) == ("true", "secret")
    assert given_to_members["AlarmAddress"] == "soc@example.com"
    assert given_to_members["AccessTargets"] == parameters(moto, "trailkeeper-regions")["AccessTargets"] == "access-logs"
    assert {region for _, region in instances(moto, "trailkeeper-regions")} == {"eu-west-1", "eu-west-2"}


@pytest.mark.parametrize(
    ("parameter", "arguments", "told"),
    [
        ("", ["--ou", "ou-abcd-11111111"], "parameter Organization first"),
        ("o-0123456789", ["--ou", "ou-abcd-11111111"], "parameter Organization first"),
        (None, [], "Name the organizational units"),
    ],
)
def test_nothing_is_done_while_something_is_missing(
    moto: Moto, organization: Organization, parameter: str | None, arguments: list[str], told: str
) -> None:
    cloudformation = moto.client("cloudformation")
    deploy(cloudformation, Organization=organization.id if parameter is None else parameter)

    ran = tool(moto, "members", *arguments)

    assert ran.returncode == 1
    assert told in ran.stderr
    assert cloudformation.list_stack_sets()["Summaries"] == []


class Home:
    """The stack in the security account, with stubbed clients."""

    name, account, partition, region, regions = "trailkeeper", "222222222222", "aws", REGION, REGIONS

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        session = boto3.Session()
        clients = {name: session.client(name, REGION) for name in ("cloudformation", "organizations")}
        self.stubs = {name: Stubber(it) for name, it in clients.items()}
        for stub in self.stubs.values():
            stub.activate()
        self.client = clients.__getitem__
        owner = {"Organization": {"Id": "o-0123456789", "MasterAccountId": "111111111111"}}
        self.stubs["organizations"].add_response("describe_organization", owner)
        monkeypatch.setattr(members, "Home", lambda _: self)

    def output(self, name: str) -> str:
        return f"arn:aws:events:{REGION}:{self.account}:event-bus/{name.lower()}"

    def parameter(self, name: str) -> str:
        return {"Organization": "o-0123456789", "ExternalId": "keeper"}.get(name, "")

    def expect(self, operation: str, answer: dict[str, Any], **asked: Any) -> None:
        """The next call of CloudFormation, as the delegated administrator."""
        expected = asked | {"CallAs": "DELEGATED_ADMIN"}
        self.stubs["cloudformation"].add_response(operation, answer, expected)

    def absent(self, name: str) -> None:
        """The StackSet is asked for, and is not there."""
        self.stubs["cloudformation"].add_client_error(
            "describe_stack_set", "StackSetNotFoundException",
            expected_params={"StackSetName": name, "CallAs": "DELEGATED_ADMIN"},
        )

    def present(self, name: str) -> None:
        """The StackSet is asked for, and is there."""
        self.expect("describe_stack_set", {"StackSet": {"StackSetARN": f"arn:{name}"}}, StackSetName=name)

    def done(self, name: str, status: str = "SUCCEEDED") -> None:
        """The operation is asked for, and is over."""
        answer = {"StackSetOperation": {"Status": status, "Action": "CREATE", "StatusReason": "see the instances"}}
        self.expect("describe_stack_set_operation", answer, StackSetName=name, **OPERATION)

    def holds(self, name: str, *summaries: dict[str, Any]) -> None:
        """The instances are asked for."""
        self.expect("list_stack_instances", {"Summaries": list(summaries)}, StackSetName=name)

    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["members", *arguments])
        answer = members.main()
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
        return answer


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return Home(monkeypatch)


def instance(account: str, region: str, status: str = "CURRENT", detailed: str = "SUCCEEDED") -> dict[str, Any]:
    return {
        "Account": account,
        "Region": region,
        "Status": status,
        "StatusReason": "the region is disabled" if status != "CURRENT" else "",
        "StackInstanceStatus": {"DetailedStatus": detailed},
        "OrganizationalUnitId": "ou-abcd-11111111",
    }


def test_a_delegated_administrator_leaves_its_own_account_out_and_tells_what_failed(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[dict[str, Any]] = []
    targets = {
        "OrganizationalUnitIds": ["ou-abcd-11111111"],
        "AccountFilterType": "DIFFERENCE",
        "Accounts": [home.account],
    }
    home.client("cloudformation").meta.events.register(
        "before-parameter-build.cloudformation.CreateStackSet", lambda params, **_: made.append(dict(params))
    )
    for name, regions in (("trailkeeper-members", [REGION]), ("trailkeeper-regions", REGIONS)):
        home.absent(name)
        home.stubs["cloudformation"].add_response("create_stack_set", {})
        home.holds(name)
        home.expect(
            "create_stack_instances", OPERATION, StackSetName=name, Regions=regions, DeploymentTargets=targets,
            OperationPreferences=members.PREFERENCES,
        )
        home.done(name, "FAILED")
        home.present(name)
    home.holds("trailkeeper-members", instance("333333333333", REGION))
    home.holds(
        "trailkeeper-regions",
        instance("333333333333", REGION),
        instance("333333333333", "eu-west-1", "OUTDATED", "FAILED"),
        instance("444444444444", REGION, "OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT"),
    )

    assert home.run(monkeypatch, "--ou", "ou-abcd-11111111") == 1

    output = capsys.readouterr().out
    assert "333333333333  1 of 2 regions" in output
    assert "FAILED: 333333333333 eu-west-1: the region is disabled" in output
    assert "444444444444  1 of 1 regions" in output
    roles, rules = made
    # The stack is in dry-run.
    assert {"ParameterKey": "MayFix", "ParameterValue": "false"} in roles["Parameters"]
    assert roles["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    # A new account has the role before the rules that need it.
    assert rules["AutoDeployment"]["DependsOn"] == ["arn:trailkeeper-members"]


def test_what_is_there_is_updated_and_only_what_lacks_is_added(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {
        "trailkeeper-members": [instance("333333333333", REGION)],
        "trailkeeper-regions": [instance("333333333333", region) for region in REGIONS[:2]],
    }
    for name, found in there.items():
        home.present(name)
        home.stubs["cloudformation"].add_response("update_stack_set", OPERATION)
        home.done(name)
        home.holds(name, *found)
        if name == "trailkeeper-regions":
            home.stubs["cloudformation"].add_response("create_stack_instances", OPERATION)
            home.done(name)
        home.present(name)
    for name, found in there.items():
        home.holds(name, *found)

    assert home.run(monkeypatch, "--ou", "ou-abcd-11111111") == 0


def test_all_is_removed_the_rules_before_the_role_that_they_use(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.present("trailkeeper-regions")
    home.holds("trailkeeper-regions", *(instance("333333333333", region) for region in REGIONS))
    home.expect(
        "delete_stack_instances", OPERATION, StackSetName="trailkeeper-regions", Regions=sorted(REGIONS),
        DeploymentTargets={"OrganizationalUnitIds": ["ou-abcd-11111111"]}, RetainStacks=False,
        OperationPreferences=members.PREFERENCES,
    )
    home.done("trailkeeper-regions")
    home.expect("delete_stack_set", {}, StackSetName="trailkeeper-regions")
    home.absent("trailkeeper-members")

    assert home.run(monkeypatch, "--remove") == 0

    assert capsys.readouterr().out.splitlines() == [
        "trailkeeper-regions: removed", "trailkeeper-members: not there"
    ]


def test_china_is_told_what_stack_sets_cannot_do_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Home, "partition", "aws-cn")
    with pytest.raises(Exception, match="deploy members.yaml and regions.yaml by hand"):
        home.run(monkeypatch, "--ou", "ou-abcd-11111111")
