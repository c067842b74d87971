//! The functions in `template.yaml`: what each is, what wakes it, and its log group.

use super::environment;
use super::fill::{fill, indent, title};
use super::{lanes, roles, rules};
use crate::families::families;

/// What the template says of a function beyond what the registry and the policies tell.
pub(super) struct TemplateFunction {
    /// Its name: that of its family, or of its folder in `functions/`.
    pub(super) name: &'static str,
    /// What it does.
    description: &'static str,
    /// What it does, among the outputs of the stack: "The function that ...".
    output: &'static str,
    /// Why no two of it may run at once.
    one_at_a_time: Option<&'static str>,
}

/// A new family needs its line here.
pub(super) const FUNCTIONS: &[TemplateFunction] = &[
    TemplateFunction {
        name: "transfer",
        description: "Keeps logging on for AWS Transfer Family servers",
        output: "keeps logging on for Transfer Family servers",
        one_at_a_time: None,
    },
    TemplateFunction {
        name: "trail",
        description: "Keeps CloudTrail trails logging, complete, validated, encrypted and watched",
        output: "keeps CloudTrail trails logging",
        one_at_a_time: None,
    },
    TemplateFunction {
        name: "bucket",
        description: "Keeps the audit trail's buckets private, intact and receiving logs",
        output: "keeps log buckets private, intact and receiving logs",
        one_at_a_time: None,
    },
    TemplateFunction {
        name: "vpc",
        description: "Keeps VPC flow logs on and delivering",
        output: "keeps VPC flow logs on and delivering",
        one_at_a_time: None,
    },
    TemplateFunction {
        name: "key",
        description: "Keeps KMS key rotation on",
        output: "keeps KMS key rotation on",
        one_at_a_time: None,
    },
    TemplateFunction {
        name: "recorder",
        description: "Keeps AWS Config recording in every region",
        output: "keeps AWS Config recording in every region",
        one_at_a_time: None,
    },
    TemplateFunction {
        name: "monitoring",
        description: "Keeps the alarms on important changes working",
        output: "keeps the alarms on important changes working",
        one_at_a_time: None,
    },
    TemplateFunction {
        name: ACCESS,
        description: "Reports who accessed the logs",
        output: "reports who accessed the logs",
        one_at_a_time: None,
    },
    TemplateFunction {
        name: GUARD,
        description: "Reports changes of Trailkeeper itself",
        output: "reports changes of Trailkeeper itself",
        one_at_a_time: Some("an event that comes by two ways is told once, by what the process remembers"),
    },
    TemplateFunction {
        name: DIGEST,
        description: "Tells people what the sweeps found",
        output: "tells people what the sweeps found",
        one_at_a_time: Some("two at the same moment would each tell people the same"),
    },
];

/// The function that reads access logs: no family, and without controls.
pub(super) const ACCESS: &str = "access";

/// The function that watches Trailkeeper itself: no family, and only at home.
pub(super) const GUARD: &str = "guard";

/// The function that tells people of sweeps: no family, and only at home.
pub(super) const DIGEST: &str = "digest";

/// Tells whether a function is that of a family, with controls, sweeps and fixes.
pub(super) fn is_family(name: &str) -> bool {
    ![ACCESS, DIGEST, GUARD].contains(&name)
}

const LAMBDA: &str = "
<note>
<Name><Lane>Function:
  Type: AWS::Serverless::Function
  Metadata:
    BuildMethod: rust-cargolambda
  Properties:
    Description: <description>
    FunctionName: !Sub ${AWS::StackName}-<name><lane>
    CodeUri: functions/<name>
    <concurrency>
    Role: !GetAtt <Name>Role.Arn
    <environment>
    LoggingConfig:
      LogGroup: !Ref <Name>Logs
    Events:
      <events>
";

const FUNCTION: &str = "
<urgent>

<beside>

<queue>

<Name>Logs:
  Type: AWS::Logs::LogGroup
  Properties:
    LogGroupName: !Sub /aws/lambda/${AWS::StackName}-<name>
    RetentionInDays: !Ref LogRetentionDays

<roles>
";

const ONE_AT_A_TIME: &str = r#"
# One at a time: <why>.
ReservedConcurrentExecutions: !If [Reserved, 1, !Ref "AWS::NoValue"]
"#;

/// Said once, at the first family.
const LANES: &str = "# A family has three functions of the same code and role: what is urgent wakes this one at once, the many calls that hardly\n\
                     # ever matter come in batches by way of a queue, and sweeps have the third. None waits for another.";

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
"#;

