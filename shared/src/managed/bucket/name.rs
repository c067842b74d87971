//! Names of buckets: which are valid, and which our own buckets may have.

use crate::model::{Place, Region};

pub(crate) const MANAGED_TARGET: &str = "trailkeeper-access-logs-";

/// Beginnings of the names of our buckets for trails and for configuration history.
pub(crate) const MANAGED_RECORDS: [&str; 2] = ["trailkeeper-cloudtrail-", "trailkeeper-config-"];

/// Ending of the names that only their account can create ([account regional namespaces]).
///
/// [account regional namespaces]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
const RESERVED: &str = "-an";

/// Regions without account regional namespaces, according to the same page.
const WITHOUT_NAMESPACES: [&str; 2] = ["me-central-1", "me-south-1"];

/// Returns the names that a bucket of ours may have in a region, in the order in which they are tried. A stranger can
/// take the first one; the second one lies in the account's own namespace, where a region has that.
#[must_use]
pub(crate) fn managed_names(start: &str, place: &Place) -> Vec<String> {
    let Place { partition: _, account, region } = place;
    let plain = format!("{start}{account}-{region}");
    let reserved = (!WITHOUT_NAMESPACES.contains(&region.as_str())).then(|| format!("{plain}{RESERVED}"));
    let last = format!("{plain}-2");
    std::iter::once(plain).chain(reserved).chain([last]).collect()
}

/// Returns the region in the name of one of this account's buckets of ours.
#[must_use]
pub(crate) fn region_in_name(start: &str, account: &str, name: &str) -> Option<Region> {
    let rest = name.strip_prefix(start)?.strip_prefix(account)?.strip_prefix('-')?;
    let region = [RESERVED, "-2"].into_iter().find_map(|end| rest.strip_suffix(end).and_then(Region::parse));
    region.or_else(|| Region::parse(rest))
}

/// Returns whether a name lies in the namespace of this account and region.
#[must_use]
pub fn is_reserved(name: &str, account: &str, region: &Region) -> bool {
    name.ends_with(&format!("-{account}-{region}{RESERVED}"))
}

/// Returns the names that our bucket for server access logs may have: one bucket per region, since source and target
/// must share a region.
#[must_use]
pub(crate) fn managed_targets(place: &Place) -> Vec<String> {
    managed_names(MANAGED_TARGET, place)
}

/// Returns whether a bucket has a name of our bucket for server access logs in this region of the account.
#[must_use]
pub(crate) fn is_target_of(place: &Place, name: &str) -> bool {
    managed_targets(place).iter().any(|it| it == name)
}

/// Returns the usual name of our bucket for server access logs.
#[cfg(test)]
pub(crate) fn managed_target(place: &Place) -> String {
    format!("{MANAGED_TARGET}{}-{}", place.account, place.region)
}

/// Returns whether a bucket has the name of one of our buckets.
#[must_use]
pub(crate) fn is_managed_target(name: &str) -> bool {
    name.starts_with(MANAGED_TARGET)
}

/// Returns whether a bucket has the name of one of ours for this account's trails or configuration history.
#[must_use]
pub(crate) fn is_managed_log_bucket(account: &str, name: &str) -> bool {
    MANAGED_RECORDS.iter().any(|start| region_in_name(start, account, name).is_some())
}

/// Returns whether a name follows S3's [bucket naming rules]. An invalid name never becomes part of a URL.
///
/// [bucket naming rules]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
#[must_use]
pub fn is_bucket_name(name: &str) -> bool {
    let ends = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let all = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
    let address = name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok());
    (3..=63).contains(&name.len())
        && all
        && ends(name.bytes().next())
        && ends(name.bytes().last())
        && !name.contains("..")
        && !address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_a_bucket_of_ours_is_in_its_name() {
        let place = |region: &str| Place {
            partition: "aws".into(),
            account: "111122223333".into(),
            region: Region::parse(region).expect("a region"),
        };
        for region in ["eu-west-1", "ap-southeast-1", "me-south-1"] {
            let place = place(region);
            let names = managed_names("trailkeeper-access-logs-", &place);
            assert_eq!(names.first(), Some(&managed_target(&place)));
            assert_eq!(names.len(), if region == "me-south-1" { 2 } else { 3 });
            for name in &names {
                assert!(is_bucket_name(name) && is_target_of(&place, name), "{name}");
                let found = region_in_name("trailkeeper-access-logs-", "111122223333", name);
                assert_eq!(found, Some(place.region.clone()), "{name}");
                assert_eq!(is_reserved(name, "111122223333", &place.region), name.ends_with("-an"), "{name}");
                assert_eq!(region_in_name("trailkeeper-access-logs-", "999999999999", name), None, "{name}");
            }
        }
        assert!(!is_reserved("x-999999999999-eu-west-1-an", "111122223333", &place("eu-west-1").region));
    }

    #[test]
    fn only_names_that_s3_takes() {
        for name in ["logs", "a-b.c-1", "123", &"a".repeat(63)] {
            assert!(is_bucket_name(name), "{name}");
        }
        for name in ["", "ab", "Logs", "a_b", "a/b", "-ab", "ab.", "a..b", "192.0.2.1", "a b", &"a".repeat(64)] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }
}
