"""Trailkeeper decides policies as an evaluator does that is not its own, @cloud-copilot/iam-simulate.

Where the two differ, AWS's documentation says why, or the test fails. What depends on a key that nobody knows before the
request is made may be unclear.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache

import pytest
from conftest import binary
from policy_requests import (
    ACCOUNT,
    BUCKET,
    CONFIG_CHECK,
    CONFIG_FILE,
    DIGEST,
    FILE,
    FLOW_FILE,
    REQUESTS,
    ROLE,
    TRAIL,
    UNFORESEEN,
    Json,
    Request,
    documents,
    mutated,
)
from repository import ROOT, TESTS

SIMULATOR = TESTS / "iam_simulate"
EVALUATORS = {"Allowed": "Allowed", "Denied": "ExplicitlyDenied", "NotAllowed": "ImplicitlyDenied"}


@dataclass(frozen=True)
class Difference:
    """What the two decide differently, and AWS's sentence for why Trailkeeper is right."""

    what: str
    sentence: str
    source: str
    is_it: Callable[[Request, Json, str, str], bool]


GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies"
OPERATORS, VARIABLES, KEYS = f"{GUIDE}_elements_condition_operators.html", f"{GUIDE}_variables.html", f"{GUIDE}_condition-keys.html"


def asks(policy: Json, of: Callable[[str, str, str], bool]) -> bool:
    """Whether a condition has such an operator, key and values."""
    blocks = [it["Condition"] for it in policy["Statement"] if "Condition" in it]
    asked = [(operator, *pair) for block in blocks for operator, keys in block.items() for pair in keys.items()]
    return any(of(operator, key, json.dumps(values)) for operator, key, values in asked)


def names(policy: Json, element: str, text: str) -> bool:
    return any(text in json.dumps(it.get(element, "")) for it in policy["Statement"])


ACCEPTED = [
    Difference(
        "a variable in a document of the older version",
        "If you don't include a Version element set to 2012-10-17, variables are treated as literal strings in the policy.",
        f"{GUIDE}_elements_version.html",
        lambda _, policy, *__: policy["Version"] == "2008-10-17" and "${" in json.dumps(policy),
    ),
    Difference(
        "a negated operator and a variable without value",
        "Inverted condition operators like StringNotEquals or StringNotLike do match against a null value.",
        VARIABLES,
        lambda _, policy, *__: asks(policy, lambda how, _, what: "Not" in how and "${aws:PrincipalAccount}" in what),
    ),
    Difference(
        "a variable without value in NotResource, which nothing is said of: unclear",
        "The resource that includes a policy element with no value will not match any resource.",
        VARIABLES,
        lambda _, policy, mine, __: names(policy, "NotResource", "${") and mine in ("Unclear", "NotAllowed"),
    ),
    Difference(
        "a variable before the last colon of an ARN",
        "You can use policy variables in the Resource element and in string comparisons in the Condition element.",
        VARIABLES,
        lambda request, policy, *_: any(
            names(policy, it, ":${aws:") and request.resource.count(":") > 4 for it in ("Resource", "NotResource")
        ) or asks(policy, lambda how, _, what: "Arn" in how and ":${aws:" in what),
    ),
    Difference(
        "a variable with a default in a resource",
        "To add a default value to a variable, surround the default value with single quotes.",
        VARIABLES,
        lambda _, policy, *__: "${aws:SourceAccount, '999999999999'}" in json.dumps(policy),
    ),
    Difference(
        "a negated ARN operator and a value that is no ARN, which therefore does not match",
        "ArnNotEquals, ArnNotLike: Negated matching for ARN.",
        OPERATORS,
        lambda _, policy, *__: asks(policy, lambda how, _, what: "ArnNot" in how and what.count(":") < 5),
    ),
    Difference(
        "an encryption context, which the other evaluator does not know as a key of the request",
        "You can use this condition key to control access to a symmetric encryption KMS key based on the encryption context.",
        "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context",
        lambda request, policy, *_: request.action.startswith("kms:")
        and asks(policy, lambda _, key, __: key.startswith("kms:EncryptionContext:")),
    ),
    Difference(
        "all names of a service, of which only one is known: unclear",
        "This key provides a list of all service principal names that belong to the service.",
        KEYS,
        lambda _, policy, mine, __: mine in ("Unclear", "NotAllowed") and asks(
            policy,
            lambda how, key, _: key == "aws:PrincipalServiceNamesList" and ("ForAll" in how) != ("Not" in how),
        ),
    ),
]


def answers(command: list[str], questions: Iterable[Json]) -> list[str]:
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    ran = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def ours(questions: Iterable[Json]) -> list[str]:
    return answers([str(binary("examples/policy_decisions"))], questions)


def theirs(questions: Iterable[Json]) -> list[str]:
    node = shutil.which("node")
    if not node or not (SIMULATOR / "node_modules").is_dir():
        pytest.fail("node and iam-simulate are needed: make tests/iam_simulate/node_modules/stamp", pytrace=False)
    found = answers([node, str(SIMULATOR / "decide.mjs")], questions)
    wrong = next((answer for answer in found if answer.startswith("error")), None)
    assert wrong is None, wrong
    return found


