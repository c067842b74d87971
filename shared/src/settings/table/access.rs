//! Settings for access to logs: allowed principals, and which access logs are read.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

/// Pattern for ARNs separated by commas. An ARN without a letter or digit would match everybody.
const PRINCIPALS: &str = "^([^ ,]*[A-Za-z0-9][^ ,]*(,[^ ,]*[A-Za-z0-9][^ ,]*)*)?$";

pub(in crate::settings) const ACCESS_READERS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_READERS",
    meaning: "principals that may read and list logs: ARNs of roles, users or sessions, with the wildcards `*` and \
              `?`, separated by commas",
    default: "nobody",
    read_by: ReadBy::Some(&["bucket", "access"]),
    set_by: SetBy::Parameter(Parameter {
        name: "AccessReaders",
        group: ParameterGroup::Access,
        label: "Readers of logs",
        kind: ParameterKind::Text(TextParameter {
            longest: 240,
            pattern: PRINCIPALS,
            hint: "must be a list such as arn:aws:iam::111122223333:role/SiemReader,arn:aws:iam::111122223333:user/*",
        }),
        default: "",
        description: "Principals that may read and list logs, as ARNs separated by commas, with the wildcards * and ?. \
                      Anyone else is reported.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_KEEPERS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_KEEPERS",
    meaning: "principals that may change the configuration of log buckets, in the same form",
    default: "nobody",
    read_by: ReadBy::Some(&["access"]),
    set_by: SetBy::Parameter(Parameter {
        name: "AccessKeepers",
        group: ParameterGroup::Access,
        label: "Keepers of log buckets",
        kind: ParameterKind::Text(TextParameter {
            longest: 240,
            pattern: PRINCIPALS,
            hint: "must be a list such as arn:aws:iam::111122223333:role/Deploy",
        }),
        default: "",
        description: "Principals that may change the configuration of log buckets, in the same form.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_WRITERS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_WRITERS",
    meaning: "principals, besides AWS's log services, that may write to log buckets, in the same form",
    default: "nobody",
    read_by: ReadBy::Some(&["access"]),
    set_by: SetBy::Parameter(Parameter {
        name: "AccessWriters",
        group: ParameterGroup::Access,
        label: "Writers of logs",
        kind: ParameterKind::Text(TextParameter {
            longest: 240,
            pattern: PRINCIPALS,
            hint: "must be a list such as arn:aws:iam::111122223333:role/Config",
        }),
        default: "",
        description: "Principals, besides AWS's log services, that may write to log buckets, in the same form; a \
                      custom role for AWS Config, for example.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_NETWORKS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_NETWORKS",
    meaning: "networks that requests may come from: CIDR blocks such as `203.0.113.0/24`, separated by commas",
    default: "anywhere",
    read_by: ReadBy::Some(&["bucket", "access"]),
    set_by: SetBy::Parameter(Parameter {
        name: "AccessNetworks",
        group: ParameterGroup::Access,
        label: "Networks that logs are read from",
        kind: ParameterKind::Text(TextParameter {
            longest: 120,
            pattern: "^([0-9a-fA-F.:]+/[0-9]+(,[0-9a-fA-F.:]+/[0-9]+)*)?$",
            hint: "must be a list such as 203.0.113.0/24,2001:db8::/32",
        }),
        default: "",
        description: "Networks that logs may be read from, as CIDR blocks separated by commas. Empty means anywhere.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_TARGETS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_TARGETS",
    meaning: "buckets that receive access logs, separated by commas, besides those that Trailkeeper creates",
    default: "none",
    read_by: ReadBy::Some(&["bucket", "access"]),
    set_by: SetBy::Parameter(Parameter {
        name: "AccessTargets",
        group: ParameterGroup::Access,
        label: "Buckets with access logs",
        kind: ParameterKind::Text(TextParameter {
            longest: 160,
            pattern: "^[a-z0-9][a-z0-9.-]{2,62}(,[a-z0-9][a-z0-9.-]{2,62})*$",
            hint: "must be a list of buckets such as access-logs,more-access-logs",
        }),
        default: "none",
        description: "Buckets that receive S3 access logs, besides those that the functions create. none means no \
                      others.",
        value: Some(r#"!If [MoreAccessTargets, !Ref AccessTargets, ""]"#),
    }),
};

pub(in crate::settings) const ACCESS_BUCKETS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_BUCKETS",
    meaning: "the log buckets to watch, separated by commas, if the access logs cover other buckets as well",
    default: "all buckets in the access logs",
    read_by: ReadBy::Some(&["access"]),
    set_by: SetBy::Parameter(Parameter {
        name: "AccessBuckets",
        group: ParameterGroup::Access,
        label: "Log buckets",
        kind: ParameterKind::Text(TextParameter {
            longest: 240,
            pattern: "^([a-z0-9][a-z0-9.-]{2,62}(,[a-z0-9][a-z0-9.-]{2,62})*)?$",
            hint: "must be a list of buckets such as trail-logs,config-logs",
        }),
        default: "",
        description: "The log buckets to watch, if the access logs cover other buckets as well. Empty means all \
                      buckets in the access logs.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_STATE: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_STATE",
    meaning: "the bucket that records which access logs have been reported",
    default: "none: an access log is reported each time S3 announces it",
    read_by: ReadBy::Some(&["access"]),
    set_by: SetBy::Stack("!Ref Notes"),
};

pub(in crate::settings) const ROLES: Setting = Setting {
    name: "TRAILKEEPER_ROLES",
    meaning: "the ARNs of the roles of Trailkeeper's functions: their fixes to log buckets count as normal, and they \
              are not denied access to access logs",
    default: "none",
    read_by: ReadBy::Some(&["bucket", "access"]),
    set_by: SetBy::Roles,
};
