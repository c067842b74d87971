//! Who changed last what is wrong, as CloudTrail's event history of 90 days tells.

use super::accounts::Opened;
use crate::problem::{Problem, Whose};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::retry::RetryConfig;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::sleep;
use trailkeeper::aws::call;
use trailkeeper::families::families;
use trailkeeper::model::{Arn, CallError};
use trailkeeper_check::finding::{Finding, LastChange, Standing};
use trailkeeper_replay::wronged;

/// Maximum number of resources that are asked about, the worst first.
const MOST: usize = 20;

/// Maximum number of pages of 50 events: the newest may all be reads.
const PAGES: usize = 4;

/// Delay between two calls: AWS takes two in a second ([LookupEvents]).
///
/// [LookupEvents]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const PACE: Duration = Duration::from_millis(500);

/// Asks about each resource with something wrong. Where CloudTrail does not tell, nothing is said.
pub(super) async fn ask(accounts: &[Opened], findings: &mut [Finding]) {
    let mut known: BTreeMap<String, Vec<Called>> = BTreeMap::new();
    let mut silent = BTreeSet::new();
    for finding in findings.iter_mut().filter(|it| it.standing == Standing::Wrong) {
        let names = names(&finding.resource);
        let Some(name) = names.first() else { continue };
        let key = format!("{} {} {name}", finding.account, finding.region);
        if !known.contains_key(&key) {
            if known.len() >= MOST {
                break;
            }
            let is_asked = |it: &&Opened| it.id == *finding.account && !silent.contains(&it.id);
            let Some(account) = accounts.iter().find(is_asked) else { continue };
            let mut found = Vec::new();
            for name in names {
                match Box::pin(calls(account, &finding.region, name)).await {
                    Ok(calls) => found.extend(calls),
                    Err(error) => {
                        let (id, region) = (account.id.clone(), Some(finding.region.to_string()));
                        let problem = Problem::call(&error, &Whose { account: Some(id), region, arn: None });
                        eprintln!("trailkeeper: who changed last what is wrong there is not told: {problem}");
                        silent.insert(account.id.clone());
                        found.clear();
                        break;
                    }
                }
            }
            known.insert(key.clone(), found);
        }
        finding.last_change = known.get(&key).and_then(|calls| last(finding.family, finding.control, calls));
    }
}

/// Returns the names by which CloudTrail may know a resource, as callers named it; none for what stands for a whole account.
fn names(resource: &str) -> Vec<&str> {
    let Some(arn) = Arn::parse(resource).filter(|arn| arn.service != "iam" && !arn.resource.contains('*')) else {
        return Vec::new();
    };
    // Trails and keys are named by their ARN, too.
    let whole = ["cloudtrail", "kms"].contains(&arn.service).then_some(resource);
    arn.resource.rsplit('/').next().into_iter().chain(whole).collect()
}

/// One call, as CloudTrail's event history tells it.
#[derive(Debug)]
struct Called {
    service: String,
    change: LastChange,
    /// Controls that it left wrong, by its parameters.
    wronged: Vec<&'static str>,
}

/// Reads the calls that named a resource and may have changed it, the newest first.
async fn calls(account: &Opened, region: &str, name: &str) -> Result<Vec<Called>, CallError> {
    let config = aws_sdk_cloudtrail::config::Builder::from(account.aws.config())
        .region(aws_sdk_cloudtrail::config::Region::new(region.to_owned()))
        .retry_config(RetryConfig::standard().with_max_attempts(2));
    let client = Client::from_conf(config.build());
    let of_name = LookupAttribute::builder().attribute_key(LookupAttributeKey::ResourceName).attribute_value(name);
    let Ok(of_name) = of_name.build() else { return Ok(Vec::new()) };
    let (mut found, mut next) = (Vec::new(), None);
    for _ in 0..PAGES {
        let asked = client.lookup_events().lookup_attributes(of_name.clone()).set_next_token(next);
        let answer = call("cloudtrail:LookupEvents", asked.send()).await?;
        sleep(PACE).await;
        found.extend(answer.events().iter().filter(|it| it.read_only() != Some("true")).map(Called::of));
        next = answer.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(found)
}

impl Called {
    fn of(event: &Event) -> Self {
        let time = event.event_time().and_then(|it| chrono::DateTime::from_timestamp(it.secs(), 0));
        let change = LastChange {
            time: time.map(|it| it.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default().into(),
            call: event.event_name().unwrap_or_default().into(),
            actor: event.username().unwrap_or("somebody whom CloudTrail does not name").into(),
        };
        let wronged = event.cloud_trail_event().map(wronged).unwrap_or_default();
        Self { service: event.event_source().unwrap_or_default().to_owned(), change, wronged }
    }
}

/// Returns the last call that left this wrong, or else the last one that the family watches and that may have: a call that
/// left something else wrong is not blamed for it.
fn last(family: &str, control: &str, calls: &[Called]) -> Option<LastChange> {
    let family = families().into_iter().find(|it| it.name == family)?;
    let is_watched = |it: &&Called| {
        let name: &str = &it.change.call;
        family.watches.iter().any(|watch| watch.service == it.service && watch.calls.contains(&name))
    };
    let newest = |calls: &mut dyn Iterator<Item = &Called>| {
        calls.max_by(|one, other| one.change.time.cmp(&other.change.time)).map(|it| it.change.clone())
    };
    let blamed = newest(&mut calls.iter().filter(|it| it.wronged.contains(&control)));
    blamed.or_else(|| newest(&mut calls.iter().filter(is_watched).filter(|it| it.wronged.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(call: &str, time: &str, wronged: &[&'static str]) -> Called {
        let change = LastChange { time: time.into(), call: call.into(), actor: "alice".into() };
        Called { service: "cloudtrail.amazonaws.com".to_owned(), change, wronged: wronged.to_vec() }
    }

    #[test]
    fn who_changed_something_else_is_not_blamed() {
        let calls = [
            called("PutEventSelectors", "2027-01-31T12:00:00Z", &["cloudtrail-management-events"]),
            called("StopLogging", "2027-01-30T12:00:00Z", &["cloudtrail-logging"]),
            called("UpdateTrail", "2027-01-29T12:00:00Z", &[]),
            called("Nonsense", "2027-01-31T23:00:00Z", &[]),
        ];
        let of = |control: &str| last("trail", control, &calls).map(|it| it.call.to_string());
        assert_eq!(of("cloudtrail-logging").as_deref(), Some("StopLogging"));
        assert_eq!(of("cloudtrail-management-events").as_deref(), Some("PutEventSelectors"));
        assert_eq!(of("cloudtrail-kms").as_deref(), Some("UpdateTrail"));
        assert_eq!(last("trail", "cloudtrail-kms", &calls[..2]), None);
    }
}
