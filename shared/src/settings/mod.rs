//! Settings of one function, parsed once on start. Pure: the variables are passed in as pairs.

pub mod access;
pub mod alarms;
mod bus;
pub mod destinations;
mod error;
pub mod exempt;
pub mod flow_logs;
mod limits;
pub mod log_bucket_deleters;
pub mod log_bucket_readers;
mod mode;
mod organization;
mod requesters;
mod share;
mod stack;
pub mod table;
pub mod watching;

pub use bus::Bus;
pub use error::SettingsError;
pub use limits::Limits;
pub use mode::{Mode, Modes};
pub use organization::Organization;
pub use share::QuotaShare;
pub use stack::Stack;

use crate::model::{Arn, Region, is_account};
use access::AccessSettings;
use alarms::{Address, Patterns};
use destinations::RecordDestinations;
use exempt::{ALL, ExemptionRule};
use flow_logs::Wanted;
use log_bucket_deleters::LogBucketDeleters;
use log_bucket_readers::LogBucketReaders;
use std::collections::BTreeMap;
use std::fmt;

/// Prefix of all our variables.
pub const PREFIX: &str = "TRAILKEEPER_";

/// Settings of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Mode of each control.
    pub modes: Modes,
    /// SNS topic for reports; `None` means that they are only logged and returned.
    pub topic: Option<String>,
    /// URL of the SQS queue that keeps reports which could not be published.
    pub unsent: Option<String>,
    /// Name of the DynamoDB table that is the ledger; `None` means that changes are kept in reports alone.
    pub ledger: Option<String>,
    /// Limits on what is changed.
    pub limits: Limits,
    /// Share of each quota of AWS that the process may use.
    pub share: QuotaShare,
    /// Regions that are looked after; `None` means every region that the account has enabled.
    pub regions: Option<Vec<Region>>,
    /// Those among them whose resources a sweep checks; `None` means all. What is judged of the account as a whole is judged
    /// over all of them.
    pub swept: Option<Vec<Region>>,
    /// Region of the function, where resources missing from the account are created.
    pub home: Region,
    /// Retention of our log groups in days.
    pub log_retention_days: u32,
    /// Retention of server access logs in our buckets, in days.
    pub access_log_days: u32,
    /// Minimum retention of the files in log buckets, in days.
    pub log_file_days: u32,
    /// Age in days at which log files move to Glacier, if that is enabled.
    pub glacier_days: u32,
    /// Rotation period in days of keys that Trailkeeper sets to rotate.
    pub key_rotation_days: u32,
    /// Where the audit record may go, besides the account's own buckets and keys.
    pub record_destinations: RecordDestinations,
    /// Flow log that a VPC without one gets.
    pub flow_logs: Wanted,
    /// Address to notify of alarms that have no subscriber.
    pub alarm_address: Option<Address>,
    /// Comparison of the patterns of metric filters.
    pub filter_patterns: Patterns,
    /// Parties outside the account that may handle log files.
    pub log_bucket_readers: LogBucketReaders,
    /// Principals that may delete log files without a second factor.
    pub log_bucket_deleters: LogBucketDeleters,
    /// Settings for access logs.
    pub access: AccessSettings,
    /// Event bus for delegated sweeps; without one, a single invocation sweeps as far as its time allows.
    pub bus: Option<Bus>,
    /// Organization whose accounts are monitored; `None` means only our own account.
    pub organization: Option<Organization>,
    /// Trailkeeper's own stack, whose parts the guard watches.
    pub stack: Option<Stack>,
    /// Exemptions of resources from controls.
    pub exempt: Vec<ExemptionRule>,
    /// Ids of all controls.
    pub controls: Vec<String>,
    /// Variables with our prefix that nothing reads: probably typing errors.
    pub unknown: Vec<String>,
    /// Ids among the exceptions by control and the exemptions that are of no control: those of another version, or
    /// typing errors. They have no effect, and are reported.
    pub unknown_controls: Vec<UnknownControl>,
}

/// Id in a setting that is of no control of this version. Its [`Display`](fmt::Display) is a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownControl {
    /// Name of the variable that has it.
    pub setting: &'static str,
    /// Id as it was written.
    pub id: String,
}

