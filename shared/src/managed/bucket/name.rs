//! Names of buckets: which are valid, and the name of our bucket for server access logs.

use crate::model::Place;

const MANAGED_TARGET: &str = "trailkeeper-access-logs-";

/// Returns the name of our bucket for server access logs: one per region, since source and target must share a region.
#[must_use]
pub(crate) fn managed_target(place: &Place) -> String {
    format!("{MANAGED_TARGET}{}-{}", place.account, place.region)
}

/// Returns whether a bucket has the name of one of our buckets.
#[must_use]
pub(crate) fn is_managed_target(name: &str) -> bool {
    name.starts_with(MANAGED_TARGET)
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
    fn only_names_that_s3_takes() {
        for name in ["logs", "a-b.c-1", "123", &"a".repeat(63)] {
            assert!(is_bucket_name(name), "{name}");
        }
        for name in ["", "ab", "Logs", "a_b", "a/b", "-ab", "ab.", "a..b", "192.0.2.1", "a b", &"a".repeat(64)] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }
}
