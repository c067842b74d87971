//! Resources that Trailkeeper creates for trails, with fixed names. Pure.

use crate::documents::policy::{Statement, compiled, document, fill_in, statements, with_statements};
use crate::managed::bucket::name::managed_names;
use crate::managed::role::RoleNeed;
use crate::managed::role::wanted::ManagedRole;
use crate::model::{Arn, Place};

/// Name of the trail that Trailkeeper creates if the account has none.
pub const MANAGED_TRAIL: &str = "trailkeeper-trail";
/// Alias of the key that Trailkeeper creates for trails without one, in the region of the trail's bucket.
pub const MANAGED_KEY: &str = "alias/trailkeeper-cloudtrail";
/// Name of the log group that Trailkeeper creates for trails without one, in the trail's home region.
pub const MANAGED_GROUP: &str = "/trailkeeper/cloudtrail";
/// Name of the role with which CloudTrail writes to log groups: one per account.
pub const MANAGED_ROLE: &str = "trailkeeper-cloudtrail-logs";
/// Names that this role may have: the second if the first is somebody else's.
pub const MANAGED_ROLES: [&str; 2] = [MANAGED_ROLE, "trailkeeper-cloudtrail-logs-2"];

/// Returns what writing to a log group requires of a trail's role, for each kind of log stream ([CloudTrail user guide,
/// role policy for CloudWatch Logs]): those of the account and, for an organization trail, those of the organization. A
/// busy trail has more than one stream, with a number behind the name.
///
/// CloudTrail sends neither `aws:SourceArn` nor `aws:SourceAccount` when it assumes the role: the same page says that
/// such a role does not support them.
///
/// [CloudTrail user guide, role policy for CloudWatch Logs]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
#[must_use]
pub(super) fn needs(place: &Place, group: &str, organization: Option<&str>) -> Vec<RoleNeed<'static>> {
    let Place { partition, account, region } = place;
    let group = format!("arn:{partition}:logs:{region}:{account}:log-group:{group}");
    let first = format!("{account}_CloudTrail_{region}");
    let further = format!("{first}_2");
    let members = organization.map(|id| format!("{id}_member_CloudTrail_{region}"));
    let need = |stream: String| RoleNeed {
        service: "cloudtrail.amazonaws.com",
        known: vec![("aws:SourceAccount", ""), ("aws:SourceArn", "")],
        actions: &["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: vec![format!("{group}:log-stream:{stream}").into()],
    };
    [first, further].into_iter().chain(members).map(need).collect()
}

/// Returns our role, with permission to write to this log group of the region, and to our own in every region. For an
/// organization trail it may write the organization's streams as well.
#[must_use]
pub(super) fn managed_role(place: &Place, group: &str, organization: Option<&str>) -> ManagedRole {
    let managed = group == MANAGED_GROUP;
    let streams = format!("{}*", place.region);
    let (region, streams) = if managed { ("*", "*") } else { (place.region.as_str(), streams.as_str()) };
    let own = compiled(document!("trail-logs.permissions.json"), place);
    let of_organization = compiled(document!("trail-logs.organization.json"), place);
    let policy = |region, group, streams, organization: Option<&str>| {
        let own = fill_in(&own, &[("LogGroupRegion", region), ("LogGroup", group), ("LogStreams", streams)]);
        let Some(id) = organization else { return own };
        let words = [("LogGroupRegion", region), ("LogGroup", group), ("Organization", id)];
        let more = fill_in(&of_organization, &words);
        with_statements(Some(&own), &statements(&more).map(Statement::to_value).collect::<Vec<_>>())
    };
    ManagedRole {
        names: MANAGED_ROLES,
        name: MANAGED_ROLE,
        purpose: "Lets CloudTrail write the events of this account's trails to log groups. Made by Trailkeeper.",
        trust: compiled(document!("trail-logs.trust.json"), place),
        policy_name: if managed { "write-trail-logs".into() } else { policy_name(place, group) },
        widest: policy("*", "*", "*", Some("o-*")),
        policy: policy(region, group, streams, organization),
    }
}

/// Returns a name for the policy of one log group. IAM allows letters, digits and `+=,.@-_`, at most 128 characters.
fn policy_name(place: &Place, group: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '.' };
    let name: String = group.chars().map(legal).take(80).collect();
    format!("write-trail-logs-{}{name}", place.region)
}

/// Returns the ARN of a log group of this region as CloudTrail requires it: ending in `:*`.
#[must_use]
pub(super) fn group_arn(place: &Place, group: &str) -> String {
    format!("arn:{}:logs:{}:{}:log-group:{group}:*", place.partition, place.region, place.account)
}

