//! Facts of one trail, by which everybody judges whether it records the account. Pure.

use crate::documents::selectors::Selectors;
use crate::model::{Arn, Region, Seen, Unread};

/// Facts by which every trail is judged to cover the account.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Facts {
    /// ARN of the trail, which contains its home region and account.
    pub arn: String,
    /// Whether the trail records every region.
    pub multi_region: bool,
    /// Whether the trail is an organization trail.
    pub organization: bool,
    /// Whether the trail is logging.
    pub logging: Seen<bool>,
    /// Event selectors of the trail.
    pub selectors: Seen<Selectors>,
    /// Bucket, prefix and key of the log files.
    pub files: TrailFiles,
    /// Location of the bucket.
    pub bucket: TrailBucket,
    /// Errors of the last deliveries; `None` if CloudTrail says nothing of deliveries, as it may not of an organization
    /// trail to a member account.
    pub errors: Option<DeliveryErrors>,
}

/// Destination of a trail's log files.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct TrailFiles {
    /// Name of the bucket.
    pub bucket: String,
    /// Key prefix before `AWSLogs/`; empty if there is none.
    pub prefix: String,
    /// KMS key, as CloudTrail names it.
    pub key_id: Option<String>,
}

/// Location of a trail's bucket.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrailBucket {
    /// The bucket is in this account, in this region.
    ThisAccount(Region),
    /// The bucket is in another account.
    OtherAccount,
    /// We may neither access the bucket nor list the account's own.
    Closed,
    /// The bucket does not exist.
    Gone,
    /// The bucket was not located.
    NotAsked,
}

/// Errors of a trail's last deliveries, in the words of CloudTrail ([GetTrailStatus]); `None` where the last one
/// succeeded or there was none.
///
/// [GetTrailStatus]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct DeliveryErrors {
    /// Error from S3 or KMS for log files.
    pub files: Option<String>,
    /// Error from S3 or KMS for digest files.
    pub digests: Option<String>,
    /// Error from CloudWatch Logs.
    pub logs: Option<String>,
    /// Error from SNS for the announcement of a log file.
    pub notices: Option<String>,
    /// Whether no log file was delivered yet, neither of this trail's present nor of its former destinations.
    pub awaited: bool,
}

impl Facts {
    /// Returns the name of the trail.
    #[must_use]
    pub fn name(&self) -> &str {
        Arn::parse(&self.arn).map_or(self.arn.as_str(), |arn| arn.name())
    }

    /// Returns the account that owns the trail.
    #[must_use]
    pub fn account(&self) -> &str {
        Arn::parse(&self.arn).map_or("", |arn| arn.account)
    }

    /// Returns the home region, the only one in which the trail can be changed.
    #[must_use]
    pub fn home(&self) -> Option<Region> {
        Region::of_arn(&self.arn)
    }

    /// Returns the error with which the bucket or the key refuses the trail's files, if any.
    #[must_use]
    pub fn delivery_error(&self) -> Option<&str> {
        let errors = self.errors.as_ref()?;
        errors.files.as_deref().or(errors.digests.as_deref())
    }

    /// Returns the error with which the bucket or the key refuses the trail's log files, if any. Digest files prove what they
    /// say and are no part of the record.
    #[must_use]
    pub fn log_file_error(&self) -> Option<&str> {
        self.errors.as_ref()?.files.as_deref()
    }

    /// Returns whether the trail is logging and, by CloudTrail's own word, delivers.
    #[must_use]
    pub fn delivers(&self) -> bool {
        self.errors.is_some() && self.is_not_known_to_fail()
    }

    /// Returns whether the trail is logging, and nothing that is known keeps its log files from arriving.
    #[must_use]
    pub fn is_not_known_to_fail(&self) -> bool {
        self.logging == Seen::Present(true) && self.log_file_error().is_none() && self.bucket != TrailBucket::Gone
    }

    /// Returns whether a log file has arrived since the trail was made, as far as CloudTrail says anything of deliveries
    /// here.
    #[must_use]
    pub fn has_delivered(&self) -> bool {
        self.errors.as_ref().is_none_or(|errors| !errors.awaited)
    }

    /// Returns whether the trail takes all management events of every region, logging or not.
    #[must_use]
    pub fn takes_everything(&self) -> bool {
        self.multi_region && self.selectors.present().is_some_and(Selectors::takes_all_management)
    }

    /// Returns whether the trail delivers all management events of every region, wherever.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.takes_everything() && self.delivers()
    }

    /// Returns what could not be read of the trail itself, if anything.
    #[must_use]
    pub fn unread(&self) -> Option<Unread> {
        self.logging.known().err().or(self.selectors.known().err())
    }
}
