//! Settings for retention and rotation periods.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting};

/// Maximum of all periods: a hundred years. More is a typing error.
pub(in crate::settings) const LONGEST: u32 = 36_500;

/// Minimum that `EnableKeyRotation` accepts ([KMS
/// API](https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html), `RotationPeriodInDays`).
pub(in crate::settings) const SHORTEST_ROTATION: u32 = 90;

/// Maximum that `EnableKeyRotation` accepts.
pub(in crate::settings) const LONGEST_ROTATION: u32 = 2_560;

pub(in crate::settings) const LOG_RETENTION_DAYS: Setting = Setting {
    name: "TRAILKEEPER_LOG_RETENTION_DAYS",
    meaning: "days that log groups created by Trailkeeper keep their events",
    default: "365",
    read_by: ReadBy::Some(&["trail", "vpc"]),
    set_by: SetBy::Parameter(Parameter {
        name: "LogRetentionDays",
        group: ParameterGroup::Runs,
        label: "Days that logs are kept",
        kind: ParameterKind::OneOfNumbers(&[30, 60, 90, 180, 365, 400, 545, 731, 1096, 1827, 2557, 3653]),
        default: "365",
        description: "Days that the functions' own logs, and those in log groups that they create, are kept.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_LOG_DAYS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_LOG_DAYS",
    meaning: "days that server access logs are kept in the buckets that Trailkeeper creates",
    default: "365",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "AccessLogDays",
        group: ParameterGroup::Runs,
        label: "Days that server access logs are kept",
        kind: ParameterKind::Between(1, LONGEST),
        default: "365",
        description: "Days that server access logs are kept in the buckets that the functions create.",
        value: None,
    }),
};

pub(in crate::settings) const LOG_FILE_DAYS: Setting = Setting {
    name: "TRAILKEEPER_LOG_FILE_DAYS",
    meaning: "days that log files must be kept: a lifecycle rule that deletes them earlier is reported",
    default: "365",
    read_by: ReadBy::Some(&["bucket"]),
    set_by: SetBy::Parameter(Parameter {
        name: "LogFileDays",
        group: ParameterGroup::Runs,
        label: "Days that log files must be kept",
        kind: ParameterKind::Between(1, LONGEST),
        default: "365",
        description: "Days that log files in S3 must be kept. A lifecycle rule that deletes them earlier is reported.",
        value: None,
    }),
};

pub(in crate::settings) const GLACIER_DAYS: Setting = Setting {
    name: "TRAILKEEPER_GLACIER_DAYS",
    meaning: "days after which log files move to Glacier, if `log-bucket-lifecycle` is on",
    default: "90",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "GlacierDays",
        group: ParameterGroup::Runs,
        label: "Days until Glacier",
        kind: ParameterKind::Between(1, LONGEST),
        default: "90",
        description: "Days after which log files move to Glacier, if the control log-bucket-lifecycle is on.",
        value: None,
    }),
};

pub(in crate::settings) const KEY_ROTATION_DAYS: Setting = Setting {
    name: "TRAILKEEPER_KEY_ROTATION_DAYS",
    meaning: "the rotation period in days for keys that do not rotate yet: 90 to 2560",
    default: "365",
    read_by: ReadBy::Some(&["key"]),
    set_by: SetBy::Parameter(Parameter {
        name: "KeyRotationDays",
        group: ParameterGroup::Runs,
        label: "Days between rotations of a key",
        kind: ParameterKind::Between(SHORTEST_ROTATION, LONGEST_ROTATION),
        default: "365",
        description: "The rotation period in days for KMS keys that do not rotate yet. Keys that already rotate keep \
                      theirs.",
        value: None,
    }),
};
