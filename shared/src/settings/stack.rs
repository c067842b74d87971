//! Trailkeeper's own stack: what tells its parts from everything else in the account.

use super::error::SettingsError;
use super::table;
use crate::model::{Arn, Region};

/// Stack that Trailkeeper was deployed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Id of the stack: an ARN.
    pub id: String,
    /// Name of the stack, with which CloudFormation begins the names of what it makes.
    pub name: String,
    /// Partition of the stack.
    pub partition: String,
    /// Account of the stack.
    pub account: String,
    /// Region of the stack.
    pub region: Region,
    /// ARNs of the keys that encrypt reports, whose names do not tell whose they are.
    pub keys: Vec<String>,
    /// ARNs of the topics that changes of the parts are reported to; none means the topic for reports.
    pub topics: Vec<String>,
}

impl Stack {
    /// Name of the variable.
    pub const SETTING: &'static str = table::STACK.name;
    /// Name of the variable with the keys.
    pub const KEYS: &'static str = table::KEYS.name;
    /// Name of the variable with the topics.
    pub const TOPICS: &'static str = table::GUARD_TOPICS.name;

    /// Parses the settings.
    ///
    /// # Errors
    /// Returns an error if the stack is not the ARN of one, a key not that of a key, or a topic not that of a topic.
    pub fn setting(
        id: Option<String>,
        keys: Option<&str>,
        topics: Option<&str>,
    ) -> Result<Option<Self>, SettingsError> {
        let topics: Vec<String> = topics.into_iter().flat_map(super::items).map(str::to_owned).collect();
        if let Some(bad) = topics.iter().find(|arn| !super::is_topic(arn)) {
            let problem = "must be ARNs of standard SNS topics".into();
            return Err(SettingsError { name: Self::TOPICS, problem, value: bad.clone() });
        }
        let keys: Vec<String> = keys.into_iter().flat_map(super::items).map(str::to_owned).collect();
        let is_key =
            |arn: &str| Arn::parse(arn).is_some_and(|it| it.service == "kms" && it.resource.starts_with("key/"));
        if let Some(bad) = keys.iter().find(|arn| !is_key(arn)) {
            let problem = "must be ARNs of KMS keys".into();
            return Err(SettingsError { name: Self::KEYS, problem, value: bad.clone() });
        }
        let Some(id) = id else { return Ok(None) };
        let parsed = Arn::parse(&id).filter(|arn| arn.service == "cloudformation").and_then(|arn| {
            let name = arn.resource.strip_prefix("stack/")?.split('/').next().filter(|name| !name.is_empty())?;
            let (partition, account) = (arn.partition.to_owned(), arn.account.to_owned());
            Some((name.to_owned(), partition, account, Region::parse(arn.region)?))
        });
        match parsed {
            Some((name, partition, account, region)) => {
                Ok(Some(Self { id, name, partition, account, region, keys, topics }))
            }
            None => Err(SettingsError {
                name: Self::SETTING,
                problem: "must be the ARN of a CloudFormation stack".into(),
                value: id,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/keeper/51af3dc0-da77-11e4-872e-1234567db123";
    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alarms";
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

    #[test]
    fn a_stack_is_known_by_its_id() {
        let stack = Stack::setting(Some(ID.to_owned()), Some(KEY), Some(TOPIC)).expect("a setting").expect("a stack");
        assert_eq!((stack.name.as_str(), stack.account.as_str()), ("keeper", "111122223333"));
        assert_eq!(
            (stack.region.as_str(), stack.keys, stack.topics),
            ("eu-west-1", vec![KEY.to_owned()], vec![TOPIC.to_owned()])
        );
        assert_eq!(Stack::setting(None, None, None), Ok(None));
    }

    #[test]
    fn what_is_no_stack_or_key_is_refused() {
        for bad in ["keeper", "arn:aws:cloudformation:eu-west-1:111122223333:stackset/x:1", KEY] {
            assert!(Stack::setting(Some(bad.to_owned()), None, None).is_err(), "{bad}");
        }
        assert!(Stack::setting(Some(ID.to_owned()), Some(&format!("{KEY},alias/x")), None).is_err());
        assert!(Stack::setting(Some(ID.to_owned()), None, Some("alarms")).is_err());
    }
}
