"""IAM: limits and checks of roles which moto lets pass, and how a policy is sent.

Sources: IAM User Guide, "IAM and AWS STS quotas"; IAM API reference, CreateRole,
PutRolePolicy, UpdateAssumeRolePolicy, GetPolicyVersion.
"""

from __future__ import annotations

import copy
import re
import threading
from typing import Any
from urllib.parse import quote

from moto.iam.exceptions import (
    EntityAlreadyExists,
    LimitExceededException,
    MalformedPolicyDocument,
    ValidationError,
)
from moto.iam.models import IAMBackend, PolicyVersion, Role
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator

from local_aws.moto.state import controls

INLINE_LIMIT = 10_240
TRUST_LIMIT = 2_048
NAMES = {"roleName": 64, "policyName": 128}
NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
BLANK = re.compile(r"\s+")
CREATION = threading.Lock()
"""Of several CreateRole at once, one succeeds: moto looks and creates in two steps."""


def _size(document: str) -> int:
    """Quotas: "IAM doesn't count white space when calculating the size of a policy"."""
    return len(BLANK.sub("", document))


def _check_name(member: str, value: str) -> None:
    if len(value) > NAMES[member] or not NAME.fullmatch(value):
        raise ValidationError(
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
            "constraint"
        )


def _check_trust(document: str) -> None:
    """A trust policy is refused when malformed, or longer than 2,048 characters."""
    try:
        IAMTrustPolicyDocumentValidator(document).validate()
    except (KeyError, TypeError, AttributeError) as wrong:
        raise MalformedPolicyDocument("Syntax errors in policy.") from wrong
    if _size(document) > TRUST_LIMIT:
        raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST_LIMIT}")


def patch() -> None:
    """Wraps moto's operations."""
    create, trust, put, version = (
        IAMBackend.create_role,
        IAMBackend.update_assume_role_policy,
        IAMBackend.put_role_policy,
        IAMBackend.get_policy_version,
    )

    def create_role(
        self: IAMBackend, role_name: str, assume_role_policy_document: str, *rest: Any, **named: Any
    ) -> Role:
        """CreateRole: names are "not distinguished by case"; the trust policy is checked."""
        _check_name("roleName", role_name)
        _check_trust(assume_role_policy_document)
        with CREATION:
            if any(role.name.lower() == role_name.lower() for role in self.get_roles()):
                raise EntityAlreadyExists(f"Role with name {role_name} already exists.")
            role = create(self, role_name, assume_role_policy_document, *rest, **named)
        controls.role_created(role.arn)
        return role

    def update_assume_role_policy(self: IAMBackend, role_name: str, policy_document: str) -> None:
        """UpdateAssumeRolePolicy: the same checks as when the role was created."""
        _check_trust(policy_document)
        trust(self, role_name, policy_document)

    def put_role_policy(
        self: IAMBackend, role_name: str, policy_name: str, policy_json: str
    ) -> None:
        """PutRolePolicy: all inline policies of a role together have 10,240 characters."""
        _check_name("policyName", policy_name)
        role = self.get_role(role_name)
        others = sum(_size(text) for name, text in role.policies.items() if name != policy_name)
        if others + _size(policy_json) > INLINE_LIMIT:
            raise LimitExceededException(
                f"Maximum policy size of {INLINE_LIMIT} bytes exceeded for role {role_name}"
            )
        put(self, role_name, policy_name, policy_json)

    def get_policy_version(self: IAMBackend, policy_arn: str, version_id: str) -> PolicyVersion:
        """GetPolicyVersion: "The policy document ... is URL-encoded compliant with RFC 3986"."""
        sent = copy.copy(version(self, policy_arn, version_id))
        sent.document = quote(sent.document, safe="")
        return sent

    IAMBackend.get_policy_version = get_policy_version
    IAMBackend.create_role = create_role
    IAMBackend.update_assume_role_policy = update_assume_role_policy
    IAMBackend.put_role_policy = put_role_policy
