//! Statements that take a log bucket hostage: they keep the account itself from reading it, but for a few of its principals.

use super::powers::LogFiles;
use super::read_restriction;
use super::trusted::Trusted;
use super::view::{DefaultKey, View};
use crate::documents::policy::{Household, ShutOut, network, strangers, told_of};
use crate::model::Subject;
use crate::settings::Settings;
use serde_json::Value;

/// Returns what is told of the key of the default encryption: that it is off, shuts the account out, or lets strangers
/// decrypt.
pub(super) fn of_key(
    key: &DefaultKey,
    view: &View,
    subject: &Subject,
    settings: &Settings,
    policy: &Value,
) -> Vec<String> {
    let DefaultKey { arn, enabled, customers, policy: _ } = key;
    let mut told = Vec::new();
    if !enabled {
        told.push(format!(
            "the key of its default encryption, {arn}, is switched off: no file with it is stored or read"
        ));
    }
    if !customers {
        return told;
    }
    let organization = view.organization(settings).ok().flatten();
    let via = format!("s3.{}.amazonaws.com", subject.place.region);
    let household = Household { account: &subject.place.account, organization, via: &via };
    for it in household.shut_out(policy, &["kms:Decrypt"]) {
        if !it.spared().iter().any(|spared| settings.log_bucket_readers.names(spared)) {
            let so = if it.spared().is_empty() { "so nobody may" } else { "who alone may" };
            told.push(format!("in the policy of its key {arn}, {it}, {so} decrypt log files"));
        }
    }
    let trusted = Trusted::new(subject, Ok(organization), settings);
    let is_trusted = |name: &str| trusted.trusts(name) || organization == Some(name);
    let strangers = strangers(policy, &subject.place.account, &is_trusted);
    let decrypts = strangers.into_iter().filter(|it| it.covers_action("kms:Decrypt"));
    told.extend(decrypts.map(|it| format!("by the policy of its key {arn}, {}", told_of(&it.to_value()))));
    told
}

/// Returns what is told of the statements that shut the account out of its log files. Whoever restricts reading to those
/// that the settings name keeps nobody out.
pub(super) fn hostages(view: &View, subject: &Subject, settings: &Settings, policy: &Value) -> Vec<String> {
    const ON_FILES: [&str; 2] = ["s3:GetObject", "s3:GetObjectVersion"];
    const ON_BUCKET: [&str; 2] = ["s3:ListBucket", "s3:ListBucketVersions"];
    let organization = view.organization(settings).ok().flatten();
    let via = format!("s3.{}.amazonaws.com", subject.place.region);
    let household = Household { account: &subject.place.account, organization, via: &via };
    let files = LogFiles { arn: &subject.arn, prefixes: view.uses.prefixes() };
    let is_named = |spared: &&str| {
        let from = network(spared);
        settings.log_bucket_readers.names(spared)
            || from.is_some_and(|from| settings.access.networks().iter().any(|it| it.contains(&from)))
            || read_restriction::spares(&settings.access, &subject.place.account, spared)
    };
    let mut told = Vec::new();
    let mut tell = |found: Vec<ShutOut<'_>>, what: &str, concerns: &dyn Fn(&ShutOut<'_>) -> bool| {
        for it in found.into_iter().filter(|it| concerns(it) && !it.spared().iter().any(is_named)) {
            let so = if it.spared().is_empty() { "so nobody may" } else { "who alone may" };
            told.push(format!("{it}, {so} {what} log files"));
        }
    };
    tell(household.shut_out(policy, &ON_FILES), "read", &|it| files.is_touched_by(it.statement));
    // Who denies lists to everybody, himself among them, hardens the bucket.
    tell(household.shut_out(policy, &ON_BUCKET), "list", &|it| {
        it.statement.touches(&files.arn.into()) && !it.spared().is_empty()
    });
    told
}
