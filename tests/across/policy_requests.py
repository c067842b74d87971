"""Requests as services of AWS make them, and policies of every kind on what they ask for.

Each request has all its condition keys, and says which of them Trailkeeper knows before the request is made.
"""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

ACCOUNT = "111122223333"
ORGANIZATION = "o-abcde12345"
TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
BUCKET = "arn:aws:s3:::logs"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:notices"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/transfer/s-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/writer"

# What a request has beside the keys that Trailkeeper knows. aws:SourceIp is an address of AWS's own.
UNFORESEEN = {
    "aws:SourceIp": ["203.0.113.9"],
    "aws:CurrentTime": ["2026-11-29T12:00:00Z"],
    "aws:EpochTime": ["1795953600"],
    "aws:UserAgent": ["cloudtrail.amazonaws.com"],
    "aws:RequestedRegion": ["us-east-1"],
}


@dataclass(frozen=True)
class Request:
    """One request: of a service on a resource with a policy, or of a role (`service` is None)."""

    name: str
    service: str | None
    action: str
    resource: str
    known: dict[str, list[str]] = field(default_factory=dict)
    # Keys that Trailkeeper does not know.
    unforeseen: dict[str, list[str]] = field(default_factory=dict)

    def context(self) -> dict[str, list[str]]:
        """All keys of the request."""
        of_service = {
            "aws:PrincipalIsAWSService": ["true"],
            "aws:PrincipalServiceName": [self.service],
            "aws:PrincipalServiceNamesList": [self.service],
            "aws:ViaAWSService": ["false"],
        }
        # A missing key is known with an empty value.
        known = {key: values for key, values in self.known.items() if values != [""]}
        secure = {"aws:SecureTransport": ["true"]}
        unforeseen = {key: values for key, values in self.unforeseen.items() if values}
        return {**UNFORESEEN, **secure, **(of_service if self.service else {}), **known, **unforeseen}


def of_source(arn: str, **more: str) -> dict[str, list[str]]:
    return {
        "aws:SourceArn": [arn],
        "aws:SourceAccount": [ACCOUNT],
        "aws:SourceOrgID": [ORGANIZATION],
        **{key: [value] for key, value in more.items()},
    }


def without_arn(**more: str) -> dict[str, list[str]]:
    return {key: values for key, values in of_source("", **more).items() if key != "aws:SourceArn"}


ACL = {"s3:x-amz-acl": "bucket-owner-full-control"}
TLS = {"s3:TlsVersion": ["1.3"]}
HOME = f"{BUCKET}/AWSLogs/{ACCOUNT}"
DAY, TIME = "2026/11/29", "20261129T1200Z"
FILE = f"{HOME}/CloudTrail/eu-west-1/{DAY}/{ACCOUNT}_CloudTrail_eu-west-1_{TIME}_Ab12Cd34Ef56Gh78.json.gz"
DIGEST = f"{HOME}/CloudTrail-Digest/us-east-1/{DAY}/{ACCOUNT}_CloudTrail-Digest_us-east-1_main_us-east-1_{TIME}.json.gz"
CONFIG_CHECK = f"{HOME}/Config/ConfigWritabilityCheckFile"
CONFIG_FILE = f"{HOME}/Config/us-east-1/{DAY}/ConfigSnapshot/{ACCOUNT}_Config_us-east-1_ConfigSnapshot_{TIME}_ab12.json.gz"
FLOW_FILE = f"{HOME}/vpcflowlogs/eu-west-1/{DAY}/{ACCOUNT}_vpcflowlogs_eu-west-1_fl-0123456789abcdef0_{TIME}_ab12.log.gz"
ACCESS_FILE = f"{BUCKET}/2026-11-29-12-00-00-0123456789ABCDEF"

CONFIG_ARN = {"aws:SourceArn": [f"arn:aws:config:us-east-1:{ACCOUNT}:delivery-channel/default"]}
CT, CONFIG, DELIVERY = "cloudtrail.amazonaws.com", "config.amazonaws.com", "delivery.logs.amazonaws.com"
DELIVERY_SOURCE = f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-source:flow"
ENCRYPTION = {"kms:EncryptionContext:aws:cloudtrail:arn": TRAIL}
# The names of an encryption context are anybody's: which of them a topic's key is used with is not known.
CONTEXT = {"kms:EncryptionContext:aws:sns:topicArn": [TOPIC], "kms:EncryptionContext:aws:cloudtrail:arn": []}
ALARM = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:s3 changes"

