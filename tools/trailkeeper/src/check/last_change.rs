//! Who changed last what is wrong, as CloudTrail's event history of 90 days tells.

use super::accounts::Opened;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::config::retry::RetryConfig;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::sleep;
use trailkeeper::aws::call;
use trailkeeper::families::families;
use trailkeeper::model::{Arn, CallError};
use trailkeeper_check::finding::{Finding, LastChange, Standing};

/// Maximum number of resources that are asked about, the worst first.
const MOST: usize = 20;

/// Delay between two calls: AWS takes two in a second ([LookupEvents]).
///
/// [LookupEvents]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const PACE: Duration = Duration::from_millis(500);

/// Asks about each resource with something wrong. Where CloudTrail does not tell, nothing is said.
pub(super) async fn ask(accounts: &[Opened], findings: &mut [Finding]) {
    let mut known: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for finding in findings.iter_mut().filter(|it| it.standing == Standing::Wrong) {
        let Some(name) = name(&finding.resource).map(str::to_owned) else { continue };
        let key = format!("{} {} {name}", finding.account, finding.region);
        if !known.contains_key(&key) {
            if known.len() >= MOST {
                break;
            }
            let Some(account) = accounts.iter().find(|it| it.id == *finding.account) else { continue };
            match Box::pin(events(account, &finding.region, &name)).await {
                Ok(events) => {
                    known.insert(key.clone(), events);
                }
                Err(error) => {
                    eprintln!("trailkeeper: who changed last what is wrong is not told: {error}");
                    return;
                }
            }
            sleep(PACE).await;
        }
        finding.last_change = known.get(&key).and_then(|events| last(finding.family, events));
    }
}

/// Returns the name by which CloudTrail knows a resource; `None` for what stands for a whole account.
fn name(arn: &str) -> Option<&str> {
    let arn = Arn::parse(arn).filter(|arn| arn.service != "iam" && !arn.resource.contains('*'))?;
    arn.resource.rsplit('/').next()
}

async fn events(account: &Opened, region: &str, name: &str) -> Result<Vec<Event>, CallError> {
    let config = aws_sdk_cloudtrail::config::Builder::from(account.aws.config())
        .region(aws_sdk_cloudtrail::config::Region::new(region.to_owned()))
        .retry_config(RetryConfig::standard().with_max_attempts(2));
    let client = Client::from_conf(config.build());
    let of_name = LookupAttribute::builder().attribute_key(LookupAttributeKey::ResourceName).attribute_value(name);
    let Ok(of_name) = of_name.build() else { return Ok(Vec::new()) };
    let answer = call("cloudtrail:LookupEvents", client.lookup_events().lookup_attributes(of_name).send()).await?;
    Ok(answer.events.unwrap_or_default())
}

/// Returns the last call that the family watches, of the newest page.
fn last(family: &str, events: &[Event]) -> Option<LastChange> {
    let family = families().into_iter().find(|it| it.name == family)?;
    let is_watched = |event: &&Event| {
        let (Some(source), Some(name)) = (event.event_source(), event.event_name()) else { return false };
        family.watches.iter().any(|watch| watch.service == source && watch.calls.contains(&name))
    };
    let newest = events
        .iter()
        .filter(is_watched)
        .max_by_key(|event| event.event_time().map(aws_sdk_cloudtrail::primitives::DateTime::secs))?;
    let time = newest.event_time().and_then(|it| chrono::DateTime::from_timestamp(it.secs(), 0));
    Some(LastChange {
        time: time.map(|it| it.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default().into(),
        call: newest.event_name().unwrap_or_default().into(),
        actor: newest.username().unwrap_or("somebody whom CloudTrail does not name").into(),
    })
}
