//! Whom an alarm is told to, by the settings. Pure.

use super::{SettingsError, table};
use crate::model::{Arn, Region};

/// An endpoint that is subscribed where nobody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// SNS's name of the protocol.
    pub protocol: &'static str,
    /// The mail address, the URL or the queue's ARN.
    pub endpoint: String,
}

/// How patterns are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patterns {
    /// By meaning; one that takes in more will do.
    Covering,
    /// Letter by letter, as Security Hub does.
    Strict,
}

impl Address {
    /// A mail address, an `https` URL or the ARN of an SQS queue.
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

    /// Reads the setting.
    ///
    /// # Errors
    /// It is no such address.
    pub fn setting(value: Option<String>) -> Result<Option<Self>, SettingsError> {
        let Some(value) = value else { return Ok(None) };
        let problem = "must be an email address, an https URL or the ARN of a standard SQS queue".to_owned();
        Self::parse(&value).map(Some).ok_or(SettingsError { name: Self::SETTING, problem, value })
    }

    /// The name of the setting.
    pub(crate) const SETTING: &'static str = table::ALARM_ADDRESS.name;
}

impl Patterns {
    /// Reads the setting.
    ///
    /// # Errors
    /// It is neither of the two words.
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

    /// The name of the setting.
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
