//! Settings for the ledger and the limits on what is changed and on how often AWS is asked.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting};

/// Functions that change resources.
const NAMES: &[&str] = &["bucket", "key", "monitoring", "recorder", "trail", "transfer", "vpc"];

/// Functions that read or write the ledger.
const USERS: &[&str] = &["bucket", "digest", "key", "monitoring", "recorder", "trail", "transfer", "vpc"];

pub(in crate::settings) const LEDGER: Setting = Setting {
    name: "TRAILKEEPER_LEDGER",
    meaning: "the DynamoDB table, in the function's own account and region, that keeps every change; a function that cannot write \
        it changes nothing",
    default: "changes are kept in reports alone, and each sweep is told by itself",
    read_by: ReadBy::Some(USERS),
    set_by: SetBy::Stack("!Ref Ledger"),
};

pub(in crate::settings) const SHARE: Setting = Setting {
    name: "TRAILKEEPER_SHARE",
    meaning: "the share of each service's quota that one process may use, in percent and at least one call a second; what is \
        urgent, the batches and the sweeps have one each",
    default: "100",
    read_by: ReadBy::Some(NAMES),
    set_by: SetBy::Lane,
};

pub(in crate::settings) const FIXES_A_DAY: Setting = Setting {
    name: "TRAILKEEPER_FIXES_A_DAY",
    meaning: "how often within a day one finding is fixed; then it is left as it is, and people are told who keeps \
        changing it back. What no account can do without is fixed each time",
    default: "3",
    read_by: ReadBy::Some(NAMES),
    set_by: SetBy::Parameter(Parameter {
        name: "FixesADay",
        group: ParameterGroup::Runs,
        label: "Fixes of one finding within a day",
        kind: ParameterKind::Between(1, 30),
        default: "3",
        description: "How often within a day one finding is fixed before Trailkeeper leaves it and names who changes it back.",
        value: None,
    }),
};

pub(in crate::settings) const CHANGES_AN_HOUR: Setting = Setting {
    name: "TRAILKEEPER_CHANGES_AN_HOUR",
    meaning: "how many resources of an account one control changes within an hour; the first sweep or event after it fixes the rest",
    default: "50",
    read_by: ReadBy::Some(NAMES),
    set_by: SetBy::Parameter(Parameter {
        name: "ChangesAnHour",
        group: ParameterGroup::Runs,
        label: "Changes by one control within an hour",
        kind: ParameterKind::Between(1, 100_000),
        default: "50",
        description: "How many resources of an account one control changes within an hour. The rest is only planned.",
        value: None,
    }),
};
