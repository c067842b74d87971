//! By hand: the command that makes the same call as a step.

use super::place::{Arn, Region};
use super::property::Property;
use super::shell::Command;
use super::undo::Undo;
use serde_json::{Value, json};

impl Property {
    /// Returns the command that gives the property a value, as a step of ours does with the same value; `None` where no
    /// command with known arguments does it.
    #[must_use]
    pub fn set(&self, value: &Value) -> Option<Command> {
        let member = |name: &str| value.get(name).cloned().unwrap_or_default();
        let text = |name: &str| member(name).as_str().unwrap_or_default().to_owned();
        Some(match self {
            Self::Bucket { bucket } => {
                let region = text("Region");
                let command = Command::aws("s3api", "create-bucket").region(&region).with("Bucket", bucket.as_str());
                let command = command.with("ObjectOwnership", member("ObjectOwnership"));
                // S3 takes no constraint for its first region (S3 API reference, CreateBucket).
                let elsewhere = region != Region::first().as_str();
                let constraint = elsewhere.then(|| json!({ "LocationConstraint": region }));
                command.with("CreateBucketConfiguration", constraint)
            }
            Self::BucketEncryption { bucket } => {
                let rules = json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": value }] });
                let command = Command::aws("s3api", "put-bucket-encryption").with("Bucket", bucket.as_str());
                command.with("ServerSideEncryptionConfiguration", rules)
            }
            Self::ConfigRecorder { region, .. } => {
                let command = Command::aws("configservice", "put-configuration-recorder").region(region.as_str());
                command.with("ConfigurationRecorder", value.clone())
            }
            Self::FlowLog { region, id: Some(id), .. } if value.is_null() => {
                let command = Command::aws("ec2", "delete-flow-logs").region(region.as_str());
                command.with("FlowLogIds", vec![id.as_str()])
            }
            Self::FlowLog { region, vpc, .. } => {
                let mut members = value.clone();
                if let Value::Object(members) = &mut members {
                    members.remove("ResourceId");
                    if members.contains_key("LogDestination") {
                        members.insert("LogDestinationType".to_owned(), "s3".into());
                    }
                }
                let command = Command::aws("ec2", "create-flow-logs").region(region.as_str());
                command.with("ResourceType", "VPC").with("ResourceIds", vec![vpc.as_str()]).members(members)
            }
            Self::Key { region, .. } => {
                Command::aws("kms", "create-key").region(region.as_str()).document("Policy", value)
            }
            // The id of the key is not known before it is made.
            Self::KeyAlias { .. } => return None,
            Self::LogGroup { region, .. } => {
                Command::aws("logs", "create-log-group").region(region.as_str()).members(value.clone())
            }
            Self::Queue { region, .. } => {
                let attributes =
                    json!({ "Policy": member("Policy").to_string(), "KmsMasterKeyId": member("KmsMasterKeyId") });
                let command = Command::aws("sqs", "create-queue").region(region.as_str());
                command.with("QueueName", member("QueueName")).with("Attributes", attributes)
            }
            Self::Role { role } => {
                let command = Command::aws("iam", "create-role").with("RoleName", role.as_str());
                command.document("AssumeRolePolicyDocument", &member("AssumeRolePolicyDocument"))
            }
            Self::ServiceLinkedRole { .. } => {
                let command = Command::aws("iam", "create-service-linked-role");
                command.with("AWSServiceName", member("AWSServiceName"))
            }
            Self::Subscription { topic, protocol, endpoint, .. } => {
                let command = Command::aws("sns", "subscribe").region(Arn::region_of(topic));
                let command = command.with("TopicArn", topic.as_str()).with("Protocol", protocol.as_str());
                command.with("NotificationEndpoint", endpoint.as_str())
            }
            Self::Topic { arn } => {
                let name = Arn::parse(arn)?.resource.to_owned();
                let attributes =
                    json!({ "Policy": member("Policy").to_string(), "KmsMasterKeyId": member("KmsMasterKeyId") });
                let command = Command::aws("sns", "create-topic").region(Arn::region_of(arn));
                command.with("Name", name).with("Attributes", attributes)
            }
            Self::Trail { arn } => {
                let resource = Arn::parse(arn)?.resource;
                let name = resource.strip_prefix("trail/").unwrap_or(resource);
                let mut members = member("Settings");
                if let Value::Object(members) = &mut members {
                    members.insert("S3BucketName".to_owned(), member("S3BucketName"));
                }
                let command = Command::aws("cloudtrail", "create-trail").region(Arn::region_of(arn));
                command.with("Name", name).members(members)
            }
            // One call sets everything else, whether it is the first value or an earlier one.
            _ => match self.restore(Some(value)) {
                Undo::Command { command, .. } => command,
                Undo::Words(_) => return None,
            },
        })
    }
}
