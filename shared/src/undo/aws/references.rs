//! Whether what an earlier value points to is still there: AWS refuses a value that points to nothing.

use super::{Properties, iam, parse, region_of};
use crate::ledger::EntryStep;
use crate::model::{Arn, CallError, Property, Region, Seen};
use serde_json::Value;

/// What a value points to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reference {
    Bucket(String),
    Key(String),
    LogGroup { region: Region, name: String },
    Role(String),
    Topic(String),
}

impl Reference {
    /// Returns the log group with this ARN.
    fn log_group(arn: &str) -> Option<Self> {
        Some(Self::LogGroup { region: Region::of_arn(arn)?, name: Arn::parse(arn)?.log_group()?.to_owned() })
    }

    /// Returns its name for people.
    fn name(&self) -> String {
        match self {
            Self::Bucket(name) => format!("bucket {name}"),
            Self::Key(arn) => format!("KMS key {arn}"),
            Self::LogGroup { name, .. } => format!("log group {name}"),
            Self::Role(arn) => format!("role {}", iam::name_in(arn)),
            Self::Topic(arn) => format!("topic {arn}"),
        }
    }
}

impl Properties {
    /// Returns why a property, whose present value is `now`, cannot be given its earlier one: what that points to is gone. What
    /// cannot be read counts as there: AWS says it then.
    pub(super) async fn lost_reference(&self, step: &EntryStep, now: Option<&Value>) -> Option<String> {
        let value = set(&step.property, step.before.as_ref()?, now);
        for reference in references(&step.property, &value, &self.place.account) {
            if Box::pin(self.is_gone(&reference)).await.unwrap_or_default() {
                let how = if matches!(reference, Reference::Key(_)) { "gone or disabled" } else { "gone" };
                return Some(format!("{}, which it pointed to, is {how}", reference.name()));
            }
        }
        None
    }

    async fn is_gone(&self, reference: &Reference) -> Result<bool, CallError> {
        let property = match reference.clone() {
            Reference::Bucket(bucket) => Property::Bucket { bucket },
            Reference::Key(key) => return self.is_key_gone(&region_of(&key)?, &key).await,
            Reference::LogGroup { region, name } => Property::LogGroup { region, name },
            Reference::Role(arn) => Property::Role { role: iam::name_in(&arn).to_owned() },
            Reference::Topic(arn) => Property::Topic { arn },
        };
        let seen = match &property {
            Property::Bucket { bucket } => self.read_bucket(bucket, &property).await?,
            Property::LogGroup { region, name } => self.read_group(region, name, &property).await?,
            Property::Role { role } => self.read_role(role, &property).await?,
            Property::Topic { arn } => self.read_topic(arn, &property).await?,
            _ => return Ok(false),
        };
        Ok(matches!(seen, Seen::Absent))
    }
}

/// Returns what a property is after its earlier value was set: a trail keeps what the call does not name.
fn set(property: &Property, before: &Value, now: Option<&Value>) -> Value {
    let mut value = before.clone();
    if let (Property::TrailSettings { .. }, Some(set), Some(Value::Object(now))) =
        (property, value.as_object_mut(), now)
    {
        for (name, kept) in now {
            set.entry(name).or_insert_with(|| kept.clone());
        }
    }
    value
}

/// Returns what AWS looks for when a property is given a value, as far as the account can tell: roles and log groups of another
/// account are not asked for.
fn references(property: &Property, value: &Value, account: &str) -> Vec<Reference> {
    let text = |name: &str| parse::text(value, name);
    let own = |name: &str| text(name).filter(|arn| Arn::parse(arn).is_some_and(|arn| arn.account == account));
    let bucket = |name: &str| text(name).map(Reference::Bucket);
    // A key may also be named by its id or its alias alone, in a region that the value does not name.
    let key = |name: &str| text(name).filter(|arn| Region::of_arn(arn).is_some()).map(Reference::Key);
    let role = |name: &str| own(name).map(Reference::Role);
    let topic = |name: &str| text(name).filter(|arn| Region::of_arn(arn).is_some()).map(Reference::Topic);
    let group = |name: &str| own(name).as_deref().and_then(Reference::log_group);
    let all = match property {
        Property::BucketLogging { .. } => {
            let to = value.get("LoggingEnabled").unwrap_or(value);
            vec![parse::text(to, "TargetBucket").map(Reference::Bucket)]
        }
        Property::ConfigChannel { .. } => vec![bucket("s3BucketName"), key("s3KmsKeyArn"), topic("snsTopicARN")],
        Property::FlowLog { region, .. } => {
            let name = text("LogGroupName").map(|name| Reference::LogGroup { region: region.clone(), name });
            vec![name.or_else(|| group("LogDestination")), role("DeliverLogsPermissionArn")]
        }
        Property::ServerLoggingRole { .. } => vec![role("LoggingRole")],
        Property::TrailSettings { .. } => vec![
            bucket("S3BucketName"),
            key("KmsKeyId"),
            group("CloudWatchLogsLogGroupArn"),
            role("CloudWatchLogsRoleArn"),
            topic("SnsTopicName"),
        ],
        _ => Vec::new(),
    };
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ACCOUNT: &str = "111122223333";

    #[test]
    fn a_trail_points_to_five_things_and_may_lack_four() {
        let property = Property::TrailSettings { arn: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main".into() };
        let all = json!({
            "S3BucketName": "logs", "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k",
            "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:111122223333:log-group:g:*",
            "CloudWatchLogsRoleArn": "arn:aws:iam::111122223333:role/path/r",
            "SnsTopicName": "arn:aws:sns:eu-west-1:111122223333:t",
        });
        let names: Vec<String> = references(&property, &all, ACCOUNT).iter().map(Reference::name).collect();
        let key = "KMS key arn:aws:kms:eu-west-1:111122223333:key/k";
        assert_eq!(names, ["bucket logs", key, "log group g", "role r", "topic arn:aws:sns:eu-west-1:111122223333:t"]);
        assert_eq!(references(&property, &all, "999999999999").len(), 3, "whose role and group are another account's");
        let kept = set(&property, &json!({ "SnsTopicName": "" }), Some(&all));
        assert_eq!(references(&property, &kept, ACCOUNT).len(), 4, "what the call does not name is kept");
        let one = json!({ "S3BucketName": "logs", "KmsKeyId": "", "SnsTopicName": null });
        assert_eq!(references(&property, &one, ACCOUNT), [Reference::Bucket("logs".into())]);
    }

    #[test]
    fn a_flow_log_points_to_a_group_by_its_name_or_its_arn() {
        let region = Region::parse("eu-west-1").expect("a region");
        let property = Property::FlowLog { region: region.clone(), vpc: "vpc-1".into(), id: None };
        let group = [Reference::LogGroup { region, name: "g".into() }];
        assert_eq!(references(&property, &json!({ "LogGroupName": "g" }), ACCOUNT), group);
        let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:g:*";
        assert_eq!(references(&property, &json!({ "LogDestination": arn }), ACCOUNT), group);
        assert_eq!(references(&property, &json!({ "LogDestination": "arn:aws:s3:::b" }), ACCOUNT), []);
    }
}
