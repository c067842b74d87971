"""The local servers of the tests: `Moto`, `Faults` in front of one, and `Ministack`."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local_aws.clients import ACCOUNT, FAKE, REGION, Credentials, client
from local_aws.faults import Call, Faults
from local_aws.server import Server, ServerError, request

__all__ = ["ACCOUNT", "REGION", "Call", "Credentials", "Faults", "Ministack", "Moto", "ServerError"]

HOLD_SECONDS = 30.0


class Moto(Server):
    """Moto with the behaviour of AWS that it lacks: keeps state, checks no permission."""

    name = "moto"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "local_aws.moto", str(self.port)]

    def answers(self) -> bool:
        return request("GET", f"{self.endpoint}/_local/pid", timeout=5) == {"pid": self.pid}

    def start(self) -> None:
        """Starts it, and has it load the services that a first call would wait for."""
        super().start()
        self.client("sts").get_caller_identity()
        self.client("transfer").list_servers()
        self.client("iam").list_roles()

    def client(self, service: str, region: str = REGION, **options: Any) -> Any:
        """A boto3 client with fixed fake credentials, in account 123456789012."""
        return client(self.endpoint, service, region, FAKE, **options)

    def reset(self) -> None:
        """Empties the account, and forgets every instruction given below."""
        self._tell("reset")
        request("POST", f"{self.endpoint}/moto-api/reset")

    def hold(self, operation: str, when: str = "before", nth: int = 1) -> None:
        """Holds back the nth coming call of `operation`, e.g. "CreateRole".

        "before" holds it before it is applied, "after" when it is applied and only
        the answer is missing. It is held until `release`, or for 30 seconds; a
        request held "before" whose sender is gone by then is never applied. Behind
        `Faults` the sender is the proxy, which stays: say `release(drop=True)`, which
        the proxy's client sees as a 502 instead of a cut connection.
        """
        self._tell("hold", operation=operation, when=when, nth=nth)

    def held(self) -> bool:
        """Whether a call is being held back now."""
        return bool(request("GET", f"{self.endpoint}/_local/held")["held"])

    def wait_until_held(self, timeout: float = HOLD_SECONDS) -> None:
        """Returns once a call is being held back."""
        until = time.monotonic() + timeout
        while not self.held():
            if time.monotonic() > until:
                raise ServerError(f"no call was held back within {timeout} s")
            time.sleep(0.01)

    def release(self, *, drop: bool = False) -> None:
        """Lets the held call go on; with `drop`, cuts its connection without (further) effect.

        Also withdraws a hold that has not caught a call yet. Returns when the call
        has been dealt with.
        """
        self._tell("release", drop=drop)

    def drop_answers(self, operation: str, times: int = 1) -> None:
        """Applies the next `times` calls of `operation`, then cuts the connection unanswered."""
        self._tell("drop-answers", operation=operation, times=times)

    def endpoint_pending(self, server_id: str, calls: int) -> None:
        """The next `calls` UpdateServer calls find the server's VPC endpoint not yet available."""
        self._tell("endpoint-pending", server_id=server_id, calls=calls)

    def trails(self, per_region: int) -> None:
        """Has each region take so many trails, until the reset: AWS's quota of 5 is what it takes otherwise."""
        self._tell("trails", per_region=per_region)

    def role_propagation(self, calls: int) -> None:
        """Of each role created from now on, `calls` uses by another service come too early."""
        self._tell("role-propagation", calls=calls)

    def throttle(self, service: str, per_second: int) -> None:
        """Limits the writes of `service` to so many per second, call and region.

        It is "cloudtrail", "kms", "logs" (the calls on metric filters, reads too) or "cloudwatch"
        (those on alarms). A second is one of the caller's clock, of which each request's signature tells.
        Calls before this one do not count. 0 takes the limit away, which is how it starts.

        "cloudtrail-reads" limits DescribeTrails, GetTrailStatus, GetEventSelectors and ListTags instead, as a token bucket and
        by when they arrive.
        """
        self._tell("throttle", service=service, per_second=per_second)

    def throttled(self) -> int:
        """How many of CloudTrail's reads were refused since they were limited."""
        return int(request("GET", f"{self.endpoint}/_local/throttled")["throttled"])

    def refuse_delivery(self, trail: str, kind: str, error: str) -> None:
        """Lets other deliveries of a trail fail: its DigestDelivery, CloudWatchLogsDelivery or Notification."""
        self._tell("delivery-error", trail=trail, error=error, kind=kind)

    def untold(self, trail: str) -> None:
        """Has CloudTrail say nothing of an organization trail's deliveries to other accounts."""
        self._tell("untold", trail=trail)

    def delivery_error(self, trail: str, error: str, *, with_key_only: bool = False) -> None:
        """Lets GetTrailStatus of the trail, an ARN, report `error`; "" takes the order back.

        With `with_key_only`, only while the trail has a KmsKeyId.
        """
        self._tell("delivery-error", trail=trail, error=error, with_key_only=with_key_only)

    def regions(self, enabled: list[str]) -> None:
        """Makes these the enabled regions of the account."""
        self._tell("regions", enabled=enabled)

    def still_lists(self, **buckets: str) -> None:
        """Has ListBuckets name buckets that are gone, with these regions: "If you delete a bucket and immediately list all
        buckets, the deleted bucket might still appear in the list" (Amazon S3 user guide, "Amazon S3 data consistency model")."""
        self._tell("still-listed", buckets=buckets)

    def calls(self) -> list[Call]:
        """The calls that arrived since the last time, at most the latest 500; they tell no resource and no region."""
        made = request("GET", f"{self.endpoint}/_local/calls")["calls"]
        return [Call(service, operation, None, None) for service, operation in made]

    def keep_history(self, records: list[dict[str, Any]]) -> None:
        """Puts records into CloudTrail's event history, which holds nothing else."""
        self._tell("history", records=records)

    def lookups(self) -> tuple[list[dict[str, Any]], int]:
        """What the history was asked for since the last time, and how many calls came too fast."""
        answer = request("GET", f"{self.endpoint}/_local/lookups")
        return answer["lookups"], answer["throttled"]

    def public_key(self, region: str, fingerprint: str, value: str) -> None:
        """Makes a public key of CloudTrail's known, in base64."""
        self._tell("public-key", region=region, fingerprint=fingerprint, value=value)

    def mail(self) -> list[dict[str, str]]:
        """What e-mail subscribers received since the last time: each letter's to, subject, text."""
        letters: list[dict[str, str]] = request("GET", f"{self.endpoint}/_local/mail")["letters"]
        return letters

    def confirmations(self) -> list[dict[str, str]]:
        """The mails and calls that asked for a confirmation: each one's topic, protocol, endpoint.

        All since the reset, oldest first; reading them takes none away.
        """
        answer = request("GET", f"{self.endpoint}/_local/confirmations")
        sent: list[dict[str, str]] = answer["confirmations"]
        return sent

    def confirm(self, topic: str, endpoint: str | None = None) -> None:
        """Confirms what waits for it at the topic, an ARN: that endpoint, or all of them."""
        self._tell("confirm", topic=topic, **({"endpoint": endpoint} if endpoint else {}))

    def _tell(self, what: str, **body: Any) -> None:
        request("POST", f"{self.endpoint}/_local/{what}", body)


