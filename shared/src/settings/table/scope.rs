//! Settings for the scope: what Trailkeeper may do, in which accounts and regions, and whom it notifies.

use super::{Parameter, ParameterGroup, ParameterKind, ReadBy, SetBy, Setting, TextParameter};

pub(in crate::settings) const MODE: Setting = Setting {
    name: "TRAILKEEPER_MODE",
    meaning: "`dry-run` or `enforce`",
    default: "`dry-run`",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "Mode",
        group: ParameterGroup::Scope,
        label: "Mode",
        kind: ParameterKind::OneOf(&["dry-run", "enforce"]),
        default: "dry-run",
        description: "dry-run only reports; enforce also fixes.",
        value: Some("!If [Stopped, dry-run, !Ref Mode]"),
    }),
};

pub(in crate::settings) const CONTROLS: Setting = Setting {
    name: "TRAILKEEPER_CONTROLS",
    meaning: "exceptions by control: `id=off`, `id=dry-run` or `id=enforce`, separated by commas",
    default: "none",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "Controls",
        group: ParameterGroup::Scope,
        label: "Exceptions by control",
        kind: ParameterKind::Text(TextParameter {
            longest: 670,
            pattern: "^([a-z0-9-]+=(off|dry-run|enforce)(,[a-z0-9-]+=(off|dry-run|enforce))*)?$",
            hint: "must be a list such as transfer-server-logging=enforce,another-control=off",
        }),
        default: "",
        description: "Exceptions to the mode, such as transfer-server-logging=enforce. Anything here grants the \
            write permissions.",
        value: Some(r#"!If [StoppedBeside, !Join ["=dry-run", !Split ["=enforce", !Ref Controls]], !Ref Controls]"#),
    }),
};

pub(in crate::settings) const EXEMPT: Setting = Setting {
    name: "TRAILKEEPER_EXEMPT",
    meaning: "what controls leave alone, by account, region and name; see [how](exempt.md)",
    default: "nothing",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "Exempt",
        group: ParameterGroup::Scope,
        label: "Exemptions",
        kind: ParameterKind::Text(TextParameter {
            longest: 300,
            pattern: "^[ ;]*((control|until)=[^ ;]+ +)*((account|region|name)=[^ ;]+( +(control|account|region|name|until)=[^ ;]+)* *(;[ ;]*((control|until)=[^ ;]+ +)*|$))*$",
            hint: "must be rules such as control=vpc-flow-logs account=111122223333 region=eu-*, separated by \
                semicolons",
        }),
        default: "",
        description: "What controls leave alone, as rules such as control=vpc-flow-logs account=111122223333 \
            region=eu-*; more after a semicolon.",
        value: None,
    }),
};

pub(in crate::settings) const TOPIC_ARN: Setting = Setting {
    name: "TRAILKEEPER_TOPIC_ARN",
    meaning: "the SNS topic for reports; without it they are only logged and returned",
    default: "none",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "ReportTopicArn",
        group: ParameterGroup::Reports,
        label: "Topic for reports",
        kind: ParameterKind::Text(TextParameter {
            longest: 160,
            pattern: "^(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+)?$",
            hint: "must be the ARN of a standard SNS topic",
        }),
        default: "",
        description: "A standard SNS topic of yours, in the stack's region unless GuardEmail or ReportEmail is set: alarms ring at it. Empty means that the stack makes one.",
        value: Some("!If [OwnTopic, !Ref ReportTopic, !Ref ReportTopicArn]"),
    }),
};

pub(in crate::settings) const REGIONS: Setting = Setting {
    name: "TRAILKEEPER_REGIONS",
    meaning: "the regions of a sweep, separated by commas",
    default: "every enabled region",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "Regions",
        group: ParameterGroup::Scope,
        label: "Regions of a sweep",
        kind: ParameterKind::Text(TextParameter {
            longest: 480,
            pattern: "^([a-z]{2,5}(-[a-z]+)+-[0-9]+(,[a-z]{2,5}(-[a-z]+)+-[0-9]+)*)?$",
            hint: "must be a list such as us-east-1,eu-west-1",
        }),
        default: "",
        description: "The regions of a scheduled sweep, separated by commas. Empty means every enabled region.",
        value: None,
    }),
};

pub(in crate::settings) const ORGANIZATION: Setting = Setting {
    name: "TRAILKEEPER_ORGANIZATION",
    meaning: "the id of the organization whose accounts are looked after, each through its `TrailkeeperRole`",
    default: "the own account alone",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "Organization",
        group: ParameterGroup::Accounts,
        label: "Organization",
        kind: ParameterKind::Text(TextParameter {
            longest: 34,
            pattern: "^(o-[a-z0-9]{10,32})?$",
            hint: "must be the id of an organization, such as o-a1b2c3d4e5",
        }),
        default: "",
        description: "The organization whose accounts are looked after, from its management account or a delegated \
            administrator's; each needs members.yaml. Empty means this account alone.",
        value: None,
    }),
};

pub(in crate::settings) const EXTERNAL_ID: Setting = Setting {
    name: "TRAILKEEPER_EXTERNAL_ID",
    meaning: "what that role asks for",
    default: "the organization's id",
    read_by: ReadBy::All,
    set_by: SetBy::Parameter(Parameter {
        name: "ExternalId",
        group: ParameterGroup::Accounts,
        label: "External id",
        kind: ParameterKind::Text(TextParameter {
            longest: 64,
            pattern: "^([A-Za-z0-9+=,.@:/_-]{2,64})?$",
            hint: "must be 2 to 64 letters, digits and any of +=,.@:/_-",
        }),
        default: "",
        description: "What the functions say to the role of members.yaml. Empty means the organization's id.",
        value: None,
    }),
};

pub(in crate::settings) const UNSENT: Setting = Setting {
    name: "TRAILKEEPER_UNSENT",
    meaning: "the URL of the SQS queue that keeps reports which could not be sent, until they are",
    default: "an event whose report cannot be sent fails, and is tried again",
    read_by: ReadBy::All,
    set_by: SetBy::Stack("!Ref UnsentReports"),
};

pub(in crate::settings) const BUS: Setting = Setting {
    name: "TRAILKEEPER_BUS",
    meaning: "the ARN of the event bus over which a sweep is handed on: account by account, region by region, and \
        where one invocation's time ends",
    default: "a sweep is one invocation",
    read_by: ReadBy::All,
    set_by: SetBy::Stack("!GetAtt Bus.Arn"),
};