/// What makes a function look at everything from time to time.
const SCHEDULE: &str = r"
Schedule:
  Type: ScheduleV2
  Properties:
    ScheduleExpression: !Ref Schedule
    OmitName: true
    FlexibleTimeWindow: { Mode: FLEXIBLE, MaximumWindowInMinutes: 60 }
    RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 21600 }
    DeadLetterConfig: { Arn: !GetAtt DeadLetters.Arn }
    RoleArn: !GetAtt Scheduler.Arn
";

/// What makes a function look for what there is to tell.
const OFTEN: &str = r"
Schedule:
  Type: ScheduleV2
  Properties:
    ScheduleExpression: rate(15 minutes)
    OmitName: true
    FlexibleTimeWindow: { Mode: FLEXIBLE, MaximumWindowInMinutes: 5 }
    RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 600 }
    DeadLetterConfig: { Arn: !GetAtt DeadLetters.Arn }
    RoleArn: !GetAtt Scheduler.Arn
";

const READER: &str = "# Reads the access logs that S3 writes about log buckets. It does not sweep, so it delegates \
                      nothing and has no schedule.";

const WATCHER: &str = "# Tells changes of this stack's own parts. Its rules are in the default bus of this region, so that no other rule \
                       has to work\n# for it, and once more on the bus: whoever disables the one kind is told by way of the other.";

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

/// Renders all functions with their log groups, roles and policies.
pub(super) fn functions() -> String {
    FUNCTIONS.iter().map(|it| indent(&function(it), 2)).collect::<Vec<_>>().join("\n")
}

fn function(function: &TemplateFunction) -> String {
    let TemplateFunction { name, description: _, output: _, one_at_a_time } = function;
    let concurrency = match one_at_a_time {
        Some(why) => fill(ONE_AT_A_TIME.trim_start(), &[("why", why)]),
        None if *name == ACCESS => lanes::AS_SAID.trim_start().to_owned(),
        None => String::new(),
    };
    let (note, events) = match *name {
        ACCESS => (READER, DELIVERED.trim_start().to_owned()),
        GUARD => (WATCHER, rules::of_the_guard(8) + SCHEDULE.trim_start()),
        DIGEST => ("", OFTEN.trim_start().to_owned()),
        _ => {
            let watches = families().iter().find(|family| family.name == *name).map_or(&[][..], |it| it.watches);
            (if *name == FUNCTIONS[0].name { LANES } else { "" }, rules::on_the_bus(watches, 8))
        }
    };
    let (mut beside, mut queue) = (String::new(), String::new());
    if is_family(name) {
        let sweeps = fill(SWEEPS.trim_start(), &[("name", name)]) + SCHEDULE.trim_start();
        let events = [lanes::queue_event(name), sweeps];
        let functions = lanes::BESIDE.iter().zip(events);
        let functions = functions.map(|(lane, events)| lambda(function, lane, "", &lanes::concurrency(lane), &events));
        beside = functions.collect::<Vec<_>>().join("\n");
        queue = lanes::queue(name);
    }
    let gaps = [
        ("name", *name),
        ("Name", &*title(name)),
        ("urgent", &lambda(function, "", note, &concurrency, &events)),
        ("beside", &beside),
        ("queue", &queue),
        ("roles", &roles::of(name)),
    ];
    fill(FUNCTION.trim_start(), &gaps).replace("\n\n\n\n\n", "\n\n").replace("\n\n\n", "\n\n")
}

/// Renders a function: the one of this name, or the one beside it for another lane.
fn lambda(function: &TemplateFunction, lane: &str, note: &str, concurrency: &str, events: &str) -> String {
    let what = match lane {
        "" => "",
        "Sweep" => ": sweeps",
        _ => ": many events at once",
    };
    let gaps = [
        ("note", note),
        ("name", function.name),
        ("Name", &*title(function.name)),
        ("Lane", lane),
        ("lane", &if lane.is_empty() { String::new() } else { format!("-{}", lane.to_lowercase()) }),
        ("description", &described(function.description, what)),
        ("concurrency", concurrency),
        ("environment", &environment::of(function.name, lane)),
        ("events", events),
    ];
    fill(LAMBDA.trim_start(), &gaps)
}

fn described(description: &str, what: &str) -> String {
    if what.is_empty() { description.to_owned() } else { format!("\"{description}{what}\"") }
}

/// Renders the outputs of the stack that name the functions.
pub(super) fn outputs() -> String {
    let output = |it: &TemplateFunction| fill(OUTPUT.trim_start(), &[("Name", &title(it.name)), ("output", it.output)]);
    FUNCTIONS.iter().map(|it| indent(&output(it), 2)).collect()
}

#[test]
fn every_family_has_its_function() {
    let named: Vec<&str> = FUNCTIONS.iter().map(|it| it.name).collect();
    let mut all: Vec<&str> = families().iter().map(|family| family.name).collect();
    all.extend([ACCESS, GUARD, DIGEST]);
    assert_eq!(named, all);
}
