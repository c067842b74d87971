//! Settings for access to logs: allowed principals, and which access logs are read.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

/// Pattern for ARNs separated by commas. An ARN without a letter or digit would match everybody.
const PRINCIPALS: &str = "^([^ ,]*[A-Za-z0-9][^ ,]*(,[^ ,]*[A-Za-z0-9][^ ,]*)*)?$";

pub(in crate::settings) const ACCESS_READERS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_READERS",
    meaning: "who may read and list logs: ARNs of roles, users or sessions, with `*` and `?`, separated by commas",
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
        description: "Who may read and list logs, as ARNs separated by commas; * and ? stand for any characters. \
            Whoever else does is told.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_KEEPERS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_KEEPERS",
    meaning: "who may change how log buckets are set up, in the same way",
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
        description: "Who may change how log buckets are set up, in the same way.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_WRITERS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_WRITERS",
    meaning: "who may write into log buckets besides AWS's log services, in the same way",
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
        description: "Who may write into log buckets, besides AWS's log services, in the same way. Such as a role \
            of your own for AWS Config.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_NETWORKS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_NETWORKS",
    meaning: "where requests may come from: blocks such as `203.0.113.0/24`, separated by commas",
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
        description: "Where logs may be read from, as blocks of addresses separated by commas. Empty means anywhere.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_TARGETS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_TARGETS",
    meaning: "buckets with access logs, separated by commas, besides those that Trailkeeper makes",
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
        description: "Buckets that get S3's access logs, besides those that the functions make. none means no other.",
        value: Some(r#"!If [MoreAccessTargets, !Ref AccessTargets, ""]"#),
    }),
};

pub(in crate::settings) const ACCESS_BUCKETS: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_BUCKETS",
    meaning: "the log buckets that are watched, separated by commas, where access logs tell of other buckets as well",
    default: "all that they tell of",
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
        description: "The log buckets that access logs are read for, where those tell of other buckets as well. \
            Empty means all that they tell of.",
        value: None,
    }),
};

pub(in crate::settings) const ACCESS_STATE: Setting = Setting {
    name: "TRAILKEEPER_ACCESS_STATE",
    meaning: "the bucket with a note for each access log that was told of",
    default: "none: told each time that it is announced",
    read_by: ReadBy::Some(&["access"]),
    set_by: SetBy::Stack("!Ref Notes"),
};

pub(in crate::settings) const ROLES: Setting = Setting {
    name: "TRAILKEEPER_ROLES",
    meaning: "the ARNs of the roles of Trailkeeper's functions: their repairs of log buckets are normal, and \
        reading access logs is not denied to them",
    default: "none",
    read_by: ReadBy::Some(&["bucket", "access"]),
    set_by: SetBy::Roles,
};
