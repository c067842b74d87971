//! Parses the command line: where the ledger is, and which command is to be run.

use crate::{check, explain, fix, history, replay, resume, shells, show, undo};
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, Error};
use trailkeeper::model::Region;
use trailkeeper_check::terminal::shell;

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
    /// Name of the stack, if given.
    pub(crate) stack: Option<String>,
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

Exit codes: 0; 1 if something is wrong (check, replay), or was not fixed or taken back completely; 2 if an argument is invalid,
or if something could not be read.";

/// Options that name the credentials.
const CREDENTIALS: &[&str] = &["region", "profile"];

/// Options that name the stack whose settings are in force, and the credentials.
const SETTINGS: &[&str] = &["stack", "region", "profile"];

/// Options that name the ledger, and the credentials.
const LEDGER: &[&str] = &["stack", "table", "region", "profile", "ledger-profile"];

/// Returns the options for the ledger and the credentials that a command has; of all commands if none is given.
fn options(of: Option<&str>) -> &'static [&'static str] {
    match of {
        Some("access" | "replay") => CREDENTIALS,
        Some("check" | "explain") => SETTINGS,
        Some("completions" | "manual" | "help") => &[],
        _ => LEDGER,
    }
}

fn option(name: &'static str, of: &'static [&'static str]) -> Arg {
    let (value, help) = match name {
        "stack" if of == SETTINGS => (
            "NAME",
            "The stack whose settings are in force, as they are deployed; those of the environment if not given",
        ),
        "stack" => ("NAME", "The stack of Trailkeeper; trailkeeper if not given"),
        "table" => ("NAME", "The table of the ledger; the stack's if not given"),
        "region" if of != LEDGER => ("REGION", "The home region; that of the environment or the profile if not given"),
        "region" => ("REGION", "The region of the stack; that of the environment or the profile if not given"),
        "profile" => ("NAME", "The profile with the credentials; those of the environment if not given"),
        _ => ("NAME", "The profile for the ledger, where it is in another account"),
    };
    Arg::new(name).long(name).value_name(value).help(help)
}

/// Returns a command with its options for the ledger and the credentials.
fn with_options(command: Command) -> Command {
    let of = options(Some(command.get_name()));
    command.args(of.iter().map(|name| option(name, of)))
}

pub(crate) fn command() -> Command {
    Command::new("trailkeeper")
        .version(env!("CARGO_PKG_VERSION"))
        .about("What is wrong in an account, what Trailkeeper changed, and how it is taken back")
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(LEDGER.iter().map(|name| option(name, LEDGER)))
        .subcommands(
            [
                check::command(),
                explain::command(),
                fix::command(),
                access_report::command("trailkeeper access").name("access"),
                replay::command(),
                history::command(),
                show::command(),
                undo::command(),
                resume::command(),
                shells::completions(),
                shells::manual(),
            ]
            .map(with_options),
        )
}

/// Returns the error of an argument of one of the commands, with the usage of that command.
pub(crate) fn unusable(name: &str, problem: &str) -> Error {
    let mut command = command();
    command.build();
    match command.find_subcommand_mut(name) {
        Some(own) => own.error(ErrorKind::ValueValidation, problem),
        None => Error::raw(ErrorKind::ValueValidation, problem),
    }
}

impl Arguments {
    /// Parses the arguments of the process. Exits with an explanation if they are invalid.
    pub(crate) fn take() -> Self {
        let mut given = command().get_matches();
        let name = given.subcommand_name().unwrap_or_default().to_owned();
        Self::of(&mut given).unwrap_or_else(|problem| unusable(&name, &problem).exit())
    }

    fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let Some((name, mut own)) = given.remove_subcommand() else { return Err("no command was given".to_owned()) };
        let place = LedgerPlace::of(&name, given, &mut own)?;
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
    /// Returns the name of the stack.
    pub(crate) fn stack(&self) -> &str {
        self.stack.as_deref().unwrap_or("trailkeeper")
    }

    /// Returns the options that name the credentials, as they have to be given again: each after a blank.
    pub(crate) fn credentials(&self) -> String {
        again(&[("region", self.region.as_ref().map(Region::as_str)), ("profile", self.profile.as_deref())])
    }

    /// Returns the options that name the stack whose settings are in force, and the credentials, as they have to be given
    /// again: each after a blank.
    pub(crate) fn settings(&self) -> String {
        again(&[("stack", self.stack.as_deref())]) + &self.credentials()
    }

    /// Returns the options that name the ledger and the credentials, as they have to be given again: each after a blank.
    pub(crate) fn ledger(&self) -> String {
        let named = [
            ("stack", self.stack.as_deref()),
            ("table", self.table.as_deref()),
            ("ledger-profile", self.ledger_profile.as_deref()),
        ];
        again(&named) + &self.credentials()
    }

    /// Takes the options of a command, which may stand before it or behind it.
    fn of(command: &str, before: &mut ArgMatches, behind: &mut ArgMatches) -> Result<Self, String> {
        let has = options(Some(command));
        let mut text = |name: &'static str| {
            let own = if has.contains(&name) { behind.remove_one::<String>(name) } else { None };
            match before.remove_one::<String>(name) {
                Some(_) if !has.contains(&name) => Err(format!("--{name} means nothing to trailkeeper {command}")),
                given => Ok(own.or(given)),
            }
        };
        let region = match text("region")? {
            None => None,
            Some(name) => Some(Region::parse(&name).ok_or_else(|| format!("--region: `{name}` is not a region"))?),
        };
        Ok(Self {
            stack: text("stack")?,
            table: text("table")?,
            region,
            profile: text("profile")?,
            ledger_profile: text("ledger-profile")?,
        })
    }
}

