//! The accounts to check: each with its credentials and its regions.

use super::Scope;
use crate::problem::{Problem, Whose};
use std::rc::Rc;
use trailkeeper::aws::{AtHome, Aws};
use trailkeeper::event::Identity;
use trailkeeper::model::{CallError, OneLine, Region};
use trailkeeper::reconcile::ports::{Account, Home};
use trailkeeper::settings::Settings;

/// Account with its credentials and its regions.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Account id.
    pub(crate) id: String,
    /// Credentials.
    pub(crate) aws: Rc<Aws>,
    /// Regions to check.
    pub(crate) regions: Vec<Region>,
    /// Regions over which the account as a whole is judged; `None` if they are not known.
    covered: Option<Vec<Region>>,
}

impl Opened {
    /// Returns the settings under which this account is checked.
    pub(crate) fn settings(&self, settings: &Settings) -> Settings {
        Settings { regions: self.covered.clone(), swept: Some(self.regions.clone()), ..settings.clone() }
    }
}

/// Accounts to check.
pub(crate) struct Accounts {
    /// Who checks.
    pub(crate) us: Identity,
    /// Accounts that were entered.
    pub(crate) opened: Vec<Opened>,
    /// Ids of those that were not.
    pub(crate) unopened: Vec<String>,
    /// Why they were not.
    pub(crate) notes: Vec<OneLine>,
    /// Why the first of them was not.
    problem: Option<Problem>,
}

impl Accounts {
    /// Returns why none was entered, if so.
    pub(crate) fn none_entered(&mut self) -> Option<Problem> {
        self.problem.take().filter(|_| self.opened.is_empty())
    }
}

/// Opens what is asked for. An account that cannot be entered is noted, and stops no other.
pub(crate) async fn open(aws: &Rc<Aws>, scope: &Scope, settings: &Settings) -> Result<Accounts, Problem> {
    let us = aws.identity().await.map_err(|error| Problem::call(&error, &Whose::default()).of_check())?;
    let whose = |region: Option<&Region>| Whose {
        account: Some(us.account.clone()),
        region: region.map(|it| it.as_str().to_owned()),
        arn: Some(us.arn.clone()),
    };
    let failed = |error: &CallError| Problem::call(error, &whose(Some(&settings.home))).of_check();
    let ids = match &scope.organization {
        None if scope.accounts.is_empty() => vec![us.account.clone()],
        None => scope.accounts.clone(),
        Some(asked) => {
            let client = trailkeeper::aws::organization_id_of(aws).await.map_err(|error| failed(&error))?;
            if client.as_deref() != Some(asked) {
                let is = client
                    .map_or_else(|| "no organization that it may see".to_owned(), |id| format!("organization {id}"));
                return Err(Problem::unusable(format!("--org: account {} is in {is}, not in {asked}", us.account)));
            }
            let home = AtHome { aws, bus: None };
            Box::pin(home.accounts()).await.map_err(|error| failed(&error))?
        }
    };
    let (mut opened, mut unopened, mut notes, mut first) = (Vec::new(), Vec::new(), Vec::new(), None);
    for id in ids {
        let entered = if id == us.account {
            Ok(Rc::clone(aws))
        } else {
            Box::pin(aws.enter_as(&us.partition, &id, &scope.role, scope.external_id.as_deref())).await.map(Rc::new)
        };
        let found = match entered {
            Ok(aws) => Box::pin(regions(&aws, scope, settings)).await.map(|(covered, regions)| (aws, covered, regions)),
            Err(error) => Err(error),
        };
        let problem = match found {
            Ok((.., regions)) if regions.is_empty() => {
                let asked = scope.regions.join(", ");
                Problem::unusable(format!("--regions: account {id} has enabled no region {asked}"))
            }
            Ok((aws, covered, regions)) => {
                notes.extend(
                    unmatched(scope, &regions)
                        .map(|name| OneLine::from(format!("--regions: account {id} has enabled no region {name}"))),
                );
                opened.push(Opened { id, aws, regions, covered });
                continue;
            }
            Err(error) => {
                let whose = Whose { account: Some(id.clone()), ..whose(Some(&settings.home)) };
                Problem::call(&error, &whose).of_check()
            }
        };
        unopened.push(id);
        notes.push(OneLine::from(problem.to_string()));
        first.get_or_insert(problem);
    }
    Ok(Accounts { us, opened, unopened, notes, problem: first })
}

/// Returns all regions of an account, `None` if they are not known, and those to check. Where all that are to be checked are
/// named, nobody has to be able to list them.
async fn regions(
    aws: &Aws,
    scope: &Scope,
    settings: &Settings,
) -> Result<(Option<Vec<Region>>, Vec<Region>), CallError> {
    let all = match &settings.regions {
        Some(regions) => Ok(regions.clone()),
        None => Box::pin(aws.regions()).await,
    };
    let named: Option<Vec<Region>> = scope.regions.iter().map(|name| Region::parse(name)).collect();
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let more = |all: Vec<Region>| {
            let more: Vec<Region> = named.iter().filter(|it| !all.contains(it)).cloned().collect();
            all.into_iter().chain(more).collect()
        };
        // Where AWS lists them for nobody, those that are named are taken for all.
        let all = if settings.home.unlisted().is_some() { all.or_else(|_| Ok(Vec::new())) } else { all };
        return Ok((all.map(more).ok(), named));
    }
    let all = all?;
    let is_asked = |region: &&Region| {
        scope.regions.is_empty() || scope.regions.iter().any(|pattern| fits(pattern, region.as_str()))
    };
    let taken = all.iter().filter(is_asked).cloned().collect();
    Ok((Some(all), taken))
}

/// Returns what was asked for and is no region of an account, such as a name that was misspelt.
fn unmatched<'a>(scope: &'a Scope, regions: &'a [Region]) -> impl Iterator<Item = &'a String> {
    scope.regions.iter().filter(|pattern| !regions.iter().any(|region| fits(pattern, region.as_str())))
}

/// Returns whether a name fits a pattern, in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name
            .strip_prefix(head)
            .is_some_and(|tail| (0..=tail.len()).any(|at| tail.get(at..).is_some_and(|tail| fits(rest, tail)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("eu-*", "eu-west-1", true),
            ("eu-*", "us-east-1", false),
            ("*-1", "us-east-1", true),
            ("us-*-2", "us-east-1", false),
            ("us-east-1", "us-east-1", true),
            ("*", "x", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
