//! The dashboard: what was found and fixed by control and by family, what failed, and who touched the logs.

use super::fill::{fill, indent, title};
use super::functions::{FUNCTIONS, is_family};

const DASHBOARD: &str = r#"
# By control from the log, where it costs nothing to keep; by family from the metrics that the functions write. The first
# three dashboards of an account are free.
Dashboard:
  Type: AWS::CloudWatch::Dashboard
  Properties:
    DashboardName: !Ref AWS::StackName
    DashboardBody: !Sub
      - |
        { "start": "-P7D", "widgets": [
          {
            "type": "log", "x": 0, "y": 0, "width": 12, "height": 9,
            "properties": {
              "title": "By control",
              "region": "${AWS::Region}", "view": "table",
              "query": "${Logs} | ${ByControl}"
            }
          },
          {
            "type": "log", "x": 12, "y": 0, "width": 12, "height": 9,
            "properties": {
              "title": "Not fixed, and why",
              "region": "${AWS::Region}", "view": "table",
              "query": "${Logs} | ${NotRight}"
            }
          },
          {
            "type": "metric", "x": 0, "y": 9, "width": 6, "height": 6,
            "properties": {
              "title": "Found",
              "region": "${AWS::Region}", "view": "timeSeries", "stacked": true, "stat": "Sum", "period": 86400,
              "metrics": [
                <Found>
              ]
            }
          },
          {
            "type": "metric", "x": 6, "y": 9, "width": 6, "height": 6,
            "properties": {
              "title": "Fixed",
              "region": "${AWS::Region}", "view": "timeSeries", "stacked": true, "stat": "Sum", "period": 86400,
              "metrics": [
                <Fixed>
              ]
            }
          },
          {
            "type": "metric", "x": 12, "y": 9, "width": 6, "height": 6,
            "properties": {
              "title": "Planned",
              "region": "${AWS::Region}", "view": "timeSeries", "stacked": true, "stat": "Sum", "period": 86400,
              "metrics": [
                <Planned>
              ]
            }
          },
          {
            "type": "metric", "x": 18, "y": 9, "width": 6, "height": 6,
            "properties": {
              "title": "Failed",
              "region": "${AWS::Region}", "view": "timeSeries", "stacked": true, "stat": "Sum", "period": 86400,
              "metrics": [
                <Failed>
              ]
            }
          },
          {
            "type": "metric", "x": 0, "y": 15, "width": 12, "height": 6,
            "properties": {
              "title": "Longest run, in milliseconds",
              "region": "${AWS::Region}", "view": "timeSeries", "stat": "Maximum", "period": 3600,
              "annotations": { "horizontal": [{ "label": "timeout", "value": 300000 }] },
              "metrics": [
                <Duration>
              ]
            }
          },
          {
            "type": "metric", "x": 12, "y": 15, "width": 12, "height": 6,
            "properties": {
              "title": "Events that failed for good, kept for two weeks",
              "region": "${AWS::Region}", "view": "timeSeries", "stat": "Maximum", "period": 300,
              "metrics": [
                ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${DeadLetters.QueueName}"]
              ]
            }
          },
          {
            "type": "metric", "x": 0, "y": 21, "width": 12, "height": 6,
            "properties": {
              "title": "Errors",
              "region": "${AWS::Region}", "view": "timeSeries", "stacked": true, "stat": "Sum", "period": 3600,
              "metrics": [
                <Errors>
              ]
            }
          },
          {
            "type": "metric", "x": 12, "y": 21, "width": 12, "height": 6,
            "properties": {
              "title": "Throttles",
              "region": "${AWS::Region}", "view": "timeSeries", "stacked": true, "stat": "Sum", "period": 3600,
              "metrics": [
                <Throttles>
              ]
            }
          },
          {
            "type": "log", "x": 0, "y": 27, "width": 24, "height": 6,
            "properties": {
              "title": "Access logs with findings",
              "region": "${AWS::Region}", "view": "table",
              "query": "SOURCE '${AccessLogs}' | ${Touched}"
            }
          }
        ] }
      - Logs: !Sub >-
          <logs>
        ByControl: >-
          filter status in ['fixed', 'planned', 'advised', 'failed'] |
          fields strcontains(status, 'fixed') as is_fixed, strcontains(status, 'planned') as is_planned,
          strcontains(status, 'failed') as is_failed |
          stats count(*) as found, sum(is_fixed) as fixed, sum(is_planned) as planned, sum(is_failed) as failed
          by control | sort found desc
        NotRight: >-
          filter status in ['failed', 'unknown'] |
          fields @timestamp, account, control, region, resource, because | sort @timestamp desc | limit 50
        Touched: >-
          filter findings > 0 or malformed > 0 |
          fields @timestamp, account, bucket, key, lines, findings, malformed | sort @timestamp desc | limit 50
"#;

/// The width of the dashboard's lists, which stand far in.
const WIDTH: usize = 100;

/// Renders the dashboard, with every family in it.
pub(super) fn dashboard() -> String {
    let families: Vec<&str> = FUNCTIONS.iter().map(|it| it.name).filter(|name| is_family(name)).collect();
    let of_families =
        |metric: &str| metrics(["Trailkeeper", metric, "Family"], families.iter().map(|it| (*it).to_owned()));
    let of_functions = |metric: &str| {
        let names = families.iter().map(|it| format!("${{{}Function}}", title(it)));
        metrics(["AWS/Lambda", metric, "FunctionName"], names)
    };
    let logs = families.iter().map(|it| format!("SOURCE '${{{}Logs}}'", title(it)));
    let gaps = [
        ("Found", &*of_families("Found")),
        ("Fixed", &of_families("Fixed")),
        ("Planned", &of_families("Planned")),
        ("Failed", &of_families("Failed")),
        ("Duration", &of_families("Duration")),
        ("Errors", &of_functions("Errors")),
        ("Throttles", &of_functions("Throttles")),
        ("logs", &wrapped(&logs.collect::<Vec<_>>(), " |")),
    ];
    indent(&fill(DASHBOARD.trim_start(), &gaps), 2)
}

/// Renders one metric for each value of a dimension. `...` stands for what the metric before has, too.
fn metrics(first: [&str; 3], values: impl Iterator<Item = String>) -> String {
    let [namespace, metric, dimension] = first;
    let metrics = values.enumerate().map(|(at, value)| match at {
        0 => format!("[\"{namespace}\", \"{metric}\", \"{dimension}\", \"{value}\"]"),
        _ => format!("[\"...\", \"{value}\"]"),
    });
    wrapped(&metrics.collect::<Vec<_>>(), ",")
}

/// Puts items on as few lines as hold them, with this after each but the last.
fn wrapped(items: &[String], after: &str) -> String {
    let mut lines = vec![String::new()];
    for (at, item) in items.iter().enumerate() {
        let item = if at + 1 < items.len() { format!("{item}{after}") } else { item.clone() };
        match lines.last_mut() {
            Some(line) if line.is_empty() => *line = item,
            Some(line) if line.len() + 1 + item.len() <= WIDTH => *line = format!("{line} {item}"),
            _ => lines.push(item),
        }
    }
    lines.join("\n")
}
