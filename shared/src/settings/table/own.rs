//! Settings for Trailkeeper's own parts, which the guard watches.

use super::{ReadBy, SetBy, Setting};

pub(in crate::settings) const STACK: Setting = Setting {
    name: "TRAILKEEPER_STACK",
    meaning: "the id of Trailkeeper's stack, which tells its parts from everything else",
    default: "none: the guard fails",
    read_by: ReadBy::Some(&["guard"]),
    set_by: SetBy::Stack("!Ref AWS::StackId"),
};

pub(in crate::settings) const KEYS: Setting = Setting {
    name: "TRAILKEEPER_KEYS",
    meaning: "the ARNs of the KMS keys that encrypt reports and alarms, separated by commas",
    default: "none",
    read_by: ReadBy::Some(&["guard"]),
    set_by: SetBy::Stack(
        r#"!Join [",", !If [OwnTopic, [!GetAtt GuardKey.Arn, !GetAtt ReportKey.Arn], [!GetAtt GuardKey.Arn]]]"#,
    ),
};

pub(in crate::settings) const GUARD_TOPICS: Setting = Setting {
    name: "TRAILKEEPER_GUARD_TOPICS",
    meaning: "the SNS topics that changes of Trailkeeper itself are reported to, separated by commas",
    default: "the topic for reports",
    read_by: ReadBy::Some(&["guard"]),
    set_by: SetBy::Stack(
        "!Join [\",\", !If [GuardByMail, [!Ref GuardTopic], [!Ref GuardTopic, !If [OwnTopic, !Ref ReportTopic, !Ref ReportTopicArn]]]]",
    ),
};
