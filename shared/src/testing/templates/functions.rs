//! The functions in `template.yaml`: what each is, what wakes it, and its log group.

use super::environment;
use super::fill::{fill, indent, title};
use super::{roles, rules};
use crate::families::families;

/// What the template says of a function and cannot be told from the code.
pub(super) struct Function {
    /// Its name: that of its family, or of its folder in `functions/`.
    pub(super) name: &'static str,
    /// What it does.
    description: &'static str,
    /// What it does, among the outputs of the stack: "The function that ...".
    output: &'static str,
    /// Why no two of it may run at once.
    alone: Option<&'static str>,
}

/// A new family needs its line here.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "transfer",
        description: "Keeps the logging of AWS Transfer Family servers on",
        output: "keeps the logging of Transfer Family servers on",
        alone: None,
    },
    Function {
        name: "trail",
        description: "Keeps CloudTrail trails logging, complete, validated, encrypted and watched",
        output: "keeps CloudTrail trails logging",
        alone: Some("two that find no key at the same moment would each make one"),
    },
    Function {
        name: "bucket",
        description: "Keeps the buckets of the audit trail closed, whole and delivered to",
        output: "keeps log buckets closed, whole and delivered to",
        alone: None,
    },
    Function {
        name: "vpc",
        description: "Keeps VPC flow logs on and delivering",
        output: "keeps VPC flow logs on and delivering",
        alone: None,
    },
    Function {
        name: "key",
        description: "Keeps the rotation of KMS keys on",
        output: "keeps the rotation of KMS keys on",
        alone: None,
    },
    Function {
        name: "recorder",
        description: "Keeps AWS Config recording in every region",
        output: "keeps AWS Config recording in every region",
        alone: None,
    },
    Function {
        name: "monitoring",
        description: "Keeps the alarms on changes that matter ringing",
        output: "keeps alarms on changes that matter ringing",
        alone: Some("two that find no key or no subscription at the same moment would each make one"),
    },
    Function {
        name: ACCESS,
        description: "Tells who touched the logs",
        output: "tells who touched the logs",
        alone: None,
    },
];

/// The function that reads access logs: no family, and without controls.
pub(super) const ACCESS: &str = "access";

const FUNCTION: &str = "
<note>
<Name>Function:
  Type: AWS::Serverless::Function
  Metadata:
    BuildMethod: rust-cargolambda
  Properties:
    Description: <description>
    FunctionName: !Sub ${AWS::StackName}-<name>
    CodeUri: functions/<name>
    <concurrency>
    Role: !GetAtt <Name>Role.Arn
    <environment>
    LoggingConfig:
      LogGroup: !Ref <Name>Logs
    Events:
      <events>

<Name>Logs:
  Type: AWS::Logs::LogGroup
  Properties:
    LogGroupName: !Sub /aws/lambda/${AWS::StackName}-<name>
    RetentionInDays: !Ref LogRetentionDays

<roles>
";

const ALONE: &str = r#"
# One at a time: <why>.
ReservedConcurrentExecutions: !If [Reserved, 1, !Ref "AWS::NoValue"]
"#;

/// What wakes every family: what another invocation of it hands on, and the schedule.
const SWEEPS: &str = r#"
Sweep:
  Type: EventBridgeRule
  Properties:
    EventBusName: !Ref Bus
    Pattern:
      source: [trailkeeper]
      detail-type: [Trailkeeper Sweep]
      account: [!Ref "AWS::AccountId"]
      detail: { family: [<name>] }
Schedule:
  Type: ScheduleV2
  Properties:
    ScheduleExpression: !Ref Schedule
    OmitName: true
    FlexibleTimeWindow: { Mode: FLEXIBLE, MaximumWindowInMinutes: 60 }
    RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 21600 }
    DeadLetterConfig: { Arn: !GetAtt DeadLetters.Arn }
    RoleArn: !GetAtt Scheduler.Arn
"#;

const READER: &str = "# Reads what S3 logs of requests to log buckets. It sweeps nothing, so nothing is handed on and no schedule wakes it.";

/// What wakes the function that reads access logs.
const DELIVERED: &str = r#"
Delivered:
  Type: EventBridgeRule
  Properties:
    EventBusName: !Ref Bus
    Pattern:
      source: [aws.s3]
      detail-type: [Object Created]
      detail:
        bucket:
          $or:
            - name: [{ prefix: trailkeeper-access-logs- }]
            - name: !Split [",", !Ref AccessTargets]
"#;

const OUTPUT: &str = "
<Name>Function:
  Description: The function that <output>
  Value: !GetAtt <Name>Function.Arn
";

/// All functions with what belongs to each.
pub(super) fn functions() -> String {
    FUNCTIONS.iter().map(|it| indent(&function(it), 2)).collect::<Vec<_>>().join("\n")
}

fn function(function: &Function) -> String {
    let Function { name, description, output: _, alone } = function;
    let families = families();
    let family = families.iter().find(|family| family.name == *name);
    let sweeps = fill(SWEEPS.trim_start(), &[("name", name)]);
    let gaps = [
        ("note", if *name == ACCESS { READER } else { "" }),
        ("name", name),
        ("Name", &title(name)),
        ("description", description),
        ("concurrency", &alone.map_or_else(String::new, |why| fill(ALONE.trim_start(), &[("why", why)]))),
        ("environment", &environment::of(name)),
        (
            "events",
            &family.map_or_else(|| DELIVERED.trim_start().to_owned(), |it| rules::on_the_bus(it.watches, 8) + &sweeps),
        ),
        ("roles", &roles::of(name)),
    ];
    fill(FUNCTION.trim_start(), &gaps)
}

/// The functions among the outputs of the stack.
pub(super) fn outputs() -> String {
    let output = |it: &Function| fill(OUTPUT.trim_start(), &[("Name", &title(it.name)), ("output", it.output)]);
    FUNCTIONS.iter().map(|it| indent(&output(it), 2)).collect()
}

#[test]
fn every_family_has_its_function() {
    let named: Vec<&str> = FUNCTIONS.iter().map(|it| it.name).collect();
    let mut all: Vec<&str> = families().iter().map(|family| family.name).collect();
    all.push(ACCESS);
    assert_eq!(named, all);
}
