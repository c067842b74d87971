//! Settings of the function that reads access logs.

use super::requesters::requester;
use super::watching::Watching;
use super::{Organization, SettingsError, table};
use crate::documents::principals::Principals;
use crate::managed::bucket::name::{is_bucket_name, is_target_of};
use crate::model::{Arn, Place, is_account};
use ipnet::IpNet;
use std::collections::BTreeSet;

/// Settings for access logs: normal activity, files to read, and where to record what was reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessSettings {
    watching: Watching,
    /// Buckets that receive access logs, besides those that Trailkeeper creates.
    pub targets: BTreeSet<String>,
    /// Bucket that records which files were already reported.
    pub state: Option<String>,
    /// ARNs of the roles of Trailkeeper's functions.
    roles: Vec<String>,
}

const READERS: &str = table::ACCESS_READERS.name;
const KEEPERS: &str = table::ACCESS_KEEPERS.name;
const WRITERS: &str = table::ACCESS_WRITERS.name;
const BUCKETS: &str = table::ACCESS_BUCKETS.name;
const NETWORKS: &str = table::ACCESS_NETWORKS.name;
const TARGETS: &str = table::ACCESS_TARGETS.name;
const STATE: &str = table::ACCESS_STATE.name;
const ROLES: &str = table::ROLES.name;

