//! What the pipeline needs of the world outside: reading, writing, accounts, and whoever is told.

use crate::event::{Dependency, Identity, Sweep};
use crate::exemption::Tags;
use crate::family::Family;
use crate::model::{CallError, Place, Region, Seen, Subject};
use crate::report::Report;

/// How many regions are swept, or asked, at once. Each has rates of its own; what this bounds is our own memory and sockets.
pub(crate) const REGIONS_AT_ONCE: usize = 8;

/// Reads resources of a family.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Read<F: Family> {
    /// Begins with the event of this id, and forgets what an earlier one has taught.
    fn begin(&self, event: &str) {
        let _ = event;
    }

    /// Why this API call needs no look, if so: others like it have just been looked into.
    fn debounced(&self, call: &str) -> Option<String> {
        let _ = call;
        None
    }

    /// All resources of a region; with `using`, at least those that lean on it. They come page by page: `after` is what
    /// the last page said comes next.
    ///
    /// # Errors
    /// The call that failed.
    async fn list(&self, place: &Place, using: Option<&Dependency>, after: Option<&str>) -> Result<Page, CallError>;

    /// The region of a resource whose record does not tell it; `None` when there is no such resource.
    ///
    /// # Errors
    /// The call that failed.
    async fn locate(&self, place: &Place, id: &str) -> Result<Option<Region>, CallError> {
        let _ = id;
        Ok(Some(place.region.clone()))
    }

    /// Everything that the controls need to know of one resource; `None` when it is gone.
    ///
    /// # Errors
    /// The call that failed, other than by [`Seen::Unreadable`](crate::model::Seen).
    async fn observe(&self, subject: &Subject) -> Result<Option<F::View>, CallError>;

    /// The tags of a resource that looks like this, asked for once and only where something is wrong with it. Some kinds
    /// of resource carry none.
    ///
    /// # Errors
    /// The call that failed, other than by [`Seen::Unreadable`](crate::model::Seen).
    async fn tags(&self, subject: &Subject, view: &F::View) -> Result<Seen<Tags>, CallError> {
        let _ = (subject, view);
        Ok(Seen::Absent)
    }
}

/// Some of a region's resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// These.
    pub subjects: Vec<Subject>,
    /// Where the next page begins; `None` with the last.
    pub next: Option<String>,
}

impl From<Vec<Subject>> for Page {
    fn from(subjects: Vec<Subject>) -> Self {
        Self { subjects, next: None }
    }
}

/// Makes the calls of a plan.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Write<F: Family> {
    /// Makes one call, exactly as the step says.
    ///
    /// # Errors
    /// The call failed; whether it had an effect all the same is for the next look to tell.
    async fn apply(&self, subject: &Subject, step: &F::Step) -> Result<(), CallError>;
}

/// An AWS account, as a family's function needs it.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Account {
    /// Who we are there.
    ///
    /// # Errors
    /// The call that failed.
    async fn identity(&self) -> Result<Identity, CallError>;

    /// The regions that the account has enabled.
    ///
    /// # Errors
    /// The call that failed.
    async fn regions(&self) -> Result<Vec<Region>, CallError>;
}

/// The account of the function itself, from where the others are reached.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Home: Account {
    /// The accounts of the organization that are in use.
    ///
    /// # Errors
    /// The call that failed.
    async fn accounts(&self) -> Result<Vec<String>, CallError>;

    /// Leaves these to other invocations of the same function.
    ///
    /// # Errors
    /// The call that failed; some of them may be on their way all the same.
    async fn delegate(&self, sweeps: &[Sweep]) -> Result<(), CallError>;
}

/// Whoever is told of results: the log, the metrics, the report topic.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Sink {
    /// Tells of these results. What goes wrong with that is for the teller to remember.
    async fn publish(&self, part: &Report);
}
