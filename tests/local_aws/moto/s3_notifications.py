"""S3: whom a bucket tells of what happens in it; nothing is ever told.

Sources: Amazon S3 API reference, PutBucketNotificationConfiguration ("This action replaces
the existing notification configuration", x-amz-skip-destination-validation) and
GetBucketNotificationConfiguration; User Guide, "Enabling Amazon EventBridge". moto keeps
EventBridge and does not give it back.
"""

from __future__ import annotations

import secrets
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

import xmltodict
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local_aws.moto.s3_refusal import XML, Refusal, malformed

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
NONE = f'<NotificationConfiguration xmlns="{NAMESPACE}"/>'
KINDS = {"TopicConfiguration": "Topic", "QueueConfiguration": "Queue", "CloudFunctionConfiguration": "CloudFunction"}
SKIP = "x-amz-skip-destination-validation"


def _put(self: S3Response, bucket: FakeBucket) -> Any:
    """Replaces the whole configuration, once it is seen that topics and queues are there, unless that is skipped."""
    try:
        document = xmltodict.parse(self.body).get("NotificationConfiguration") or {}
    except ExpatError as wrong:
        raise malformed() from wrong
    skipped = self.request.headers.get(SKIP, "").lower() == "true"
    for kind, name in KINDS.items():
        listed = document.get(kind) or []
        for one in listed if isinstance(listed, list) else [listed]:
            if not one.get(name) or not one.get("Event"):
                raise malformed()
            if not (skipped or _is_there(one[name], bucket)):
                raise Refusal("InvalidArgument", "Unable to validate the following destination configurations")
    bucket.notification_document = _with_ids(self.body)
    return 200, {}, ""


def _is_there(arn: str, bucket: FakeBucket) -> bool:
    """A Lambda function is taken as being there."""
    service, region, name = arn.split(":")[2], arn.split(":")[3], arn.split(":")[-1]
    if service == "sns":
        return arn in sns_backends[bucket.account_id][region].topics
    return service != "sqs" or name in sqs_backends[bucket.account_id][region].queues


def _with_ids(body: bytes) -> str:
    """The document as it is given back: "If you don't provide an ID, Amazon S3 will assign an ID"."""
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.fromstring(body)
    for kind in KINDS:
        for one in root.findall(f"{{{NAMESPACE}}}{kind}"):
            if one.find(f"{{{NAMESPACE}}}Id") is None:
                name = ElementTree.Element(f"{{{NAMESPACE}}}Id")
                name.text = secrets.token_urlsafe(36)
                one.insert(0, name)
    return ElementTree.tostring(root, encoding="unicode")


def _get(self: S3Response, bucket: FakeBucket) -> Any:
    """What was put; an empty configuration where nobody is told."""
    return 200, {"content-type": XML}, getattr(bucket, "notification_document", None) or NONE


OPERATIONS = {("GET", "notification"): _get, ("PUT", "notification"): _put}
