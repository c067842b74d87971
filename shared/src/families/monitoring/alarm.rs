//! Alarms: whether a single match of the filter sets one off, and how to repair one that does not go off. Pure.

use super::filter::Filter;
use super::view::Metric;
use serde_json::{Value, json};

/// Metric alarm, in AWS's terms ([PutMetricAlarm]). The call carries over everything that `PutMetricAlarm` would lose.
///
/// [PutMetricAlarm]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[allow(missing_docs, reason = "the names are AWS's")]
pub struct Alarm {
    pub name: String,
    pub description: Option<String>,
    pub metric: Metric,
    pub dimensions: Vec<(String, String)>,
    pub statistic: Option<String>,
    pub extended_statistic: Option<String>,
    /// Period in seconds.
    pub period: u32,
    pub unit: Option<String>,
    pub evaluation_periods: u32,
    pub datapoints_to_alarm: Option<u32>,
    pub threshold: f64,
    pub comparison: String,
    pub treat_missing_data: Option<String>,
    pub low_samples: Option<String>,
    pub actions_enabled: bool,
    pub alarm_actions: Vec<String>,
    pub ok_actions: Vec<String>,
    pub insufficient_data_actions: Vec<String>,
}

/// Maximum number of actions of each kind per alarm ([PutMetricAlarm]).
///
/// [PutMetricAlarm]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
pub(super) const MOST_ACTIONS: usize = 5;

/// Minimum period in seconds for a metric of a filter ([metrics concepts]: shorter periods are for high-resolution
/// metrics).
///
/// [metrics concepts]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
const SHORTEST: u32 = 60;

/// Reasons why an alarm does not go off, each with its own remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AlarmFault {
    Dimensions,
    Statistic,
    Period,
    Unit,
    Periods,
    Threshold,
    MissingData,
}

impl Alarm {
    /// Returns why a single match of the filter does not set the alarm off, for people; empty if it does.
    #[must_use]
    pub fn faults(&self, filter: &Filter) -> Vec<String> {
        self.faulty(filter).into_iter().map(|fault| self.describe(fault)).collect()
    }

    fn faulty(&self, filter: &Filter) -> Vec<AlarmFault> {
        let (value, default) = (filter.counts().unwrap_or_default(), filter.transformation.default);
        // Without a default value the metric only has data for matches; with one, the defaults of quiet minutes drown
        // out a match.
        let (statistic, counted) = match (self.statistic.as_deref(), &self.extended_statistic) {
            (Some("Sum" | "Maximum"), None) => (true, value),
            (Some("SampleCount"), None) => (default.is_none(), 1.0),
            (Some("Average" | "Minimum"), None) | (None, Some(_)) => (default.is_none(), value),
            _ => (false, value),
        };
        let fires = |number: f64| match self.comparison.as_str() {
            "GreaterThanOrEqualToThreshold" => number >= self.threshold,
            "GreaterThanThreshold" => number > self.threshold,
            _ => false,
        };
        let at_rest = default.is_some_and(fires);
        let missing = match self.treat_missing_data.as_deref() {
            // Missing data either keeps it in alarm while nothing happens, or leaves it in alarm for ever: it never
            // goes off again.
            Some("breaching") => false,
            Some("ignore") => default.is_some(),
            _ => true,
        };
        let unit = self.unit.is_none() || self.unit == filter.transformation.unit;
        let held = [
            (AlarmFault::Dimensions, self.dimensions.is_empty()),
            (AlarmFault::Statistic, statistic),
            (AlarmFault::Period, self.period >= SHORTEST),
            (AlarmFault::Unit, unit),
            (AlarmFault::Periods, self.datapoints_to_alarm.unwrap_or(self.evaluation_periods) == 1),
            (AlarmFault::Threshold, fires(counted) && !at_rest),
            (AlarmFault::MissingData, missing),
        ];
        held.into_iter().filter(|(_, holds)| !holds).map(|(fault, _)| fault).collect()
    }

    /// Returns the statistic, of either kind.
    fn any_statistic(&self) -> &str {
        self.statistic.as_deref().or(self.extended_statistic.as_deref()).unwrap_or("none")
    }

