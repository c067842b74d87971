"""Conditional writes of the local S3: of several at once, one is let in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from given import refusal
from local_aws.processes import Moto


def test_one_of_many_writes_is_let_in(moto: Moto) -> None:
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="notes")

    def put(number: int, **condition: str) -> Any:
        try:
            return s3.put_object(Bucket="notes", Key="k", Body=str(number), **condition)["ETag"]
        except s3.exceptions.ClientError as refused:
            assert refused.response["Error"]["Code"] == "PreconditionFailed"
            return None

    with ThreadPoolExecutor(10) as pool:
        (etag,) = filter(None, pool.map(lambda it: put(it, IfNoneMatch="*"), range(30)))
        assert len(list(filter(None, pool.map(lambda it: put(it, IfMatch=etag), range(100, 130))))) == 1


def test_what_is_not_there_cannot_be_replaced(moto: Moto) -> None:
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="notes")
    found = refusal(s3.put_object, Bucket="notes", Key="k", Body="", IfMatch="etag")
    assert found[:2] == (404, "NoSuchKey")
