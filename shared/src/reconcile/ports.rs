//! Ports of the pipeline to the outside world: reading, writing, accounts, and publishing.

use crate::event::{Dependency, Identity, Sweep};
use crate::exemption::Tags;
use crate::family::Family;
use crate::ledger::{ChangeId, Fight, FindingId, LedgerEntry, ResourceHistory, SetCall};
use crate::model::{CallError, Place, Property, Region, Seen, Subject};
use crate::report::Report;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeSet;
use std::convert::Infallible;

/// Maximum number of regions swept or queried concurrently. Each has its own rate limits; this bounds our own memory
/// and sockets.
pub(crate) const REGIONS_AT_ONCE: usize = 8;

/// Reader of a family's resources.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Read<F: Family> {
    /// Starts the event with this id, and forgets what was learned from an earlier event.
    fn begin(&self, event: &str) {
        let _ = event;
    }

    /// Takes note of the time by which all calls of the event, or of the batch, were made; none is noted of a sweep. What a
    /// reader remembers of an earlier event may answer for calls that were made before it was read.
    fn calls_were_made_by(&self, time: DateTime<Utc>) {
        let _ = time;
    }

    /// Lists all resources of a region; with `using`, at least those that depend on it. The result is paginated:
    /// `after` is the token that the previous page returned as `next`.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn list(&self, place: &Place, using: Option<&Dependency>, after: Option<&str>) -> Result<Page, CallError>;

    /// Finds the region of a resource whose record does not name it; `None` if there is no such resource.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn locate(&self, place: &Place, id: &str) -> Result<Option<Region>, CallError> {
        let _ = id;
        Ok(Some(place.region.clone()))
    }

    /// Reads everything that the controls need to know about one resource; `None` if it is gone.
    ///
    /// # Errors
    /// Returns an error if the call fails, unless it is covered by [`Seen::Unreadable`](crate::model::Seen).
    async fn observe(&self, subject: &Subject) -> Result<Option<F::View>, CallError>;

    /// Reads the same once more where it may have changed without a call of ours: nothing that was read before may
    /// answer.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::observe`].
    async fn observe_anew(&self, subject: &Subject) -> Result<Option<F::View>, CallError> {
        self.observe(subject).await
    }

    /// Returns whether what is in the way of this step was written by this process during the event: then all that may have
    /// changed is forgotten already, and what was read of the rest still holds.
    fn is_own_conflict(&self, subject: &Subject, step: &F::Step) -> bool {
        let _ = (subject, step);
        false
    }

    /// Reads the tags of the resource behind this view. Called once, and only if something is wrong with the resource.
    /// Some kinds of resources have no tags.
    ///
    /// # Errors
    /// Returns an error if the call fails, unless it is covered by [`Seen::Unreadable`](crate::model::Seen).
    async fn tags(&self, subject: &Subject, view: &F::View) -> Result<Seen<Tags>, CallError> {
        let _ = (subject, view);
        Ok(Seen::Absent)
    }
}

/// Page of a region's resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Resources of this page.
    pub subjects: Vec<Subject>,
    /// Token of the next page; `None` on the last one.
    pub next: Option<String>,
}

impl From<Vec<Subject>> for Page {
    fn from(subjects: Vec<Subject>) -> Self {
        Self { subjects, next: None }
    }
}

/// Writer that makes the calls of a plan.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Write<F: Family> {
    /// Makes one call, exactly as the step says.
    ///
    /// # Errors
    /// Returns an error if the call fails; the next read shows whether it had an effect all the same.
    async fn apply(&self, subject: &Subject, step: &F::Step) -> Result<(), CallError>;

    /// Returns the id that AWS gave to what this step has made, if the step did not name it. It is asked for right after
    /// the call.
    fn made(&self, step: &F::Step) -> Option<String> {
        let _ = step;
        None
    }

    /// Returns the text of the document that was read of this property, if that is more than its value without blanks.
    fn text(&self, property: &Property, value: &Value) -> Option<String> {
        let _ = (property, value);
        None
    }
}

