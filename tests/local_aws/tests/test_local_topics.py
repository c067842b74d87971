"""The patched SNS and SQS, and the delivery channels of Config."""

from __future__ import annotations

import json
from typing import Any

from given import policy, refusal, role, trust
from local_aws.processes import ACCOUNT, Moto

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:work"
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}


def attribute(moto: Moto, name: str, value: str, topic: str = TOPIC) -> dict[str, Any]:
    """What sets an attribute of the topic, which is made if need be."""
    moto.client("sns").create_topic(Name="alarms")
    return {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}


def test_a_topic_keeps_its_policy_and_key(moto: Moto) -> None:
    sns = moto.client("sns")
    document = policy(Principal=CLOUDTRAIL, Action="SNS:Publish", Resource=TOPIC)
    sns.set_topic_attributes(**attribute(moto, "Policy", document))
    sns.set_topic_attributes(**attribute(moto, "KmsMasterKeyId", "alias/aws/sns"))
    found = sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    assert json.loads(found["Policy"]) == json.loads(document)
    assert found["KmsMasterKeyId"] == "alias/aws/sns"
    sns.set_topic_attributes(**attribute(moto, "KmsMasterKeyId", ""))
    assert "KmsMasterKeyId" not in sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]


def test_a_new_topic_lets_its_owner_in(moto: Moto) -> None:
    arn = moto.client("sns").create_topic(Name="alarms")["TopicArn"]
    document = moto.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    assert '"AWS:SourceOwner":"123456789012"' in document and "SNS:Publish" in document


def test_what_is_no_policy_of_the_topic_is_refused(moto: Moto) -> None:
    sns = moto.client("sns")
    for document in (
        "nonsense",
        "{}",
        policy(Action="SNS:Publish", Resource=TOPIC),
        policy(Principal=CLOUDTRAIL, Action="sqs:SendMessage", Resource=TOPIC),
        policy(Principal=CLOUDTRAIL, Action="SNS:Publish", Resource=f"{TOPIC}-of-others"),
    ):
        found = refusal(sns.set_topic_attributes, **attribute(moto, "Policy", document))
        assert found[:2] == (400, "InvalidParameter")
    found = refusal(sns.set_topic_attributes, **attribute(moto, "Colour", "red"))
    assert found[:2] == (400, "InvalidParameter")
    found = refusal(sns.set_topic_attributes, **attribute(moto, "Policy", "{}", f"{TOPIC}x"))
    assert found[:2] == (404, "NotFound")


def test_a_topic_publishes_to_a_queue(moto: Moto) -> None:
    sns, sqs = moto.client("sns"), moto.client("sqs")
    sns.create_topic(Name="alarms")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
    sns.publish(TopicArn=TOPIC, Message="wake up")
    assert "wake up" in sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]


def test_a_queue_keeps_what_is_left_out(moto: Moto) -> None:
    sqs = moto.client("sqs")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    document = policy(Principal=CLOUDTRAIL, Action="sqs:SendMessage", Resource=QUEUE)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "9"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["Policy"], found["VisibilityTimeout"]) == (document, "9")
    wrong = {"Policy": policy(Action="sqs:SendMessage", Resource=QUEUE)}
    found = refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes=wrong)
    assert found[:2] == (400, "InvalidAttributeValue")


def test_a_queue_is_encrypted_in_one_way(moto: Moto) -> None:
    sqs = moto.client("sqs")

    def encryption() -> tuple[str | None, str | None]:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found.get("SqsManagedSseEnabled"), found.get("KmsMasterKeyId")

    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    assert encryption() == ("true", None)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/ours"})
    assert encryption() == ("false", "alias/ours")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert encryption() == ("true", None)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "false"})
    assert encryption() == ("false", None)


def test_each_region_has_its_delivery_channel(moto: Moto) -> None:
    moto.client("s3").create_bucket(Bucket="history")
    config, everything = moto.client("config"), policy(Action="s3:*", Resource="*")
    recorder = {"name": "default", "roleARN": role(moto, "config", trust("config.amazonaws.com"))}
    moto.client("iam").put_role_policy(
        RoleName="config", PolicyName="deliver", PolicyDocument=everything
    )
    channel = {"name": "default", "s3BucketName": "history", "s3KeyPrefix": "config"}
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    config.put_delivery_channel(DeliveryChannel=channel)
    assert config.describe_delivery_channels()["DeliveryChannels"] == [channel]
    assert moto.client("config", "eu-west-1").describe_delivery_channels()["DeliveryChannels"] == []
