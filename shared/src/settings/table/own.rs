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
    meaning: "the ARNs of the KMS keys that encrypt the reports, separated by commas",
    default: "none",
    read_by: ReadBy::Some(&["guard"]),
    set_by: SetBy::Stack(r#"!If [OwnTopic, !GetAtt ReportKey.Arn, ""]"#),
};