impl fmt::Display for UnknownControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: there is no control `{}`; this has no effect", self.setting, self.id)
    }
}

/// Values that `PutRetentionPolicy` accepts ([CloudWatch Logs
/// API](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html),
/// retentionInDays).
const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

impl Settings {
    /// Returns the name of Trailkeeper's own stack, if it runs in one.
    #[must_use]
    pub fn stack_name(&self) -> Option<&str> {
        self.bus.as_ref().map(Bus::stack)
    }

    /// Parses the settings from environment variables. An empty value means "not set", as templates pass it.
    ///
    /// # Errors
    /// Returns an error for the first variable that is invalid. An invalid value never falls back to the default, since
    /// its author intended something.
    pub fn parse(vars: impl IntoIterator<Item = (String, String)>, controls: &[&str]) -> Result<Self, SettingsError> {
        let (mut ours, mut regional) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in vars.into_iter().filter(|(_, value)| !value.trim().is_empty()) {
            if name.starts_with(PREFIX) {
                ours.insert(name, value.trim().to_owned());
            } else if ["AWS_REGION", "AWS_DEFAULT_REGION"].contains(&name.as_str()) {
                regional.insert(name, value);
            }
        }
        let mut modes = Modes::all(mode(ours.remove(table::MODE.name))?);
        let mut unknown_controls = Vec::new();
        let mut is_known = |setting, id: &str| {
            let known = controls.contains(&id);
            if !known {
                unknown_controls.push(UnknownControl { setting, id: id.to_owned() });
            }
            known
        };
        modes.overrides = overrides(ours.remove(table::CONTROLS.name))?;
        modes.overrides.retain(|id, _| is_known(table::CONTROLS.name, id));
        let mut exempt = ExemptionRule::setting(ours.remove(ExemptionRule::SETTING))?;
        exempt.retain(|rule| rule.control == ALL || is_known(ExemptionRule::SETTING, &rule.control));
        let usual = Self::of(modes);
        let bus = Bus::setting(ours.remove(Bus::SETTING))?;
        Ok(Self {
            topic: topic(ours.remove(table::TOPIC_ARN.name))?,
            unsent: queue(ours.remove(table::UNSENT.name))?,
            ledger: ledger_table(ours.remove(table::LEDGER.name))?,
            limits: Limits::parse(&mut ours)?,
            share: QuotaShare::setting(ours.remove(table::SHARE.name))?,
            regions: regions(ours.remove(table::REGIONS.name))?,
            swept: None,
            home: home(&regional)?,
            log_retention_days: days(&mut ours, &table::LOG_RETENTION_DAYS, usual.log_retention_days, |it| {
                RETENTIONS.contains(&it)
            })?,
            access_log_days: days(&mut ours, &table::ACCESS_LOG_DAYS, usual.access_log_days, |it| {
                (1..=table::LONGEST).contains(&it)
            })?,
            log_file_days: days(&mut ours, &table::LOG_FILE_DAYS, usual.log_file_days, |it| {
                (1..=table::LONGEST).contains(&it)
            })?,
            glacier_days: days(&mut ours, &table::GLACIER_DAYS, usual.glacier_days, |it| {
                (1..=table::LONGEST).contains(&it)
            })?,
            key_rotation_days: days(&mut ours, &table::KEY_ROTATION_DAYS, usual.key_rotation_days, |it| {
                (table::SHORTEST_ROTATION..=table::LONGEST_ROTATION).contains(&it)
            })?,
            record_destinations: RecordDestinations::setting(ours.remove(RecordDestinations::SETTING))?,
            flow_logs: Wanted::parse(|name| ours.remove(name))?,
            alarm_address: Address::setting(ours.remove(Address::SETTING))?,
            filter_patterns: Patterns::setting(ours.remove(Patterns::SETTING))?,
            organization: Organization::setting(
                ours.remove(Organization::SETTING),
                ours.remove(Organization::EXTERNAL_ID),
                bus.as_ref(),
            )?,
            bus,
            log_bucket_readers: LogBucketReaders::setting(ours.remove(LogBucketReaders::SETTING))?,
            log_bucket_deleters: LogBucketDeleters::setting(ours.remove(LogBucketDeleters::SETTING))?,
            access: AccessSettings::parse(|name| ours.remove(name))?,
            stack: Stack::setting(
                ours.remove(Stack::SETTING),
                ours.remove(Stack::KEYS).as_deref(),
                ours.remove(Stack::TOPICS).as_deref(),
            )?,
            exempt,
            controls: controls.iter().map(|id| (*id).to_owned()).collect(),
            unknown: ours.into_keys().collect(),
            unknown_controls,
            ..usual
        })
    }

