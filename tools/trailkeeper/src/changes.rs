//! The ledger as this command opens it, and the credentials that it is read with.

use crate::arguments::LedgerPlace;
use crate::problem::{Problem, Whose};
use trailkeeper::aws::Aws;
use trailkeeper::aws::ledger::TableLedger;
use trailkeeper::event::Identity;
use trailkeeper::ledger::{ChangeId, LedgerEntry};
use trailkeeper::model::CallError;
use trailkeeper::reconcile::ports::Account;
use trailkeeper::undo::aws::table_of;

/// The ledger, and whose credentials are used.
#[derive(Debug)]
pub(crate) struct Changes {
    /// Ledger.
    pub(crate) ledger: TableLedger,
    /// Credentials with which changes are taken back.
    pub(crate) aws: Aws,
    /// Credentials with which the ledger is read, if they are others.
    of_ledger: Option<Aws>,
    /// Options of the command line that name the ledger and the credentials, as they have to be given again.
    pub(crate) given: String,
}

impl Changes {
    /// Opens the ledger of a stack.
    pub(crate) async fn open(place: &LedgerPlace) -> Result<Self, Problem> {
        match Box::pin(Self::find(place)).await? {
            Ok(changes) => Ok(changes),
            Err(region) => Err(Problem::unusable(format!(
                "there is no stack {} with the output LedgerTable in region {region}: name the stack with --stack and its \
                 region with --region, or the table with --table",
                place.stack()
            ))),
        }
    }

    /// Opens the ledger of a stack. If there is no such stack, returns the region in which there is none.
    pub(crate) async fn find(place: &LedgerPlace) -> Result<Result<Self, String>, Problem> {
        let LedgerPlace { stack: _, table, region, profile, ledger_profile } = place;
        let aws = Aws::load_as(profile.as_deref(), region.as_ref()).await;
        let of_ledger = match ledger_profile {
            Some(profile) => Some(Aws::load_as(Some(profile), region.as_ref()).await),
            None => None,
        };
        let reader = of_ledger.as_ref().unwrap_or(&aws);
        if reader.config().region().is_none() {
            return Err(Problem::unusable("no region is set: give the one of the stack with --region"));
        }
        let table = match table {
            Some(table) => table.clone(),
            None => match Box::pin(table_of(reader, place.stack())).await {
                Ok(Some(table)) => table,
                Ok(None) => return Ok(Err(reader.config().region().map(ToString::to_string).unwrap_or_default())),
                Err(error) => return Err(Problem::call(&error, &whose(reader).await).of_ledger()),
            },
        };
        Ok(Ok(Self { ledger: TableLedger::new(reader, &table), aws, of_ledger, given: place.ledger() }))
    }

    /// Returns the entry of a change.
    pub(crate) async fn entry(&self, id: ChangeId) -> Result<LedgerEntry, Problem> {
        match self.ledger.entry(id).await {
            Ok(Some(entry)) => Ok(entry),
            Ok(None) => Err(Problem::unusable(format!(
                "the ledger has no change {id}: see `trailkeeper history`, or name another ledger with --stack or --table"
            ))),
            Err(error) => Err(self.unreadable(&error).await),
        }
    }

    /// Returns the problem of a call to the ledger.
    pub(crate) async fn unreadable(&self, error: &CallError) -> Problem {
        let reader = self.of_ledger.as_ref().unwrap_or(&self.aws);
        Problem::call(error, &whose(reader).await).of_ledger()
    }
}

/// Returns whose credentials these are.
pub(crate) async fn person(aws: &Aws) -> Result<Identity, Problem> {
    aws.identity().await.map_err(|error| Problem::call(&error, &Whose::default()))
}

/// Returns whose credentials these are, as far as AWS says.
async fn whose(aws: &Aws) -> Whose {
    let person = aws.identity().await.ok();
    Whose {
        account: person.as_ref().map(|it| it.account.clone()),
        region: aws.config().region().map(ToString::to_string),
        arn: person.map(|it| it.arn),
    }
}
