//! The lanes of the families in `template.yaml`: the queue of the many with its rules, and the functions beside the urgent one.

use super::fill::{fill, title};
use super::rules;
use crate::event::Lane;
use crate::families::families;
use crate::settings::QuotaShare;

/// What wakes the function of the batches.
const QUEUE_EVENT: &str = r"
Queue:
  Type: SQS
  Properties:
    Queue: !GetAtt <Name>Queue.Arn
    BatchSize: <batch>
    MaximumBatchingWindowInSeconds: <window>
    FunctionResponseTypes: [ReportBatchItemFailures]
    ScalingConfig: { MaximumConcurrency: <at-once> }
";

/// As many of it as its queue takes, so that Lambda never puts a batch back.
const AS_THE_QUEUE: &str = r#"
ReservedConcurrentExecutions: !If [Reserved, <at-once>, !Ref "AWS::NoValue"]
"#;

/// As many as the operator says.
pub(super) const AS_SAID: &str = r#"
ReservedConcurrentExecutions: !If [Reserved, !Ref Concurrency, !Ref "AWS::NoValue"]
"#;

/// The queue: only its own rules put anything in, and only the family's role takes anything out, since what an event says of
/// its caller is told to people. The rules are named one by one: whoever may put another rule on the bus could have it send
/// whatever they wrote.
const QUEUE: &str = r#"
<Name>Queue:
  Type: AWS::SQS::Queue
  Properties:
    SqsManagedSseEnabled: true
    VisibilityTimeout: <again>
    # Four days: an event that is late is looked into all the same.
    MessageRetentionPeriod: 345600
    RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: <attempts> }

<Name>QueuePolicy:
  Type: AWS::SQS::QueuePolicy
  Properties:
    Queues: [!Ref <Name>Queue]
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        - Sid: ItsRules
          Effect: Allow
          Principal: { Service: events.amazonaws.com }
          Action: sqs:SendMessage
          Resource: !GetAtt <Name>Queue.Arn
          Condition:
            ArnEquals:
              aws:SourceArn:
                <sources>
        - Sid: NobodyElsePutsIn
          Effect: Deny
          Principal: "*"
          Action: sqs:SendMessage
          Resource: !GetAtt <Name>Queue.Arn
          Condition:
            ArnNotEquals:
              aws:SourceArn:
                <sources>
        - Sid: NobodyElseTakesOut
          Effect: Deny
          Principal: "*"
          Action: [sqs:ChangeMessageVisibility, sqs:DeleteMessage, sqs:PurgeQueue, sqs:ReceiveMessage]
          Resource: !GetAtt <Name>Queue.Arn
          Condition:
            ArnNotEquals: { aws:PrincipalArn: !GetAtt <Name>Role.Arn }

<rules>
"#;

/// The functions that a family has besides that of its urgent events.
pub(super) const BESIDE: [&str; 2] = ["Batch", "Sweep"];

/// Returns the reservation of a function beside the urgent one, which has none: what it may take would be all that it gets, and
/// whoever makes enough urgent calls would be in front of the one that counts.
pub(super) fn concurrency(lane: &str) -> String {
    filled(if lane == BESIDE[0] { AS_THE_QUEUE } else { AS_SAID }, "")
}

/// Returns the share of each quota that a process of a lane may use.
pub(super) fn share(lane: &str) -> QuotaShare {
    match BESIDE.iter().position(|it| *it == lane) {
        Some(0) => QuotaShare::BATCH,
        Some(_) => QuotaShare::SWEEP,
        None => QuotaShare::URGENT,
    }
}

/// Renders what wakes the function of the batches.
pub(super) fn queue_event(name: &str) -> String {
    filled(QUEUE_EVENT, name)
}

/// Renders the queue of a family, its policy, and its rules.
pub(super) fn queue(name: &str) -> String {
    let family = families().into_iter().find(|family| family.name == name).expect("a family");
    let rules = rules::to_the_queue(family.watches, &title(name));
    let sources: Vec<String> = rules.iter().map(|(rule, _)| format!("- !GetAtt {rule}.Arn")).collect();
    let rules: Vec<String> = rules.into_iter().map(|(_, text)| text).collect();
    fill(&filled(QUEUE, name), &[("sources", &sources.join("\n")), ("rules", &rules.join("\n"))])
}

fn filled(text: &str, name: &str) -> String {
    let number = |it: u32| it.to_string();
    let gaps = [
        ("Name", &*if name.is_empty() { String::new() } else { title(name) }),
        ("batch", &number(Lane::BATCH)),
        ("window", &number(Lane::WINDOW_SECONDS)),
        ("at-once", &number(Lane::AT_ONCE)),
        ("again", &number(Lane::AGAIN_SECONDS)),
        ("attempts", &number(Lane::ATTEMPTS)),
        ("sources", "<sources>"),
        ("rules", "<rules>"),
    ];
    fill(text.trim_start(), &gaps)
}
