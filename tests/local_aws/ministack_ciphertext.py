"""S3 and SQS for ministack: what KMS decrypts for them is decided on the caller's own rights.

Sources: S3 User Guide, "Using server-side encryption with AWS KMS keys": GetObject of such an object needs kms:Decrypt on
its key; KMS Developer Guide, "AWS KMS condition keys": kms:ViaService is the service with its region, and
kms:EncryptionContext: what the object was encrypted with, which is aws:s3:arn (S3 User Guide, "Encryption context") and
what the writer gave; SQS Developer Guide, "Key management": a consumer needs kms:Decrypt. Requests that a service makes
to KMS come from the service: aws:SourceIp is not that of the caller (IAM User Guide, aws:SourceIp).
"""

from __future__ import annotations

import base64
import json
from typing import Any

from ministack.core.iam_evaluator import enforce
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import kms, s3, sqs

from local_aws.ministack_checks import Call, Response

KEY = "x-amz-server-side-encryption-aws-kms-key-id"
CONTEXT = "x-amz-server-side-encryption-context"
CONTEXTS: dict[tuple[str, str], dict[str, str]] = {}
"""The encryption context that the writer of an object gave, by account and path."""


def may_decrypt(call: Call, key_id: str, via: str, encryption: dict[str, str]) -> bool:
    """Whether the caller may have KMS decrypt for a service."""
    key = kms._resolve_key(key_id)
    if key is None:
        return False
    keys = {f"kms:EncryptionContext:{name}": value for name, value in encryption.items()}
    keys["kms:ViaService"] = f"{via}.{get_region()}.amazonaws.com"
    caller = extract_access_key_id(dict(call.headers), dict(call.query))
    return enforce(caller, "kms:Decrypt", "kms", get_region(), str(key["Arn"]), keys) is None


def patch_objects() -> None:
    """An object that a key encrypts is read by whoever may decrypt with it."""
    elsewhere = s3.handle_request

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        call, place = Call(method, path, headers, body, query), (get_account_id(), path)
        answer: Response = await elsewhere(method, path, headers, body, query)
        status, given, _ = answer
        if method == "PUT" and status == 200:
            CONTEXTS[place] = json.loads(base64.b64decode(headers[CONTEXT])) if CONTEXT in headers else {}
        encrypted = {name.lower(): value for name, value in given.items()}.get(KEY)
        if method != "GET" or status not in (200, 206) or not encrypted:
            return answer
        whole = {"aws:s3:arn": f"arn:aws:s3:::{path.lstrip('/')}"} | CONTEXTS.get(place, {})
        if may_decrypt(call, encrypted, "s3", whole):
            return answer
        denied: Response = s3._error("AccessDenied", f"User is not authorized to perform: kms:Decrypt on resource: {encrypted}", 403)
        return denied

    s3.handle_request = handle_request


def patch_messages() -> None:
    """Messages of a queue that a key encrypts are received by whoever may decrypt with it."""
    elsewhere = sqs.handle_request

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        call = Call(method, path, headers, body, query)
        if call.operation == "ReceiveMessage":
            name = str(call.json.get("QueueUrl") or call.one("QueueUrl")).rpartition("/")[2]
            queue = next((it for url, it in sqs._queues.items() if str(url).rpartition("/")[2] == name), None)
            key = queue["attributes"].get("KmsMasterKeyId") if queue else None
            if key and not may_decrypt(call, key, "sqs", {}):
                fault = {"__type": "com.amazonaws.sqs#KmsAccessDenied", "message": "The ciphertext refers to a key that you may not use."}
                return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(fault).encode()
        answer: Response = await elsewhere(method, path, headers, body, query)
        return answer

    sqs.handle_request = handle_request


def patch() -> None:
    """Adds both."""
    patch_objects()
    patch_messages()
