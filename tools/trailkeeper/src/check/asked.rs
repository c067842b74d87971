//! Arguments of `trailkeeper check`.

use crate::arguments::again;
use crate::control_ids::{ControlIds, FamilyNames};
use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::collections::BTreeSet;
use std::path::PathBuf;
use trailkeeper::frameworks::Framework;
use trailkeeper::model::{Severity, is_account};
use trailkeeper_check::formats::Output;
use trailkeeper_check::selection::Selection;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Accounts and regions.
    pub(crate) scope: Scope,
    /// Controls and findings.
    pub(crate) selection: Selection,
    /// Lowest severity at which the command fails.
    pub(crate) fail_on: Severity,
    /// Earlier checks to compare with.
    pub(crate) baselines: Vec<PathBuf>,
    /// Files to write.
    pub(crate) outputs: Vec<Output>,
    /// Whether JSON is printed instead of the table.
    pub(crate) json: bool,
    /// Whether CloudTrail is asked who changed last what is wrong.
    pub(crate) history: bool,
}

/// Accounts and regions.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// Names of regions, with `*`; all enabled ones if empty.
    pub(crate) regions: Vec<String>,
    /// Account ids; that of the credentials if empty.
    pub(crate) accounts: Vec<String>,
    /// Organization whose accounts are checked.
    pub(crate) organization: Option<String>,
    /// Role by which other accounts are entered.
    pub(crate) role: String,
    /// External id that the role asks for.
    pub(crate) external_id: Option<String>,
}

const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// Role that AWS Organizations makes in each account that it creates.
const USUAL_ROLE: &str = "OrganizationAccountAccessRole";

const ENDING: &str =
    "Exit codes: 0; 1 if something of at least --fail-on is wrong; 2 if something could not be told, or an
