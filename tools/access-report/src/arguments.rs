//! Parses the command line.

use crate::Caller;
use crate::list::Asked;
use crate::output::Kind;
use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use trailkeeper::model::Severity;
use trailkeeper::model::is_account;
use trailkeeper::settings::access::AccessSettings;
use trailkeeper::settings::watching::Watching;

/// Parsed command line.
pub(crate) struct Arguments {
    /// Who called, and with which credentials.
    pub(crate) caller: Caller,
    /// Inputs: files, folders and `s3://bucket/prefix`.
    pub(crate) inputs: Vec<OsString>,
    /// Settings that define what is normal.
    pub(crate) watching: Watching,
    /// File to write the web page to.
    pub(crate) html: Option<PathBuf>,
    /// File to write the findings to as CSV.
    pub(crate) csv: Option<PathBuf>,
    /// Findings whose requests are listed instead of the table.
    pub(crate) list: Option<Asked>,
    /// Whether to print JSON instead of the table.
    pub(crate) json: bool,
    /// Lowest severity at which the command fails.
    pub(crate) fail_on: Option<Severity>,
}

const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

const EXAMPLES: &str = "Examples:
  {name} access-logs/ --readers arn:aws:iam::111122223333:role/SiemReader
  {name} s3://my-access-logs/trail-logs/2026-03 --html report.html
  {name} logs.gz --networks 192.0.2.0/24,2001:db8::/32 --fail-on high
  {name} access-logs/ --list delete > deleted.txt

Exit codes: 0; 1 with --fail-on; 2 if an argument is invalid, if an input could not be read to its end (standard error
says which one and why, also with --json), or if there was no request to judge.
S3 is only read (s3:ListBucket, s3:GetObject), with credentials from the environment or a profile.";

pub(crate) fn command(name: &str) -> Command {
    let list =
        |name: &'static str, value: &'static str| Arg::new(name).long(name).value_name(value).action(ArgAction::Append);
    let severity = PossibleValuesParser::new(SEVERITIES.map(Severity::as_str))
        .map(|word| SEVERITIES.into_iter().find(|it| it.as_str() == word));
    Command::new("access-report")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Who accessed the logs: reads S3 server access logs and reports unusual requests")
        .after_help(EXAMPLES.replace("{name}", name))
        .arg(
            Arg::new("inputs")
                .value_name("FILE|FOLDER|s3://BUCKET/PREFIX")
                .help("Log files, plain or gzipped, and folders of them")
                .value_parser(ValueParser::os_string())
                .num_args(1..)
                .required(true),
        )
        .args([
            list("readers", "PRINCIPALS").help("Who may read and list logs: ARNs, separated by commas, with * and ?"),
            list("keepers", "PRINCIPALS").help("Who may change the configuration of the buckets"),
            list("writers", "PRINCIPALS").help("Who may write objects, besides the services that deliver logs"),
            list("networks", "BLOCKS").help("Where requests may come from: CIDR blocks, separated by commas"),
            list("buckets", "NAMES").help("The log buckets; without it, every bucket that the access logs name"),
            Arg::new("account").long("account").value_name("ID").help("The account that the buckets belong to"),
            Arg::new("html")
                .long("html")
                .value_name("FILE")
                .help("Also writes a web page: a single file, without scripts. Overwrites only an older page")
                .value_parser(ValueParser::path_buf()),
            Arg::new("csv")
                .long("csv")
                .value_name("FILE")
                .help("Also writes the findings as CSV, for spreadsheets. Overwrites only an older one")
                .value_parser(ValueParser::path_buf()),
            Arg::new("list")
                .long("list")
                .value_name("FINDING")
                .help("Prints every request of a finding instead of the table: its number, or a kind such as delete")
                .conflicts_with_all(["json", "html", "csv", "fail-on"])
                .value_parser(|text: &str| Asked::parse(text)),
            Arg::new("json").long("json").action(ArgAction::SetTrue).help("Prints JSON instead of the table"),
            Arg::new("fail-on")
                .long("fail-on")
                .value_name("SEVERITY")
                .value_parser(severity)
                .help("Exits with 1 if there are findings of this severity or higher"),
        ])
}

impl Arguments {
    /// Returns the files to write.
    pub(crate) fn files(&self) -> impl Iterator<Item = (Kind, &Path)> {
        let html = self.html.as_deref().map(|file| (Kind::Html, file));
        html.into_iter().chain(self.csv.as_deref().map(|file| (Kind::Csv, file)))
    }

    /// Parses what was given.
    pub(crate) fn of(given: &mut ArgMatches, caller: Caller) -> Result<Self, String> {
        let mut list = |name: &str| {
            let items: Vec<String> = given.remove_many(name)?.collect();
            Some(items.join(","))
        };
        // The names are those of the function's settings, which have the same meaning.
        let setting = AccessSettings::parse(|variable| match variable.strip_prefix("TRAILKEEPER_ACCESS_") {
            Some("READERS") => list("readers"),
            Some("KEEPERS") => list("keepers"),
            Some("WRITERS") => list("writers"),
            Some("NETWORKS") => list("networks"),
            Some("BUCKETS") => list("buckets"),
            _ => None,
        });
        let option = |name: &str| name.replace("TRAILKEEPER_ACCESS_", "").to_lowercase();
        let setting = setting.map_err(|error| format!("--{}: {}", option(error.name), error.problem))?;
        let account: String = given.remove_one("account").unwrap_or_default();
        if !(account.is_empty() || is_account(&account)) {
            return Err(format!("--account: `{account}` is not an account id of twelve digits"));
        }
        Ok(Self {
            caller,
            inputs: given.remove_many("inputs").into_iter().flatten().collect(),
            watching: setting.watching(&account),
            html: given.remove_one("html"),
            csv: given.remove_one("csv"),
            list: given.remove_one("list"),
            json: given.get_flag("json"),
            fail_on: given.remove_one::<Option<Severity>>("fail-on").flatten(),
        })
    }
}
