"""Reads one access log of five million lines end to end: from the event to the message, by way of S3.

usage: PYTHONPATH=tests:tests/support:tests/functions/access tests/bench/access_file.py FOLDER_OF_FUNCTIONS [MILLIONS]

The local S3 holds the file in memory while it sends it: 0.5 GB for each million lines, two times over.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from access_logs import BOB, KEY, TARGET, bucket, created, found, line, telling
from bench.measure import cpu_seconds
from inbox import Inbox
from local_aws.processes import Moto
from runtime_api import Function

PART = 100_000
"""Lines of one part: of a thousand, ten are told and one cannot be read."""


def part() -> bytes:
    """A part of the file, which begins and ends with a line."""
    log = ("svc:cloudtrail.amazonaws.com", "REST.PUT.OBJECT")
    plain = [line(*([BOB] if number % 100 == 50 else log), number=number) for number in range(1_000)]
    plain[7] = b"this is no line of S3's\n"
    return b"".join(plain) * (PART // 1_000)


def main() -> int:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder, millions = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) == 3 else 5.0
    times, body = round(millions * 1_000_000 / PART), part()
    with Moto() as moto:
        s3, inbox = moto.client("s3", read_timeout=900.0), Inbox(moto)
        where = {"Bucket": bucket(moto), "Key": KEY}
        upload = where | {"UploadId": s3.create_multipart_upload(**where)["UploadId"]}
        parts = [s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"] for number in range(1, times + 1)]
        numbered = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(parts, 1)]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": numbered})
        settings = telling(moto, inbox) | {"AWS_ENDPOINT_URL": moto.endpoint}
        with Function([str(folder / "access")], settings, timeout=900) as function:
            print(f"{times * PART:,} lines, {times * len(body) / 1e6:,.0f} MB in {TARGET}", flush=True)
            _ = function.first_next
            began, cpu = time.perf_counter(), cpu_seconds(function.pid)
            answer = function.invoke(created())
            took, cpu = time.perf_counter() - began, cpu_seconds(function.pid) - cpu
            peak = function.peak_rss_kib
        thousands = times * PART // 1_000
        assert found(answer) == [("read", BOB, 10 * thousands)], found(answer)
        assert (answer.body["lines"], answer.body["malformed"]) == (1_000 * thousands, thousands)
        assert [it["requests"] for it in answer.body["buckets"]] == [999 * thousands]
        assert answer.body["buckets"][0]["findings"][0]["bytes"] == 5120 * 10 * thousands
        assert len(inbox.messages()) == 1
    megabytes = times * len(body) / 1e6
    print(f"{took:.1f} s, {megabytes / took:.0f} MB/s; {peak / 1024:.1f} MiB at most")
    print(f"{cpu:.1f} s of CPU, {megabytes / cpu:.0f} MB for each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
