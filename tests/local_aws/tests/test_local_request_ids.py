"""Each answer has the id of its request, which a test can ask for to report the call as CloudTrail does."""

from __future__ import annotations

from local_aws.processes import Moto
from our_role import request_ids


def test_an_answer_says_the_id_that_is_kept_of_its_request(moto: Moto) -> None:
    told = []
    for service, operation, call in (
        ("s3", "CreateBucket", lambda client: client.create_bucket(Bucket="files")),
        ("kms", "CreateKey", lambda client: client.create_key()),
        ("ec2", "CreateVpc", lambda client: client.create_vpc(CidrBlock="10.9.0.0/16")),
        ("iam", "CreateUser", lambda client: client.create_user(UserName="alice")),
    ):
        headers = call(moto.client(service))["ResponseMetadata"]["HTTPHeaders"]
        said = headers.get("x-amz-request-id") or headers["x-amzn-requestid"]
        assert request_ids(moto, operation)[-1] == said, service
        told.append(said)
    assert len(set(told)) == len(told)
    assert request_ids(moto, "DeleteKey") == []
