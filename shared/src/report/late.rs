//! A message that could not be published, as it is kept, and as it is sent later. Pure.

use super::mail::SUBJECT;
use super::message::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Names of the attributes that messages have.
const ATTRIBUTES: [&str; 5] = ["account", "control", "region", "severity", "status"];

#[derive(Serialize, Deserialize)]
struct KeptMessage {
    subject: String,
    /// Object with one text for each protocol. It is no text itself, as each level of quoting would make it longer.
    body: Map<String, Value>,
    attributes: BTreeMap<String, BTreeSet<String>>,
    /// Time at which it could not be published.
    at: String,
}

/// Returns a message as JSON, to keep it. It is hardly longer than the message's body and attributes, so SQS, which takes
/// 256 KiB from every sender, takes what SNS takes.
#[must_use]
pub(crate) fn kept(message: &Message, at: &str) -> String {
    let body = serde_json::from_str(&message.body).unwrap_or_default();
    let attributes = message.attributes.iter().map(|(name, values)| ((*name).to_owned(), values.clone())).collect();
    let kept = KeptMessage { subject: message.subject.clone(), body, attributes, at: at.to_owned() };
    // Strings and maps with string keys only: nothing that JSON cannot represent.
    serde_json::to_string(&kept).unwrap_or_default()
}

/// Returns the message that was kept, which says that it is late. `None` if the text is none.
#[must_use]
pub(crate) fn late(text: &str) -> Option<Message> {
    let KeptMessage { subject, mut body, attributes, at } = serde_json::from_str(text).ok()?;
    let report = body.get("default")?.as_str()?.to_owned();
    if let Some(Value::String(mail)) = body.get_mut("email") {
        mail.insert_str(0, &format!("Sent late: this could not be sent at {at}, and tells what was so then.\n\n"));
    }
    let of = |name: &'static str| Some((name, attributes.get(name)?.clone()));
    Some(Message {
        subject: format!("Late: {subject}").chars().take(SUBJECT).collect(),
        report,
        body: json!(body).to_string(),
        attributes: ATTRIBUTES.into_iter().filter_map(of).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::message::LARGEST;

    const AT: &str = "2026-11-21T03:00:05Z";

    fn message(report: &str) -> Message {
        let values = |value: &str| BTreeSet::from([value.to_owned()]);
        Message {
            subject: "Trailkeeper fixed cloudtrail-logging".into(),
            report: report.into(),
            body: json!({"default": report, "email": format!("FIXED: {report}")}).to_string(),
            attributes: ATTRIBUTES.into_iter().map(|name| (name, values(name))).collect(),
        }
    }

    #[test]
    fn what_is_sent_late_is_what_was_kept_and_says_so() {
        let message = message(r#"{"a":"b\"\n"}"#);
        let sent = late(&kept(&message, AT)).expect("a message");
        assert_eq!((&sent.report, &sent.attributes), (&message.report, &message.attributes));
        assert_eq!(sent.subject, "Late: Trailkeeper fixed cloudtrail-logging");
        let [before, after] = [&message, &sent].map(|it| serde_json::from_str::<Value>(&it.body).expect("JSON"));
        assert_eq!(after["default"], before["default"]);
        let mail = after["email"].as_str().expect("a text");
        assert!(mail.starts_with(&format!("Sent late: this could not be sent at {AT}, ")), "{mail}");
        assert!(mail.ends_with(before["email"].as_str().expect("a text")), "{mail}");
    }

    /// SQS takes 262,144 bytes from every sender (SQS API reference, `SendMessage`), SNS as many.
    #[test]
    fn the_longest_message_can_be_kept_and_sent() {
        let quotes = "\"".repeat(LARGEST / 8);
        let long = Message { subject: "s".repeat(100), ..message(&quotes) };
        assert!((LARGEST / 2..=LARGEST).contains(&long.body.len()), "{}", long.body.len());
        let kept = kept(&long, AT);
        assert!(kept.len() < long.body.len() + 1024);
        let sent = late(&kept).expect("a message");
        assert_eq!((sent.subject.len(), sent.body.len() < 262_144 - 4096), (SUBJECT, true));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for text in ["", "{", "[]", "{}", r#"{"subject":"s","body":"b","attributes":{},"at":"x"}"#] {
            assert_eq!(late(text), None, "{text}");
        }
        let other = r#"{"subject":"s","body":{"default":"d"},"attributes":{"else":["x"]},"at":"x"}"#;
        assert_eq!(late(other).map(|it| it.attributes), Some(BTreeMap::new()));
    }
}