impl AccessSettings {
    /// Parses the variables.
    ///
    /// # Errors
    /// Returns an error for the first variable that is invalid.
    pub fn parse(mut take: impl FnMut(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let bucket = |item: &str| is_bucket_name(item).then(|| item.to_owned());
        let buckets = |name, value| Ok(list(name, value, "is not the name of a bucket", bucket)?.into_iter().collect());
        let watching = Watching {
            buckets: buckets(BUCKETS, take(BUCKETS))?,
            readers: principals(READERS, take(READERS))?,
            keepers: principals(KEEPERS, take(KEEPERS))?,
            writers: principals(WRITERS, take(WRITERS))?,
            networks: list(NETWORKS, take(NETWORKS), "is not a CIDR block such as 203.0.113.0/24", |item| {
                item.parse().ok()
            })?,
            ..Watching::default()
        };
        let targets = buckets(TARGETS, take(TARGETS))?;
        let role = |item: &str| is_role(item).then(|| item.to_owned());
        let roles = list(ROLES, take(ROLES), "is not the ARN of a role", role)?;
        let state = take(STATE);
        if let Some(value) = state.clone().filter(|value| !is_bucket_name(value)) {
            return Err(SettingsError { name: STATE, problem: "is not the name of a bucket".to_owned(), value });
        }
        Ok(Self { watching, targets, state, roles })
    }

    /// Returns whether a bucket of an account receives access logs that are to be read.
    #[must_use]
    pub fn reads(&self, bucket: &str, place: &Place) -> bool {
        self.targets.contains(bucket) || is_target_of(place, bucket)
    }

    /// Returns whether a writer, as S3's event names it (an account id or a service principal), is set as one that
    /// may write. Compared to the letter: a pattern would let in more than was meant.
    #[must_use]
    pub fn may_write(&self, requester: &str) -> bool {
        self.watching.writers.iter().any(|writer| writer.0 == requester)
    }

    /// Returns the principals that may read and list logs.
    #[must_use]
    pub fn readers(&self) -> &[Principals] {
        &self.watching.readers
    }

    /// Returns the networks that requests may come from; an empty slice allows all.
    #[must_use]
    pub fn networks(&self) -> &[IpNet] {
        &self.watching.networks
    }

    /// Returns the ARNs of Trailkeeper's roles in an account: at home those of its functions, elsewhere the one that
    /// they assume there. Empty if none are known.
    #[must_use]
    pub fn roles_in(&self, account: &str) -> Vec<String> {
        let of = |role: &&String| Arn::parse(role).is_some_and(|arn| arn.account == account);
        let here: Vec<String> = self.roles.iter().filter(of).cloned().collect();
        match self.roles.first().and_then(|role| Arn::parse(role)) {
            Some(arn) if here.is_empty() => {
                vec![format!("arn:{}:iam::{account}:role/{}", arn.partition, Organization::ROLE)]
            }
            _ => here,
        }
    }

    /// Returns the settings of the judge for an account.
    #[must_use]
    pub fn watching(&self, account: &str) -> Watching {
        let own = self.roles_in(account).into_iter().map(Principals).collect();
        Watching { account: account.to_owned(), own, ..self.watching.clone() }
    }
}

fn is_role(text: &str) -> bool {
    let role = Arn::parse(text).filter(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
    role.is_some_and(|arn| !arn.account.is_empty() && !text.contains(['*', '?']))
}

/// Parses principals. An account id is somebody only to those who read who put a file: S3's events name writers so.
fn principals(name: &'static str, value: Option<String>) -> Result<Vec<Principals>, SettingsError> {
    let principal = |item: &str| match requester(item) {
        Err(_) if name == WRITERS && is_account(item) => Ok(Principals(item.to_owned())),
        parsed => parsed,
    };
    items(name, value, principal)
}

fn list<T>(
    name: &'static str,
    value: Option<String>,
    problem: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, SettingsError> {
    items(name, value, |item| read(item).ok_or_else(|| problem.to_owned()))
}

fn items<T>(
    name: &'static str,
    value: Option<String>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, SettingsError> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
    let wrong = |item: &str, problem: String| SettingsError {
        name,
        problem: format!("`{item}` {problem}"),
        value: value.clone(),
    };
    items.map(|item| read(item).map_err(|problem| wrong(item, problem))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;

    fn setting(name: &str, value: &str) -> Result<AccessSettings, SettingsError> {
        AccessSettings::parse(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn our_own_targets_are_read_and_those_that_are_set() {
        let set = setting(TARGETS, "access-logs, more-logs").expect("settings");
        let region = Region::parse("eu-west-1").expect("a region");
        let place = Place { partition: "aws".into(), account: "111122223333".into(), region };
        for (bucket, reads) in [
            ("access-logs", true),
            ("more-logs", true),
            ("trailkeeper-access-logs-111122223333-eu-west-1", true),
            ("trailkeeper-access-logs-111122223333-us-east-1", false),
            ("trailkeeper-access-logs-999999999999-eu-west-1", false),
            ("other", false),
        ] {
            assert_eq!(set.reads(bucket, &place), reads, "{bucket}");
        }
    }

    #[test]
    fn a_writer_of_files_is_named_to_the_letter() {
        let set = setting(WRITERS, "999999999999,arn:aws:iam::*:role/Copy").expect("settings");
        assert!(set.may_write("999999999999"));
        for other in ["99999999999", "arn:aws:iam::111122223333:role/Copy", "unknown", ""] {
            assert!(!set.may_write(other), "{other}");
        }
        assert!(!AccessSettings::default().may_write("unknown"));
    }

    #[test]
    fn what_is_normal_is_set() {
        let set = setting(NETWORKS, "192.0.2.0/24,2001:db8::/32").expect("settings");
        assert_eq!(set.watching("111122223333").networks.len(), 2);
        assert_eq!(set.watching("111122223333").account, "111122223333");
        let set = setting(READERS, "arn:aws:iam::111122223333:role/Siem*").expect("settings");
        assert_eq!(set.watching("1").readers.len(), 1);
    }

    #[test]
    fn our_own_roles_are_those_of_the_account() {
        let managed = "arn:aws-cn:iam::111122223333:role/trailkeeper-BucketRole-1A2B";
        let set = setting(ROLES, managed).expect("settings");
        assert_eq!(set.roles_in("111122223333"), [managed]);
        assert_eq!(set.roles_in("999999999999"), ["arn:aws-cn:iam::999999999999:role/TrailkeeperRole"]);
        assert_eq!(set.watching("111122223333").own, [Principals(managed.to_owned())]);
        assert_eq!(AccessSettings::default().roles_in("999999999999"), [""; 0]);
    }

    #[test]
    fn a_bad_value_is_named() {
        for (name, value) in [
            (NETWORKS, "192.0.2.1/33"),
            (NETWORKS, "everywhere"),
            (READERS, "*"),
            (KEEPERS, "arn:aws:iam::111122223333:role/A,**"),
            (TARGETS, "Access_Logs"),
            (STATE, "s3://state"),
            (STATE, "one,two"),
            (ROLES, "trailkeeper-BucketRole-1A2B"),
            (ROLES, "arn:aws:iam::111122223333:role/*"),
            (WRITERS, "*"),
            (READERS, "SiemReader"),
            (READERS, "111122223333"),
            (KEEPERS, "arn:aws:sts::111122223333:assumed-role/Pipeline"),
            (BUCKETS, "*-logs"),
        ] {
            let error = setting(name, value).expect_err(value);
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }
}
