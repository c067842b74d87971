"""Users of an account where IAM decides, with what they sign requests by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_aws.clients import REGION, Credentials, client
from local_aws.processes import Ministack

CODE = "123456"


@dataclass(frozen=True)
class Person:
    """A user with an access key and an MFA device."""

    endpoint: str
    arn: str
    device: str
    key: Credentials

    def _asked(self, call: str, *, mfa: bool, **given: Any) -> Credentials:
        shown = {"SerialNumber": self.device, "TokenCode": CODE} if mfa else {}
        sts = client(self.endpoint, "sts", REGION, self.key)
        found = getattr(sts, call)(**given, **shown)["Credentials"]
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def session(self, *, mfa: bool = False) -> Credentials:
        """Credentials of a session of the user."""
        return self._asked("get_session_token", mfa=mfa)

    def role(self, arn: str, *, mfa: bool = False) -> Credentials:
        """Credentials of a session of a role, which the user takes."""
        return self._asked("assume_role", mfa=mfa, RoleArn=arn, RoleSessionName="person")

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client, with the access key unless told otherwise."""
        return client(self.endpoint, service, REGION, credentials or self.key)


def person(account: Ministack, name: str, document: str) -> Person:
    """A user who may do what the policy says."""
    iam = account.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(UserName=name, SerialNumber=device, AuthenticationCode1=CODE, AuthenticationCode2="654321")
    return Person(account.endpoint, arn, device, Credentials(made["AccessKeyId"], made["SecretAccessKey"]))
