//! The report as Amazon SNS messages: readable for mail, JSON for queues and functions, attributes for filters.

use crate::report::{Outcome, Report};
use crate::text::{subject, text};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Amazon SNS takes messages of up to 262,144 bytes, attributes included ([Publish], Message). The margin is theirs.
///
/// [Publish]: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const LARGEST: usize = 262_144 - 8 * 1024;

/// One message, ready to be published with message structure `json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// At most 100 ASCII characters.
    pub subject: String,
    /// JSON with a text for each protocol: `email` is readable, `default` is the report.
    pub body: String,
    /// What filter policies select by: the distinct values of each attribute.
    pub attributes: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Puts what is worth telling into as few messages as fit. None where there is nothing to tell.
#[must_use]
pub fn messages(report: &Report, account: &str) -> Vec<Message> {
    let telling: Vec<Outcome> = report.results.iter().filter(|outcome| outcome.worth_telling()).cloned().collect();
    if telling.is_empty() { Vec::new() } else { fitting(report, account, telling) }
}

fn fitting(report: &Report, account: &str, mut outcomes: Vec<Outcome>) -> Vec<Message> {
    let message = message(report, account, &outcomes);
    if message.body.len() <= LARGEST {
        return vec![message];
    }
    if outcomes.len() > 1 {
        let rest = outcomes.split_off(outcomes.len() / 2);
        let mut all = fitting(report, account, outcomes);
        all.extend(fitting(report, account, rest));
        return all;
    }
    // One outcome alone is too large: the documents go, and the log has them.
    for step in outcomes.iter_mut().flat_map(|outcome| &mut outcome.steps) {
        step.before = step.before.take().map(|_| json!("too large for this message; see the function's log"));
        step.after = json!("too large for this message; see the function's log");
    }
    vec![self::message(report, account, &outcomes)]
}

fn message(report: &Report, account: &str, outcomes: &[Outcome]) -> Message {
    let part = Report { results: outcomes.to_vec(), ..report.clone() };
    // A report is texts, lists and maps with text keys: there is nothing in it that JSON cannot hold.
    let machine = serde_json::to_string(&part).unwrap_or_default();
    let all = |value: fn(&Outcome) -> String| outcomes.iter().map(value).collect::<BTreeSet<_>>();
    Message {
        subject: subject(outcomes),
        body: json!({ "default": machine, "email": text(report, outcomes) }).to_string(),
        attributes: BTreeMap::from([
            ("control", all(|outcome| outcome.control.clone())),
            ("status", all(|outcome| outcome.status.as_str().to_owned())),
            ("severity", all(|outcome| outcome.severity.as_str().to_owned())),
            ("account", BTreeSet::from([account.to_owned()])),
            ("region", all(|outcome| outcome.region.clone())),
        ]),
    }
}
