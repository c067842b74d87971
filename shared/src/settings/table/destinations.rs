//! Setting for where the audit record may go.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

pub(in crate::settings) const RECORD_DESTINATIONS: Setting = Setting {
    name: "TRAILKEEPER_RECORD_DESTINATIONS",
    meaning: "where trails, Config channels, flow logs and access logs may deliver, besides the account's own buckets \
              and keys: buckets as `bucket` or `bucket/prefix`, ids of accounts, ARNs of KMS keys, separated by \
              commas. A bucket of the account's own that is named with a prefix must be used with it",
    default: "the account's own, and what its organization trail uses; anything else is asked about",
    read_by: ReadBy::Some(&["trail", "bucket", "recorder", "vpc", "monitoring"]),
    set_by: SetBy::Parameter(Parameter {
        name: "RecordDestinations",
        group: ParameterGroup::Scope,
        label: "Destinations of the record",
        kind: ParameterKind::Text(TextParameter {
            longest: 288,
            pattern: "^([^ ,]+(,[^ ,]+)*)?$",
            hint: "must be a list such as central-logs/prefix,111122223333",
        }),
        default: "",
        description: "Where trails, Config channels, flow logs and access logs may deliver, besides this account's own \
                      buckets and keys, separated by commas: buckets as bucket or bucket/prefix, ids of accounts, ARNs \
                      of KMS keys. Empty means what the organization trail uses.",
        value: None,
    }),
};
