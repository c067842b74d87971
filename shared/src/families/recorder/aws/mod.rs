//! AWS Config on AWS: the reads of a view and the calls of the steps.

mod elsewhere;
pub(crate) mod read;
pub(crate) mod write;

use super::Recorder;
use crate::aws::{Aws, Buckets, Connected, PerRegion};
use crate::settings::Settings;
use crate::settings::destinations::RecordDestinations;
use elsewhere::Elsewhere;

/// Clients for AWS Config in every region of the account.
#[derive(Debug)]
pub struct Recorders {
    config: PerRegion<aws_sdk_config::Client>,
    iam: aws_sdk_iam::Client,
    buckets: Buckets,
    elsewhere: Elsewhere,
    destinations: RecordDestinations,
}

impl Connected for Recorder {
    type Io = Recorders;

    fn connect(aws: &Aws, settings: &Settings) -> Recorders {
        Recorders {
            config: PerRegion::new(aws.config(), aws_sdk_config::Client::new),
            iam: aws_sdk_iam::Client::new(aws.config()),
            buckets: Buckets::new(aws),
            elsewhere: Elsewhere::new(aws, settings),
            destinations: settings.record_destinations.clone(),
        }
    }
}