    /// Creates settings with these modes and defaults for everything else.
    #[must_use]
    pub fn of(modes: Modes) -> Self {
        Self {
            modes,
            topic: None,
            unsent: None,
            ledger: None,
            limits: Limits::default(),
            share: QuotaShare::WHOLE,
            regions: None,
            swept: None,
            home: Region::first(),
            log_retention_days: 365,
            access_log_days: 365,
            log_file_days: 365,
            glacier_days: 90,
            key_rotation_days: 365,
            record_destinations: RecordDestinations::default(),
            flow_logs: Wanted::default(),
            alarm_address: None,
            filter_patterns: Patterns::Covering,
            log_bucket_readers: LogBucketReaders::default(),
            log_bucket_deleters: LogBucketDeleters::default(),
            access: AccessSettings::default(),
            bus: None,
            organization: None,
            stack: None,
            exempt: Vec::new(),
            controls: Vec::new(),
            unknown: Vec::new(),
            unknown_controls: Vec::new(),
        }
    }
}

fn mode(value: Option<String>) -> Result<Mode, SettingsError> {
    let Some(value) = value else { return Ok(Mode::DryRun) };
    match Mode::parse(&value) {
        Some(mode @ (Mode::DryRun | Mode::Enforce)) => Ok(mode),
        Some(Mode::Off) | None => {
            Err(SettingsError { name: table::MODE.name, problem: "must be dry-run or enforce".into(), value })
        }
    }
}

/// Returns the exceptions by control, also those of controls that this version does not have: it must go on guarding
/// everything else.
fn overrides(value: Option<String>) -> Result<BTreeMap<String, Mode>, SettingsError> {
    let mut found = BTreeMap::new();
    let Some(value) = value else { return Ok(found) };
    let wrong = |problem: String| SettingsError { name: table::CONTROLS.name, problem, value: value.clone() };
    for item in items(&value) {
        let (id, word) = item
            .split_once('=')
            .map(|(id, word)| (id.trim(), word.trim()))
            .ok_or_else(|| wrong(format!("`{item}` is not of the form id=off|dry-run|enforce")))?;
        let mode = Mode::parse(word).ok_or_else(|| wrong(format!("`{word}` is not one of off, dry-run, enforce")))?;
        if found.insert(id.to_owned(), mode).is_some() {
            return Err(wrong(format!("`{id}` is set twice")));
        }
    }
    Ok(found)
}

/// Parses the URL of an SQS queue: `https://sqs.eu-west-1.amazonaws.com/111122223333/unsent`.
fn queue(value: Option<String>) -> Result<Option<String>, SettingsError> {
    let Some(value) = value else { return Ok(None) };
    let is_name =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let parts: Vec<&str> = value.split('/').collect();
    match parts.as_slice() {
        ["https:" | "http:", "", host, account, name] if !host.is_empty() && is_account(account) && is_name(name) => {
            Ok(Some(value))
        }
        _ => Err(SettingsError { name: table::UNSENT.name, problem: "must be the URL of an SQS queue".into(), value }),
    }
}

/// Parses the name of a DynamoDB table: 3 to 255 letters, digits, dots, underscores and hyphens.
fn ledger_table(value: Option<String>) -> Result<Option<String>, SettingsError> {
    let Some(value) = value else { return Ok(None) };
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if (3..=255).contains(&value.len()) && value.bytes().all(fits) {
        Ok(Some(value))
    } else {
        Err(SettingsError { name: table::LEDGER.name, problem: "must be the name of a DynamoDB table".into(), value })
    }
}

