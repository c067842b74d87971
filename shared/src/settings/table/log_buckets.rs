//! Settings for log buckets.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

pub(in crate::settings) const LOG_BUCKET_READERS: Setting = Setting {
    name: "TRAILKEEPER_LOG_BUCKET_READERS",
    meaning: "parties outside the account that may read, delete or administer log files, access points and CloudFront \
              distributions that hand them on, principals of the account that a policy may let at them, and those and \
              networks to which reading may be restricted: ids of accounts and organizations, ARNs with the wildcards `*` and `?`, service names, canonical \
              user ids, address blocks, ids of VPCs and VPC endpoints, separated by commas",
    default: "nobody but the account and its organization",
    read_by: ReadBy::Some(&["bucket", "trail"]),
    set_by: SetBy::Parameter(Parameter {
        name: "LogBucketReaders",
        group: ParameterGroup::Access,
        label: "Parties outside the account that may read log buckets",
        kind: ParameterKind::Text(TextParameter {
            longest: 140,
            pattern: "^([^ ,*?][^ ,]*(,[^ ,*?][^ ,]*)*)?$",
            hint: "must be a list such as 444455556666,arn:aws:iam::777788889999:role/SiemReader",
        }),
        default: "",
        description: "Parties outside the account that may read, delete or administer log files, separated by commas. \
                      Anyone else whom the policy of a log bucket lets in is reported.",
        value: None,
    }),
};

pub(in crate::settings) const LOG_BUCKET_DELETERS: Setting = Setting {
    name: "TRAILKEEPER_LOG_BUCKET_DELETERS",
    meaning: "principals that may delete log files without MFA where `log-bucket-delete-mfa` is on: ARNs of roles and users \
              with the wildcards `*` and `?` in their names, separated by commas",
    default: "nobody but AWS services",
    read_by: ReadBy::Some(&["bucket"]),
    set_by: SetBy::Parameter(Parameter {
        name: "LogBucketDeleters",
        group: ParameterGroup::Access,
        label: "Roles and users that may delete log files without MFA",
        kind: ParameterKind::Text(TextParameter {
            longest: 100,
            pattern: "^(arn:[^ ,]+(,arn:[^ ,]+)*)?$",
            hint: "must be a list such as arn:aws:iam::111122223333:role/LogArchiver",
        }),
        default: "",
        description: "Roles and users that may delete log files without MFA, by their ARNs, separated by commas, if the \
                      control log-bucket-delete-mfa is on.",
        value: None,
    }),
};
