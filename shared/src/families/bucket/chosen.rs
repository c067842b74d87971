//! Buckets that are log buckets only because somebody had logs delivered to them, and that serve something else besides.
//!
//! Whoever may change a channel, a trail or a log bucket's configuration can name any bucket of the account. Closing it, or
//! logging access to it, could then stop what it serves: so it is only reported.

use super::public::{public_grants, public_statements};
use super::uses::Uses;
use super::view::{BucketConfig, Missing, View};
use crate::documents::policy::{Statement, statements, texts};
use crate::documents::principals::account_of;
use crate::managed::bucket::Blocks;
use crate::managed::bucket::name::is_managed_log_bucket;
use crate::model::Subject;
use crate::settings::Settings;
use serde_json::Value;

/// Services that deliver logs to buckets.
const DELIVER: [&str; 4] =
    ["cloudtrail.amazonaws.com", "config.amazonaws.com", "delivery.logs.amazonaws.com", "logging.s3.amazonaws.com"];

/// Returns the advice for a bucket that is left as it is but for the delivery of logs, if it is one. A bucket with a name
/// of ours is ours, and one that the settings name serves the record.
///
/// # Errors
/// Returns an error if it is not known what the bucket serves.
pub(super) fn left_as_it_is(
    view: &View,
    subject: &Subject,
    bucket: &BucketConfig,
    settings: &Settings,
) -> Result<Option<String>, Missing> {
    let name = subject.id.as_str();
    if let Some(advice) = view.left_as_it_is(name) {
        return Ok(Some(advice));
    }
    if !view.uses.receives_trail() || view.uses.is_kept(name) || is_settled(subject, settings) {
        return Ok(None);
    }
    let of_trail = !view.uses.trails.is_empty();
    let keys =
        || bucket.keys.known().map(|keys| keys.and_then(|keys| keys.get("")).map(Vec::as_slice).unwrap_or_default());
    let policy = || bucket.policy.known();
    if of_trail {
        let blocks = bucket.blocks.present().copied().unwrap_or(Blocks::NONE);
        let granted = bucket.grants.present().is_some_and(|grants| !public_grants(grants).is_empty());
        let allowed = || policy().map(|policy| policy.is_some_and(|policy| !public_statements(policy).is_empty()));
        let is_public = granted && !blocks.ignore_acls || !blocks.restrict && allowed()?;
        // The bucket of a trail is closed unless that would shut out the public from something else.
        if !is_public {
            return Ok(None);
        }
    }
    let stored = keys()?.iter().filter(|key| !is_folder_of_logs(&view.uses, key));
    let (logs, others): (Vec<&String>, Vec<&String>) = stored.partition(|key| is_log(&view.uses, key));
    let alone = logs.is_empty() && others.is_empty();
    let serves = match (others.is_empty(), of_trail) {
        (false, _) => true,
        // Whoever led the trail here may have chosen a bucket that has to be open; once it holds logs, it must not be.
        (true, true) => alone,
        // The settings name the bucket of flow logs.
        (true, false) if view.uses.flow_logs.is_some() => false,
        (true, false) => {
            alone && policy()?.is_some_and(|policy| !lets_in_only_delivery(policy, &subject.place.account))
        }
    };
    Ok(serves.then(|| {
        let holds = others.first().map(|key| format!("holds {key}"));
        let lets_in = if of_trail { "holds no logs and is open to the public" } else { "lets in others than services that deliver logs" };
        let holds = holds.unwrap_or_else(|| lets_in.to_owned());
        format!(
            "Deliver logs to a bucket of their own, and find out who chose this one: it {holds}, so Trailkeeper only allows \
             delivery and closes nothing that the bucket may serve. If it is your log bucket, name it in \
             TRAILKEEPER_RECORD_DESTINATIONS."
        )
    }))
}

