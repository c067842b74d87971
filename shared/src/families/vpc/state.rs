//! Whether one flow log records what it must and delivers it. Pure.

use super::managed;
use super::managed::MANAGED_ROLE;
use super::view::{FlowLog, FlowLogBucket, FlowLogDelivery, FlowLogDestination, View};
use crate::families::bucket::grants;
use crate::managed::role::Serves;
use crate::model::{Arn, Place, Seen, Subject};
use crate::settings::flow_logs::{BucketName, Traffic};

/// How it stands with a flow log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FlowLogState {
    /// It delivers, or nothing speaks against it.
    Delivers,
    /// It does not, or not what it must; as the rest of a sentence.
    Lacks(String),
    /// It cannot be told; what is missing.
    Unclear(String),
}

/// Judges one flow log. AWS's own word that it fails counts at once; that it delivers is minutes old, and what its role
/// may is looked at as well.
pub(super) fn state(flow_log: &FlowLog, view: &View, subject: &Subject) -> FlowLogState {
    let lacks = |what: String| FlowLogState::Lacks(what);
    if flow_log.traffic == Traffic::Accept {
        return lacks("records only accepted traffic".to_owned());
    }
    if !flow_log.active {
        return lacks("is not active".to_owned());
    }
    if let FlowLogDelivery::Failed(message) = &flow_log.delivery {
        return lacks(format!("fails to deliver ({message})"));
    }
    match &flow_log.destination {
        FlowLogDestination::Group { .. } => by_role(flow_log, &subject.place),
        FlowLogDestination::Elsewhere(arn) => by_bucket(arn, view, &subject.place),
    }
}

fn by_role(flow_log: &FlowLog, place: &Place) -> FlowLogState {
    let FlowLogDestination::Group { name, group, role_arn, role } = &flow_log.destination else {
        return FlowLogState::Delivers;
    };
    // What cannot be looked at is believed to AWS.
    let told = |what: String| match flow_log.delivery {
        FlowLogDelivery::Success => FlowLogState::Delivers,
        FlowLogDelivery::Untold | FlowLogDelivery::Failed(_) => FlowLogState::Unclear(what),
    };
    if Arn::parse(role_arn).is_none_or(|arn| arn.account != place.account) {
        return told(format!("its role {role_arn} is not in this account, so it cannot be read"));
    }
    let role = match role.known() {
        Ok(Some(role)) => role,
        Ok(None) => return FlowLogState::Lacks(format!("has a role that does not exist: {role_arn}")),
        Err(unread) => return told(unread.of(format_args!("role {role_arn}"))),
    };
    let arn = managed::flow_log_arn(place, &flow_log.id);
    let exists = *group != Seen::Absent;
    match role.serves(&managed::need(place, &arn, name, exists)) {
        // A group that is gone is made anew by the flow log, but for one of ours: ours has an end to what it keeps.
        Serves::Yes if flow_log.managed && !exists => {
            FlowLogState::Lacks(format!("has a log group that does not exist: {name}"))
        }
        Serves::Yes => FlowLogState::Delivers,
        Serves::No(lack) => FlowLogState::Lacks(format!("has a role that does not work, {role_arn}: {lack}")),
        Serves::Unclear(what) => match told(format!("role {role_arn}: {what}")) {
            // Ours is put back as it was.
            FlowLogState::Unclear(_) if role.managed && role_arn.ends_with(&format!(":role/{MANAGED_ROLE}")) => {
                FlowLogState::Lacks(format!("has a role that was altered, {role_arn}: {what}"))
            }
            state => state,
        },
    }
}

/// The bucket of the settings is known, and its policy is looked at; of any other AWS tells whether it takes the logs.
fn by_bucket(arn: &str, view: &View, place: &Place) -> FlowLogState {
    let Some(BucketName { name, prefix }) = BucketName::parse(arn) else { return FlowLogState::Delivers };
    match &view.managed.bucket {
        Some(FlowLogBucket::FlowLogResources(its, _, Seen::Present(policy))) if *its == name => {
            if grants::for_flow_logs(place, &name, &prefix, Some(policy)).is_empty() {
                FlowLogState::Delivers
            } else {
                FlowLogState::Lacks(format!("is not allowed to deliver by the policy of its bucket {name}"))
            }
        }
        Some(FlowLogBucket::FlowLogResources(its, _, Seen::Absent)) if *its == name => {
            FlowLogState::Lacks(format!("is not allowed to deliver: its bucket {name} has no policy"))
        }
        _ => FlowLogState::Delivers,
    }
}
