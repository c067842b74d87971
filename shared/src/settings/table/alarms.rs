//! Settings for alarms: patterns of their filters, and whom they notify.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

pub(in crate::settings) const ALARM_ADDRESS: Setting = Setting {
    name: "TRAILKEEPER_ALARM_ADDRESS",
    meaning: "whom an alarm that nobody hears is told to: a mail address, an `https` URL or the ARN of an SQS queue",
    default: "nobody",
    read_by: ReadBy::Some(&["monitoring"]),
    set_by: SetBy::Parameter(Parameter {
        name: "AlarmAddress",
        group: ParameterGroup::Alarms,
        label: "Address for alarms",
        kind: ParameterKind::Text(TextParameter {
            longest: 200,
            pattern: "^([^@ ,:/]+@[^@ ,:/]+[.][^@ ,:/]+|https://[^ ]+|arn:aws[a-z-]*:sqs:[^ ]+)?$",
            hint: "must be a mail address, an https URL or the ARN of an SQS queue",
        }),
        default: "",
        description: "Subscribed to the topic of an alarm that nobody hears. AWS sends a message to confirm it. \
            Empty subscribes nobody.",
        value: None,
    }),
};

pub(in crate::settings) const FILTER_PATTERNS: Setting = Setting {
    name: "TRAILKEEPER_FILTER_PATTERNS",
    meaning: "`covering`: every metric filter that means what CIS prescribes, or more, counts; `strict`: Security \
        Hub's text alone",
    default: "`covering`",
    read_by: ReadBy::Some(&["monitoring"]),
    set_by: SetBy::Parameter(Parameter {
        name: "FilterPatterns",
        group: ParameterGroup::Alarms,
        label: "How filter patterns are compared",
        kind: ParameterKind::OneOf(&["covering", "strict"]),
        default: "covering",
        description: "covering takes every metric filter that means what CIS prescribes, or more; strict takes \
            Security Hub's text alone.",
        value: None,
    }),
};
