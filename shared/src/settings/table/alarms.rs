//! Settings for alarms: patterns of their filters, and whom they notify.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

pub(in crate::settings) const ALARM_ADDRESS: Setting = Setting {
    name: "TRAILKEEPER_ALARM_ADDRESS",
    meaning: "whom alarms must notify, whoever else is subscribed: an email address, an `https` URL or the ARN of an SQS \
              queue. It is subscribed where it is missing",
    default: "nobody",
    read_by: ReadBy::Some(&["monitoring"]),
    set_by: SetBy::Parameter(Parameter {
        name: "AlarmAddress",
        group: ParameterGroup::Alarms,
        label: "Address for alarms",
        kind: ParameterKind::Text(TextParameter {
            longest: 200,
            pattern: "^([^@ ,:/]+@[^@ ,:/]+[.][^@ ,:/]+|https://[^ ]+|arn:aws[a-z-]*:sqs:[^ ]+)?$",
            hint: "must be an email address, an https URL or the ARN of an SQS queue",
        }),
        default: "",
        description: "Whom alarms must notify, whoever else is subscribed to their topics. AWS sends a confirmation message. \
                      Empty subscribes nobody.",
        value: None,
    }),
};

pub(in crate::settings) const FILTER_PATTERNS: Setting = Setting {
    name: "TRAILKEEPER_FILTER_PATTERNS",
    meaning: "`covering`: any metric filter that matches what CIS prescribes, or more, counts; `strict`: only Security \
              Hub's exact text does",
    default: "`covering`",
    read_by: ReadBy::Some(&["monitoring"]),
    set_by: SetBy::Parameter(Parameter {
        name: "FilterPatterns",
        group: ParameterGroup::Alarms,
        label: "How filter patterns are compared",
        kind: ParameterKind::OneOf(&["covering", "strict"]),
        default: "covering",
        description: "covering accepts any metric filter that matches what CIS prescribes, or more; strict accepts \
                      only Security Hub's exact text.",
        value: None,
    }),
};
