"""A change in another account of the organization, taken back by a person with a role of that account."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import StartFunction
from envelope import create_server
from given import described, policy, server
from installed import POLICIES, Installed
from local_aws.clients import ACCOUNT, REGION, Credentials
from local_aws.processes import Ministack
from members import MEMBER, SETTINGS, Member, enters, of_account
from undoing import TABLE, Desk, ledger

HOME = Credentials(ACCOUNT, "root")
OUR_ROLE = "trailkeeper-transfer-logging"


@pytest.fixture
def keeper(ministack: Ministack, function: StartFunction) -> Installed:
    """The transfer function at home, which may enter other accounts and keeps its changes at home."""
    ledger(ministack)
    installed = Installed(ministack, function, "transfer", **SETTINGS, TRAILKEEPER_LEDGER=TABLE)
    enters(installed, "transfer")
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
    rights = json.loads((POLICIES / "ledger.json").read_text().replace("${LedgerArn}", table))
    installed.give("ledger", rights)
    ministack.client("events").create_event_bus(Name="keeper")
    return installed


def profiles(folder: Path) -> dict[str, str]:
    """The configuration of a person who enters the member account by a role of theirs there."""
    config, credentials = folder / "config", folder / "credentials"
    credentials.write_text(f"[home]\naws_access_key_id = {HOME.access_key}\naws_secret_access_key = {HOME.secret_key}\n")
    config.write_text(
        f"[profile home]\nregion = {REGION}\n"
        f"[profile member]\nregion = {REGION}\nrole_arn = arn:aws:iam::{MEMBER}:role/operator\nsource_profile = home\n"
    )
    return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}


BY_PROFILE = ("--profile", "member", "--ledger-profile", "home")
BY_ROLE = ("--profile", "home", "--role", "operator")


@pytest.mark.parametrize("how", [BY_PROFILE, BY_ROLE])
def test_with_a_role_of_the_account_and_the_ledger_at_home(
    ministack: Ministack, keeper: Installed, tmp_path: Path, how: tuple[str, ...]
) -> None:
    member = Member(ministack, "transfer")
    server_id = server(member)
    answer = keeper.invoke(of_account(create_server(server_id), MEMBER))
    assert answer.ok and described(member, server_id)["LoggingRole"]
    change = answer.body["results"][0]["change"]
    iam = member.client("iam")
    trust = policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sts:AssumeRole")
    iam.create_role(RoleName="operator", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="operator", PolicyName="all", PolicyDocument=policy(Action="*", Resource="*"))
    ann, given = Desk(ministack.endpoint, credentials=None), profiles(tmp_path)
    refused = ann.run("undo", change, "--yes", "--profile", "home", **given)
    assert refused.code == 1 and f"change {change} is in account {MEMBER}" in refused.err, refused
    shown = ann.run("show", change, "--profile", "home", **given).out
    whose = f", where ROLE is a role of account {MEMBER} that you may enter"
    assert f"To take it back{whose}: trailkeeper undo {change} --table {TABLE} --profile home --role ROLE\n" in shown, shown
    entered = ann.run("show", change, *BY_PROFILE, **given).out
    assert f"To take it back: trailkeeper undo {change} --table {TABLE} --ledger-profile home --profile member\n" in entered
    done = ann.run("undo", change, "--yes", *how, **given)
    assert done.code == 0, done
    assert not described(member, server_id).get("LoggingRole")
    assert OUR_ROLE not in [it["RoleName"] for it in iam.list_roles()["Roles"]]
    undone = Desk(ministack.endpoint, credentials=HOME).show(change)["undone"]
    assert undone["by"].startswith(f"arn:aws:sts::{MEMBER}:assumed-role/operator/")
