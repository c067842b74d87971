//! Arguments of `trailkeeper replay`.

use crate::arguments::json;
use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::ffi::OsString;
use std::path::PathBuf;
use trailkeeper::managed::bucket::name::is_bucket_name;
use trailkeeper::model::Region;
use trailkeeper_replay::Calls;
use trailkeeper_replay::lookup::REACH;

const EXAMPLES: &str = "Examples:
  trailkeeper replay --days 30 --keep month.jsonl
  trailkeeper replay s3://my-logs/AWSLogs/111122223333/ --validate
  trailkeeper replay ./AWSLogs --json

Without a source, CloudTrail's event history is asked: of one account, in every region that it has enabled, twice a second in
each, for the names of the calls that Trailkeeper watches. With --keep, an interrupted run goes on where it was: with the days,
regions and calls that it began with.

It only reads. It judges the calls of the past, not the state of then. A user agent is a hint at who made a call.

Exit codes: 0; 1 if a file is not as CloudTrail delivered it; 2 if something could not be read or judged, if --validate finds no
digest file, or if an argument is invalid. If nothing could be read, there is no report.";

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Folders, files and prefixes of buckets.
    pub(super) sources: Vec<OsString>,
    /// Number of days to look back, if it is given.
    pub(super) days: Option<u32>,
    /// Regions to ask; all if none is given.
    pub(super) regions: Vec<Region>,
    /// Names of the calls to ask for; all if none is given.
    pub(super) calls: Vec<String>,
    /// File in which answers are kept.
    pub(super) keep: Option<PathBuf>,
    /// Whether digest files are validated.
    pub(super) validate: bool,
    /// Buckets that hold logs.
    pub(super) log_buckets: Vec<String>,
    /// Files that the report is written into, too.
    pub(super) outputs: Vec<Output>,
    /// Whether JSON is printed.
    pub(super) json: bool,
}

/// File that the report is written into.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// A web page.
    Html(PathBuf),
    /// JSON.
    Json(PathBuf),
}

impl Output {
    fn of(given: &str) -> Result<Self, String> {
        match given.split_once('=') {
            Some(("html", file)) if !file.is_empty() => Ok(Self::Html(file.into())),
            Some(("json", file)) if !file.is_empty() => Ok(Self::Json(file.into())),
            _ => Err(format!("--output: `{given}` is neither html=FILE nor json=FILE")),
        }
    }
}

/// Returns the command.
pub(crate) fn command() -> Command {
    Command::new("replay")
        .about("What it would have done: wakes, fights, attacks and costs, from the calls of the past")
        .after_help(EXAMPLES)
        .args([
            Arg::new("source")
                .value_name("SOURCE")
                .num_args(0..)
                .value_parser(OsStringValueParser::new())
                .help("CloudTrail's files: s3://bucket/prefix, a folder or a file; the event history if not given"),
            Arg::new("days")
                .long("days")
                .value_name("N")
                .value_parser(value_parser!(u32).range(1..=36_500))
                .help(format!("How many days back; {REACH} of the event history, all of files if not given")),
            Arg::new("regions")
                .long("regions")
                .value_name("REGION,..")
                .value_delimiter(',')
                .conflicts_with("source")
                .help("The regions whose event history is asked; those that the account has enabled if not given"),
            Arg::new("calls").long("calls").value_name("NAME,..").value_delimiter(',').conflicts_with("source").help(
                "The calls that the event history is asked for, such as StopLogging; all that are watched if not given",
            ),
            Arg::new("keep")
                .long("keep")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .conflicts_with("source")
                .help(
                    "Keeps the answers of the event history here, and goes on with those that are here, of their days",
                ),
            Arg::new("validate")
                .long("validate")
                .action(ArgAction::SetTrue)
                .requires("source")
                .help("Validates the files by CloudTrail's digest files, which must be among them"),
            Arg::new("log-bucket")
                .long("log-bucket")
                .value_name("NAME,..")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .help("Buckets that hold logs, beside those that the records name"),
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("html=FILE,..")
                .value_delimiter(',')
                .action(ArgAction::Append)
                .help("Also writes the report into files: html=FILE is a web page, json=FILE is JSON"),
            json(),
        ])
}

impl Asked {
    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let texts =
            |given: &mut ArgMatches, name: &str| given.remove_many::<String>(name).into_iter().flatten().collect();
        let (regions, log_buckets): (Vec<String>, Vec<String>) = (texts(given, "regions"), texts(given, "log-bucket"));
        let calls: Vec<String> = texts(given, "calls");
        let watched = Calls::watched().to_look_up();
        if let Some(name) = calls.iter().find(|name| !watched.contains(&name.as_str())) {
            return Err(format!("--calls: `{name}` is no call that is watched; these are: {}", watched.join(", ")));
        }
        let outputs: Vec<String> = texts(given, "output");
        let region = |name: &String| Region::parse(name).ok_or_else(|| format!("--regions: `{name}` is not a region"));
        if let Some(name) = log_buckets.iter().find(|name| !is_bucket_name(name)) {
            return Err(format!("--log-bucket: `{name}` is not the name of a bucket"));
        }
        let sources: Vec<OsString> = given.remove_many("source").into_iter().flatten().collect();
        let days: Option<u32> = given.remove_one("days");
        if sources.is_empty() && days.is_some_and(|days| days > REACH) {
            return Err(format!(
                "--days: the event history reaches back {REACH} days; for more, give the trail's files"
            ));
        }
        Ok(Self {
            sources,
            days,
            regions: regions.iter().map(region).collect::<Result<_, _>>()?,
            calls,
            keep: given.remove_one("keep"),
            validate: given.get_flag("validate"),
            log_buckets,
            outputs: outputs.iter().map(|given| Output::of(given)).collect::<Result<_, _>>()?,
            json: given.get_flag("json"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Asked, String> {
        let mut given = command().try_get_matches_from(line.split(' ')).map_err(|error| error.to_string())?;
        Asked::of(&mut given)
    }

    #[test]
    fn the_history_is_asked_for_what_is_given() {
        command().debug_assert();
        assert_eq!(parsed("replay").expect("arguments").days, None, "kept answers are of their own days");
        assert_eq!(parsed("replay --days 7 --regions eu-west-1,us-east-1").expect("arguments").regions.len(), 2);
        assert_eq!(parsed("replay folder").expect("arguments").days, None);
        assert_eq!(parsed("replay folder --days 700 --validate").expect("arguments").days, Some(700));
    }

    #[test]
    fn what_is_unusable_is_named() {
        for (line, problem) in [
            ("replay --days 91", "reaches back 90 days"),
            ("replay --days 0", "0 is not in"),
            ("replay --calls Stop", "`Stop` is no call that is watched"),
            ("replay --regions moon", "`moon` is not a region"),
            ("replay --log-bucket A_B", "`A_B` is not the name of a bucket"),
            ("replay -o page.html", "neither html=FILE nor json=FILE"),
            ("replay --validate", "SOURCE"),
            ("replay folder --keep x", "cannot be used with"),
        ] {
            let told = parsed(line).expect_err("a problem");
            assert!(told.contains(problem), "{line}: {told}");
        }
    }
}