class Ministack(Server):
    """Ministack with IAM enforced: each call is decided by the caller's policies."""

    name = "ministack"
    root = Credentials(ACCOUNT, "root")

    def command(self) -> list[str]:
        return [sys.executable, "-m", "local_aws.ministack"]

    @property
    def _scratch(self) -> Path:
        """Where it unpacks the code of functions, which it would leave behind."""
        return self.log_path.with_suffix(".scratch")

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        port = str(self.port)
        self._scratch.mkdir(parents=True, exist_ok=True)
        return {
            "TMPDIR": str(self._scratch),
            "AUTH": "true",
            "GATEWAY_PORT": port,
            "EDGE_PORT": port,
            "BIND_HOST": "127.0.0.1",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            # Where the functions of a stack call, and how long Lambda waits before it tries again.
            "AWS_ENDPOINT_URL": self.endpoint,
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
            "LOG_LEVEL": "WARNING",
        }

    def answers(self) -> bool:
        health = request("GET", f"{self.endpoint}/_ministack/health", timeout=5)
        return isinstance(health, dict) and health.get("auth") == "enabled"

    def client(self, service: str, region: str = REGION, **options: Any) -> Any:
        """A boto3 client of the account's root, which may do everything."""
        return client(self.endpoint, service, region, self.root, **options)

    root_client = client

    def credentials_for(self, role_arn: str, session: str = "test") -> Credentials:
        """Credentials of a session of the role; its trust policy must let the account in."""
        given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session)
        keys = given["Credentials"]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def client_as(self, role_arn: str, service: str, region: str = REGION, **options: Any) -> Any:
        """A boto3 client which may do what the role's policies allow."""
        credentials = self.credentials_for(role_arn)
        return client(self.endpoint, service, region, credentials, **options)

    @contextmanager
    def coming(self, **way: Any) -> Iterator[None]:
        """Has calls come from an `address`, or with `tls` false over plain HTTP."""
        request("POST", f"{self.endpoint}/_local/way", way)
        try:
            yield
        finally:
            request("POST", f"{self.endpoint}/_local/way", {})

    def reset(self) -> None:
        """Empties every account."""
        request("POST", f"{self.endpoint}/_ministack/reset")
