//! By hand: the command that makes the same call as a step.

use super::place::{Arn, Region};
use super::property::Property;
use super::shell::Command;
use super::undo::Undo;
use serde_json::{Value, json};

impl Property {
    /// Returns what a person types into a shell to make the same call as a step of ours with this value.
    ///
    /// KMS gives a new key its id, which `CreateAlias` and [EnableKeyRotation] need: the latter takes no alias. So the
    /// commands hand it on in the variable `KEY`, or ask for it.
    ///
    /// [EnableKeyRotation]: https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
    #[must_use]
    pub fn by_hand(&self, value: &Value) -> Option<String> {
        Some(match self {
            Self::Key { .. } => format!("KEY=$({})", id_of(self.set(value)?)),
            Self::KeyAlias { region, alias } => {
                let command = Command::aws("kms", "create-alias").region(region.as_str());
                format!(
                    r#"{} --target-key-id "${{KEY:?is the id of the new key}}""#,
                    command.with("AliasName", alias.as_str())
                )
            }
            Self::KeyRotation { region, key } if is_alias(key) => {
                let days = value.get("RotationPeriodInDays").cloned().unwrap_or_default();
                let enable = Command::aws("kms", "enable-key-rotation").region(region.as_str());
                by_alias(&enable.with("RotationPeriodInDays", days), region, key)
            }
            _ => self.set(value)?.to_string(),
        })
    }

    /// Returns what a person types into a shell, or has to do, to put the earlier value back.
    #[must_use]
    pub fn undone_by_hand(&self, before: Option<&Value>) -> String {
        match self {
            Self::KeyRotation { region, key } if is_alias(key) => {
                let on = before.and_then(|it| it.get("KeyRotationEnabled")) == Some(&Value::Bool(true));
                let again = before.filter(|_| on).and_then(|before| self.by_hand(before));
                let disable = Command::aws("kms", "disable-key-rotation").region(region.as_str());
                again.unwrap_or_else(|| by_alias(&disable, region, key))
            }
            _ => self.restore(before).to_string(),
        }
    }

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

fn is_alias(key: &str) -> bool {
    Arn::parse(key).is_some_and(|arn| arn.resource.starts_with("alias/"))
}

/// Returns a command of KMS that answers with a key, and prints only the key's id.
fn id_of(command: Command) -> Command {
    command.with("Query", "KeyMetadata.KeyId").with("Output", "text")
}

/// Returns a command with the id of the key that has an alias.
fn by_alias(command: &Command, region: &Region, alias: &str) -> String {
    let find = id_of(Command::aws("kms", "describe-key").region(region.as_str()).with("KeyId", alias));
    format!(r#"{command} --key-id "$({find})""#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command as Process;

    const ALIAS: &str = "arn:aws:kms:eu-west-1:111122223333:alias/a b";

    /// What is typed by hand for a new key works as it stands: each call gets the id that KMS gave the key.
    #[test]
    fn the_calls_for_a_new_key_hand_its_id_on() {
        let region = Region::parse("eu-west-1").expect("a region");
        let alias = "alias/a b".to_owned();
        let key = Property::Key { region: region.clone(), alias: alias.clone() };
        let named = Property::KeyAlias { region: region.clone(), alias };
        let rotation = Property::KeyRotation { region, key: ALIAS.to_owned() };
        let policy = json!({ "Statement": [{ "Sid": "it's $(id)" }] });
        let typed = [
            key.by_hand(&policy).expect("a command"),
            named.by_hand(&json!({})).expect("a command"),
            rotation.by_hand(&json!({ "KeyRotationEnabled": true })).expect("a command"),
            rotation.undone_by_hand(Some(&json!({ "KeyRotationEnabled": false }))),
        ];
        let run = |script: &str| {
            let aws = r#"aws() { printf '%s|' "$@" >&2; echo >&2; echo 1111-2222; }"#;
            let ran = Process::new("bash").args(["--norc", "-c", &format!("set -u\n{aws}\n{script}")]).output();
            String::from_utf8(ran.expect("bash").stderr).expect("text")
        };
        let said = run(&typed.join("\n"));
        let lines: Vec<&str> = said.lines().collect();
        let describe =
            format!("kms|describe-key|--region|eu-west-1|--key-id|{ALIAS}|--query|KeyMetadata.KeyId|--output|text|");
        assert_eq!(
            lines,
            [
                r#"kms|create-key|--region|eu-west-1|--policy|{"Statement":[{"Sid":"it's $(id)"}]}|--query|KeyMetadata.KeyId|--output|text|"#,
                "kms|create-alias|--region|eu-west-1|--alias-name|alias/a b|--target-key-id|1111-2222|",
                &describe,
                "kms|enable-key-rotation|--region|eu-west-1|--key-id|1111-2222|",
                &describe,
                "kms|disable-key-rotation|--region|eu-west-1|--key-id|1111-2222|",
            ]
        );
        assert!(run(&typed[1]).contains("KEY: is the id of the new key"), "{}", run(&typed[1]));
    }
}
