"""Another account of the organization on ministack, whose role lets the functions in."""

from __future__ import annotations

import copy
import json
from typing import Any

from envelope import Event
from installed import Installed, bounded, document, policies_of
from local_aws.clients import ACCOUNT, REGION, Credentials, client
from local_aws.processes import Ministack

MEMBER = "444455556666"
STRANGER = "777788889999"
ORGANIZATION = "o-a1b2c3d4e5"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/keeper"
ROLE = "TrailkeeperRole"
SETTINGS = {"TRAILKEEPER_ORGANIZATION": ORGANIZATION, "TRAILKEEPER_BUS": BUS}

Document = dict[str, Any]


def filled(name: str, account: str) -> Document:
    """A policy of a function, as it is in another account."""
    text = json.dumps(document(name)).replace(ACCOUNT, account)
    whole: Document = json.loads(text)
    return whole


def for_family(whole: Document, family: str) -> Document:
    """The policy for sessions of one family alone."""
    bound = copy.deepcopy(whole)
    for statement in bound["Statement"]:
        equals = statement.setdefault("Condition", {}).setdefault("StringEquals", {})
        equals["aws:PrincipalTag/trailkeeper-family"] = family
    return bound


class Member:
    """An account whose TrailkeeperRole may do there what a family's function may do at home."""

    def __init__(self, ministack: Ministack, family: str, account: str = MEMBER, external_id: str = ORGANIZATION) -> None:
        self.ministack, self.account = ministack, account
        iam = self.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
                },
                {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:TagSession"},
            ],
        }
        made = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        self.arn, self.unique_id = made["Arn"], made["RoleId"]
        bounded(iam, ROLE, account)
        for name in policies_of(family):
            text = json.dumps(for_family(filled(name, account), family))
            iam.put_role_policy(RoleName=ROLE, PolicyName=name.partition(".")[2], PolicyDocument=text)

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of this account's root."""
        return client(self.ministack.endpoint, service, region, Credentials(self.account, "root"))


def enters(installed: Installed, family: str) -> None:
    """Lets the function's role assume that of the members, list accounts and hand sweeps on."""
    session = {"aws:RequestTag/trailkeeper-family": family}
    statements = [
        {"Effect": "Allow", "Action": "organizations:ListAccounts", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Resource": f"arn:aws:iam::*:role/{ROLE}",
            "Condition": {"StringEquals": session},
        },
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": BUS},
    ]
    installed.give("organization", {"Version": "2012-10-17", "Statement": statements})


def of_account(event: Event, account: str) -> Event:
    """The same event in another account."""
    moved: Event = json.loads(json.dumps(event).replace(ACCOUNT, account))
    return moved


def sweep(family: str, account: str, sender: str = ACCOUNT, **rest: Any) -> Event:
    """A sweep that was handed on."""
    return {
        "version": "0",
        "id": "2e0d9a63-4c11-4d7e-9b0f-7a2f4c8e1d44",
        "detail-type": "Trailkeeper Sweep",
        "source": "trailkeeper",
        "account": sender,
        "time": "2026-03-02T06:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": {"family": family, "account": account} | rest,
    }
