//! Trails on AWS: the reads of a view and the calls of the steps.

mod account;
mod bucket;
mod logs;
mod memo;
mod notices;
mod read;
pub(crate) mod selectors;
mod write;

use super::Trail;
use super::managed::MANAGED_GROUP;
use crate::aws::texts::Texts;
use crate::aws::{Aws, Buckets, CloudTrail, Connected, Groups, Keys, Pace, PerRegion, Regions, Roles, Topics};
use crate::family::Control;
use crate::settings::{Mode, Settings};
use memo::TrailMemo;
use std::time::Duration;

/// Minimum interval between calls: CloudTrail allows one change of each kind a second, per region ([CloudTrail
/// endpoints and quotas]); not adjustable.
///
/// [CloudTrail endpoints and quotas]: https://docs.aws.amazon.com/general/latest/gr/ct.html
const APART: Duration = Duration::from_millis(1_100);

/// Trails of the account.
#[derive(Debug)]
pub struct Trails {
    cloudtrail: CloudTrail,
    groups: Groups,
    topics: Topics,
    queues: PerRegion<aws_sdk_sqs::Client>,
    texts: Texts,
    keys: Keys,
    buckets: Buckets,
    roles: Roles,
    organizations: aws_sdk_organizations::Client,
    regions: Regions,
    settings: Settings,
    pace: Pace,
    memo: TrailMemo,
}

impl Connected for Trail {
    type Io = Trails;

    fn connect(aws: &Aws, settings: &Settings) -> Trails {
        let config = aws.config();
        Trails {
            cloudtrail: CloudTrail::new(aws),
            groups: Groups::new(aws).with_filters_of(MANAGED_GROUP).with_account_policies(),
            topics: Topics::new(aws),
            queues: PerRegion::new(config, aws_sdk_sqs::Client::new),
            texts: aws.texts.clone(),
            keys: Keys::new(aws).with_grants(),
            buckets: Buckets::new(aws),
            roles: Roles::new(aws),
            organizations: aws_sdk_organizations::Client::new(config),
            regions: Regions::new(aws, settings),
            settings: settings.clone(),
            pace: Pace::of(APART),
            memo: TrailMemo::default(),
        }
    }
}

impl Trails {
    /// Returns whether a control is active: what only inactive controls need is not read.
    fn is_on(&self, control: &Control<Trail>) -> bool {
        self.settings.modes.of(&control.about) != Mode::Off
    }
}
