//! Names, times and numbers as people read them.

use trailkeeper::model::{Arn, sanitized};

/// Number of characters of a user agent.
const AGENT: usize = 60;

pub(super) fn rest(number: usize, shown: usize) -> String {
    if number > shown { format!(", and {} more", number - shown) } else { String::new() }
}

/// Returns the name of a resource or a caller without what everybody knows: `bucket my-logs`, `role ci`.
pub(super) fn name(arn: &str) -> String {
    let short = Arn::parse(arn).and_then(|arn| match (arn.service, arn.resource) {
        ("s3", bucket) if !bucket.contains('/') => Some(format!("bucket {bucket}")),
        ("sts" | "iam" | "cloudtrail" | "ec2" | "kms" | "transfer", resource) => {
            let (kind, name) = resource.split_once('/')?;
            Some(format!("{} {name}", kind.replace("assumed-role", "session")))
        }
        _ => None,
    });
    sanitized(short.as_deref().unwrap_or(arn))
}

pub(super) fn minute(time: &str) -> String {
    format!("{} {}", time.get(..10).unwrap_or_default(), time.get(11..16).unwrap_or_default())
}

pub(super) fn start(agent: &str) -> String {
    let start: String = agent.chars().take(AGENT).collect();
    sanitized(&format!("{start}{}", if agent.chars().nth(AGENT).is_some() { "..." } else { "" }))
}

pub(crate) fn lasting(seconds: i64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

pub(super) fn count(number: u64, what: &str) -> String {
    let ending = match (number, what) {
        (1, _) => what.to_owned(),
        (_, "copy") => "copies".to_owned(),
        _ => format!("{what}s"),
    };
    format!("{} {ending}", thousands(number))
}

pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