/// Returns whether a bucket is known to serve the record: by its name, or by the settings.
fn is_settled(subject: &Subject, settings: &Settings) -> bool {
    is_managed_log_bucket(&subject.place.account, &subject.id) || settings.record_destinations.names_bucket(&subject.id)
}

fn is_log(uses: &Uses, key: &str) -> bool {
    let sources = uses.sources.iter().map(|source| source.logging.prefix.as_str());
    uses.prefixes().iter().any(|prefix| key.starts_with(prefix))
        || sources.filter(|prefix| !prefix.is_empty()).any(|prefix| key.starts_with(prefix))
}

/// Returns whether a key is one of the empty folders in which a service is to deliver.
fn is_folder_of_logs(uses: &Uses, key: &str) -> bool {
    key.ends_with('/') && uses.prefixes().iter().any(|prefix| key.starts_with(prefix) || prefix.starts_with(key))
}

/// Returns whether a policy lets in services that deliver logs and principals of the account, and nobody else.
pub(super) fn lets_in_only_delivery(policy: &Value, account: &str) -> bool {
    let known = |kind: &str, name: &str| match kind {
        "Service" => DELIVER.contains(&name),
        "AWS" => account_of(name) == Some(account),
        _ => false,
    };
    let only = |statement: Statement<'_>| match statement.element("Principal") {
        Some(Value::Object(kinds)) => kinds.iter().all(|(kind, names)| texts(names).all(|name| known(kind, name))),
        _ => false,
    };
    statements(policy).filter(|it| it.allows()).all(only)
}

#[cfg(test)]
mod tests {
    use super::super::view::Grant;
    use super::super::{Bucket, ChannelDelivery, TrailDelivery};
    use super::*;
    use crate::model::Seen;
    use crate::settings::destinations::RecordDestinations;
    use crate::testing::laws::{settings, subject};
    use serde_json::json;
    use std::collections::BTreeMap;

    fn channel() -> Uses {
        let region = subject::<Bucket>().place.region;
        Uses { channels: vec![ChannelDelivery { region, prefix: Some("c".to_owned()) }], ..Uses::default() }
    }

    fn trail(elsewhere: bool) -> Uses {
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t".to_owned();
        let trails = vec![TrailDelivery { arn, prefix: None, organization: false }];
        Uses { trails, recorded_elsewhere: elsewhere.then(|| "other".to_owned()).into_iter().collect(), ..channel() }
    }

    fn left(name: &str, uses: Uses, statements: Value, keys: &[&str]) -> bool {
        let subject = Subject { id: name.to_owned(), ..subject::<Bucket>() };
        let keys = BTreeMap::from([(String::new(), keys.iter().map(|key| (*key).to_owned()).collect())]);
        let config = BucketConfig {
            policy: Seen::Present([("Statement".to_owned(), statements)].into_iter().collect()),
            keys: Seen::Present(keys),
            blocks: Seen::Absent,
            ..BucketConfig::new(subject.place.region.clone())
        };
        let record_destinations = RecordDestinations::setting(Some("named".to_owned())).expect("destinations");
        let settings = Settings { record_destinations, ..settings() };
        let view = View { uses, buckets: BTreeMap::new() };
        left_as_it_is(&view, &subject, &config, &settings).expect("known").is_some()
    }

    fn delivery() -> Value {
        json!({"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "s3:PutObject"})
    }

    fn visitors() -> Value {
        json!([delivery(), {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}])
    }

    const HISTORY: &str = "c/AWSLogs/111122223333/Config/x";

    #[test]
    fn a_bucket_that_a_channel_merely_names_is_left_as_it_is() {
        assert!(left("shop", channel(), visitors(), &[]));
        assert!(left("shop", channel(), json!([]), &["index.html"]));
        assert!(left("shop", channel(), delivery(), &[HISTORY, "index.html"]));
        for (name, statements, keys) in [
            ("config-bucket", delivery(), &[HISTORY][..]),
            ("config-bucket", delivery(), &[]),
            ("config-bucket", json!([]), &[]),
            ("config-bucket", json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "*"}), &[]),
            ("config-bucket", visitors(), &[HISTORY]),
            ("named", visitors(), &["index.html"]),
            ("trailkeeper-config-111122223333-eu-west-1", visitors(), &["index.html"]),
        ] {
            assert!(!left(name, channel(), statements.clone(), keys), "{name} {statements} {keys:?}");
        }
        assert!(left("trailkeeper-config-999999999999-eu-west-1", channel(), visitors(), &[]), "not of this account");
    }

