"""Serves the patched moto on 127.0.0.1: `python -m local_aws.moto PORT`."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # read when moto is imported
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # some hundred images for each region, which nobody asks for

from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer  # noqa: E402

from local_aws.moto import (  # noqa: E402
    account,
    cloudtrail,
    cloudtrail_history,
    cloudwatch,
    config,
    dynamodb,
    ec2,
    iam,
    kms,
    log_metrics,
    logs,
    mail,
    metric_filters,
    mute_rules,
    s3,
    sns,
    speed,
    subscriptions,
    topics,
    transfer,
    transformers,
)
from local_aws.moto.cbor import CborApplication  # noqa: E402
from local_aws.moto.control import ControlledApplication  # noqa: E402
from local_aws.moto.refusal import RefusingApplication  # noqa: E402
from local_aws.moto.request_ids import IdentifiedApplication  # noqa: E402


class Handler(MotoRequestHandler):
    """Answers at once, and keeps no log of requests.

    Its answers have no date: an SDK would set its clock by the whole second that is told, and sign its
    next calls up to a second too early, where the limits count them by that.
    """

    disable_nagle_algorithm = True

    def send_header(self, keyword: str, value: str) -> None:
        if keyword.lower() != "date":
            super().send_header(keyword, value)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return None


class PooledServer(BaseWSGIServer):
    """Answers each request in a thread that is there already: to start one takes as long as many an answer."""

    multithread = True
    threads = ThreadPoolExecutor(256)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Has a thread answer."""
        self.threads.submit(self._answer, request, client_address)

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)


def main(port: int) -> None:
    """Applies every patch, then serves until the process is ended."""
    for patched in (
        *(speed, transfer, account, iam, sns, mail, subscriptions, s3, topics),
        *(kms, logs, cloudtrail, cloudtrail_history, config, dynamodb, ec2, cloudwatch),
        *(metric_filters, log_metrics, mute_rules, transformers),
    ):
        patched.patch()
    moto: Any = DomainDispatcherApplication(create_backend_app)
    application = IdentifiedApplication(RefusingApplication(ControlledApplication(CborApplication(moto))))
    PooledServer("127.0.0.1", port, application, Handler).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