/// Returns whether a string is the ARN of a standard topic.
fn is_topic(arn: &str) -> bool {
    Arn::parse(arn)
        .filter(|arn| arn.service == "sns" && Region::parse(arn.region).is_some())
        // A dot marks a FIFO topic, which cannot have mail subscriptions; a colon marks the ARN of a subscription.
        .is_some_and(|arn| !arn.resource.contains(['.', ':']))
}

fn topic(value: Option<String>) -> Result<Option<String>, SettingsError> {
    let Some(value) = value else { return Ok(None) };
    if is_topic(&value) {
        Ok(Some(value))
    } else {
        Err(SettingsError {
            name: table::TOPIC_ARN.name,
            problem: "must be the ARN of a standard SNS topic".into(),
            value,
        })
    }
}

fn regions(value: Option<String>) -> Result<Option<Vec<Region>>, SettingsError> {
    let Some(value) = value else { return Ok(None) };
    let wrong = |problem: String| SettingsError { name: table::REGIONS.name, problem, value: value.clone() };
    let mut found = Vec::new();
    for item in items(&value) {
        let region = Region::parse(item).ok_or_else(|| wrong(format!("`{item}` is not the name of a region")))?;
        if !found.contains(&region) {
            found.push(region);
        }
    }
    if found.is_empty() {
        return Err(wrong("names no region; leave it unset for every enabled region".to_owned()));
    }
    Ok(Some(found))
}

/// Returns the home region. Lambda sets `AWS_REGION`; on a local machine `AWS_DEFAULT_REGION` may be set instead.
fn home(regional: &BTreeMap<String, String>) -> Result<Region, SettingsError> {
    let Some(value) = regional.get("AWS_REGION").or_else(|| regional.get("AWS_DEFAULT_REGION")) else {
        return Ok(Region::first());
    };
    let wrong =
        || SettingsError { name: "AWS_REGION", problem: "is not the name of a region".into(), value: value.clone() };
    Region::parse(value.trim()).ok_or_else(wrong)
}