/// Returns the name in the ARN of a log group, if it belongs to this region and account.
#[must_use]
pub(super) fn group_name<'a>(place: &Place, arn: &'a str) -> Option<&'a str> {
    let parts = Arn::parse(arn)?;
    let here = parts.service == "logs" && parts.account == place.account && parts.region == place.region.as_str();
    parts.log_group().filter(|_| here)
}

/// Start of the name of the bucket of our trail.
pub(super) const MANAGED_BUCKET: &str = "trailkeeper-cloudtrail-";

/// Returns the names that the bucket of our trail may have, in the order in which they are tried.
#[must_use]
pub(super) fn managed_buckets(place: &Place) -> Vec<String> {
    managed_names(MANAGED_BUCKET, place)
}

/// Returns the usual name of the bucket of our trail.
#[must_use]
pub(super) fn managed_bucket(place: &Place) -> String {
    managed_buckets(place).swap_remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::role::step::RoleStep;
    use crate::managed::role::{Bounds, Role, Serves};
    use crate::model::{Region, Seen};
    use serde_json::{Value, json};

    const ORGANIZATION: Option<&str> = Some("o-a1b2c3d4e5");

    fn place() -> Place {
        let region = Region::parse("eu-west-1").expect("a region");
        Place { partition: "aws".into(), account: "111122223333".into(), region }
    }

    fn role(trust: &Value, policy: &Value) -> Role {
        let ours = managed_role(&place(), MANAGED_GROUP, None);
        Role {
            arn: place().role_arn(MANAGED_ROLE),
            managed: true,
            trust: trust.clone(),
            inline: Seen::Present([(ours.policy_name, policy.clone())].into()),
            attached: Seen::Present(vec![]),
            boundary: Seen::Absent,
            bounds: Bounds::default(),
        }
    }

    fn mended(role: &Role, organization: Option<&str>) -> Vec<RoleStep> {
        let needs = needs(&place(), MANAGED_GROUP, organization);
        let ours = managed_role(&place(), MANAGED_GROUP, organization);
        ours.ready(&place(), &Seen::Present(role.clone()), &needs).expect("a role of ours")
    }

    #[test]
    fn the_trust_of_our_role_has_no_conditions_and_an_older_one_is_mended() {
        let ours = managed_role(&place(), MANAGED_GROUP, None);
        assert_eq!(ours.trust["Statement"][0].get("Condition"), None);
        let whole = role(&ours.trust, &ours.policy);
        assert_eq!(whole.serves_all(&needs(&place(), MANAGED_GROUP, None)), Serves::Yes);
        let mut older = ours.trust.clone();
        older["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:SourceAccount": "111122223333"},
            "ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111122223333:trail/*"}});
        for policy in [ours.policy, json!({"Statement": []})] {
            let older = role(&older, &policy);
            assert!(matches!(older.serves_all(&needs(&place(), MANAGED_GROUP, None)), Serves::No(_)));
            assert!(matches!(mended(&older, None).as_slice(), [RoleStep::RepairTrust { .. }, ..]));
        }
    }

    #[test]
    fn an_organizations_streams_are_granted_for_its_trail_and_stay() {
        let own = managed_role(&place(), MANAGED_GROUP, None);
        let both = managed_role(&place(), MANAGED_GROUP, ORGANIZATION);
        let narrow = role(&own.trust, &own.policy);
        assert!(matches!(narrow.serves_all(&needs(&place(), MANAGED_GROUP, ORGANIZATION)), Serves::No(_)));
        assert!(matches!(mended(&narrow, ORGANIZATION).as_slice(), [RoleStep::PutPolicy { .. }]));
        let wide = role(&own.trust, &both.policy);
        assert_eq!((mended(&wide, ORGANIZATION), mended(&wide, None)), (vec![], vec![]));
        assert_eq!((both.altered(&wide), own.altered(&wide)), (None, None));
        let text = both.policy.to_string();
        assert!(text.contains("log-stream:o-a1b2c3d4e5_*") && !text.contains("${"), "{text}");
    }

    #[test]
    fn a_role_that_may_write_the_first_stream_alone_does_not_serve() {
        let ours = managed_role(&place(), MANAGED_GROUP, None);
        let group = "arn:aws:logs:eu-west-1:111122223333:log-group:/trailkeeper/cloudtrail";
        let first = json!({"Statement": {"Effect": "Allow", "Action": "logs:*",
            "Resource": format!("{group}:log-stream:111122223333_CloudTrail_eu-west-1")}});
        let narrow = role(&ours.trust, &first);
        assert!(matches!(narrow.serves_all(&needs(&place(), MANAGED_GROUP, None)), Serves::No(_)));
    }
}
