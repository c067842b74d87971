//! Records of calls, made one after the other by people and roles.

use serde_json::{Value, json};
use trailkeeper_replay::read::read;
use trailkeeper_replay::{Assumptions, Intake, ReplayReport, Sources};

/// Account in which everything happens.
pub(crate) const ACCOUNT: &str = "111122223333";

/// User agent of Terraform.
pub(crate) const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io)";

/// What happened, call by call.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) records: Vec<Value>,
    identity: Value,
    agent: String,
    time: String,
    second: u32,
}

impl Story {
    /// A bucket that CloudTrail asks about, since it delivers there. The record of it is no watched call.
    pub(crate) fn log_bucket(mut self, name: &str) -> Self {
        self.records.push(json!({"eventSource": "s3.amazonaws.com", "eventName": "GetBucketAcl",
            "eventType": "AwsApiCall", "eventTime": "2027-01-01T00:00:00Z", "awsRegion": "eu-west-1",
            "recipientAccountId": ACCOUNT, "eventID": format!("acl-{name}"),
            "userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"},
            "requestParameters": {"bucketName": name}}));
        self
    }

    /// From here on, a session of this role calls.
    pub(crate) fn role(mut self, name: &str, agent: &str, day: u32, hour: u32) -> Self {
        self.identity = json!({"type": "AssumedRole", "accountId": ACCOUNT,
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/run-{day}"),
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}")}}});
        self.at(agent, day, hour)
    }

    /// From here on, this person calls.
    pub(crate) fn user(mut self, name: &str, agent: &str, day: u32, hour: u32) -> Self {
        let arn = format!("arn:aws:iam::{ACCOUNT}:user/{name}");
        self.identity = json!({"type": "IAMUser", "accountId": ACCOUNT, "arn": arn});
        self.at(agent, day, hour)
    }

    fn at(mut self, agent: &str, day: u32, hour: u32) -> Self {
        self.second = 0;
        agent.clone_into(&mut self.agent);
        self.time = format!("2027-01-{day:02}T{hour:02}:00:00Z");
        self
    }

    /// A call that succeeds.
    pub(crate) fn call(self, service: &str, name: &str, request: &Value) -> Self {
        self.made(service, name, request, None)
    }

    /// A call that fails.
    pub(crate) fn failing(self, service: &str, name: &str, request: &Value, error: &str) -> Self {
        self.made(service, name, request, Some(error))
    }

    fn made(mut self, service: &str, name: &str, request: &Value, error: Option<&str>) -> Self {
        // A second apart, so that their order is known.
        let time = self.time.replace(":00Z", &format!(":{:02}Z", self.second));
        self.second += 1;
        let mut record = json!({
            "eventVersion": "1.11", "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
            "eventType": "AwsApiCall", "eventTime": time, "awsRegion": "eu-west-1", "recipientAccountId": ACCOUNT,
            "userIdentity": self.identity, "userAgent": self.agent, "sourceIPAddress": "192.0.2.10",
            "requestParameters": request, "responseElements": null, "readOnly": name.starts_with("Get"),
            "eventID": format!("event-{:05}", self.records.len()),
            "resources": [{"ARN": format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234")}],
        });
        if let Some(error) = error {
            record["errorCode"] = json!(error);
        }
        self.records.push(record);
        self
    }
}

/// Parameters of `PutBucketPolicy`, with the denial of plain HTTP or without.
pub(crate) fn policy(bucket: &str, https: bool) -> Value {
    let arns = json!([format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")]);
    let denial = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arns,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let delivery = json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": arns[1]});
    let statements = if https { json!([delivery, denial]) } else { json!([delivery]) };
    json!({"bucketName": bucket, "bucketPolicy": {"Version": "2012-10-17", "Statement": statements}})
}

/// Replays files of these records.
pub(crate) fn replayed(files: &[&[Value]]) -> ReplayReport {
    let mut intake = Intake::new(Assumptions { home: Some("eu-west-1".to_owned()), ..Assumptions::default() });
    for records in files {
        let file = json!({"Records": records}).to_string();
        let outcome = read(file.as_bytes(), &mut |head, json| intake.take(head, json));
        assert_eq!(outcome.damage, None);
    }
    intake.finish(Sources::default())
}

/// Replays one file of a story.
pub(crate) fn report(story: &Story) -> ReplayReport {
    replayed(&[&story.records])
}