    #[test]
    fn the_bucket_of_flow_logs_was_chosen_by_the_settings() {
        let flow_logs = || Uses { flow_logs: Some("vpc/".to_owned()), ..Uses::default() };
        assert!(!left("flows", flow_logs(), visitors(), &[]));
        assert!(!left("flows", flow_logs(), visitors(), &["vpc/AWSLogs/1"]));
        assert!(left("flows", flow_logs(), visitors(), &["index.html"]));
    }

    #[test]
    fn a_trail_closes_no_public_bucket_that_holds_something_else() {
        assert!(left("shop", trail(false), visitors(), &["AWSLogs/1", "index.html"]));
        assert!(left("shop", trail(true), visitors(), &[]), "beside the record");
        assert!(!left("logs", trail(false), visitors(), &["AWSLogs/111122223333/CloudTrail/x"]), "the record itself");
        assert!(!left("logs", trail(true), visitors(), &["AWSLogs/111122223333/CloudTrail/x"]));
        assert!(!left("logs", trail(true), delivery(), &["reports/x"]), "closed anyway");
    }

    #[test]
    fn an_empty_public_bucket_is_not_closed_because_the_only_trail_leads_there() {
        assert!(left("uploads", trail(false), visitors(), &[]));
        assert!(left("uploads", trail(false), visitors(), &["AWSLogs/", "AWSLogs/111122223333/CloudTrail/"]));
        assert!(!left("uploads", trail(false), delivery(), &[]), "nobody is shut out");
        for known in ["named", "trailkeeper-cloudtrail-111122223333-eu-west-1"] {
            assert!(!left(known, trail(false), visitors(), &[]), "{known}");
        }
    }

    #[test]
    fn who_is_let_in_by_an_acl_is_not_shut_out_either() {
        let subject = Subject { id: "shop".to_owned(), ..subject::<Bucket>() };
        let grant = |grantee: &str| Grant { grantee: grantee.to_owned(), permission: "READ".to_owned() };
        let left = |grantee: &str, key: &str, blocks: Blocks| {
            let config = BucketConfig {
                blocks: Seen::Present(blocks),
                grants: Seen::Present(vec![grant(grantee)]),
                keys: Seen::Present([(String::new(), vec![key.to_owned()])].into()),
                ..BucketConfig::new(subject.place.region.clone())
            };
            let view = View { uses: trail(false), buckets: BTreeMap::new() };
            left_as_it_is(&view, &subject, &config, &settings()).expect("known").is_some()
        };
        let everybody = "http://acs.amazonaws.com/groups/global/AllUsers";
        assert!(left(everybody, "index.html", Blocks::NONE));
        assert!(!left(everybody, "index.html", Blocks::ALL), "nobody is let in by it");
        assert!(!left(everybody, "AWSLogs/111122223333/CloudTrail/x", Blocks::NONE));
        assert!(!left("http://acs.amazonaws.com/groups/s3/LogDelivery", "index.html", Blocks::NONE));
    }

    #[test]
    fn what_could_not_be_listed_is_not_known() {
        let subject = subject::<Bucket>();
        let config =
            BucketConfig { keys: Seen::Unreadable("s3:ListBucket"), ..BucketConfig::new(subject.place.region.clone()) };
        let view = View { uses: channel(), buckets: BTreeMap::new() };
        assert!(left_as_it_is(&view, &subject, &config, &settings()).is_err());
    }
}
