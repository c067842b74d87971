"""boto3 clients for the local servers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader

ACCOUNT = "123456789012"
REGION = "us-east-1"
LOADER = create_loader()
"""Reads the models of the services once: that is most of what making a client takes."""


@dataclass(frozen=True)
class Credentials:
    """What signs a request."""

    access_key: str
    secret_key: str
    token: str | None = None

    def as_environment(self) -> dict[str, str]:
        """The variables by which an AWS SDK finds these credentials."""
        found = {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }
        return found | ({"AWS_SESSION_TOKEN": self.token} if self.token else {})


FAKE = Credentials("testing", "testing")


@cache
def client(
    endpoint: str,
    service: str,
    region: str = REGION,
    credentials: Credentials = FAKE,
    *,
    attempts: int = 1,
    read_timeout: float = 60.0,
) -> Any:
    """A boto3 client of `service` at `endpoint`.

    It tries once unless told otherwise, so that a test sees the first answer. It
    addresses S3 by path, and puts no account id before the host name, since
    neither name would resolve at a local address. Asked for again, the same client
    is given, since making one takes longer than most calls; threads may share it.
    """
    session = botocore.session.get_session()
    session.register_component("data_loader", LOADER)
    return session.create_client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            read_timeout=read_timeout,
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
        ),
    )
