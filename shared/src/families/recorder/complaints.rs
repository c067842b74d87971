//! Problems of a recorder that are reported and never fixed: failures, and a scope that someone has narrowed. Pure.

use super::view::{Channel, RecorderView};
use crate::model::{Arn, Command};
use serde_json::json;

/// Problem of a recorder that we never fix.
pub(super) struct Complaint {
    /// Description of the problem.
    pub(super) wrong: String,
    /// Advice on what a person should do.
    pub(super) advice: String,
}

/// Returns all problems of the recorder.
pub(super) fn complaints(recorder: &RecorderView, channel: Option<&Channel>, at_home: bool) -> Vec<Complaint> {
    let RecorderView { name, arn, role, scope, status } = recorder;
    let failing = status.failure.as_ref().map(|error| Complaint {
        wrong: format!("recorder {name} is failing: {error}"),
        advice: format!(
            "Check what AWS Config depends on: role {role}; {}. The control log-bucket-delivery fixes the policy of a \
             log bucket in this account. Trailkeeper does not change a recorder's role.",
            channel.map(leaned_on).unwrap_or_default()
        ),
    });
    let narrowed = scope.narrowed(at_home).map(|less| Complaint {
        wrong: format!("recorder {name} {less}"),
        advice: format!(
            "Trailkeeper does not widen what someone narrowed. If that was not intended: {}",
            Command::aws("configservice", "put-configuration-recorder")
                .region(arn.as_deref().map_or("", Arn::region_of))
                .with("ConfigurationRecorder", json!({ "name": name, "roleARN": role }))
                .with("RecordingGroup", json!({ "allSupported": true, "includeGlobalResourceTypes": at_home }))
        ),
    });
    failing.into_iter().chain(narrowed).collect()
}

fn leaned_on(channel: &Channel) -> String {
    let key = channel.key.as_ref().map(|key| format!(", and the policy of KMS key {key}"));
    format!("the policy of bucket {}{}", channel.bucket, key.unwrap_or_default())
}
