//! Settings for log buckets.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

pub(in crate::settings) const LOG_BUCKET_READERS: Setting = Setting {
    name: "TRAILKEEPER_LOG_BUCKET_READERS",
    meaning: "parties outside the account that may read, delete or administer log files, access points and CloudFront \
              distributions that hand them on, and principals of the account and networks to which reading may be \
              restricted: ids of accounts and organizations, ARNs with the wildcards `*` and `?`, service names, canonical \
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
