//! The alarms of each function: it fails, it is throttled, or it does not sweep any more.

use super::fill::{fill, indent, title};
use super::functions::{ACCESS, FUNCTIONS, is_family};
use super::lanes;
use super::policies::TOPIC;

const ALARM: &str = r#"
<note>
<Name><Lane><Metric>:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmDescription: The <name><lane> function of Trailkeeper <does>
    Namespace: AWS/Lambda
    MetricName: <Metric>
    Dimensions: [{ Name: FunctionName, Value: !Ref <Name><Lane>Function }]
    Statistic: Sum
    Period: 300
    EvaluationPeriods: <periods>
    Threshold: <threshold>
    ComparisonOperator: GreaterThanOrEqualToThreshold
    TreatMissingData: notBreaching
    AlarmActions: [!Ref GuardTopic, !If [GuardByMail, !Ref "AWS::NoValue", <topic>]]
"#;

/// Counts sweeps where they end, and rings where none has ended for days. The log counts them for next to nothing: a
/// metric is paid for by the hour in which something was counted.
const SILENCE: &str = r#"
<note>
<Name>Sweeps:
  Type: AWS::Logs::MetricFilter
  Properties:
    LogGroupName: !Ref <Name>Logs
    FilterPattern: '{ $.message = "Scheduled Event handled" }'
    MetricTransformations:
      - MetricNamespace: Trailkeeper
        MetricName: Sweeps
        MetricValue: "1"
        Dimensions: [{ Key: Family, Value: $.family }]

<Name>Silence:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmDescription: The <name> function of Trailkeeper has not swept for days
    Namespace: Trailkeeper
    MetricName: Sweeps
    Dimensions: [{ Name: Family, Value: <name> }]
    Statistic: Sum
    Period: 86400
    EvaluationPeriods: !Ref SilentDays
    Threshold: 1
    ComparisonOperator: LessThanThreshold
    TreatMissingData: breaching
    AlarmActions: [!Ref GuardTopic, !If [GuardByMail, !Ref "AWS::NoValue", <topic>]]
"#;

/// Rings where the events of a queue wait much longer than for a retry, and counts those that were given up: SQS does not
/// count what it moves to the queue of dead letters itself.
const WAITING: &str = r#"
<note>
<Name>Waits:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmDescription: Events of the <name> family of Trailkeeper have waited in its queue for half an hour
    Namespace: AWS/SQS
    MetricName: ApproximateAgeOfOldestMessage
    Dimensions: [{ Name: QueueName, Value: !GetAtt <Name>Queue.QueueName }]
    Statistic: Maximum
    Period: 300
    EvaluationPeriods: 1
    Threshold: 1800
    ComparisonOperator: GreaterThanOrEqualToThreshold
    TreatMissingData: notBreaching
    AlarmActions: [!Ref GuardTopic, !If [GuardByMail, !Ref "AWS::NoValue", <topic>]]

<Name>GivenUp:
  Type: AWS::Logs::MetricFilter
  Properties:
    LogGroupName: !Ref <Name>Logs
    FilterPattern: '{ $.message = "an event is a dead letter" }'
    MetricTransformations:
      - MetricNamespace: Trailkeeper
        MetricName: DeadLetters
        MetricValue: "1"
"#;

const GIVEN_UP: &str = r#"
GivenUp:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmDescription: Trailkeeper gave up on an event of a queue; the dead-letter queue keeps it for two weeks
    Namespace: Trailkeeper
    MetricName: DeadLetters
    Statistic: Sum
    Period: 60
    EvaluationPeriods: 1
    Threshold: 1
    ComparisonOperator: GreaterThanOrEqualToThreshold
    TreatMissingData: notBreaching
    AlarmActions: [!Ref GuardTopic, !If [GuardByMail, !Ref "AWS::NoValue", <topic>]]
"#;

const COUNTED: &str =
    "# Its function counts them, since SQS does not count what it moves to the queue of dead letters itself.";

const SILENT: &str = "# Silence is no peace: a schedule, a rule or a function that somebody has switched off sends no event that would tell.\n\
                      # It rings once after the first deployment, too, unless a sweep is quicker.";

const A_WHILE: &str = "# What is urgent must not wait: an hour of it means that the concurrency is too small.";

/// Renders the alarms of all functions. A batch that is throttled waits in its queue, and a sweep is missed.
pub(super) fn alarms() -> String {
    let families = || FUNCTIONS.iter().map(|it| it.name).filter(|name| is_family(name));
    let errors = |name, lane| alarm(name, lane, "Errors", "fails", ["1", "1"]);
    let both = |name| [errors(name, ""), alarm(name, "", "Throttles", "is throttled", ["12", "100"])];
    let beside = |name| lanes::BESIDE.map(|lane| errors(name, lane));
    let rings = FUNCTIONS.iter().flat_map(|it| both(it.name)).chain(families().flat_map(beside));
    let silences = FUNCTIONS.iter().map(|it| it.name).filter(|name| *name != ACCESS).map(silence);
    let given_up = indent(&fill(GIVEN_UP.trim_start(), &[("topic", TOPIC)]), 2);
    rings.chain(families().map(waiting)).chain([given_up]).chain(silences).collect::<Vec<_>>().join("\n")
}

fn alarm(name: &str, lane: &str, metric: &str, does: &str, [periods, threshold]: [&str; 2]) -> String {
    // Said once, at the first.
    let note = if metric == "Throttles" && name == FUNCTIONS[0].name { A_WHILE } else { "" };
    let gaps = [
        ("note", note),
        ("name", name),
        ("Name", &*title(name)),
        ("Lane", lane),
        ("lane", &if lane.is_empty() { String::new() } else { format!("-{}", lane.to_lowercase()) }),
        ("Metric", metric),
        ("does", does),
        ("periods", periods),
        ("threshold", threshold),
        ("topic", TOPIC),
    ];
    indent(&fill(ALARM.trim_start(), &gaps), 2)
}

/// Renders the alarm on events that wait in a queue, and what counts those that were given up.
fn waiting(name: &str) -> String {
    let note = if name == FUNCTIONS[0].name { COUNTED } else { "" };
    let gaps = [("note", note), ("name", name), ("Name", &*title(name)), ("topic", TOPIC)];
    indent(&fill(WAITING.trim_start(), &gaps), 2)
}

/// Renders what counts the sweeps of a function, and the alarm on their absence.
fn silence(name: &str) -> String {
    let note = if name == FUNCTIONS[0].name { SILENT } else { "" };
    let gaps = [("note", note), ("name", name), ("Name", &title(name)), ("topic", TOPIC)];
    indent(&fill(SILENCE.trim_start(), &gaps), 2)
}
