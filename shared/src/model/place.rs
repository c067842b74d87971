//! Location of a resource (partition, account, region), and the few parts of an ARN that we need.

use std::fmt;

/// Name of a region, such as `eu-west-1`. Validated, because it becomes part of a host name that we sign requests for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Region(String);

impl Region {
    /// Parses the name of a region as AWS spells it: lower-case words and a number, joined by hyphens.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let words: Vec<&str> = name.split('-').collect();
        let (number, rest) = words.split_last()?;
        let is_word = |w: &&str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase());
        let is_number = !number.is_empty() && number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit());
        (rest.len() >= 2 && rest.iter().all(is_word) && is_number && name.len() <= 32).then(|| Self(name.to_owned()))
    }

    /// Returns the region of an ARN; `None` if the ARN has no region or is not valid.
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        Self::parse(Arn::parse(arn)?.region)
    }

    /// Returns the default region of AWS.
    #[must_use]
    pub fn first() -> Self {
        Self("us-east-1".to_owned())
    }

    /// Returns the name of the region.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition of the region, by the prefixes of AWS's own endpoint rules.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        match self.0.split('-').next().unwrap_or_default() {
            "cn" => "aws-cn",
            "us" if self.0.starts_with("us-gov-") => "aws-us-gov",
            "us" if self.0.starts_with("us-iso-") => "aws-iso",
            "us" if self.0.starts_with("us-isob-") => "aws-iso-b",
            "us" if self.0.starts_with("us-isof-") || self.0.starts_with("us-isoe-") => "aws-iso-f",
            "eu" if self.0.starts_with("eu-isoe-") => "aws-iso-e",
            "eusc" => "aws-eusc",
            _ => "aws",
        }
    }

    /// Returns what to do in a partition where AWS has no endpoint that lists the regions of an account; `None` elsewhere.
    #[must_use]
    pub fn unlisted(&self) -> Option<String> {
        let partition = self.partition();
        (!["aws", "aws-cn"].contains(&partition)).then(|| {
            format!(
                "AWS cannot list the regions of an account in the partition {partition}: set TRAILKEEPER_REGIONS \
                 (parameter Regions) to those that you use, such as {self}"
            )
        })
    }
}

impl TryFrom<String> for Region {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::parse(&name).ok_or_else(|| "not the name of a region".to_owned())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Partition, account and region of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Partition: `aws`, `aws-cn`, `aws-us-gov`, ...
    pub partition: String,
    /// Account id, twelve digits.
    pub account: String,
    /// Region in which the resource is read and repaired.
    pub region: Region,
}

impl Place {
    /// Returns the ARN of a role of this account by name, without a path: the form of every role that we create.
    #[must_use]
    pub fn role_arn(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:role/{name}", self.partition, self.account)
    }
}

/// Resource to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Location of the resource.
    pub place: Place,
    /// Id of the resource, unique within account and region.
    pub id: String,
    /// ARN of the resource.
    pub arn: String,
}

/// Returns whether a string is an account id: twelve digits.
#[must_use]
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Parts of an ARN: `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// Partition: `aws`, `aws-cn`, ...
    pub partition: &'a str,
    /// Service: `iam`, `sns`, ...
    pub service: &'a str,
    /// Region; empty for a global service.
    pub region: &'a str,
    /// Account: twelve digits, `aws` for AWS's own managed policies, or empty.
    pub account: &'a str,
    /// Resource: everything after the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN; `None` if the string is not one.
    #[must_use]
    pub fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (prefix, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = prefix == "arn" && partition.starts_with("aws") && !service.is_empty() && !resource.is_empty();
        whole.then_some(Self { partition, service, region, account, resource })
    }

    /// Returns the region in an ARN; empty if it has none, or is not an ARN.
    #[must_use]
    pub fn region_of(arn: &'a str) -> &'a str {
        Self::parse(arn).map_or("", |arn| arn.region)
    }

    /// Returns the name of a log group, whose ARN may end in `:*`; `None` for any other resource.
    #[must_use]
    pub fn log_group(&self) -> Option<&'a str> {
        let name = self.resource.strip_prefix("log-group:")?;
        Some(name.strip_suffix(":*").unwrap_or(name))
    }

    /// Returns the name of a role or policy: the last segment of the path.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.resource.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_names_and_never_hosts() {
        for good in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "us-isob-east-1", "mx-central-1", "eusc-de-east-1"]
        {
            assert!(Region::parse(good).is_some(), "{good}");
        }
        for bad in
            ["", "us", "us-east", "US-EAST-1", "us-east-1.evil.example", "us-east-1/", "a-b-123", "us--1", "../-x-1"]
        {
            assert!(Region::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_partition_follows_the_region() {
        let of = |name| Region::parse(name).map(|r| r.partition());
        assert_eq!(of("cn-north-1"), Some("aws-cn"));
        assert_eq!(of("us-gov-east-1"), Some("aws-us-gov"));
        assert_eq!(of("us-east-1"), Some("aws"));
    }

    #[test]
    fn where_aws_lists_no_regions_it_is_said_what_to_set() {
        let unlisted = |name| Region::parse(name).and_then(|region| region.unlisted());
        for (name, partition) in [
            ("us-gov-east-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            let said = unlisted(name).expect(name);
            assert!(said.contains(partition) && said.contains("TRAILKEEPER_REGIONS") && said.ends_with(name), "{said}");
        }
        for listed in ["us-east-1", "cn-north-1", "eu-west-1", "us-west-2"] {
            assert_eq!(unlisted(listed), None, "{listed}");
        }
    }

    #[test]
    fn a_role_is_named_by_the_end_of_its_path() {
        let arn = Arn::parse("arn:aws:iam::111122223333:role/a/b/logger").expect("an ARN");
        assert_eq!((arn.account, arn.name()), ("111122223333", "logger"));
        assert_eq!(Arn::parse("arn:aws:iam"), None);
        assert_eq!(Region::of_arn("arn:aws:sns:us-east-1:111122223333:t"), Some(Region::first()));
        assert_eq!(["arn:aws:iam::111122223333:role/x", "us-east-1"].map(Region::of_arn), [None, None]);
        assert_eq!(Arn::parse("nra:aws:iam::1:role/x"), None);
    }
}
