//! Metrics of one invocation, as one line in CloudWatch's embedded metric format.

use crate::report::{Report, Status};
use metrics::Unit;
use metrics_cloudwatch_embedded::{Builder, Collector};
use std::time::Duration;

/// Metrics to count.
const COUNTS: [(&str, &str); 4] = [
    ("Found", "violations found"),
    ("Fixed", "violations fixed and read back"),
    ("Planned", "violations that a dry run would fix"),
    ("Failed", "violations that could not be fixed"),
];

/// Metrics collected until they are written.
pub(crate) struct Numbers {
    collector: &'static Collector,
}

impl Numbers {
    /// Starts counting for a family. `None` if something else already counts in this process.
    pub(crate) fn start(family: &'static str) -> Option<Self> {
        let builder =
            Builder::new().cloudwatch_namespace("Trailkeeper").with_dimension("Family", family).emit_zeros(true);
        let collector = builder.init().ok()?;
        for (name, meaning) in COUNTS {
            metrics::describe_counter!(name, Unit::Count, meaning);
        }
        metrics::describe_histogram!("Duration", Unit::Milliseconds, "how long the invocation took");
        Some(Self { collector })
    }

    /// Counts these results.
    #[allow(clippy::unused_self, reason = "what is counted goes to the collector that was started")]
    pub(crate) fn count(&self, report: &Report) {
        let count = |status: Status| report.results.iter().filter(|outcome| outcome.status == status).count() as u64;
        let (fixed, planned, failed) = (count(Status::Fixed), count(Status::Planned), count(Status::Failed));
        metrics::counter!("Found").increment(fixed + planned + count(Status::Advised) + failed);
        metrics::counter!("Fixed").increment(fixed);
        metrics::counter!("Planned").increment(planned);
        metrics::counter!("Failed").increment(failed);
    }

    /// Writes the metrics as one line to standard output, where Lambda's log agent picks it up.
    pub(crate) fn write(&self, took: Duration) {
        metrics::histogram!("Duration").record(took.as_secs_f64() * 1000.0);
        if let Err(error) = self.collector.flush(std::io::stdout()) {
            tracing::error!(%error, "the metrics could not be written");
        }
    }
}
