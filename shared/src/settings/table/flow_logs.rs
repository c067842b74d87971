//! Settings for the flow logs that VPCs get.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

pub(in crate::settings) const FLOW_LOG_TRAFFIC: Setting = Setting {
    name: "TRAILKEEPER_FLOW_LOG_TRAFFIC",
    meaning: "the traffic that flow logs created by Trailkeeper record: `ALL`, or `REJECT`, which is cheaper and all \
              that CIS asks for",
    default: "`ALL`",
    read_by: ReadBy::Some(&["vpc"]),
    set_by: SetBy::Parameter(Parameter {
        name: "FlowLogTraffic",
        group: ParameterGroup::FlowLogs,
        label: "Traffic in flow logs",
        kind: ParameterKind::OneOf(&["ALL", "REJECT"]),
        default: "ALL",
        description: "The traffic that flow logs created by the functions record. REJECT is cheaper, and all that CIS \
                      asks for.",
        value: None,
    }),
};

pub(in crate::settings) const FLOW_LOG_INTERVAL: Setting = Setting {
    name: "TRAILKEEPER_FLOW_LOG_INTERVAL",
    meaning: "their aggregation interval in seconds: 60 or 600",
    default: "600",
    read_by: ReadBy::Some(&["vpc"]),
    set_by: SetBy::Parameter(Parameter {
        name: "FlowLogInterval",
        group: ParameterGroup::FlowLogs,
        label: "Aggregation interval of flow logs",
        kind: ParameterKind::OneOfNumbers(&[60, 600]),
        default: "600",
        description: "The aggregation interval in seconds of flow logs that the functions create.",
        value: None,
    }),
};

pub(in crate::settings) const FLOW_LOG_BUCKET: Setting = Setting {
    name: "TRAILKEEPER_FLOW_LOG_BUCKET",
    meaning: "the bucket that they deliver to, as `bucket` or `bucket/prefix`; in this account it is a log bucket",
    default: "a log group",
    read_by: ReadBy::Some(&["bucket", "vpc"]),
    set_by: SetBy::Parameter(Parameter {
        name: "FlowLogBucket",
        group: ParameterGroup::FlowLogs,
        label: "Bucket for flow logs",
        kind: ParameterKind::Text(TextParameter { longest: 63, pattern: "^[a-z0-9][a-z0-9.-]{2,62}$", hint: "" }),
        default: "none",
        description: "The bucket that flow logs created by the functions deliver to. none means a log group in each \
                      region.",
        value: Some(r#"!If [FlowLogsToBucket, !Sub "${FlowLogBucket}/${FlowLogPrefix}", ""]"#),
    }),
};
