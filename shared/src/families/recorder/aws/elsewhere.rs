//! Destinations of the channels of all regions, read once per event, so that every region without a channel chooses
//! from the same list, however many do so concurrently.

use super::read::set;
use crate::aws::{Aws, PerRegion, Regions, call};
use crate::families::recorder::view::ChannelDestination;
use crate::model::{CallError, ErrorKind, Region};
use crate::reconcile::ports::REGIONS_AT_ONCE;
use crate::settings::Settings;
use futures_util::stream;
use futures_util::stream::{StreamExt, TryStreamExt};
use std::cell::RefCell;
use std::rc::Rc;
use tokio::sync::OnceCell;

#[derive(Debug)]
pub(super) struct Elsewhere {
    config: PerRegion<aws_sdk_config::Client>,
    regions: Regions,
    home: Region,
    memo: RefCell<Rc<OnceCell<Vec<ChannelDestination>>>>,
}

impl Elsewhere {
    pub(super) fn new(aws: &Aws, settings: &Settings) -> Self {
        Self {
            config: PerRegion::new(aws.config(), aws_sdk_config::Client::new),
            regions: Regions::new(aws, settings),
            home: settings.home.clone(),
            memo: RefCell::default(),
        }
    }

    pub(super) fn forget(&self) {
        self.memo.take();
    }

    /// Returns the destinations of the other regions' channels, that of the home region first.
    pub(super) async fn than(&self, region: &Region) -> Result<Vec<ChannelDestination>, CallError> {
        let cell = Rc::clone(&self.memo.borrow());
        let all = cell.get_or_try_init(|| Box::pin(self.ask())).await?;
        Ok(all.iter().filter(|there| there.region != *region).cloned().collect())
    }

    async fn ask(&self) -> Result<Vec<ChannelDestination>, CallError> {
        let mut regions = self.regions.all().await?;
        regions.sort_by_key(|region| (*region != self.home, region.clone()));
        let answers = stream::iter(regions).map(|region| self.of(region)).buffered(REGIONS_AT_ONCE);
        let each: Vec<Vec<ChannelDestination>> = answers.try_collect().await?;
        Ok(each.into_iter().flatten().collect())
    }

    /// Returns the destinations of one region. An organization may deny whole regions: these offer none.
    async fn of(&self, region: Region) -> Result<Vec<ChannelDestination>, CallError> {
        let sent = self.config.of(&region).describe_delivery_channels().send();
        let channels = match call("config:DescribeDeliveryChannels", sent).await {
            Ok(answer) => answer.delivery_channels.unwrap_or_default(),
            Err(error) if error.kind == ErrorKind::Denied => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let there = channels.into_iter().filter_map(|channel| {
            let (prefix, key) = (set(channel.s3_key_prefix), set(channel.s3_kms_key_arn));
            Some(ChannelDestination { region: region.clone(), bucket: set(channel.s3_bucket_name)?, prefix, key })
        });
        Ok(there.collect())
    }
}
