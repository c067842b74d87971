//! The account as the functions reach it: one world behind the ports of every family.

use super::account::{ACCOUNT, AwsAccount, away, home};
use crate::event::{Dependency, Event, Identity, Sweep};
use crate::exemption::Tags;
use crate::family::Family;
use crate::model::{CallError, Place, Region, Seen, Subject};
use crate::reconcile::ports::{Account, Home, Page, Read, Sink, Write};
use crate::report::{ControlResult, Report};
use crate::settings::Settings;
use crate::testing::ledger::MemoryLedger;
use std::cell::RefCell;

/// What a family reads of the account and does to it.
pub(crate) trait Played: Family {
    /// Returns the ids of the family's resources in a region; with `using`, of those that depend on it.
    fn ids(account: &AwsAccount, place: &Place, using: Option<&Dependency>, settings: &Settings) -> Vec<String>;

    /// Returns the region of a resource.
    fn region(account: &AwsAccount, id: &str) -> Option<Region> {
        let _ = (account, id);
        Some(home())
    }

    /// Returns what is read of a resource, if it is there.
    fn view(account: &AwsAccount, subject: &Subject, settings: &Settings) -> Option<Self::View>;

    /// Returns the resource's tags.
    fn tags(account: &AwsAccount, subject: &Subject) -> Seen<Tags> {
        let _ = (account, subject);
        Seen::Absent
    }

    /// Makes a call.
    ///
    /// # Errors
    /// Returns AWS's refusal.
    fn make(account: &mut AwsAccount, subject: &Subject, step: &Self::Step) -> Result<(), CallError>;
}

/// What the guard tells of a call.
pub(crate) trait Guarding {
    fn told(&self, event: &Event) -> Vec<ControlResult>;
}

/// The account, the functions' settings and ledger, and the results of the present event.
pub(crate) struct World {
    pub(crate) account: RefCell<AwsAccount>,
    pub(crate) settings: Settings,
    pub(crate) ledger: MemoryLedger,
    pub(crate) results: RefCell<Vec<ControlResult>>,
}

impl World {
    pub(crate) fn of(account: AwsAccount, settings: Settings) -> Self {
        let (account, ledger) = (RefCell::new(account), MemoryLedger::default());
        Self { account, settings, ledger, results: RefCell::default() }
    }
}

impl<F: Played> Read<F> for World {
    async fn list(&self, place: &Place, using: Option<&Dependency>, _: Option<&str>) -> Result<Page, CallError> {
        let ids = F::ids(&self.account.borrow(), place, using, &self.settings);
        let subjects: Vec<Subject> = ids.iter().map(|id| F::subject(place.clone(), id)).collect();
        Ok(subjects.into())
    }

    async fn locate(&self, _: &Place, id: &str) -> Result<Option<Region>, CallError> {
        Ok(F::region(&self.account.borrow(), id))
    }

    async fn observe(&self, subject: &Subject) -> Result<Option<F::View>, CallError> {
        Ok(F::view(&self.account.borrow(), subject, &self.settings))
    }

    async fn tags(&self, subject: &Subject, _: &F::View) -> Result<Seen<Tags>, CallError> {
        Ok(F::tags(&self.account.borrow(), subject))
    }
}

impl<F: Played> Write<F> for World {
    async fn apply(&self, subject: &Subject, step: &F::Step) -> Result<(), CallError> {
        F::make(&mut self.account.borrow_mut(), subject, step)
    }
}

impl Account for World {
    async fn identity(&self) -> Result<Identity, CallError> {
        let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/trailkeeper-Role/x");
        Ok(Identity::of(&arn, "AROA:x").expect("an identity"))
    }

    async fn regions(&self) -> Result<Vec<Region>, CallError> {
        Ok(vec![home(), away()])
    }
}

impl Home for World {
    async fn accounts(&self) -> Result<Vec<String>, CallError> {
        Ok(vec![ACCOUNT.to_owned()])
    }

    async fn delegate(&self, _: &[Sweep]) -> Result<(), CallError> {
        Ok(())
    }
}

impl Sink for World {
    async fn publish(&self, part: &Report) {
        self.results.borrow_mut().extend_from_slice(&part.results);
    }
}
