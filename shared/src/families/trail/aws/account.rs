//! Trails of the account: a list of them, and whether one covers the account.

use super::Trails;
use crate::aws::cloudtrail;
use crate::documents::selectors::Selectors;

use crate::model::{CallError, ErrorKind, Place, Region, Seen};
use crate::reconcile::ports::REGIONS_AT_ONCE;
use crate::record::{Facts, RecordCheck};
use crate::settings::destinations::Destination;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::Trail as Described;
use futures_util::future::{try_join, try_join_all};
use std::collections::BTreeSet;

impl Trails {
    /// Reads the facts by which a trail is judged to cover the account, without locating its bucket; its status may have
    /// been read along with the list of trails.
    pub(super) async fn facts(
        &self,
        place: &Place,
        trail: &Described,
        status: Option<Seen<GetTrailStatusOutput>>,
    ) -> Result<Facts, CallError> {
        let arn = trail.trail_arn().unwrap_or_default();
        let home = trail.home_region().and_then(Region::parse).unwrap_or_else(Region::first);
        let status = async {
            match status {
                Some(status) => Ok(status),
                None => self.cloudtrail.status(&home, arn).await,
            }
        };
        let (status, selectors) = try_join(status, self.selectors(&home, arn)).await?;
        Ok(cloudtrail::facts(place, trail, status, selectors))
    }

    async fn selectors(&self, home: &Region, arn: &str) -> Result<Seen<Selectors>, CallError> {
        if let Some(known) = self.memo.selectors(arn) {
            return Ok(known);
        }
        let found = self.cloudtrail.selectors(home, arn).await?;
        self.memo.keep_selectors(arn, &found);
        Ok(found)
    }

    /// Returns the trails of a region. One that the organization closes has none that could be changed.
    async fn described(&self, region: &Region) -> Result<Vec<Described>, CallError> {
        match self.cloudtrail.describe(region).await {
            Err(error) if error.by_organization() => Ok(Vec::new()),
            answer => answer,
        }
    }

    /// Reads the account's other trails, only as far as needed. Those that cover every region are visible from any
    /// region; only if none of them covers the account, all others are read with their buckets, since one may have to
    /// be changed to cover it. `near` is for a trail that none of other regions can come before, so that these are not asked.
    pub(super) async fn others(
        &self,
        place: &Place,
        listed: &[Described],
        itself: &str,
        check: &RecordCheck<'_>,
        near: bool,
    ) -> Result<Seen<Vec<Facts>>, CallError> {
        let other = |it: &&Described| it.trail_arn().is_some_and(|arn| arn != itself);
        let everywhere = listed.iter().filter(other).filter(|it| it.is_multi_region_trail() == Some(true));
        let mut everywhere = try_join_all(everywhere.map(|it| self.facts(place, it, None))).await?;
        for facts in everywhere.iter_mut().filter(|facts| facts.takes_everything() && facts.is_not_known_to_fail()) {
            if check.bucket(facts) == Destination::Unknown {
                facts.bucket = self.locate_for(place, facts).await?;
            }
        }
        if everywhere.iter().any(|facts| check.covers(facts) || check.covers_untold(facts)) {
            return Ok(Seen::Present(everywhere));
        }
        let mut trails: Vec<Described> = listed.to_vec();
        let regions: Vec<Region> = match if near { Ok(Vec::new()) } else { self.regions.all().await } {
            Ok(regions) => regions.into_iter().filter(|region| *region != place.region).collect(),
            Err(error) if error.kind == ErrorKind::Denied => return Ok(Seen::Unreadable(error.action)),
            Err(error) => return Err(error),
        };
        for some in regions.chunks(REGIONS_AT_ONCE) {
            match try_join_all(some.iter().map(|region| self.described(region))).await {
                Ok(found) => trails.extend(found.into_iter().flatten()),
                Err(error) if error.kind == ErrorKind::Denied => return Ok(Seen::Unreadable(error.action)),
                Err(error) => return Err(error),
            }
        }
        let mut seen: BTreeSet<&str> = everywhere.iter().map(|facts| facts.arn.as_str()).collect();
        let rest: Vec<&Described> =
            trails.iter().filter(other).filter(|it| it.trail_arn().is_some_and(|arn| seen.insert(arn))).collect();
        let mut facts = try_join_all(rest.iter().map(|it| self.facts(place, it, None))).await?;
        facts.extend(everywhere);
        let located = try_join_all(facts.iter().map(|it| self.locate_for(place, it))).await?;
        for (facts, bucket) in facts.iter_mut().zip(located) {
            facts.bucket = bucket;
        }
        Ok(Seen::Present(facts))
    }
}
