//! The account before the game: a company's own trail and server, and what Trailkeeper made of it in weeks of sweeps.

use super::{ACCOUNT, AwsAccount, BucketHere, OTHER, ServerHere, TrailHere, home};
use crate::documents::selectors::Selectors;
use crate::exemption::Tags;
use crate::families::bucket::BucketConfig;
use crate::families::control_ids;
use crate::managed::role::{Bounds, Role};
use crate::managed::topic::SubscriptionState;
use crate::model::Seen;
use crate::settings::Settings;
use serde_json::{Value, json};

/// The company's trail, its bucket, role and server, and the intruder's bucket in another account.
pub(crate) const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
pub(crate) const BUCKET: &str = "main-logs";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/transfer-logging";
pub(crate) const SERVER: &str = "s-1";
pub(crate) const VPC: &str = "vpc-1";
pub(crate) const THEIRS: &str = "mallorys-logs";

/// Alarms that are off by default.
const ALARMS: &str = "monitor-cloudtrail-changes=enforce,monitor-s3-policy-changes=enforce";

/// A bucket of the account that everybody may write to and that Trailkeeper has nothing to do with.
pub(crate) const PLANTED: &str = "planted";

/// Who hears the alarms.
pub(super) const ADDRESS: &str = "soc@example.com";

/// Returns the settings of the functions: everything that is on by default is enforced.
pub(crate) fn settings(destinations: Option<&str>) -> Settings {
    let mut set = vec![
        ("AWS_REGION", "us-east-1"),
        ("TRAILKEEPER_MODE", "enforce"),
        ("TRAILKEEPER_REGIONS", "us-east-1,eu-west-1"),
        ("TRAILKEEPER_CONTROLS", ALARMS),
        ("TRAILKEEPER_ALARM_ADDRESS", ADDRESS),
        ("TRAILKEEPER_STACK", "arn:aws:cloudformation:us-east-1:111122223333:stack/trailkeeper/51af3dc0"),
        ("TRAILKEEPER_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:trailkeeper-Reports"),
    ];
    set.extend(destinations.map(|value| ("TRAILKEEPER_RECORD_DESTINATIONS", value)));
    let set = set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings::parse(set, &control_ids()).expect("settings")
}

impl AwsAccount {
    /// Returns the account on the day on which Trailkeeper comes.
    pub(crate) fn before_trailkeeper() -> Self {
        let mut account = Self::default();
        account.trails.insert(TRAIL.to_owned(), TrailHere::into(BUCKET));
        account.buckets.insert(BUCKET.to_owned(), bucket(ACCOUNT, &lets_cloudtrail_in(BUCKET)));
        account.buckets.insert(THEIRS.to_owned(), bucket(OTHER, &lets_everybody_in(THEIRS)));
        account.buckets.insert(PLANTED.to_owned(), bucket(ACCOUNT, &lets_everybody_in(PLANTED)));
        account.roles.insert(ROLE.to_owned(), transfer_role());
        account.servers.insert(SERVER.to_owned(), ServerHere { role: Some(ROLE.to_owned()), tags: Tags::new() });
        account.vpcs.insert(VPC.to_owned(), Tags::new());
        account
    }

    /// Lets the person behind the address confirm every subscription.
    pub(crate) fn confirm(&mut self) {
        let all = self.topics.values_mut().flat_map(|topic| &mut topic.subscriptions);
        all.for_each(|it| it.state = SubscriptionState::Confirmed);
    }
}

impl TrailHere {
    /// Returns a trail of every region that logs into a bucket.
    pub(crate) fn into(bucket: &str) -> Self {
        Self {
            multi_region: true,
            global_events: true,
            logging: true,
            selectors: Selectors::default(),
            bucket: bucket.to_owned(),
            prefix: String::new(),
            key: None,
            validation: true,
            logs: None,
            topic: None,
            tags: Tags::new(),
        }
    }
}

fn bucket(owner: &'static str, policy: &Value) -> BucketHere {
    let config = BucketConfig { policy: Seen::Present(policy.clone()), ..BucketConfig::new(home()) };
    BucketHere { owner, config, versioned: true, tags: Tags::new() }
}

fn lets_cloudtrail_in(bucket: &str) -> Value {
    let allow = |action: &str, resource: String| {
        json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": action,
            "Resource": resource})
    };
    json!({"Version": "2012-10-17", "Statement": [
        allow("s3:GetBucketAcl", format!("arn:aws:s3:::{bucket}")),
        allow("s3:PutObject", format!("arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*")),
    ]})
}

fn lets_everybody_in(bucket: &str) -> Value {
    let resources = [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")];
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": resources}]})
}

fn transfer_role() -> Role {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "transfer.amazonaws.com"}}]});
    let write = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]}]});
    Role {
        arn: ROLE.to_owned(),
        managed: false,
        trust,
        inline: Seen::Present([("write".to_owned(), write)].into()),
        attached: Seen::Present(vec![]),
        boundary: Seen::Absent,
        bounds: Bounds::default(),
    }
}
