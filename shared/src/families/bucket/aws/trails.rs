//! Destinations of log deliveries: trails and Config channels of every region, read once per event.

use crate::aws::{Aws, CloudTrail, PerRegion, Regions, call, cloudtrail};
use crate::families::bucket::uses::{ChannelDelivery, DeniedCall, TrailDelivery, Uses};
use crate::managed::bucket::name::is_bucket_name;
use crate::model::{CallError, Place, Region, Seen, Unread};
use crate::reconcile::ports::REGIONS_AT_ONCE;
use crate::record::{Facts, TrailFiles};
use crate::settings::Settings;
use aws_sdk_cloudtrail::types::Trail;
use futures_util::future::join;
use futures_util::stream;
use futures_util::stream::StreamExt;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::sync::OnceCell;

/// Trails and channels of the account.
#[derive(Debug)]
pub(super) struct DeliveryIndex {
    pub(super) cloudtrail: CloudTrail,
    pub(super) config: PerRegion<aws_sdk_config::Client>,
    regions: Regions,
    memo: RefCell<DeliveryMemo>,
}

/// Results read during this event.
#[derive(Debug, Default)]
struct DeliveryMemo {
    regions: Rc<OnceCell<Vec<Region>>>,
    found: BTreeMap<Region, Rc<OnceCell<Rc<Deliveries>>>>,
    facts: BTreeMap<String, Rc<OnceCell<Option<Facts>>>>,
}

/// Destinations of deliveries, as read in one or more regions.
#[derive(Debug, Default, Clone)]
pub(super) struct Deliveries {
    trails: Vec<(String, TrailDelivery)>,
    /// Trails as CloudTrail describes them, those that cover every region or their organization.
    wide: Vec<Trail>,
    channels: Vec<(String, ChannelDelivery)>,
    pub(super) unread: Vec<DeniedCall>,
    /// Denial of a region that the organization closes to the account: it is told for the region, and not for each
    /// bucket that may be anywhere.
    pub(super) closed: Option<CallError>,
}

impl DeliveryIndex {
    pub(super) fn new(aws: &Aws, settings: &Settings) -> Self {
        Self {
            cloudtrail: CloudTrail::new(aws),
            config: PerRegion::new(aws.config(), aws_sdk_config::Client::new),
            regions: Regions::new(aws, settings),
            memo: RefCell::default(),
        }
    }

    pub(super) fn forget(&self) {
        self.memo.take();
    }

    /// Returns the deliveries as read in one region, which includes multi-region trails from any home region.
    pub(super) async fn of(&self, region: &Region) -> Result<Rc<Deliveries>, CallError> {
        let cell = Rc::clone(self.memo.borrow_mut().found.entry(region.clone()).or_default());
        cell.get_or_try_init(|| async { Box::pin(self.ask(region)).await.map(Rc::new) }).await.cloned()
    }

    /// Returns the deliveries as read in all regions.
    pub(super) async fn everywhere(&self) -> Result<Deliveries, CallError> {
        let regions = self.all_regions().await?;
        let answers = stream::iter(&regions).map(|region| self.of(region)).buffered(REGIONS_AT_ONCE);
        let mut all = Deliveries::default();
        for answer in answers.collect::<Vec<_>>().await {
            all.add(&*answer?);
        }
        Ok(all)
    }

    /// Returns the facts of a trail, without the location of its bucket; `None` if they cannot be told now.
    pub(super) async fn facts(&self, place: &Place, trail: &Trail) -> Result<Option<Facts>, CallError> {
        let arn = trail.trail_arn().unwrap_or_default();
        let cell = Rc::clone(self.memo.borrow_mut().facts.entry(arn.to_owned()).or_default());
        cell.get_or_try_init(|| async {
            let Some(home) = Region::of_arn(arn) else { return Ok(None) };
            match tokio::try_join!(self.cloudtrail.status(&home, arn), self.cloudtrail.selectors(&home, arn)) {
                Ok((status, selectors)) => Ok(Some(cloudtrail::facts(place, trail, status, selectors))),
                Err(error) if error.retryable() => Err(error),
                Err(_) => Ok(None),
            }
        })
        .await
        .cloned()
    }

    async fn all_regions(&self) -> Result<Vec<Region>, CallError> {
        let cell = Rc::clone(&self.memo.borrow().regions);
        cell.get_or_try_init(|| self.regions.all()).await.cloned()
    }

