//! Properties as they read in a view, for the laws.

use crate::families::vpc::managed::{MANAGED_GROUP, MANAGED_ROLES};
use crate::families::vpc::step::Old;
use crate::families::vpc::view::{FlowLogBucket, FlowLogDestination, View};
use crate::model::{Property, Seen};
use crate::testing::read::{self, Shown};
use serde_json::json;

pub(super) fn read(view: &View, property: &Property) -> Shown {
    match property {
        Property::LogGroup { .. } | Property::LogGroupRetention { .. } => {
            let of_flow_logs = view.flow_logs.iter().filter_map(|it| match &it.destination {
                FlowLogDestination::Group { name, group, .. } if name == MANAGED_GROUP => Some(group),
                _ => None,
            });
            read::group(asked(of_flow_logs, &view.managed.group), property)
        }
        Property::BucketPolicy { .. } => match &view.managed.bucket {
            Some(FlowLogBucket::FlowLogResources(_, _, policy)) => Some(policy.present().cloned()),
            _ => None,
        },
        Property::FlowLog { vpc, id, .. } => {
            let id = id.as_deref().unwrap_or("fl-new");
            Some(view.flow_logs.iter().find(|it| it.id == id).map(|it| {
                let mut again = Old::of(it, vpc).again;
                again["ResourceId"] = json!(vpc);
                again
            }))
        }
        _ => {
            let of_flow_logs = view.flow_logs.iter().filter_map(|it| match &it.destination {
                FlowLogDestination::Group { role_arn, role, .. }
                    if MANAGED_ROLES.iter().any(|name| role_arn.ends_with(name)) =>
                {
                    Some(&**role)
                }
                _ => None,
            });
            read::role(asked(of_flow_logs, &view.managed.role), property)
        }
    }
}

/// Returns what is ours, as it was asked about: by itself, or with a flow log that uses it.
fn asked<'a, T>(mut of_flow_logs: impl Iterator<Item = &'a Seen<T>>, ours: &'a Seen<T>) -> &'a Seen<T> {
    let is_asked = !matches!(ours, Seen::NotAsked);
    if is_asked { ours } else { of_flow_logs.find(|seen| seen.present().is_some()).unwrap_or(ours) }
}
