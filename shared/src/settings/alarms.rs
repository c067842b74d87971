//! Settings for alarms: whom they notify, and how filter patterns are compared. Pure.

use super::{SettingsError, table};
use crate::model::{Arn, Region};

/// Endpoint that alarm topics must notify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name of the protocol, as SNS spells it.
    pub protocol: &'static str,
    /// Mail address, URL or ARN of the queue.
    pub endpoint: String,
}

/// Comparison of filter patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patterns {
    /// By meaning: a pattern that matches more is also accepted.
    Covering,
    /// Character by character, as Security Hub does.
    Strict,
}

impl Address {
    /// Parses a mail address, an `https` URL or the ARN of an SQS queue.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let spaceless = text.bytes().all(|b| b.is_ascii_graphic());
        let is_queue = |arn: Arn<'_>| {
            let plain = arn.resource.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            arn.service == "sqs" && Region::parse(arn.region).is_some() && plain
        };
        let is_mail = |(local, host): (&str, &str)| !local.is_empty() && host.contains('.') && !host.contains('@');
        let protocol = match text {
            _ if !spaceless => return None,
            url if url.strip_prefix("https://").is_some_and(|host| host.contains('.')) => "https",
            arn if Arn::parse(arn).is_some_and(is_queue) => "sqs",
            mail if !mail.contains([':', '/', ',']) && mail.split_once('@').is_some_and(is_mail) => "email",
            _ => return None,
        };
        Some(Self { protocol, endpoint: text.to_owned() })
    }

    /// Returns whether a subscription is that of the address. Mail addresses are compared without regard to case.
    #[must_use]
    pub fn is(&self, protocol: &str, endpoint: &str) -> bool {
        let same = self.endpoint == endpoint;
        self.protocol == protocol && (same || protocol == "email" && self.endpoint.eq_ignore_ascii_case(endpoint))
    }

    /// Parses the setting.
    ///
    /// # Errors
    /// Returns an error if the value is no such address.
    pub fn setting(value: Option<String>) -> Result<Option<Self>, SettingsError> {
        let Some(value) = value else { return Ok(None) };
        let problem = "must be an email address, an https URL or the ARN of a standard SQS queue".to_owned();
        Self::parse(&value).map(Some).ok_or(SettingsError { name: Self::SETTING, problem, value })
    }

    /// Name of the variable.
    pub(crate) const SETTING: &'static str = table::ALARM_ADDRESS.name;
}

impl Patterns {
    /// Parses the setting.
    ///
    /// # Errors
    /// Returns an error if the value is neither of the two words.
    pub fn setting(value: Option<String>) -> Result<Self, SettingsError> {
        let Some(value) = value else { return Ok(Self::Covering) };
        match value.as_str() {
            "covering" => Ok(Self::Covering),
            "strict" => Ok(Self::Strict),
            _ => {
                let problem = "must be covering or strict".to_owned();
                Err(SettingsError { name: Self::SETTING, problem, value })
            }
        }
    }

    /// Name of the variable.
    pub(crate) const SETTING: &'static str = table::FILTER_PATTERNS.name;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_its_form() {
        for (text, protocol) in [
            ("soc@example.com", "email"),
            ("https://alerts.example.com/trailkeeper?key=1", "https"),
            ("arn:aws:sqs:eu-west-1:111122223333:alerts", "sqs"),
        ] {
            assert_eq!(Address::parse(text), Some(Address { protocol, endpoint: text.to_owned() }));
        }
        for text in [
            "soc",
            "soc@",
            "@example.com",
            "a@b@example.com",
            "so c@example.com",
            "http://alerts.example.com",
            "https://",
            "arn:aws:sqs:eu-west-1:111122223333:alerts.fifo",
            "arn:aws:sqs:moon:111122223333:alerts",
            "arn:aws:lambda:eu-west-1:111122223333:function:f",
            "a@example.com,b@example.com",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }
}
