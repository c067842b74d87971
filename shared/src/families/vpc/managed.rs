//! Resources that Trailkeeper creates for flow logs: fixed names, and what it takes to have them in working order.
//! Pure.

use super::step::{Step, To};
use super::view::{FlowLogBucket, View};
use crate::documents::policy::{Decision, compiled, completed, document};
use crate::families::bucket::grants;
use crate::managed::bucket::LARGEST_POLICY;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::log_group;
use crate::managed::log_group::LogGroup;
use crate::managed::role::wanted::ManagedRole;
use crate::managed::role::{RoleNeed, streams_of};
use crate::model::{Blocked, Place, Seen, Subject, Unread};
use crate::settings::Settings;
use crate::settings::destinations::RecordDestinations;
use crate::settings::flow_logs::BucketName;

/// Name of our log group in the VPC's region.
pub const MANAGED_GROUP: &str = "/trailkeeper/vpc-flow-logs";
/// Name of the role with which flow logs write to our log group: one per account.
pub const MANAGED_ROLE: &str = "trailkeeper-vpc-flow-logs";
/// Names that this role may have: the second if the first is somebody else's.
pub const MANAGED_ROLES: [&str; 2] = [MANAGED_ROLE, "trailkeeper-vpc-flow-logs-2"];
/// Name of the role's inline policy.
pub const MANAGED_POLICY: &str = "write-vpc-flow-logs";

/// Returns what writing to a log group requires of a flow log's role ([VPC user guide, IAM role for CloudWatch Logs]).
/// Permission to create the log group is required only if it does not exist.
///
/// [VPC user guide, IAM role for CloudWatch Logs]: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
#[must_use]
pub(super) fn need<'a>(place: &'a Place, flow_log: &'a str, group: &str, exists: bool) -> RoleNeed<'a> {
    let Place { partition, account, region } = place;
    let group = format!("arn:{partition}:logs:{region}:{account}:log-group:{group}");
    RoleNeed {
        service: "vpc-flow-logs.amazonaws.com",
        known: vec![("aws:SourceAccount", account), ("aws:SourceArn", flow_log)],
        actions: if exists {
            &["logs:CreateLogStream", "logs:PutLogEvents"]
        } else {
            &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        },
        resources: vec![streams_of(&group)],
    }
}

/// Returns the ARN of a flow log.
#[must_use]
pub(super) fn flow_log_arn(place: &Place, id: &str) -> String {
    let Place { partition, account, region } = place;
    format!("arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}")
}

/// Returns our role.
#[must_use]
pub(super) fn managed_role(place: &Place) -> ManagedRole {
    let policy = compiled(document!("vpc-flow-logs.permissions.json"), place);
    ManagedRole {
        names: MANAGED_ROLES,
        name: MANAGED_ROLE,
        purpose: "Lets the flow logs of this account's VPCs write to log groups of Trailkeeper. Made by Trailkeeper.",
        trust: compiled(document!("vpc-flow-logs.trust.json"), place),
        policy_name: MANAGED_POLICY.to_owned(),
        widest: policy.clone(),
        policy,
    }
}

/// Returns the destination of our flow logs, and the calls that make it ready, possibly none.
///
/// # Errors
/// Returns an error if there are no such calls.
pub(super) fn way(view: &View, subject: &Subject, settings: &Settings) -> Result<(To, Vec<Step>), Blocked> {
    match &settings.flow_logs.bucket {
        Some(bucket) => to_bucket(view, subject, bucket),
        None => to_group(view, subject, settings),
    }
}

fn to_group(view: &View, subject: &Subject, settings: &Settings) -> Result<(To, Vec<Step>), Blocked> {
    let (place, managed) = (&subject.place, &view.managed);
    if let Some((because, advice)) = strange(&managed.group, place, settings)? {
        return Err(Blocked::Advise(format!("{because}, so no flow log is created there. {advice}")));
    }
    let group = log_group::wanted::ready(MANAGED_GROUP, &managed.group, settings.log_retention_days)?;
    let flow_log = flow_log_arn(place, "fl-any");
    let wanted = managed_role(place).unless(managed.role_taken);
    let role = wanted.ready(place, &managed.role, &[need(place, &flow_log, MANAGED_GROUP, false)])?;
    let steps = group.into_iter().map(Step::Group).chain(role.into_iter().map(Step::Role)).collect();
    Ok((To::ManagedGroup { role: place.role_arn(wanted.name) }, steps))
}