argument is invalid: an unknown is never good news.
The settings are the variables of the functions (TRAILKEEPER_CONTROLS, TRAILKEEPER_EXEMPT, ..: docs/settings.md).
The rights it needs are those of policies/*.observe.json; it has no means to write.";

fn list(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help).action(ArgAction::Append).value_delimiter(',')
}

/// Returns the arguments that name accounts and regions.
pub(crate) fn scope_arguments() -> [Arg; 5] {
    [
        list("regions", "REGIONS", "The regions, also as eu-*; every enabled one if not given"),
        list("accounts", "IDS", "The accounts; that of the credentials if not given").conflicts_with("org"),
        Arg::new("org").long("org").value_name("ID").help("The organization all of whose accounts are checked: o-.."),
        Arg::new("role")
            .long("role")
            .value_name("NAME")
            .default_value(USUAL_ROLE)
            .help("The role by which other accounts are entered"),
        Arg::new("external-id").long("external-id").value_name("ID").help("The external id that the role asks for"),
    ]
}

fn severity(name: &'static str, help: &'static str) -> Arg {
    let parser = PossibleValuesParser::new(SEVERITIES.map(Severity::as_str))
        .map(|word| SEVERITIES.into_iter().find(|it| it.as_str() == word).unwrap_or(Severity::Low));
    Arg::new(name).long(name).value_name("SEVERITY").value_parser(parser).help(help)
}

/// Returns the command.
pub(crate) fn command() -> Command {
    let frameworks = PossibleValuesParser::new(Framework::ALL.iter().map(|it| it.id()));
    Command::new("check")
        .about("Checks accounts, now: what is wrong, and the calls that would put it right. Changes nothing")
        .after_help(ENDING)
        .args(scope_arguments())
        .args([
            list("control", "IDS", "The controls, also those that are off at first; all that are on if not given")
                .value_parser(ControlIds)
                .hide_possible_values(true),
            list("family", "NAMES", "The families of controls: trail, bucket, vpc, key, recorder, monitoring, transfer")
                .value_parser(FamilyNames)
                .hide_possible_values(true),
            severity("min-severity", "Leaves out what is less severe"),
            Arg::new("framework").long("framework").value_name("ID").value_parser(frameworks).help("Only what this framework asks for, grouped by its requirements").hide_possible_values(true).long_help(
                "Only what this framework asks for, also what is off at first, grouped by its requirements: cis-1.4 to cis-7.0, fsbp, security-hub, nist-800-53-r5, nist-800-171-r2, nist-csf-2.0, pci-dss-4.0, soc2, iso-27001-2022, hipaa, fedramp-moderate-r4, ens-rd2022",
            ),
            severity("fail-on", "Exits with 1 if something of this severity or higher is wrong").default_value("low"),
            Arg::new("baseline").long("baseline").value_name("FILE").value_parser(ValueParser::path_buf()).action(ArgAction::Append).help("Shows what is new, mended and still wrong since an earlier check, whose -o json=FILE this is; given again, the page shows severities over time"),
            Arg::new("output").short('o').long("output").value_name("FORMAT=FILE,..").action(ArgAction::Append).value_parser(|text: &str| Output::parse(text)).help("Also writes files: html, json, csv, ocsf, asff, junit, md. Overwrites them"),
            Arg::new("json").long("json").action(ArgAction::SetTrue).help("Prints JSON instead of the table"),
            Arg::new("no-history").long("no-history").action(ArgAction::SetTrue).help("Does not ask CloudTrail who changed last what is wrong"),
        ])
}

impl Asked {
    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let many = |given: &mut ArgMatches, name: &str| -> Vec<String> {
            given.remove_many::<String>(name).into_iter().flatten().map(|it| it.trim().to_owned()).collect()
        };
        let framework: Option<String> = given.remove_one("framework");
        let selection = Selection {
            controls: many(given, "control"),
            families: many(given, "family"),
            framework: framework.as_deref().and_then(Framework::parse),
            min_severity: given.remove_one("min-severity"),
        };
        if let Some(problem) = selection.problem() {
            return Err(problem);
        }
        Ok(Self {
            scope: Scope::of(given)?,
            selection,
            fail_on: given.remove_one("fail-on").unwrap_or(Severity::Low),
            baselines: given.remove_many("baseline").into_iter().flatten().collect(),
            outputs: given.remove_many::<Vec<Output>>("output").into_iter().flatten().flatten().collect(),
            json: given.get_flag("json"),
            history: !given.get_flag("no-history"),
        })
    }
}

impl Scope {
    /// Returns the options by which other accounts than this one are entered, as they have to be given again: each after a
    /// blank.
    pub(crate) fn again(&self, own: &str) -> String {
        let is_own = self.organization.is_none() && self.accounts.iter().all(|it| it == own);
        if is_own {
            return String::new();
        }
        let role = Some(&*self.role).filter(|it| *it != USUAL_ROLE);
        again(&[("role", role), ("external-id", self.external_id.as_deref())])
    }

    /// Returns the options by which `trailkeeper undo` enters an account, each after a blank; none for one's own.
    pub(crate) fn entering(&self, own: &str, account: &str) -> String {
        if account == own {
            return String::new();
        }
        again(&[("role", Some(&self.role)), ("external-id", self.external_id.as_deref())])
    }

    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let mut many = |name: &str| -> Vec<String> {
            let mut named = BTreeSet::new();
            let all = given.remove_many::<String>(name).into_iter().flatten().map(|it| it.trim().to_owned());
            all.filter(|it| named.insert(it.clone())).collect()
        };
        let (regions, accounts) = (many("regions"), many("accounts"));
        if let Some(wrong) = accounts.iter().find(|it| !is_account(it)) {
            return Err(format!("--accounts: `{wrong}` is not an account id of twelve digits"));
        }
        let fits = |it: &String| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric() || b"-*".contains(&b));
        if let Some(wrong) = regions.iter().find(|it| !fits(it)) {
            return Err(format!("--regions: `{wrong}` is not the name of a region"));
        }
        Ok(Self {
            regions,
            accounts,
            organization: given.remove_one("org"),
            role: given.remove_one("role").unwrap_or_else(|| USUAL_ROLE.to_owned()),
            external_id: given.remove_one("external-id"),
        })
    }
}
