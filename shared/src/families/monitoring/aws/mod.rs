//! Alarms on AWS: the reads of a view and the calls of the steps.

pub(crate) mod alarm;
pub(crate) mod filter;
mod listener;
mod mute;
mod read;
mod transformer;
mod write;

use super::Monitoring;
use crate::aws::{Aws, CloudTrail, Connected, Groups, Keys, Pace, PerRegion, Topics};
use crate::model::{Region, Seen};
use crate::settings::Settings;
use aws_sdk_cloudwatch::types::MetricAlarm;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Minimum interval between calls: CloudWatch Logs allows five `DescribeMetricFilters` and five `PutMetricFilter` a
/// second ([CloudWatch Logs quotas]); not adjustable.
///
/// [CloudWatch Logs quotas]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const FILTERS_APART: Duration = Duration::from_millis(220);

/// Minimum interval between calls: CloudWatch allows three `PutMetricAlarm` and three `EnableAlarmActions` a second
/// ([CloudWatch quotas]).
///
/// [CloudWatch quotas]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const ALARMS_APART: Duration = Duration::from_millis(360);

/// Alarms of the account, and everything that they depend on.
#[derive(Debug)]
pub struct Alarms {
    cloudtrail: CloudTrail,
    groups: Groups,
    logs: PerRegion<aws_sdk_cloudwatchlogs::Client>,
    cloudwatch: PerRegion<aws_sdk_cloudwatch::Client>,
    sns: PerRegion<aws_sdk_sns::Client>,
    sqs: PerRegion<aws_sdk_sqs::Client>,
    lambda: PerRegion<aws_sdk_lambda::Client>,
    firehose: PerRegion<aws_sdk_firehose::Client>,
    topics: Topics,
    keys: Keys,
    settings: Settings,
    filter_pace: Pace,
    alarm_pace: Pace,
    /// Trails found during this event: none of our steps changes a trail.
    trails: RefCell<Option<Seen<Vec<read::FeedingTrail>>>>,
    /// First mute rules of each region, found during this event.
    muting: RefCell<BTreeMap<Region, Rc<mute::Muting>>>,
    /// Alarms as last read, including settings that we do not judge.
    as_read: RefCell<BTreeMap<(Region, String), MetricAlarm>>,
}

impl Connected for Monitoring {
    type Io = Alarms;

    fn connect(aws: &Aws, settings: &Settings) -> Alarms {
        let config = aws.config();
        Alarms {
            cloudtrail: CloudTrail::new(aws),
            groups: Groups::new(aws),
            logs: PerRegion::new(config, aws_sdk_cloudwatchlogs::Client::new),
            cloudwatch: PerRegion::new(config, aws_sdk_cloudwatch::Client::new),
            sns: PerRegion::new(config, aws_sdk_sns::Client::new),
            sqs: PerRegion::new(config, aws_sdk_sqs::Client::new),
            lambda: PerRegion::new(config, aws_sdk_lambda::Client::new),
            firehose: PerRegion::new(config, aws_sdk_firehose::Client::new),
            topics: Topics::new(aws),
            keys: Keys::new(aws).with_grants(),
            settings: settings.clone(),
            filter_pace: Pace::of(FILTERS_APART),
            alarm_pace: Pace::of(ALARMS_APART),
            trails: RefCell::default(),
            muting: RefCell::default(),
            as_read: RefCell::default(),
        }
    }
}