/// Returns what is strange about our log group, and what to do.
pub(super) fn strange(
    group: &Seen<LogGroup>,
    place: &Place,
    settings: &Settings,
) -> Result<Option<(String, String)>, Blocked> {
    let is_trusted = |account: &str| settings.record_destinations.account(place, account).is_wanted();
    group.present().map_or(Ok(None), |group| {
        log_group::wanted::strange(group, &place.account, &is_trusted, RecordDestinations::SETTING)
    })
}

/// Returns a bucket as destination, with its policy prepared. AWS would add its statements to the bucket's policy
/// itself, and its pages disagree on whether it keeps existing ones, so they are added first.
fn to_bucket(view: &View, subject: &Subject, bucket: &BucketName) -> Result<(To, Vec<Step>), Blocked> {
    let (place, BucketName { name, prefix }) = (&subject.place, bucket);
    let there = |steps| Ok((To::Bucket { arn: bucket.arn(&place.partition) }, steps));
    let (region, policy) = match &view.managed.bucket {
        None => return Err(Blocked::Unknown(Unread::NotAsked.of(format_args!("bucket {name}")))),
        Some(FlowLogBucket::Gone) => {
            let advice =
                format!("Bucket {name} in TRAILKEEPER_FLOW_LOG_BUCKET does not exist: create it, or name another one.");
            return Err(Blocked::Advise(advice));
        }
        // The bucket's owner must allow the delivery; otherwise AWS refuses the flow log.
        Some(FlowLogBucket::Closed) => return there(vec![]),
        Some(FlowLogBucket::FlowLogResources(_, region, policy)) => {
            (region, policy.known_of(format_args!("bucket {name}"))?)
        }
    };
    let lacking = grants::for_flow_logs(place, name, prefix, policy);
    if lacking.is_empty() {
        return there(vec![]);
    }
    let never = |why: &str| Blocked::Advise(format!("The policy of bucket {name} {why}."));
    let merged = completed(policy, &lacking, LARGEST_POLICY).map_err(|refusal| never(&refusal.to_string()))?;
    match grants::flow_logs_decided(place, name, prefix, Some(&merged)) {
        Decision::Allowed => {}
        Decision::Unclear => return Err(Blocked::Unknown(unjudged(name))),
        Decision::Denied | Decision::NotAllowed => {
            return Err(never("denies the delivery of flow logs. Remove that statement, or name another bucket"));
        }
    }
    let act = Act::put_policy(policy.cloned(), lacking);
    there(vec![Step::Bucket(BucketStep::new(name, region, act))])
}

/// Returns what is missing to judge the policy of a bucket.
pub(super) fn unjudged(bucket: &str) -> String {
    format!("the policy of bucket {bucket} has conditions that only a real request can resolve")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::role::Serves;
    use crate::model::Region;
    use crate::testing::roles::made;

    /// Checks that our own role meets what we require of others, in every partition and region.
    #[test]
    fn our_documents_serve_every_flow_log() {
        for (partition, region) in [("aws", "us-east-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")] {
            let region = Region::parse(region).expect("a region");
            let place = Place { partition: partition.into(), account: "111122223333".into(), region };
            let role = made(&managed_role(&place), &place);
            let flow_log = flow_log_arn(&place, "fl-0123456789abcdef0");
            assert_eq!(role.serves(&need(&place, &flow_log, MANAGED_GROUP, false)), Serves::Yes, "{partition}");
            assert!(role.serves(&need(&place, &flow_log, "/other", true)) != Serves::Yes);
            assert!(!role.trust.to_string().contains("${"), "{}", role.trust);
        }
    }
}
