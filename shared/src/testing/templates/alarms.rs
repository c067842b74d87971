//! The alarms of each function: it fails, or it is throttled.

use super::fill::{fill, indent, title};
use super::functions::FUNCTIONS;
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

const A_WHILE: &str = "# A sweep of many accounts and regions is throttled for a while; an hour of it means that the concurrency is too small.";

/// Renders the alarms of all functions.
pub(super) fn alarms() -> String {
    let both =
        |name| [alarm(name, "Errors", "fails", ["1", "1"]), alarm(name, "Throttles", "is throttled", ["12", "100"])];
    FUNCTIONS.iter().flat_map(|it| both(it.name)).collect::<Vec<_>>().join("\n")
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