    fn describe(&self, fault: AlarmFault) -> String {
        match fault {
            AlarmFault::Dimensions => "it watches dimensions that the filter's metric does not have".to_owned(),
            AlarmFault::Statistic => format!("its statistic {} hides a single match", self.any_statistic()),
            AlarmFault::Period => format!("its period of {} s is too short for the metric of a filter", self.period),
            AlarmFault::Unit => format!("it watches the unit {}", self.unit.as_deref().unwrap_or_default()),
            AlarmFault::Periods => {
                let of = self.evaluation_periods;
                format!("it takes {} of {of} periods to go off", self.datapoints_to_alarm.unwrap_or(of))
            }
            AlarmFault::Threshold => {
                format!("with {} {} a single match does not set it off", self.comparison, self.threshold)
            }
            AlarmFault::MissingData => {
                format!("it treats missing data as {}", self.treat_missing_data.as_deref().unwrap_or_default())
            }
        }
    }

    /// Returns the alarm with its faults repaired, its actions enabled and everything else unchanged.
    #[must_use]
    pub fn ringing(&self, filter: &Filter) -> Self {
        let mut alarm = self.clone();
        let faults = self.faulty(filter);
        alarm.actions_enabled = true;
        for fault in &faults {
            match fault {
                AlarmFault::Dimensions => alarm.dimensions.clear(),
                AlarmFault::Statistic => {
                    (alarm.statistic, alarm.extended_statistic) = (Some("Sum".to_owned()), None);
                    alarm.low_samples = None;
                }
                AlarmFault::Period => alarm.period = 300,
                AlarmFault::Unit => alarm.unit = None,
                AlarmFault::Periods => {
                    alarm.evaluation_periods = 1;
                    alarm.datapoints_to_alarm = self.datapoints_to_alarm.map(|_| 1);
                }
                AlarmFault::Threshold => {}
                AlarmFault::MissingData => alarm.treat_missing_data = Some("notBreaching".to_owned()),
            }
        }
        // Another statistic may need another threshold.
        if alarm.faulty(filter).contains(&AlarmFault::Threshold) {
            "GreaterThanOrEqualToThreshold".clone_into(&mut alarm.comparison);
            alarm.threshold = filter.counts().unwrap_or(1.0);
        }
        alarm
    }

    /// Returns a one-line summary: condition and actions.
    #[must_use]
    pub fn in_short(&self) -> String {
        let topics: Vec<&str> = self.alarm_actions.iter().filter_map(|arn| arn.rsplit(':').next()).collect();
        format!(
            "{} of {} in {} of {} periods of {} s {} {}, missing data {}, tells {}",
            self.any_statistic(),
            self.metric.name,
            self.datapoints_to_alarm.unwrap_or(self.evaluation_periods),
            self.evaluation_periods,
            self.period,
            self.comparison,
            self.threshold,
            self.treat_missing_data.as_deref().unwrap_or("missing"),
            topics.join(", "),
        )
    }

    /// Returns the members of the request.
    #[must_use]
    pub fn members(&self) -> Value {
        let Self {
            name,
            description,
            metric,
            dimensions,
            statistic,
            extended_statistic,
            period,
            unit,
            evaluation_periods,
            datapoints_to_alarm,
            threshold,
            comparison,
            treat_missing_data,
            low_samples,
            actions_enabled,
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
        } = self;
        json!({
            "AlarmName": name, "AlarmDescription": description, "Namespace": metric.namespace,
            "MetricName": metric.name, "Dimensions": dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect::<Vec<_>>(), "Statistic": statistic,
            "ExtendedStatistic": extended_statistic, "Period": period, "Unit": unit,
            "EvaluationPeriods": evaluation_periods, "DatapointsToAlarm": datapoints_to_alarm,
            "Threshold": threshold, "ComparisonOperator": comparison, "TreatMissingData": treat_missing_data,
            "EvaluateLowSampleCountPercentile": low_samples,
            "ActionsEnabled": actions_enabled, "AlarmActions": alarm_actions, "OKActions": ok_actions,
            "InsufficientDataActions": insufficient_data_actions,
        })
    }
}
