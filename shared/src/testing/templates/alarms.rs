//! The alarms of each function: it fails, it is throttled, or it does not sweep any more.

use super::fill::{fill, indent, title};
use super::functions::{ACCESS, FUNCTIONS};
use super::policies::TOPIC;

const ALARM: &str = r#"
<note>
<Name><Metric>:
  Type: AWS::CloudWatch::Alarm
  Properties:
    AlarmDescription: The <name> function of Trailkeeper <does>
    Namespace: AWS/Lambda
    MetricName: <Metric>
    Dimensions: [{ Name: FunctionName, Value: !Ref <Name>Function }]
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

const SILENT: &str = "# Silence is no peace: a schedule, a rule or a function that somebody has switched off sends no event that would tell.\n\
                      # It rings once after the first deployment, too, unless a sweep is quicker.";

const A_WHILE: &str = "# A sweep of many accounts and regions is throttled for a while; an hour of it means that the concurrency is too small.";

/// Renders the alarms of all functions.
pub(super) fn alarms() -> String {
    let both =
        |name| [alarm(name, "Errors", "fails", ["1", "1"]), alarm(name, "Throttles", "is throttled", ["12", "100"])];
    let rings = FUNCTIONS.iter().flat_map(|it| both(it.name));
    rings
        .chain(FUNCTIONS.iter().map(|it| it.name).filter(|name| *name != ACCESS).map(silence))
        .collect::<Vec<_>>()
        .join("\n")
}

fn alarm(name: &str, metric: &str, does: &str, [periods, threshold]: [&str; 2]) -> String {
    // Said once, at the first.
    let note = if metric == "Throttles" && name == FUNCTIONS[0].name { A_WHILE } else { "" };
    let gaps = [
        ("note", note),
        ("name", name),
        ("Name", &title(name)),
        ("Metric", metric),
        ("does", does),
        ("periods", periods),
        ("threshold", threshold),
        ("topic", TOPIC),
    ];
    indent(&fill(ALARM.trim_start(), &gaps), 2)
}

/// Renders what counts the sweeps of a function, and the alarm on their absence.
fn silence(name: &str) -> String {
    let note = if name == FUNCTIONS[0].name { SILENT } else { "" };
    let gaps = [("note", note), ("name", name), ("Name", &title(name)), ("topic", TOPIC)];
    indent(&fill(SILENCE.trim_start(), &gaps), 2)
}
