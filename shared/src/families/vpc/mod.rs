//! VPC family: VPCs and their flow logs.

#[cfg(feature = "vpc")]
pub(crate) mod aws;
mod controls;
mod elsewhere;
mod managed;
mod state;
mod step;
mod tests;
mod view;
mod watch;

pub use crate::settings::flow_logs::{BucketName, Traffic, Wanted};
#[cfg(feature = "vpc")]
pub use aws::Vpcs;
pub use managed::{MANAGED_GROUP, MANAGED_POLICY, MANAGED_ROLE, MANAGED_ROLES};
pub use step::{FlowLogStep, New, Old, Step, To};
pub use view::{FlowLog, FlowLogBucket, FlowLogDelivery, FlowLogDestination, FlowLogResources, View};

use crate::documents::policy::{Statement, statements};
use crate::event::Watch;
use crate::family::{Control, Family, Harm, Tell};
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{About, Place, Seen, Severity, Subject};
use crate::settings::Settings;
use serde_json::Value;

/// Family of VPCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vpc;

impl Family for Vpc {
    const NAME: &'static str = "vpc";
    type View = View;
    type Step = Step;
    const CONTROLS: &'static [Control<Self>] = &[controls::flow_logs::CONTROL];
    const WATCHES: &'static [Watch] = watch::WATCHES;
    const TELLS: &'static [Tell] = watch::TELLS;
    const OWN_CALLS: &'static [&'static str] = &[
        "CreateFlowLogs",
        "CreateLogGroup",
        "CreateRole",
        "DeleteFlowLogs",
        "PutBucketPolicy",
        "PutRetentionPolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "UpdateAssumeRolePolicy",
    ];
    const INDEPENDENT: bool = true;

    fn arn(place: &Place, id: &str) -> String {
        format!("arn:{}:ec2:{}:{}:vpc/{id}", place.partition, place.region, place.account)
    }

    /// Returns a high severity where the record of the network goes to somebody whom no setting names.
    fn severity(about: &About, view: &View, subject: &Subject, settings: &Settings) -> Severity {
        let stranger = elsewhere::told(view, &subject.place, settings).is_some();
        if stranger { about.severity.max(Severity::High) } else { about.severity }
    }

    /// Returns the harm of a new flow log: AWS changes the policy of its bucket, and one of its pages says that it
    /// overwrites it. Statements that have disappeared are restored.
    fn harm(before: &View, after: &View) -> Option<Harm<Step>> {
        let (
            Some(FlowLogBucket::FlowLogResources(_, _, old)),
            Some(FlowLogBucket::FlowLogResources(name, region, now)),
        ) = (&before.managed.bucket, &after.managed.bucket)
        else {
            return None;
        };
        now.known().ok()?;
        let all = |policy: &Seen<Value>| -> Vec<Value> {
            policy.present().into_iter().flat_map(statements).map(Statement::to_value).collect()
        };
        let kept = all(now);
        let lost: Vec<Value> = all(old).into_iter().filter(|it| !kept.contains(it)).collect();
        (!lost.is_empty()).then(|| Harm {
            control: controls::flow_logs::CONTROL.about.id,
            because: format!("statements in the policy of bucket {name} were lost when the flow log was created"),
            undo: Step::Bucket(BucketStep::new(name, region, Act::put_policy(now.present().cloned(), lost))),
        })
    }
}
