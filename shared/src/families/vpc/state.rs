//! State of one flow log: whether it records what it must and delivers it. Pure.

use super::managed;
use super::view::{FlowLog, FlowLogBucket, FlowLogDelivery, FlowLogDestination, View};
use crate::documents::policy::Decision;
use crate::families::bucket::grants;
use crate::managed::role::Serves;
use crate::model::{Arn, Place, Seen, Subject};
use crate::settings::flow_logs::{BucketName, Traffic};

/// State of a flow log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FlowLogState {
    /// The flow log delivers, as far as can be seen.
    Delivers,
    /// The flow log does not deliver, or not what it must: the rest of a sentence.
    Lacks(String),
    /// Cannot be determined, with what is missing.
    Unclear(String),
}

/// Judges one flow log. A failure reported by AWS counts at once; a success is minutes old, so the permissions of the
/// role are checked as well.
pub(super) fn state(flow_log: &FlowLog, view: &View, subject: &Subject) -> FlowLogState {
    let lacks = |what: String| FlowLogState::Lacks(what);
    if flow_log.traffic == Traffic::Accept {
        return lacks("records only accepted traffic".to_owned());
    }
    if let Some(missing) = flow_log.format.as_deref().and_then(missing_fields) {
        return lacks(format!("records no {missing}"));
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

/// Fields without which a record does not say who spoke with whom, how, and whether it was let through, each with what
/// says the same or more ([flow log records]).
///
/// [flow log records]: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
const FIELDS: [(&str, &str); 6] = [
    ("srcaddr", "pkt-srcaddr"),
    ("dstaddr", "pkt-dstaddr"),
    ("srcport", "srcport"),
    ("dstport", "dstport"),
    ("protocol", "protocol"),
    ("action", "action"),
];

/// Returns the fields that records of a format lack, for people. Without a format they have those of the default format.
fn missing_fields(format: &str) -> Option<String> {
    let has = |field: &str| format.contains(&format!("${{{field}}}"));
    let missing = FIELDS.iter().filter(|(field, same)| !has(field) && !has(same)).map(|(field, _)| *field);
    let missing: Vec<&str> = missing.collect();
    (!format.trim().is_empty() && !missing.is_empty()).then(|| missing.join(", "))
}

fn by_role(flow_log: &FlowLog, place: &Place) -> FlowLogState {
    let FlowLogDestination::Group { name, group, role_arn, role } = &flow_log.destination else {
        return FlowLogState::Delivers;
    };
    // What cannot be read is decided by what AWS reports.
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
        // A missing log group is created again by the flow log, except ours, which needs a retention period.
        Serves::Yes if flow_log.managed && !exists => {
            FlowLogState::Lacks(format!("has a log group that does not exist: {name}"))
        }
        Serves::Yes => FlowLogState::Delivers,
        Serves::No(lack) => FlowLogState::Lacks(format!("has a role that does not work, {role_arn}: {lack}")),
        Serves::Unclear(what) => match told(format!("role {role_arn}: {what}")) {
            // Our role is restored to its original state.
            FlowLogState::Unclear(_) if role.managed && managed::managed_role(place).at(place, role_arn).is_some() => {
                FlowLogState::Lacks(format!("has a role that was altered, {role_arn}: {what}"))
            }
            state => state,
        },
    }
}

/// Judges a flow log by its bucket. The policy is checked only for the bucket of the settings; for any other, AWS
/// reports whether it accepts the logs.
fn by_bucket(arn: &str, view: &View, place: &Place) -> FlowLogState {
    let Some(BucketName { name, prefix }) = BucketName::parse(arn) else { return FlowLogState::Delivers };
    match &view.managed.bucket {
        Some(FlowLogBucket::FlowLogResources(its, _, Seen::Present(policy))) if *its == name => {
            match grants::flow_logs_decided(place, &name, &prefix, Some(policy)) {
                Decision::Allowed => FlowLogState::Delivers,
                Decision::Unclear => FlowLogState::Unclear(managed::unjudged(&name)),
                Decision::Denied | Decision::NotAllowed => {
                    FlowLogState::Lacks(format!("is not allowed to deliver by the policy of its bucket {name}"))
                }
            }
        }
        Some(FlowLogBucket::FlowLogResources(its, _, Seen::Absent)) if *its == name => {
            FlowLogState::Lacks(format!("is not allowed to deliver: its bucket {name} has no policy"))
        }
        _ => FlowLogState::Delivers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_must_say_who_spoke_with_whom() {
        let default = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} \
                       ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";
        assert_eq!(missing_fields(default), None);
        assert_eq!(missing_fields(""), None);
        let packets = "${pkt-srcaddr} ${pkt-dstaddr} ${srcport} ${dstport} ${protocol} ${action} ${flow-direction}";
        assert_eq!(missing_fields(packets), None);
        assert_eq!(
            missing_fields("${version}").as_deref(),
            Some("srcaddr, dstaddr, srcport, dstport, protocol, action")
        );
        assert_eq!(missing_fields(&default.replace("${action}", "${tcp-flags}")).as_deref(), Some("action"));
        assert_eq!(missing_fields(&default.replace("${srcport}", "srcport")).as_deref(), Some("srcport"));
    }
}