def asked_of_us(request: Request, policy: Json) -> Json:
    resources = [] if request.action == "sts:AssumeRole" else [request.resource]
    return {
        "documents": [policy],
        "service": request.service,
        "action": request.action,
        "resources": resources,
        "known": request.known,
    }


def asked_of_them(request: Request, policy: Json) -> Json:
    return {
        "principal": request.service or ROLE,
        "action": request.action,
        "resource": request.resource,
        "account": ACCOUNT,
        "known": {key: it[0] if len(it) == 1 else it for key, it in request.context().items()},
        "resourcePolicy": policy if request.service else None,
        "identityPolicies": [] if request.service else [policy],
    }


def depends_on_the_unforeseen(request: Request, policy: Json) -> bool:
    """Whether a policy asks for what is not known of a request. Of a role's, nothing is but the action and the resource."""
    text = json.dumps(policy).lower()
    if request.service is None:
        return "condition" in text or "${" in text
    return any(key.lower() in text for key in [*UNFORESEEN, *request.unforeseen])


@cache
def decided(name: str) -> list[tuple[Json, str, str]]:
    """Policies on a request, with both decisions."""
    request = next(it for it in REQUESTS if it.name == name)
    asked = list(documents(request, random.Random(name), 120))
    got = ours(asked_of_us(request, it) for it in asked)
    return list(zip(asked, got, theirs(asked_of_them(request, it) for it in asked), strict=True))


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.name)
def test_decisions_are_those_of_another_evaluator(request_: Request) -> None:
    wrong = []
    for policy, mine, other in decided(request_.name):
        # A no stays a no where a denial beside it is unclear.
        may_be_unclear = mine == "Unclear" or (mine, other) == ("NotAllowed", "ExplicitlyDenied")
        if may_be_unclear and depends_on_the_unforeseen(request_, policy):
            continue
        if EVALUATORS.get(mine) != other and not any(it.is_it(request_, policy, mine, other) for it in ACCEPTED):
            wrong.append(f"{mine}, not {other}: {json.dumps(policy)}")
    assert not wrong, f"{len(wrong)} decisions\n" + "\n".join(wrong[:20])


def test_each_accepted_difference_is_one() -> None:
    """A row that no decision needs any more is taken out."""
    needed = {
        it.what
        for request in REQUESTS
        for policy, mine, other in decided(request.name)
        for it in ACCEPTED
        if EVALUATORS.get(mine) != other and it.is_it(request, policy, mine, other)
    }
    assert {it.what for it in ACCEPTED} == needed


def filled(name: str, words: dict[str, str]) -> list[Json]:
    """The statements of one of our documents."""
    text = (ROOT / "policies" / name).read_text()
    for placeholder, value in {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "Bucket": "logs", "Prefix": "", **words}.items():
        text = text.replace(f"${{{placeholder}}}", value)
    return json.loads(text)["Statement"]


def elsewhere(file: str) -> list[str]:
    """The same file of several regions."""
    return [file.replace("eu-west-1", region) for region in ("us-east-1", "eu-west-1", "ap-southeast-2")]


DELIVERIES = {
    "trail": ("log-bucket.cloudtrail.json", "a trail's file", [*elsewhere(FILE), DIGEST, DIGEST.replace("us-east-1/", "eu-west-1/")]),
    "channel": ("log-bucket.config.json", "a channel's snapshot", [CONFIG_FILE, CONFIG_CHECK]),
    "flow-logs": ("log-bucket.flow-logs.json", "a flow log's file", elsewhere(FLOW_FILE)),
}


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_what_a_service_may_deliver_is_what_it_may_write(delivery: str) -> None:
    name, usual, files = DELIVERIES[delivery]
    own = {"Version": "2012-10-17", "Statement": filled(name, {"TrailArn": TRAIL, "TrailAccount": ACCOUNT})}
    request = next(it for it in REQUESTS if it.name == usual)
    chosen = random.Random(delivery)
    asked = [own, *(mutated(own, chosen) for _ in range(150))]
    got = ours({"delivery": delivery, "bucket": "logs", "source": TRAIL, "document": it} for it in asked)
    actions = {it["Action"] for it in own["Statement"]} - {request.action}
    needed = [replace(request, resource=it) for it in files]
    without_acl = {key: it for key, it in request.known.items() if not key.startswith("s3:")}
    needed += [replace(request, action=it, resource=BUCKET, known=without_acl) for it in sorted(actions)]
    answered = iter(theirs(asked_of_them(it, policy) for policy in asked for it in needed))
    wrong = []
    for policy, mine in zip(asked, got, strict=True):
        may = {next(answered) for _ in needed} == {"Allowed"}
        unknown = depends_on_the_unforeseen(request, policy) or "orgid" in json.dumps(policy).lower()
        accepted = any(it.is_it(request, policy, "NotAllowed", "") for it in ACCEPTED)
        if may != (mine == "Allowed") and not (mine != "Allowed" and unknown) and not accepted:
            wrong.append(f"{mine}, but {may}: {json.dumps(policy['Statement'])}")
    assert got[0] == "Allowed"
    assert set(got) == {"Allowed", "NotAllowed"}
    assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(wrong[:20])