/// Ledger of changes.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Ledger {
    /// Returns the id of a change that is meant now.
    fn id(&self) -> ChangeId;

    /// Returns what the ledger knows of a resource.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn history(&self, arn: &str) -> Result<ResourceHistory, CallError>;

    /// Keeps the entry of a change of one's own: before its calls are made, and again when it has ended. Whoever makes a
    /// change knows best how it ended, so what others have closed in the meantime is written again.
    ///
    /// # Errors
    /// Returns an error if the entry may not have been kept.
    async fn keep(&self, entry: &mut LedgerEntry) -> Result<(), CallError>;

    /// Replaces an entry by another one of the same version, as it was read. Returns `false`, and changes nothing, if it was
    /// written since.
    ///
    /// # Errors
    /// Returns an error if the entry may not have been replaced.
    async fn replace(&self, entry: &LedgerEntry) -> Result<bool, CallError>;

    /// Counts a change by this control in an account, and returns how many there were in this hour, with this one.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn count(&self, account: &str, control: &str) -> Result<u64, CallError>;

    /// Records that the invocation of these events is about to tell people this of a fight ([`ResourceHistory::claim`]), and
    /// returns whether it is to do so.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn claim_fight(
        &self,
        arn: &str,
        telling: &FindingId,
        fight: &Fight,
        events: &[&str],
    ) -> Result<bool, CallError>;

    /// Records that people were told this of a fight, until its end ([`ResourceHistory::told`]).
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn told_fight(&self, arn: &str, telling: &FindingId, fight: &Fight) -> Result<(), CallError>;

    /// Records what calls have set on a resource, in their order, and returns for each whether it is news
    /// ([`ResourceHistory::set`]).
    ///
    /// # Errors
    /// Returns an error if a call to the ledger fails.
    async fn set(&self, arn: &str, control: &str, calls: &[SetCall<'_>]) -> Result<Vec<bool>, CallError>;

    /// Claims for this process, for a minute, that it makes what has this name in an account ([`Call::makes`]). Returns
    /// whether it may: nobody else has claimed it within the last minute.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    ///
    /// [`Call::makes`]: crate::model::Call::makes
    async fn claim(&self, account: &str, name: &str) -> Result<bool, CallError>;

    /// Returns the changes of a family in an account that have not ended, or whose function ended before it could say so, or
    /// before it could tell people ([`LedgerEntry::is_open`]); without these.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn open(
        &self,
        family: &str,
        account: &str,
        without: &BTreeSet<ChangeId>,
    ) -> Result<Vec<LedgerEntry>, CallError>;

    /// Records that people were told of a change, or that it is kept for them.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn told_change(&self, change: ChangeId) -> Result<(), CallError>;
}

/// The ledger of those who have none.
impl Ledger for Infallible {
    fn id(&self) -> ChangeId {
        match *self {}
    }

    async fn history(&self, _: &str) -> Result<ResourceHistory, CallError> {
        match *self {}
    }

    async fn keep(&self, _: &mut LedgerEntry) -> Result<(), CallError> {
        match *self {}
    }

    async fn replace(&self, _: &LedgerEntry) -> Result<bool, CallError> {
        match *self {}
    }

    async fn count(&self, _: &str, _: &str) -> Result<u64, CallError> {
        match *self {}
    }

    async fn claim_fight(&self, _: &str, _: &FindingId, _: &Fight, _: &[&str]) -> Result<bool, CallError> {
        match *self {}
    }

    async fn told_fight(&self, _: &str, _: &FindingId, _: &Fight) -> Result<(), CallError> {
        match *self {}
    }

    async fn set(&self, _: &str, _: &str, _: &[SetCall<'_>]) -> Result<Vec<bool>, CallError> {
        match *self {}
    }

    async fn claim(&self, _: &str, _: &str) -> Result<bool, CallError> {
        match *self {}
    }

    async fn open(&self, _: &str, _: &str, _: &BTreeSet<ChangeId>) -> Result<Vec<LedgerEntry>, CallError> {
        match *self {}
    }

    async fn told_change(&self, _: ChangeId) -> Result<(), CallError> {
        match *self {}
    }
}

/// AWS account, as a family's function needs it.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Account {
    /// Returns our identity in the account.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn identity(&self) -> Result<Identity, CallError>;

    /// Returns the regions that the account has enabled.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn regions(&self) -> Result<Vec<Region>, CallError>;

    /// Returns whether this process made the call that AWS gave this request id.
    fn made(&self, request_id: &str) -> bool {
        let _ = request_id;
        false
    }
}

/// Home account of the function, from which the others are accessed.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Home: Account {
    /// Returns the active accounts of the organization.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    async fn accounts(&self) -> Result<Vec<String>, CallError>;

    /// Delegates these sweeps to other invocations of the same function.
    ///
    /// # Errors
    /// Returns an error if the call fails; some of the sweeps may have been delegated all the same.
    async fn delegate(&self, sweeps: &[Sweep]) -> Result<(), CallError>;
}

/// Receiver of results: the log, the metrics, the report topic.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Sink {
    /// Publishes these results. The implementation keeps track of its own failures.
    async fn publish(&self, part: &Report);
}
