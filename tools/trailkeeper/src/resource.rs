//! One resource of a family: found by its ARN or name, read, judged and put right.

use crate::check::Opened;
use crate::check::progress::Progress;
use crate::check::walk::{LONGEST, Watched};
use crate::problem::{Problem, Whose};
use futures_util::FutureExt;
use serde_json::Value;
use std::convert::Infallible;
use tokio::time::Instant;
use trailkeeper::aws::ledger::TableLedger;
use trailkeeper::aws::{Connected, Once};
use trailkeeper::event::Origin;
use trailkeeper::model::{Arn, CallError, Place, Region, Subject};
use trailkeeper::reconcile::pen::Pen;
use trailkeeper::reconcile::ports::Read;
use trailkeeper::reconcile::reconcile;
use trailkeeper::report::ControlResult;
use trailkeeper::settings::Settings;

/// Account and settings under which a resource is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) account: &'a Opened,
    pub(crate) partition: &'a str,
    pub(crate) settings: &'a Settings,
    pub(crate) progress: &'a Progress,
}

/// What was read of a resource, and what the controls say of it.
pub(crate) struct Seen {
    pub(crate) subject: Subject,
    /// Whether it was there when it was read.
    pub(crate) is_there: bool,
    /// What was read, as data.
    pub(crate) view: Option<Value>,
    pub(crate) outcomes: Vec<ControlResult>,
}

/// Finds a resource by its ARN or its name, and judges it. `None` if no region has it, unless it is to be made in the region
/// `made_in`: then `name` is the ARN that it will have.
pub(crate) async fn judged<F: Connected>(
    scene: Scene<'_>,
    name: &str,
    made_in: Option<Region>,
) -> Result<Option<Seen>, Problem> {
    let io = F::connect(&scene.account.aws, scene.settings);
    let reader = Watched { reader: &io, progress: scene.progress };
    let subject = match (found::<F, _>(scene, &reader, name).await?, made_in, Arn::parse(name)) {
        (Some(subject), ..) => subject,
        (None, Some(region), Some(arn)) => F::subject(place(scene, &region), arn.name()),
        _ => return Ok(None),
    };
    let view = Read::<F>::observe(&reader, &subject).boxed_local().await;
    let view = view.map_err(|error| problem(scene, &subject.place, &error))?;
    let pen = None::<Pen<'_, F::Io, Infallible>>;
    let checked =
        reconcile::<F, _, _, _>(&reader, pen, &subject, scene.settings, Instant::now() + LONGEST).boxed_local().await;
    let is_there = view.is_some();
    let view = view.and_then(|view| serde_json::to_value(view).ok());
    Ok(Some(Seen { subject, is_there, view, outcomes: checked.outcomes }))
}

/// Puts a resource right, as far as the modes of the settings say, and reads it back.
pub(crate) async fn mended<F: Connected>(
    scene: Scene<'_>,
    subject: &Subject,
    ledger: Option<&TableLedger>,
    cause: &Origin,
) -> Vec<ControlResult> {
    let io = F::connect(&scene.account.aws, scene.settings);
    let io = Once::new(&io, &scene.account.aws);
    let pen = Some(Pen { writer: &io, ledger, cause, others: &[], tells: false });
    let until = Instant::now() + LONGEST;
    reconcile::<F, _, _, _>(&io, pen, subject, scene.settings, until).boxed_local().await.outcomes
}

async fn found<F: Connected, R: Read<F>>(scene: Scene<'_>, reader: &R, name: &str) -> Result<Option<Subject>, Problem> {
    let mut failed = None;
    for region in &scene.account.regions {
        let place = place(scene, region);
        let mut after = None;
        loop {
            let page = match reader.list(&place, None, after.as_deref()).await {
                Ok(page) => page,
                Err(error) => {
                    failed.get_or_insert_with(|| problem(scene, &place, &error));
                    break;
                }
            };
            if let Some(subject) = page.subjects.into_iter().find(|it| is_named(it, name)) {
                return Ok(Some(subject));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    // It may be in a region that could not be listed.
    failed.map_or(Ok(None), Err)
}

fn place(scene: Scene<'_>, region: &Region) -> Place {
    Place { partition: scene.partition.to_owned(), account: scene.account.id.clone(), region: region.clone() }
}

/// Returns whether this is the ARN, the id or the name of a resource.
fn is_named(subject: &Subject, name: &str) -> bool {
    let Subject { arn, id, .. } = subject;
    arn == name || id == name || arn.strip_suffix(name).is_some_and(|before| before.ends_with(['/', ':']))
}

fn problem(scene: Scene<'_>, place: &Place, error: &CallError) -> Problem {
    let (account, region) = (Some(scene.account.id.clone()), Some(place.region.as_str().to_owned()));
    Problem::call(error, &Whose { account, region, arn: None }).of_check()
}
