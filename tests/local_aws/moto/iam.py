"""IAM: limits and checks of roles which moto lets pass, and how a policy is sent.

Sources: IAM User Guide, "IAM and AWS STS quotas", "Create a service-linked role"; IAM API
reference, CreateRole, PutRolePolicy, UpdateAssumeRolePolicy, GetPolicyVersion,
CreateServiceLinkedRole, AttachRolePolicy (PolicyNotAttachable).
"""

from __future__ import annotations

import copy
import json
import re
import threading
from typing import Any
from urllib.parse import quote

from moto.iam import models
from moto.iam.exceptions import (
    EntityAlreadyExists,
    IAMException,
    InvalidInput,
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
LINKED_POLICIES = {"config.amazonaws.com": "AWSConfigServiceRolePolicy"}
"""The policy that a service's own role has; of any other service the role has none here."""
LINKED_PATH = "/aws-service-role/"
PROTECTED = (
    "put_role_policy", "delete_role_policy", "attach_role_policy", "detach_role_policy",
    "update_assume_role_policy", "update_role", "delete_role",
    "put_role_permissions_boundary", "delete_role_permissions_boundary",
)
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


class UnmodifiableEntity(IAMException):
    code = "UnmodifiableEntity"


class PolicyNotAttachable(IAMException):
    code = "PolicyNotAttachable"


def _protect(operation: str) -> None:
    """A service-linked role: "you cannot edit" it, nor delete it but by its own operation."""
    elsewhere = getattr(IAMBackend, operation)
    by_policy = operation in ("attach_role_policy", "detach_role_policy")

    def change(self: IAMBackend, *given: Any, **named: Any) -> Any:
        name = named.get("role_name") or given[1 if by_policy else 0]
        if any(role.name == name and is_linked(role) for role in self.get_roles()):
            raise UnmodifiableEntity(
                f"Cannot perform the operation on the protected role '{name}' - "
                "this role is only modifiable by AWS"
            )
        policy = named.get("policy_arn") or given[0] if by_policy else ""
        if operation == "attach_role_policy" and f":policy{LINKED_PATH}" in policy:
            raise PolicyNotAttachable("Cannot attach a Service Role Policy to a Customer Role.")
        return elsewhere(self, *given, **named)

    setattr(IAMBackend, operation, change)


def is_linked(role: Role) -> bool:
    """Whether it is a service's own role."""
    return bool(role.path.startswith(LINKED_PATH))


def _patch_linked() -> None:
    """CreateServiceLinkedRole, whose role is as new to services as any other."""
    models.SERVICE_NAME_CONVERSION["config"] = "Config"
    make, attach = IAMBackend.create_service_linked_role, IAMBackend.attach_role_policy
    remove, detach = IAMBackend.delete_role, IAMBackend.detach_role_policy

    def create_service_linked_role(
        self: IAMBackend, service_name: str, description: str, suffix: str
    ) -> Role:
        """Its trust, path and policy are the service's; the name is refused as InvalidInput."""
        policy = LINKED_POLICIES.get(service_name)
        if policy and suffix:
            raise InvalidInput(f"Custom suffix is not allowed for {service_name}")
        try:
            role = make(self, service_name, description, suffix)
        except EntityAlreadyExists as taken:
            name = str(taken.message).split()[3]
            raise InvalidInput(
                f"Service role name {name} has been taken in this account, "
                "please try a different suffix."
            ) from taken
        document = json.loads(role.assume_role_policy_document)
        document["Statement"][0] |= {
            "Action": "sts:AssumeRole", "Principal": {"Service": service_name}
        }
        role.assume_role_policy_document = json.dumps(document)
        if policy:
            attach(self, f"arn:{self.partition}:iam::aws:policy{LINKED_PATH}{policy}", role.name)
        return role

    def delete_service_linked_role(self: IAMBackend, role_name: str) -> str:
        """Its policies go with it; that it may still be in use is not looked at."""
        for arn in list(self.get_role(role_name).managed_policies):
            detach(self, arn, role_name)
        remove(self, role_name)
        return f"task{LINKED_PATH}{role_name}"

    IAMBackend.create_service_linked_role = create_service_linked_role
    IAMBackend.delete_service_linked_role = delete_service_linked_role


def patch() -> None:
    """Wraps moto's operations."""
    _patch_linked()
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
    for operation in PROTECTED:
        _protect(operation)
