"""The managed policies for those who read the log files, from the deployed stack: each thing that they need works, nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deployed import Home
from given import policy, trail_key
from installed import document
from local_aws.processes import ACCOUNT, REGION, Ministack
from people import Person, person
from template import Template

LOGS, MORE, OTHER, QUEUE = "audit-logs", "more-logs", "payroll", "trailkeeper-cloudtrail-delivery"
FILE, UNDER, PRIVATE = f"AWSLogs/{ACCOUNT}/CloudTrail/x.json.gz", f"all/AWSLogs/{ACCOUNT}/CloudTrail/x.json.gz", "private/x"
SECRET, FOREIGN = f"AWSLogs/{ACCOUNT}/CloudTrail/kms.json.gz", f"AWSLogs/{ACCOUNT}/other-kms"
HOME, AWAY = "203.0.113.7", "198.51.100.7"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
DENIED = {"AccessDenied", "AccessDeniedException", "KmsAccessDenied"}

Attempt = tuple[str, str, dict[str, Any]]


@dataclass
class World:
    """The stack, with log files, a key, a queue, and what is none of their business."""

    ministack: Ministack
    outputs: dict[str, str]
    key: str
    blob: bytes
    queue: str
    other_queue: str
    version: str

    def who(self, name: str, arn: str) -> Person:
        """A user who has this policy and no other right."""
        found = person(self.ministack, name, policy(Action="iam:GetUser", Resource="*"))
        self.ministack.client("iam").attach_user_policy(UserName=name, PolicyArn=arn)
        return found


def furnished(ministack: Ministack, outputs: dict[str, str]) -> World:
    s3, kms, sqs = (ministack.client(it) for it in ("s3", "kms", "sqs"))
    for bucket in (LOGS, MORE, OTHER):
        s3.create_bucket(Bucket=bucket)
        for key in (FILE, UNDER, PRIVATE):
            s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    s3.put_bucket_versioning(Bucket=LOGS, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=LOGS, Key=FILE, Body=b"{}")["VersionId"]
    # A key of the customer's, whose policy leaves it to IAM who reads; that of Trailkeeper's own lets the whole account.
    key = trail_key(ministack)
    of_trail = {"aws:cloudtrail:arn": TRAIL}
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Bucket=LOGS, Key=SECRET, Body=b"{}", **encrypted, SSEKMSEncryptionContext=encoded(of_trail))
    s3.put_object(Bucket=LOGS, Key=FOREIGN, Body=b"{}", **encrypted)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=of_trail)["CiphertextBlob"]
    notices = kms.create_key(Policy=json.dumps(document("notices-key")))["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/trailkeeper-notifications", TargetKeyId=notices)
    kept = {"KmsMasterKeyId": "alias/trailkeeper-notifications"}
    queue, other = (sqs.create_queue(QueueName=it, Attributes=kept)["QueueUrl"] for it in (QUEUE, "orders"))
    return World(ministack, outputs, key, blob, queue, other, version)


def encoded(context: dict[str, str]) -> str:
    """An encryption context as S3 takes it."""
    return b64encode(json.dumps(context).encode()).decode()


@pytest.fixture(scope="module")
def world(ministack_server: Ministack) -> Iterator[World]:
    ministack_server.reset()
    given = {"AuditedBuckets": f"{LOGS},{MORE}", "AuditNetworks": "203.0.113.0/24,2001:db8::/48", "CollectedBuckets": LOGS}
    home = Home(ministack_server, Mode="dry-run", Concurrency="0", **given)
    yield furnished(ministack_server, home.outputs)


def outcome(who: Person, attempt: Attempt) -> str:
    """What becomes of a call: `done`, or the code of the refusal."""
    service, call, given = attempt
    try:
        getattr(who.client(service), call)(**given)
    except ClientError as refused:
        return str(refused.response["Error"]["Code"])
    return "done"


def of_auditors(world: World) -> list[Attempt]:
    opened = {"Prefix": "", "Delimiter": "/"}
    return [
        ("s3", "list_buckets", {}),
        *(("s3", "get_bucket_location", {"Bucket": it}) for it in (LOGS, MORE)),
        ("s3", "list_objects_v2", {"Bucket": LOGS} | opened),
        ("s3", "list_objects_v2", {"Bucket": MORE, "Prefix": f"AWSLogs/{ACCOUNT}/"}),
        ("s3", "list_objects_v2", {"Bucket": LOGS, "Prefix": "AWSLogs/", "Delimiter": "/"}),
        ("s3", "list_objects_v2", {"Bucket": LOGS, "Prefix": "all/AWSLogs/"}),
        ("s3", "list_object_versions", {"Bucket": LOGS, "Prefix": FILE}),
        *(("s3", "get_object", {"Bucket": bucket, "Key": key}) for bucket in (LOGS, MORE) for key in (FILE, UNDER)),
        ("s3", "get_object", {"Bucket": LOGS, "Key": FILE, "VersionId": world.version}),
        ("s3", "get_object", {"Bucket": LOGS, "Key": SECRET}),
    ]


def of_collectors(world: World) -> list[Attempt]:
    queue = {"QueueUrl": world.queue}
    receipt = {"ReceiptHandle": received(world)}
    return [
        ("sqs", "get_queue_url", {"QueueName": QUEUE}),
        ("sqs", "get_queue_attributes", queue | {"AttributeNames": ["All"]}),
        ("sqs", "receive_message", queue),
        ("sqs", "change_message_visibility", queue | receipt | {"VisibilityTimeout": 60}),
        ("sqs", "delete_message", queue | receipt),
        *(("s3", "get_object", {"Bucket": LOGS, "Key": key}) for key in (FILE, UNDER, SECRET)),
    ]


def received(world: World) -> str:
    """The receipt of a new message, which the root received."""
    sqs = world.ministack.client("sqs")
    sqs.send_message(QueueUrl=world.queue, MessageBody=json.dumps({"s3Bucket": LOGS, "s3ObjectKey": [FILE]}))
    (found,) = sqs.receive_message(QueueUrl=world.queue)["Messages"]
    return str(found["ReceiptHandle"])


def of_nobody(world: World) -> list[Attempt]:
    """What neither of the two may do."""
    decrypt = {"CiphertextBlob": world.blob, "EncryptionContext": {"aws:cloudtrail:arn": TRAIL}}
    of_log_file = {"Bucket": LOGS, "Key": FILE}
    return [
        ("s3", "put_object", of_log_file | {"Body": b"forged"}),
        ("s3", "delete_object", of_log_file),
        ("s3", "delete_object", of_log_file | {"VersionId": world.version}),
        ("s3", "get_object_acl", of_log_file),
        ("s3", "get_object_tagging", of_log_file),
        ("s3", "get_object", {"Bucket": LOGS, "Key": PRIVATE}),
        ("s3", "get_object", {"Bucket": LOGS, "Key": FOREIGN}),
        ("s3", "get_object", {"Bucket": OTHER, "Key": FILE}),
        ("s3", "list_objects_v2", {"Bucket": LOGS}),
        ("s3", "list_objects_v2", {"Bucket": LOGS, "Prefix": ""}),
        ("s3", "list_objects_v2", {"Bucket": LOGS, "Prefix": "private/"}),
        ("s3", "list_objects_v2", {"Bucket": OTHER, "Prefix": "AWSLogs/"}),
        ("s3", "get_bucket_location", {"Bucket": OTHER}),
        ("s3", "get_bucket_policy", {"Bucket": LOGS}),
        ("s3", "delete_bucket_policy", {"Bucket": LOGS}),
        ("s3", "delete_bucket", {"Bucket": LOGS}),
        ("s3", "get_bucket_versioning", {"Bucket": LOGS}),
        ("kms", "decrypt", decrypt),
        ("kms", "describe_key", {"KeyId": world.key}),
        ("kms", "encrypt", {"KeyId": world.key, "Plaintext": b"x"}),
        ("kms", "schedule_key_deletion", {"KeyId": world.key}),
        ("sqs", "receive_message", {"QueueUrl": world.other_queue}),
        ("sqs", "send_message", {"QueueUrl": world.queue, "MessageBody": "forged"}),
        ("sqs", "purge_queue", {"QueueUrl": world.queue}),
        ("sqs", "delete_queue", {"QueueUrl": world.queue}),
        ("sqs", "set_queue_attributes", {"QueueUrl": world.queue, "Attributes": {"VisibilityTimeout": "1"}}),
        ("sqs", "list_queues", {}),
        ("cloudtrail", "stop_logging", {"Name": TRAIL}),
    ]


def outcomes(who: Person, attempts: list[Attempt]) -> dict[str, str]:
    return {f"{number} {call} {given}": outcome(who, (service, call, given)) for number, (service, call, given) in enumerate(attempts)}


def all_done(who: Person, attempts: list[Attempt]) -> None:
    assert {key: it for key, it in outcomes(who, attempts).items() if it != "done"} == {}


def all_denied(who: Person, attempts: list[Attempt]) -> None:
    assert {key: it for key, it in outcomes(who, attempts).items() if it not in DENIED} == {}


@pytest.fixture(scope="module")
def auditor(world: World) -> Person:
    return world.who("auditor", world.outputs["AuditorPolicy"])


@pytest.fixture(scope="module")
def collector(world: World) -> Person:
    return world.who("collector", world.outputs["CollectorPolicy"])


def test_an_auditor_reads_and_lists_the_log_buckets(world: World, auditor: Person) -> None:
    with world.ministack.coming(address=HOME):
        all_done(auditor, of_auditors(world))


def test_an_auditor_does_nothing_else(world: World, auditor: Person) -> None:
    with world.ministack.coming(address=HOME):
        all_denied(auditor, of_nobody(world) + [it for it in of_collectors(world) if it[0] == "sqs"])


@pytest.mark.parametrize("way", [{"address": AWAY}, {"address": HOME, "tls": False}, {}], ids=["away", "plain HTTP", "unknown"])
def test_an_auditor_comes_from_the_networks_over_https(world: World, auditor: Person, way: dict[str, Any]) -> None:
    with world.ministack.coming(**way):
        all_denied(auditor, of_auditors(world))


def test_a_collector_receives_and_reads_what_is_named(world: World, collector: Person) -> None:
    all_done(collector, of_collectors(world))


def test_a_collector_does_nothing_else(world: World, collector: Person) -> None:
    listing = [it for it in of_auditors(world) if it[1] != "get_object"]
    more = [("s3", "get_object", {"Bucket": MORE, "Key": FILE}), ("s3", "get_object", {"Bucket": LOGS, "Key": FILE, "VersionId": world.version})]
    all_denied(collector, of_nobody(world) + listing + more)


def test_a_collector_comes_over_https(world: World, collector: Person) -> None:
    attempts = of_collectors(world)
    with world.ministack.coming(tls=False):
        all_denied(collector, attempts)


def test_without_networks_an_auditor_comes_from_anywhere(world: World) -> None:
    whole = Template(AuditedBuckets=f"{LOGS},{MORE}").resources("AWS::IAM::ManagedPolicy")["Auditor"]
    text = json.dumps(whole["PolicyDocument"])
    assert "SourceIp" not in text and "null" not in text
    arn = world.ministack.client("iam").create_policy(PolicyName="anywhere", PolicyDocument=text)["Policy"]["Arn"]
    who = world.who("anywhere", arn)
    for address in (HOME, AWAY):
        with world.ministack.coming(address=address):
            all_done(who, of_auditors(world))
    with world.ministack.coming(tls=False):
        all_denied(who, of_auditors(world))


def test_nothing_is_made_unless_asked() -> None:
    made: Callable[..., set[str]] = lambda **given: set(Template(**given).resources("AWS::IAM::ManagedPolicy"))
    ours = {"Auditor", "Collector"}
    assert made() & ours == set()
    assert made(AuditedBuckets=LOGS) & ours == {"Auditor"} and made(CollectedBuckets=LOGS) & ours == {"Collector"}