/// Returns options as the command line has them: each after a blank.
pub(crate) fn again(options: &[(&str, Option<&str>)]) -> String {
    let given = options.iter().filter_map(|(name, value)| Some(format!(" --{name} {}", shell((*value)?))));
    given.collect()
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
    fn each_command_shows_its_own_options_and_its_own_usage() {
        for (name, has, lacks) in [
            ("check", "--profile", "--table"),
            ("access", "--region", "--stack"),
            ("fix", "--ledger-profile", "--access"),
            ("manual", "--help", "--profile"),
        ] {
            let mut all = command();
            all.build();
            let help = all.find_subcommand_mut(name).expect("a command").render_help().to_string();
            assert!(help.contains(has) && !help.contains(lacks), "{help}");
        }
        let told = unusable("check", "no").to_string();
        assert!(told.contains("Usage: trailkeeper check [OPTIONS]"), "{told}");
    }

    #[test]
    fn shells_complete_the_ids_of_controls() {
        for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Fish, clap_complete::Shell::Zsh] {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut command(), "trailkeeper", &mut text);
            let text = String::from_utf8(text).expect("text");
            let told = text.lines().filter(|line| line.contains("vpc-flow-logs")).count();
            assert!(told > 0 && text.contains("monitoring"), "{shell}: {told}");
        }
    }

    #[test]
    fn what_holds_for_several_commands_stands_before_or_behind_the_command() {
        for line in [
            "trailkeeper --table t --region eu-west-1 --profile p history --since 24h",
            "trailkeeper history --since 24h --region eu-west-1 --profile p --table t",
        ] {
            let Arguments { place, task } = parsed(line).expect("arguments");
            assert_eq!((place.table.as_deref(), place.profile.as_deref()), (Some("t"), Some("p")), "{line}");
            assert_eq!(place.region.as_ref().map(Region::as_str), Some("eu-west-1"));
            assert_eq!(place.ledger(), " --table t --region eu-west-1 --profile p");
            assert!(matches!(task, Task::History(_)));
        }
    }

    #[test]
    fn what_is_unusable_is_named() {
        for (line, problem) in [
            ("trailkeeper --table t check", "--table means nothing to trailkeeper check"),
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
