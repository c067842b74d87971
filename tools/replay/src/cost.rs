//! What a month of Trailkeeper costs, with the formulas and figures of the page about costs.

use serde::{Deserialize, Serialize};

/// Figures that both this and `tools/costs.py` reckon with.
const FIGURES: &str = include_str!("../../costs.json");

/// What a month costs, in dollars, before any free tier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// Number of calls a day that wake a function, on average.
    pub events_a_day: f64,
    /// Dollars a month.
    pub a_month: f64,
    /// Dollars a month that would be paid if no call woke anything.
    pub without_calls: f64,
    /// Dollars a month by what they are paid for.
    pub parts: Vec<CostPart>,
}

/// Part of the cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostPart {
    /// What is paid for.
    pub what: &'static str,
    /// Dollars a month.
    pub dollars: f64,
}

#[derive(Debug, Default, Deserialize)]
struct Figures {
    days: f64,
    families: f64,
    digests: f64,
    alarms: f64,
    keys: f64,
    metrics_of_a_family: f64,
    regions: f64,
    by_region: f64,
    seconds_of_an_event: f64,
    seconds_of_a_sweep: f64,
    gb_of_memory: f64,
    gb_of_log: f64,
    many: f64,
    batched: f64,
    requests_of_a_message: f64,
    asked_a_day: f64,
    months_of_log: f64,
    compressed: f64,
    told: f64,
    written_by_a_sweep: f64,
    written_by_a_fix: f64,
    read_by_a_digest: f64,
    seconds_of_a_digest: f64,
    request: f64,
    gb_second: f64,
    forwarded: f64,
    scheduled: f64,
    log_gb: f64,
    log_gb_month: f64,
    metric_month: f64,
    metric_hours: f64,
    alarm: f64,
    dashboard: f64,
    key: f64,
    key_request: f64,
    item_written: f64,
    item_read: f64,
    published: f64,
    received: f64,
    mail: f64,
}

impl Cost {
    /// Reckons the cost of a number of calls a day that wake a function.
    #[must_use]
    pub fn of(events_a_day: f64) -> Self {
        // A test reads the figures: they are compiled in.
        let figures: Figures = serde_json::from_str(FIGURES).unwrap_or_default();
        let parts = month(&figures, events_a_day);
        let sum = |parts: &[CostPart]| parts.iter().map(|part| part.dollars).sum();
        let (a_month, without_calls) = (sum(&parts), sum(&month(&figures, 0.0)));
        Self { events_a_day, a_month, without_calls, parts }
    }
}

fn month(of: &Figures, events_a_day: f64) -> Vec<CostPart> {
    let functions = of.families + 1.0;
    let (events, schedules) = (events_a_day * of.days, functions * of.days);
    let (handed_on, digests) = (of.by_region * of.regions * of.days, of.digests * of.days);
    let sweeps = schedules + handed_on;
    // Those that come by way of a queue are handled in batches.
    let invoked = events * (1.0 - of.many + of.many / of.batched);
    let queued = events * of.many * of.requests_of_a_message + of.families * of.asked_a_day * of.days;
    let seconds = events * of.seconds_of_an_event + sweeps * of.seconds_of_a_sweep + digests * of.seconds_of_a_digest;
    let logged = (events + sweeps) * of.gb_of_log;
    // A metric is paid for by the hour in which something was counted; a sweep may reach into two.
    let hours = (24.0 * functions).min(events_a_day + 2.0 * functions) * of.days;
    let swept = 2.0 * functions * of.days;
    let reports = events * of.told;
    let written = sweeps * of.written_by_a_sweep + reports * of.written_by_a_fix;
    let metric_hour = of.metric_month / of.metric_hours;
    [
        ("Lambda", (invoked + sweeps + digests) * of.request + seconds * of.gb_of_memory * of.gb_second),
        ("EventBridge", (events + handed_on) * of.forwarded + (schedules + digests) * of.scheduled),
        ("CloudWatch Logs", logged * of.log_gb + logged * of.months_of_log * of.compressed * of.log_gb_month),
        ("CloudWatch metrics", (hours * of.metrics_of_a_family + swept) * metric_hour),
        ("CloudWatch alarms", of.alarms * of.alarm),
        ("CloudWatch dashboard", of.dashboard),
        ("KMS", of.keys * of.key + reports * 2.0 * of.key_request),
        ("DynamoDB", written * of.item_written + digests * of.read_by_a_digest * of.item_read),
        ("SQS", (invoked + sweeps + digests + queued) * of.received),
        ("SNS, one email address", reports * (of.published + of.mail)),
    ]
    .map(|(what, dollars)| CostPart { what, dollars })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_about_costs_has_the_same_numbers() {
        let page = include_str!("../../../docs/costs.md");
        let costs = [10.0, 1_000.0, 100_000.0].map(Cost::of);
        let row = |what: &str, dollars: [f64; 3]| {
            let [few, some, many] = dollars.map(|dollars| format!("{dollars:.2}"));
            format!("| {what} | {few} | {some} | {many} |")
        };
        for (number, part) in costs[0].parts.iter().enumerate() {
            let row = row(part.what, costs.clone().map(|cost| cost.parts[number].dollars));
            assert!(page.contains(&row), "{row}");
        }
        let [few, some, many] = costs.map(|cost| format!("**{:.2}**", cost.a_month));
        let row = format!("| **a month, US dollars** | {few} | {some} | {many} |");
        assert!(page.contains(&row), "{row}");
    }
}
