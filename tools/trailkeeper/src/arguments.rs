//! Parses the command line: where the ledger is, and which command is to be run.

use crate::{check, explain, fix, history, replay, resume, shells, show, undo};
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};
use trailkeeper::model::Region;

/// Parsed command line.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// Where the ledger is.
    pub(crate) place: LedgerPlace,
    /// What to do.
    pub(crate) task: Task,
}

/// Command that was given, with its own arguments.
#[derive(Debug)]
pub(crate) enum Task {
    /// Checks accounts.
    Check(Box<check::Asked>),
    /// Explains a control.
    Explain(explain::Asked),
    /// Puts something right.
    Fix(fix::Asked),
    /// Reports who accessed the logs.
    Access(Box<ArgMatches>),
    /// Prints completions.
    Completions(clap_complete::Shell),
    /// Prints the manual page.
    Manual,
    /// Lists changes.
    History(history::Asked),
    /// Shows one change.
    Show(show::Asked),
    /// Takes one change back.
    Undo(undo::Asked),
    /// Ends a fight.
    Resume(resume::Asked),
    /// Replays calls of the past.
    Replay(replay::Asked),
}

/// Where the ledger is, and whose credentials are used.
#[derive(Debug)]
pub(crate) struct LedgerPlace {
    /// Name of the stack whose output names the table.
    pub(crate) stack: String,
    /// Name of the table, if given.
    pub(crate) table: Option<String>,
    /// Region of the stack and the table, if given.
    pub(crate) region: Option<Region>,
    /// Profile with the credentials, if given.
    pub(crate) profile: Option<String>,
    /// Profile with the credentials for the ledger, if they are others.
    pub(crate) ledger_profile: Option<String>,
}

const EXAMPLES: &str = "Examples:
  trailkeeper check --regions eu-* -o html=posture.html
  trailkeeper explain vpc-flow-logs vpc-0abc
  trailkeeper fix cloudtrail-logging arn:aws:cloudtrail:us-east-1:111122223333:trail/main
  trailkeeper history --since 24h
  trailkeeper show 01JDNX3V6WQ8Z7T2M4C9K1B5RD
  trailkeeper undo 01JDNX3V6WQ8Z7T2M4C9K1B5RD --exempt-until 2027-01-31
  trailkeeper resume arn:aws:s3:::my-logs
  trailkeeper replay --days 30

Credentials come from the environment or a profile, also one of IAM Identity Center after `aws sso login`. One that asks
for a second factor is given by
  eval \"$(aws configure export-credentials --profile NAME --format env)\"

Exit codes: 0; 1 if something is wrong (check), or was not fixed or taken back completely; 2 if an argument is invalid, or if
something could not be read.";

pub(crate) fn command() -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help).global(true)
    };
    Command::new("trailkeeper")
        .version(env!("CARGO_PKG_VERSION"))
        .about("What is wrong in an account, what Trailkeeper changed, and how it is taken back")
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args([
            option("stack", "NAME", "The stack of Trailkeeper; trailkeeper if not given"),
            option("table", "NAME", "The table of the ledger; the stack's if not given"),
            option("region", "REGION", "The region of the stack; that of the environment or the profile if not given"),
            option("profile", "NAME", "The profile with the credentials; those of the environment if not given"),
            option("ledger-profile", "NAME", "The profile for the ledger, where it is in another account"),
        ])
        .subcommands([
            check::command(),
            explain::command(),
            fix::command(),
            access_report::command().name("access"),
            replay::command(),
            history::command(),
            show::command(),
            undo::command(),
            resume::command(),
            shells::completions(),
            shells::manual(),
        ])
}

impl Arguments {
    /// Parses the arguments of the process. Exits with an explanation if they are invalid.
    pub(crate) fn take() -> Self {
        let mut command = command();
        let mut given = command.get_matches_mut();
        Self::of(&mut given).unwrap_or_else(|problem| command.error(ErrorKind::ValueValidation, problem).exit())
    }

    fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let Some((name, mut own)) = given.remove_subcommand() else { return Err("no command was given".to_owned()) };
        // What holds for all commands may stand before the command or behind it.
        let place = LedgerPlace::of(&mut own)?;
        let task = match name.as_str() {
            "check" => Task::Check(Box::new(check::Asked::of(&mut own)?)),
            "explain" => Task::Explain(explain::Asked::of(&mut own)?),
            "fix" => Task::Fix(fix::Asked::of(&mut own)?),
            "access" => Task::Access(Box::new(own)),
            "completions" => Task::Completions(shells::shell_of(&mut own)),
            "manual" => Task::Manual,
            "history" => Task::History(history::Asked::of(&mut own)?),
            "show" => Task::Show(show::Asked::of(&mut own)?),
            "replay" => Task::Replay(replay::Asked::of(&mut own)?),
            "undo" => Task::Undo(undo::Asked::of(&mut own)?),
            _ => Task::Resume(resume::Asked::of(&mut own)?),
        };
        Ok(Self { place, task })
    }
}

impl LedgerPlace {
    fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let mut text = |name: &str| given.remove_one::<String>(name);
        let region = match text("region") {
            None => None,
            Some(name) => Some(Region::parse(&name).ok_or_else(|| format!("--region: `{name}` is not a region"))?),
        };
        Ok(Self {
            stack: text("stack").unwrap_or_else(|| "trailkeeper".to_owned()),
            table: text("table"),
            region,
            profile: text("profile"),
            ledger_profile: text("ledger-profile"),
        })
    }
}

/// Returns the argument that names a change.
pub(crate) fn change() -> Arg {
    Arg::new("id").value_name("ID").help("The id of the change").required(true)
}

/// Parses the argument that names a change.
pub(crate) fn change_of(given: &mut ArgMatches) -> Result<trailkeeper::ledger::ChangeId, String> {
    let text: String = given.remove_one("id").unwrap_or_default();
    text.parse().map_err(|error| format!("`{text}` is {error}"))
}

/// Returns the switch for JSON.
pub(crate) fn json() -> Arg {
    Arg::new("json").long("json").action(clap::ArgAction::SetTrue).help("Prints JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Arguments, String> {
        let mut given = command().try_get_matches_from(line.split(' ')).map_err(|error| error.to_string())?;
        Arguments::of(&mut given)
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn what_holds_for_all_commands_stands_before_or_behind_the_command() {
        for line in [
            "trailkeeper --table t --region eu-west-1 --profile p history --since 24h",
            "trailkeeper history --since 24h --region eu-west-1 --profile p --table t",
        ] {
            let Arguments { place, task } = parsed(line).expect("arguments");
            assert_eq!((place.table.as_deref(), place.profile.as_deref()), (Some("t"), Some("p")), "{line}");
            assert_eq!(place.region.as_ref().map(Region::as_str), Some("eu-west-1"));
            assert!(matches!(task, Task::History(_)));
        }
    }

    #[test]
    fn what_is_unusable_is_named() {
        for (line, problem) in [
            ("trailkeeper --region nowhere history", "`nowhere` is not a region"),
            ("trailkeeper show 1", "`1` is not the id of a change"),
            ("trailkeeper history --since soon", "--since: `soon`"),
            ("trailkeeper history --account me", "--account: `me`"),
            ("trailkeeper undo 01ARZ3NDEKTSV4RRFFQ69G5FAV --exempt-until 31.1.", "--exempt-until: `31.1.`"),
            ("trailkeeper resume bucket", "`bucket` is not the ARN of a resource"),
            ("trailkeeper resume arn:aws:s3:::b nonsense", "there is no control `nonsense`"),
        ] {
            let told = parsed(line).expect_err("a problem");
            assert!(told.contains(problem), "{line}: {told}");
        }
    }
}