    async fn ask(&self, region: &Region) -> Result<Deliveries, CallError> {
        let (cloudtrail, config) = (self.cloudtrail.of(region), self.config.of(region));
        let (trails, channels) = Box::pin(join(
            call("cloudtrail:DescribeTrails", cloudtrail.describe_trails().send()),
            call("config:DescribeDeliveryChannels", config.describe_delivery_channels().send()),
        ))
        .await;
        if let (Err(closed), Err(error)) = (&trails, &channels)
            && closed.by_organization()
            && error.by_organization()
        {
            return Ok(Deliveries { closed: Some(closed.clone()), ..Deliveries::default() });
        }
        let (trails, channels) = (Seen::from_call(trails)?, Seen::from_call(channels)?);
        let mut found = Deliveries::default();
        let trails = trails.map(|it| it.trail_list.unwrap_or_default());
        let channels = channels.map(|it| it.delivery_channels.unwrap_or_default());
        for unread in [trails.known().err(), channels.known().err()] {
            if let Some(Unread::Denied(action)) = unread {
                found.unread.push(DeniedCall { action, region: region.clone() });
            }
        }
        let trails = trails.into_present::<()>().unwrap_or_default();
        let channels = channels.into_present::<()>().unwrap_or_default();
        let is_wide = |it: &&Trail| it.is_multi_region_trail == Some(true) || it.is_organization_trail == Some(true);
        found.wide.extend(trails.iter().filter(is_wide).cloned());
        found.trails.extend(trails.into_iter().filter_map(|trail| {
            let organization = trail.is_organization_trail.unwrap_or_default();
            let it = TrailDelivery { arn: trail.trail_arn?, prefix: set(trail.s3_key_prefix), organization };
            Some((trail.s3_bucket_name.filter(|name| is_bucket_name(name))?, it))
        }));
        found.channels.extend(channels.into_iter().filter_map(|channel| {
            let it = ChannelDelivery { region: region.clone(), prefix: set(channel.s3_key_prefix) };
            Some((channel.s3_bucket_name.filter(|name| is_bucket_name(name))?, it))
        }));
        Ok(found)
    }
}

/// Returns a non-empty setting. Cleared settings may be returned as empty strings.
fn set(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

impl Deliveries {
    /// Returns the buckets that something delivers to, without duplicates.
    pub(super) fn buckets(&self) -> Vec<String> {
        let trails = self.trails.iter().map(|(bucket, _)| bucket);
        let mut all: Vec<String> = trails.chain(self.channels.iter().map(|(bucket, _)| bucket)).cloned().collect();
        all.sort();
        all.dedup();
        all
    }

    /// Returns whether everything could be read that the organization does not close to the account.
    pub(super) fn is_whole(&self) -> bool {
        self.unread.is_empty()
    }

    /// Returns the trails that cover every region and deliver to another bucket than this one.
    pub(super) fn multi_region_elsewhere(&self, bucket: &str) -> impl Iterator<Item = &Trail> {
        let multi_region = self.wide.iter().filter(|it| it.is_multi_region_trail == Some(true));
        multi_region.filter(move |it| it.s3_bucket_name.as_deref().is_some_and(|it| is_bucket_name(it) && it != bucket))
    }

    /// Returns what the organization trails deliver to.
    pub(super) fn of_organization(&self) -> Vec<TrailFiles> {
        self.wide.iter().filter(|it| it.is_organization_trail == Some(true)).map(cloudtrail::files).collect()
    }

    /// Returns the uses of one bucket by trails and channels.
    pub(super) fn uses(&self, name: &str) -> Uses {
        let trails = self.trails.iter().filter(|(bucket, _)| bucket == name).map(|(_, it)| it.clone()).collect();
        let channels = self.channels.iter().filter(|(bucket, _)| bucket == name).map(|(_, it)| it.clone()).collect();
        Uses { trails, channels, unread: self.unread.clone(), ..Uses::default() }
    }

    fn add(&mut self, other: &Self) {
        for (bucket, trail) in &other.trails {
            if self.trails.iter().all(|(_, known)| known.arn != trail.arn) {
                self.trails.push((bucket.clone(), trail.clone()));
            }
        }
        for trail in &other.wide {
            if self.wide.iter().all(|known| known.trail_arn != trail.trail_arn) {
                self.wide.push(trail.clone());
            }
        }
        self.channels.extend(other.channels.iter().cloned());
        self.unread.extend(other.unread.iter().cloned());
    }
}