fn days(
    ours: &mut BTreeMap<String, String>,
    setting: &table::Setting,
    usual: u32,
    fits: impl Fn(u32) -> bool,
) -> Result<u32, SettingsError> {
    let name = setting.name;
    let Some(value) = ours.remove(name) else { return Ok(usual) };
    match value.parse() {
        Ok(days) if fits(days) => Ok(days),
        _ => Err(SettingsError { name, problem: "is not a number of days that AWS accepts here".into(), value }),
    }
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::About;

    fn control(id: &'static str, opt_in: bool) -> About {
        let about = crate::families::families().into_iter().find_map(|family| family.controls.first().copied());
        About { id, opt_in, ..*about.expect("a control") }
    }

    fn parse(vars: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::parse(vars, &["transfer-server-logging", "other"])
    }

    #[test]
    fn nothing_set_means_dry_run_everywhere() {
        let settings = parse(&[("PATH", "/bin"), ("TRAILKEEPER_MODE", "")]).expect("settings");
        assert_eq!(settings.modes, Modes::all(Mode::DryRun));
        assert_eq!((settings.topic, settings.regions), (None, None));
    }

    #[test]
    fn everything_can_be_set() {
        let settings = parse(&[
            ("TRAILKEEPER_MODE", "enforce"),
            ("TRAILKEEPER_CONTROLS", " transfer-server-logging = off , other=dry-run,"),
            ("TRAILKEEPER_TOPIC_ARN", "arn:aws-cn:sns:cn-north-1:111122223333:reports"),
            ("TRAILKEEPER_REGIONS", "us-east-1, eu-west-1,us-east-1"),
            ("TRAILKEEPER_MODUS", "enforce"),
            ("TRAILKEEPER_LOG_RETENTION_DAYS", "90"),
            ("TRAILKEEPER_ACCESS_LOG_DAYS", "7"),
            ("TRAILKEEPER_LOG_FILE_DAYS", "730"),
            ("TRAILKEEPER_GLACIER_DAYS", "30"),
            ("TRAILKEEPER_KEY_ROTATION_DAYS", "2560"),
            ("TRAILKEEPER_ALARM_ADDRESS", "soc@example.com"),
            ("TRAILKEEPER_FILTER_PATTERNS", "strict"),
            ("TRAILKEEPER_EXEMPT", "control=other region=eu-west-1; control=all account=111122223333"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_REGION", "eu-north-1"),
        ])
        .expect("settings");
        assert_eq!(settings.modes.of(&control("transfer-server-logging", false)), Mode::Off);
        assert_eq!(settings.modes.of(&control("other", true)), Mode::DryRun);
        assert_eq!(settings.modes.of(&control("a-third", false)), Mode::Enforce);
        assert_eq!(settings.modes.of(&control("a-fourth", true)), Mode::Off);
        assert_eq!((settings.home.as_str(), settings.log_retention_days), ("eu-north-1", 90));
        assert_eq!(settings.log_file_days, 730);
        assert_eq!((settings.access_log_days, settings.glacier_days, settings.key_rotation_days), (7, 30, 2_560));
        assert_eq!(
            (settings.alarm_address, settings.filter_patterns),
            (Address::parse("soc@example.com"), Patterns::Strict)
        );
        assert_eq!((settings.regions.map(|r| r.len()), settings.exempt.len()), (Some(2), 2));
        assert_eq!(settings.unknown, ["TRAILKEEPER_MODUS"]);
    }

    #[test]
    fn a_control_that_is_not_known_any_more_stops_nothing() {
        let settings = parse(&[
            ("TRAILKEEPER_CONTROLS", "an-old-one=off,other=enforce,no-such-one=dry-run"),
            ("TRAILKEEPER_EXEMPT", "control=an-older-one name=x; control=all name=y; control=other name=z"),
        ]);
        let settings = settings.expect("settings");
        assert_eq!(settings.modes.of(&control("other", false)), Mode::Enforce);
        assert_eq!(settings.modes.overrides.len(), 1);
        assert_eq!(settings.exempt.iter().map(|it| &*it.control).collect::<Vec<_>>(), ["all", "other"]);
        let told: Vec<String> = settings.unknown_controls.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "TRAILKEEPER_CONTROLS: there is no control `an-old-one`; this has no effect",
                "TRAILKEEPER_CONTROLS: there is no control `no-such-one`; this has no effect",
                "TRAILKEEPER_EXEMPT: there is no control `an-older-one`; this has no effect",
            ]
        );
    }

    #[test]
    fn a_bad_value_is_named() {
        for (name, value) in [
            ("TRAILKEEPER_MODE", "Enforce"),
            ("TRAILKEEPER_MODE", "off"),
            ("TRAILKEEPER_CONTROLS", "transfer-server-logging"),
            ("TRAILKEEPER_CONTROLS", "no-such-control=on"),
            ("TRAILKEEPER_CONTROLS", "no-such-control=off,no-such-control=off"),
            ("TRAILKEEPER_CONTROLS", "other=on"),
            ("TRAILKEEPER_CONTROLS", "other=off,other=enforce"),
            ("TRAILKEEPER_TOPIC_ARN", "reports"),
            ("TRAILKEEPER_TOPIC_ARN", "arn:aws:sqs:us-east-1:111122223333:reports"),
            ("TRAILKEEPER_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:reports.fifo"),
            ("TRAILKEEPER_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:reports:a-subscription"),
            ("TRAILKEEPER_REGIONS", "us-east-1;eu-west-1"),
            ("TRAILKEEPER_REGIONS", ","),
            ("TRAILKEEPER_LOG_RETENTION_DAYS", "91"),
            ("TRAILKEEPER_ACCESS_LOG_DAYS", "0"),
            ("TRAILKEEPER_GLACIER_DAYS", "-1"),
            ("TRAILKEEPER_KEY_ROTATION_DAYS", "89"),
            ("TRAILKEEPER_KEY_ROTATION_DAYS", "2561"),
            ("TRAILKEEPER_KEY_ROTATION_DAYS", "yearly"),
            ("TRAILKEEPER_ALARM_ADDRESS", "soc"),
            ("TRAILKEEPER_FILTER_PATTERNS", "Strict"),
            ("TRAILKEEPER_EXEMPT", "control=other"),
            ("AWS_REGION", "moon"),
        ] {
            let error = parse(&[(name, value)]).expect_err(value);
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }
}