REQUESTS = [
    Request("a trail's file", CT, "s3:PutObject", FILE, of_source(TRAIL, **ACL), TLS),
    Request("a trail's digest", CT, "s3:PutObject", DIGEST, of_source(TRAIL, **ACL), TLS),
    Request("a trail's check", CT, "s3:GetBucketAcl", BUCKET, of_source(TRAIL), TLS),
    Request("the file of a trail of no organization", CT, "s3:PutObject", FILE,
            {**of_source(TRAIL, **ACL), "aws:SourceOrgID": [""]}, TLS),
    Request("a channel's check file", CONFIG, "s3:PutObject", CONFIG_CHECK, without_arn(**ACL), TLS | CONFIG_ARN),
    Request("a channel's snapshot", CONFIG, "s3:PutObject", CONFIG_FILE, without_arn(**ACL), TLS | CONFIG_ARN),
    Request("a channel's listing", CONFIG, "s3:ListBucket", BUCKET, without_arn(), TLS | CONFIG_ARN),
    Request("a flow log's file", DELIVERY, "s3:PutObject", FLOW_FILE, of_source(DELIVERY_SOURCE, **ACL), TLS),
    Request("an access log", "logging.s3.amazonaws.com", "s3:PutObject", ACCESS_FILE, of_source("arn:aws:s3:::main"),
            TLS | {"s3:x-amz-acl": ["bucket-owner-full-control"]}),
    Request("an alarm", "cloudwatch.amazonaws.com", "sns:Publish", TOPIC, of_source(ALARM)),
    Request("a notice of delivery", CT, "sns:Publish", TOPIC, of_source(TRAIL)),
    Request("a notice in a queue", "sns.amazonaws.com", "sqs:SendMessage", QUEUE, of_source(TOPIC)),
    Request("a trail's data key", CT, "kms:GenerateDataKey", KEY, of_source(TRAIL, **ENCRYPTION)),
    Request("a trail's look at its key", CT, "kms:DescribeKey", KEY, of_source(TRAIL)),
    Request("an alarm's data key", "cloudwatch.amazonaws.com", "kms:GenerateDataKey", KEY, of_source(ALARM), CONTEXT),
    Request("a topic's key for a queue", "sns.amazonaws.com", "kms:Decrypt", KEY, of_source(TOPIC), CONTEXT),
    Request("a trail's role", CT, "sts:AssumeRole", ROLE, {key: [""] for key in of_source(TRAIL)}),
    Request("a flow log's role", "vpc-flow-logs.amazonaws.com", "sts:AssumeRole", ROLE,
            of_source(f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc-flow-log/fl-1")),
    Request("a server's role", "transfer.amazonaws.com", "sts:AssumeRole", ROLE,
            of_source(f"arn:aws:transfer:us-east-1:{ACCOUNT}:server/s-1")),
    Request("a role's events", None, "logs:PutLogEvents", f"{GROUP}:log-stream:ERRORS"),
    Request("a role's stream", None, "logs:CreateLogStream", f"{GROUP}:log-stream:ERRORS"),
]

OTHERS = ["x.amazonaws.com", "s3.amazonaws.com"]


def principals(request: Request) -> list[Any]:
    return [
        {"Service": request.service},
        {"Service": [*OTHERS, request.service]},
        {"Service": OTHERS},
        "*",
        {"AWS": "*"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root", "Service": request.service},
    ]


def actions(request: Request) -> list[Json]:
    service, name = request.action.split(":")
    return [
        {"Action": request.action},
        {"Action": [f"{service}:List*", request.action.upper().replace(service.upper(), service, 1)]},
        {"Action": f"{service}:*"},
        {"Action": "*"},
        {"Action": f"{service}:{name[:3]}*"},
        {"Action": f"{service}:{name[:-1]}?"},
        {"Action": f"{service}:Get*Policy"},
        {"NotAction": f"{service}:Delete*"},
        {"NotAction": request.action},
    ]


def resources(request: Request) -> list[Json]:
    """Patterns around the resource: whole, in part, by variables, and for something else."""
    arn = request.resource
    # A pattern with less than six components is no ARN, and IAM refuses it.
    start = arn[: max(len(arn) * 2 // 3, len(":".join(arn.split(":")[:5])) + 2)]
    half = arn.split(":")
    wide = ":".join([*half[:3], "*", "*", *half[5:]])
    named = [
        arn,
        "*",
        f"{start}*",
        f"arn:*:*:*:*:*{arn[-5:]}",
        f"{arn}*",
        f"{arn[:-1]}?",
        f"{arn}?",
        f"{arn}x",
        f"{start}x*",
        wide,
        arn.replace(ACCOUNT, "${aws:SourceAccount}"),
        arn.replace(ACCOUNT, "${aws:PrincipalAccount}"),
        arn.replace(ACCOUNT, "${aws:SourceAccount, '999999999999'}"),
        arn.replace("us-east-1", "*"),
        f"{arn}${{*}}",
        f"{BUCKET}/*.json.gz",
        f"{BUCKET}/AWSLogs/*/CloudTrail/eu-west-1/*",
        f"{BUCKET}/AWSLogs/${{aws:SourceOrgID}}/*",
        f"{BUCKET}/AWSLogs/{ACCOUNT}/*",
        f"{BUCKET}/*",
        BUCKET,
        f"{KEY}0",
        GROUP,
        f"{GROUP}:*",
        f"{GROUP}:log-stream:*",
        f"{GROUP}*",
        "arn:aws:logs:*:*:*",
        "arn:aws:logs:*:*:log-group:/aws/transfer/*",
    ]
    lists = [[named[0], "arn:aws:s3:::other"], ["arn:aws:s3:::other", "arn:aws:s3:::other/*"]]
    each = [{element: it} for element in ("Resource", "NotResource") for it in [*named, *lists]]
    return [{}] if request.action == "sts:AssumeRole" else each


def conditions() -> list[Json]:
    """Condition blocks on everything that policies ask of services' requests."""
    arns = [
        TRAIL,
        f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*",
        "arn:aws:cloudtrail:*",
        "arn:aws:*:trail/main",
        "*",
        "arn:*:*:*:*:*",
        "arn:aws:*",
        f"arn:aws:*:*:{ACCOUNT}:*",
        "arn:aws:cloudtrail:us-east-1:${aws:SourceAccount}:trail/main",
        f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:*",
        "arn:aws:s3:*:*:*",
        "arn:aws:cloudtrail:us-????-1:*:trail/m*",
        f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:s3?changes",
    ]

    def each(operators: tuple[str, ...], values: dict[str, list[Any]]) -> Iterator[Json]:
        for operator, suffix, (key, several) in itertools.product(operators, ("", "IfExists"), values.items()):
            yield from ({f"{operator}{suffix}": {key: value}} for value in several)

    text = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
    text += ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
    texts: dict[str, list[Any]] = {
        "aws:SourceAccount": [
            ACCOUNT,
            "999999999999",
            ["999999999999", ACCOUNT],
            "1111*",
            "${aws:SourceAccount}",
            "${aws:PrincipalAccount}",
        ],
        "AWS:sourcearn": [TRAIL, f"arn:aws:cloudtrail:*:{ACCOUNT}:*", "arn:aws:cloudtrail:*", TRAIL.upper()],
        "aws:SourceOrgID": [ORGANIZATION, "o-other00000", "o-*"],
        "aws:PrincipalOrgID": [ORGANIZATION],
        "aws:PrincipalAccount": [ACCOUNT],
        "aws:PrincipalTag/team": ["audit"],
        "aws:SourceVpc": ["vpc-1"],
        "aws:SourceVpce": [["vpce-1", "vpce-2"]],
        "aws:PrincipalServiceName": [CT, [CT, CONFIG, DELIVERY], "*.amazonaws.com"],
        "s3:x-amz-acl": ["bucket-owner-full-control", "private"],
        "kms:EncryptionContext:aws:cloudtrail:arn": [f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"],
        "aws:username": ["alice"],
    }
    arn = ("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals")
    number = ("NumericLessThan", "NumericGreaterThanEquals", "NumericNotEquals", "NumericLessThanEquals")
    flags = {
        "aws:SecureTransport": ["false", True, ["false"]],
        "aws:PrincipalIsAWSService": ["false", "true"],
        "aws:ViaAWSService": ["false"],
        "aws:MultiFactorAuthPresent": ["true"],
    }
    missing = {
        "aws:SourceArn": ["true", "false", True],
        "aws:PrincipalArn": ["true", "false"],
        "aws:SourceOrgID": ["false"],
    }
    blocks = [
        *each(text, texts),
        *each(arn, {"aws:SourceArn": arns, "aws:PrincipalArn": [f"{ROLE}*"]}),
        *each(("Bool",), flags),
        *({"Null": {key: value}} for key, several in missing.items() for value in several),
        *each(number, {"s3:TlsVersion": ["1.2", 1.2, "1.3"]}),
        *each(("IpAddress", "NotIpAddress"), {"aws:SourceIp": ["192.0.2.0/24", ["203.0.113.0/24", "10.0.0.0/8"]]}),
        *each(("DateLessThan", "DateGreaterThan"), {"aws:CurrentTime": ["2030-01-01T00:00:00Z"]}),
    ]
    sets = [
        *(("aws:PrincipalServiceNamesList", it) for it in ([CT], [CT, CONFIG, DELIVERY], OTHERS, ["logs.amazonaws.com", DELIVERY])),
        ("aws:SourceOrgID", [ORGANIZATION]),
        ("aws:PrincipalOrgPaths", [f"{ORGANIZATION}/*"]),
    ]
    for prefix, operator, (key, values) in itertools.product(("ForAllValues:", "ForAnyValue:"), text[:4], sets):
        blocks.append({f"{prefix}{operator}": {key: values}})
    no_organization = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION}}
    no_source = {"StringNotEqualsIfExists": {"aws:SourceOrgID": ORGANIZATION}, "Null": {"aws:SourceAccount": "false"}}
    own = {"aws:SourceAccount": ACCOUNT, "s3:x-amz-acl": "bucket-owner-full-control"}
    return [
        *blocks,
        {"StringEquals": own, "ArnLike": {"aws:SourceArn": arns[1]}},
        {**no_organization, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
        {**no_source, "Bool": {"aws:PrincipalIsAWSService": "true"}},
    ]


def statement(effect: str, request: Request, principal: Any, action: Json, resource: Json, condition: Json | None) -> Json:
    named = {"Principal": principal} if request.service else {}
    asked = {"Condition": condition} if condition else {}
    return {"Effect": effect, **named, **action, **resource, **asked}


def document(*statements: Json, version: str = "2012-10-17") -> Json:
    return {"Version": version, "Statement": list(statements)}


def documents(request: Request, chosen: random.Random, number: int) -> Iterator[Json]:
    """Each element in each form, alone and beside a grant; then statements put together by chance."""
    blocks = chosen.sample(conditions(), 90)
    names, acts, things = principals(request), actions(request), resources(request)
    grant = statement("Allow", request, names[0], acts[0], things[0], None)
    everything = things[1] if len(things) > 1 else things[0]
    forms: list[tuple[Any, Json, Json, Json | None]] = [
        *((it, acts[0], things[0], None) for it in names),
        *((names[0], it, things[0], None) for it in acts),
        *((names[0], acts[0], it, None) for it in things),
        *((names[0], acts[0], things[0], it) for it in blocks),
    ]
    for form in forms:
        yield document(statement("Allow", request, *form))
        yield document(grant, statement("Deny", request, *form))
    for block in blocks:
        yield document(grant, statement("Deny", request, "*", acts[3], everything, block))
    for _ in range(number):
        some = [
            statement(
                chosen.choice(["Allow", "Allow", "Deny"]),
                request,
                chosen.choice(names),
                chosen.choice(acts),
                chosen.choice(things),
                {**chosen.choice(blocks), **chosen.choice(blocks)} if chosen.random() < 0.7 else None,
            )
            for _ in range(chosen.randint(1, 3))
        ]
        yield document(*some, version=chosen.choice(["2012-10-17", "2012-10-17", "2008-10-17"]))


def mutated(policy: Json, chosen: random.Random) -> Json:
    """One of our own documents with one thing changed: an operator, a value, an element, or a statement more."""
    changed = copy.deepcopy(policy)
    its = chosen.choice(changed["Statement"])
    wider = [f"{BUCKET}/*", f"{BUCKET}*", "*", f"{HOME}/CloudTrail/*", f"{BUCKET}/AWSLogs/*/Config/*"]
    narrow = [f"{BUCKET}/*.json.gz", f"{BUCKET}/*/eu-west-1/*", f"{BUCKET}/AWSLogs/*/elasticloadbalancing/*"]
    narrow += [f"{BUCKET}/*CheckFile", "arn:aws:s3:::other/*"]
    match chosen.randrange(5):
        case 0 if "Condition" in its:
            operator = chosen.choice(list(its["Condition"]))
            other = chosen.choice(["StringLike", "StringNotEquals", "ArnLike", "ArnNotLike"])
            its["Condition"][other] = its["Condition"].pop(operator)
        case 1 if "Condition" in its:
            its["Condition"] = chosen.choice(conditions())
        case 2 if "Resource" in its:
            its["Resource"] = chosen.choice(wider)
        case 3:
            its["Effect"] = "Deny"
        case _:
            asked = {"Condition": chosen.choice(conditions())} if chosen.random() < 0.5 else {}
            deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": chosen.choice(narrow)}
            changed["Statement"].append(deny | asked)
    return changed
