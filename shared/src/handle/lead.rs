//! From the target of an event to the resources to look at.

use super::walk::{Led, Walk};
use super::{in_time, leaves_out, send};
use crate::event::{Identity, Sweep, Target};
use crate::family::Family;
use crate::model::{CallError, Place, Region};
use crate::reconcile::ports::{Account, Home, Ledger, Read, Sink, Write};

/// What a target leads to.
#[derive(Debug)]
pub(super) enum Way {
    /// Resources to look at.
    To(Led),
    /// Nothing to look at here: this number of sweeps was delegated to other invocations.
    Elsewhere(u64),
    /// Nothing, for this reason.
    Nowhere(String),
}

/// What has to be known to find the resources of a target.
pub(super) struct Guide<'a, H, A> {
    pub(super) home: &'a H,
    pub(super) account: &'a A,
    pub(super) us: &'a Identity,
}

impl<H: Home, A: Account> Guide<'_, H, A> {
    /// Finds what a target leads to. Nothing is looked at, but regions and lists are read.
    pub(super) async fn way<F, R, W, L, T>(
        &self,
        walk: &Walk<'_, F, R, W, L, T, H>,
        target: &Target,
    ) -> Result<Way, CallError>
    where
        F: Family,
        R: Read<F>,
        W: Write<F>,
        L: Ledger,
        T: Sink,
    {
        let (settings, until) = (walk.settings, walk.times.listed);
        let place = |region: &Region| self.us.place(region);
        let to = |region: &Region, id: &str| Way::To(vec![F::subject(place(region), id)].into());
        Ok(match target {
            Target::One(region, id) => to(region, id),
            Target::Named(id) => {
                let home = place(&settings.home);
                let found = in_time("finding the resource's region", walk.reader.locate(&home, id), until).await?;
                to(found.as_ref().unwrap_or(&settings.home), id)
            }
            Target::All { within: Some(region), using } => {
                Way::To(walk.lead(vec![place(region)], using.as_ref()).await)
            }
            Target::All { within: None, using } => Way::To(walk.lead(self.places(walk).await?, using.as_ref()).await),
            Target::Schedule if settings.organization.is_some() => {
                let mut accounts = in_time("organizations:ListAccounts", self.home.accounts(), until).await?;
                accounts.retain(|account| F::VITAL || !leaves_out(settings, account));
                let sweeps: Vec<Sweep> = accounts.iter().map(|account| Sweep::of_account(F::NAME, account)).collect();
                Way::Elsewhere(in_time("events:PutEvents", send(self.home, &sweeps), until).await?)
            }
            // Resources are independent, so each region can have an invocation of its own.
            Target::Sweep(whole) if whole.region.is_none() && F::INDEPENDENT && walk.elsewhere.is_some() => {
                let places = self.places(walk).await?;
                let sweeps: Vec<Sweep> = places.iter().map(|place| whole.in_region(&place.region)).collect();
                Way::Elsewhere(in_time("events:PutEvents", send(self.home, &sweeps), until).await?)
            }
            Target::Sweep(Sweep { region: Some(region), after, part, .. }) => {
                // Whoever may put events can name any region; Trailkeeper names only those of the settings or of the account.
                let set = settings.regions.as_ref().is_some_and(|regions| regions.contains(region));
                let foreign = |regions: Vec<Region>| !regions.contains(region);
                if !set && in_time("account:ListRegions", self.account.regions(), until).await.is_ok_and(foreign) {
                    let account = &self.us.account;
                    return Ok(Way::Nowhere(format!(
                        "a sweep of region {region}, which account {account} has not enabled"
                    )));
                }
                Way::To(walk.lead_on(place(region), after.clone(), *part).await)
            }
            Target::Schedule | Target::Sweep(_) => Way::To(walk.lead(self.places(walk).await?, None).await),
        })
    }

    /// Returns the regions to sweep.
    async fn places<F, R, W, L, T>(&self, walk: &Walk<'_, F, R, W, L, T, H>) -> Result<Vec<Place>, CallError> {
        let regions = match walk.settings.swept.as_ref().or(walk.settings.regions.as_ref()) {
            Some(regions) => regions.clone(),
            None => in_time("account:ListRegions", self.account.regions(), walk.times.listed).await?,
        };
        Ok(regions.iter().map(|region| self.us.place(region)).collect())
    }
}
