//! `access-log-readers`: only the intended principals read access logs, and only from the intended networks.

use crate::families::bucket::Bucket;
use crate::families::bucket::document::replace;
use crate::families::bucket::parts::Part;
use crate::families::bucket::read_restriction::{PolicyDiff, compared, wanted};
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{View, remedied};
use crate::family::Control;
use crate::model::{About, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "access-log-readers",
        wrong: "open to readers of access logs",
        title: "Only the configured readers can read access logs, from the configured networks",
        why: "Access logs show which log files exist, who reads them and from where. Someone with something to hide \
              looks there first, and every role in the account with s3:GetObject on all buckets can.",
        compliant: "The bucket policy denies s3:GetObject* and s3:ListBucket* to everyone except \
                    TRAILKEEPER_ACCESS_READERS and, if TRAILKEEPER_ACCESS_NETWORKS is set, to readers from other \
                    networks, through Trailkeeper's statements or others that deny as much. Denying plain HTTP is the \
                    job of `log-bucket-https-only`.",
        fix: "The statement `TrailkeeperAccessLogReaders` and, with networks, `TrailkeeperAccessLogNetworks` are added \
              to the policy that was read. If the settings have changed, these statements are replaced and the report \
              keeps the old document; no other statement is touched.",
        risk: "Anyone who reads the logs and is not listed is locked out: roles for replication or scanners (including \
               service-linked ones), and people in the console. A request through a VPC endpoint has no public \
               address: it is allowed only from a private block in TRAILKEEPER_ACCESS_NETWORKS, compared with \
               aws:VpcSourceIp. Other people's VPCs may use the same block, so keep the endpoint's own policy narrow. \
               Services that read on behalf of a reader (Athena) may come from anywhere. A role is always listed as a \
               whole, never a single session. A changed setting takes effect with the next sweep.",
        guard: "Off until you turn it on, and not applicable without readers, since it would lock everyone out. Only \
                reading data is denied, not managing the bucket: anyone who may change its policy can still remove the \
                statements. The root user, AWS services (aws:PrincipalIsAWSService) and Trailkeeper's roles \
                (TRAILKEEPER_ROLES, without which the fix is only advised) are excepted. Writes are not denied, so \
                logs keep arriving. For a bucket that trails or Config also deliver to, the fix is only advised.",
        permanent: permanent!("bucket", "access-log-readers"),
        severity: Severity::Medium,
        opt_in: true,
        references: &[
            "IAM user guide, aws:PrincipalArn, aws:SourceIp, aws:ViaAWSService: \
             https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
            "IAM user guide, denying access by source IP: \
             https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html",
        ],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, name: &str, settings: &Settings) -> Vec<Part> {
    let judged = uses.is_kept(name) && !settings.access.readers().is_empty();
    if judged { vec![Part::Policy, Part::Blocks] } else { vec![] }
}

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    if settings.access.readers().is_empty() {
        let because = "TRAILKEEPER_ACCESS_READERS names no reader, and without one everyone would be locked out";
        return Verdict::NotApplicable { because: because.to_owned() };
    }
    view.as_kept_target(subject, |bucket| {
        let policy = bucket.policy.known()?;
        let wanted = match wanted(&subject.place, &subject.id, &settings.access) {
            Ok(wanted) => wanted,
            Err(reader) => {
                return Ok(advise(
                    format!("no bucket policy can name the reader {reader}"),
                    "Name it in TRAILKEEPER_ACCESS_READERS by the ARN of a role or user: a policy without it would \
                     lock it out."
                        .to_owned(),
                ));
            }
        };
        let PolicyDiff { stale, missing } = compared(policy, &wanted);
        if stale.is_empty() && missing.is_empty() {
            return Ok(Verdict::Compliant);
        }
        let because = if stale.is_empty() {
            "its policy allows access logs to be read by others than the configured readers, or from other networks"
        } else {
            "its policy names other readers or networks than the settings"
        };
        if settings.access.roles_in(&subject.place.account).is_empty() {
            return Ok(advise(
                because.to_owned(),
                "Set TRAILKEEPER_ROLES to the roles of Trailkeeper's functions: a policy without them would lock them \
                 out as well."
                    .to_owned(),
            ));
        }
        if view.uses.receives_trail() {
            return Ok(advise(
                because.to_owned(),
                "Send access logs to a bucket of their own. Trailkeeper does not restrict the readers of this one, \
                 since that would lock out those who read the trail's files in it."
                    .to_owned(),
            ));
        }
        remedied(because.to_owned(), replace(&subject.id, bucket, stale, missing).map(|step| vec![step]))
    })
}

fn advise(because: String, advice: String) -> Verdict<Step> {
    Verdict::Violation { because, remedy: Remedy::Advise(advice) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::view::Ownership as BucketOwnership;
    use crate::families::bucket::{BucketConfig, TrailDelivery, Uses};
    use crate::managed::bucket::step::{Act, BucketStep};
    use crate::model::{Call, Seen};
    use crate::settings::access::AccessSettings;
    use crate::testing::laws::{Lawful, settings, subject};
    use serde_json::{Value, json};

    fn judged(readers: &str, uses: Uses, policy: Option<Value>) -> Verdict<Step> {
        judged_as(MANAGED_ROLE, readers, uses, policy)
    }

    fn judged_as(roles: &str, readers: &str, uses: Uses, policy: Option<Value>) -> Verdict<Step> {
        let subject = subject::<Bucket>();
        let policy = policy.map_or(Seen::Absent, Seen::Present);
        let config = BucketConfig { policy, ..BucketConfig::new(subject.place.region.clone()) };
        let buckets = [(subject.id.clone(), BucketOwnership::ThisAccount(Box::new(config)))].into();
        let set = [("TRAILKEEPER_ACCESS_READERS", readers), ("TRAILKEEPER_ROLES", roles)];
        let set = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        let settings = Settings { access: AccessSettings::parse(set).expect("settings"), ..settings() };
        judge(&View { uses, buckets }, &subject, &settings)
    }

    fn named() -> Uses {
        Uses { named: true, ..Uses::default() }
    }

    fn advised(verdict: &Verdict<Step>) -> bool {
        matches!(verdict, Verdict::Violation { remedy: Remedy::Advise(_), .. })
    }

    const MANAGED_ROLE: &str = "arn:aws:iam::111122223333:role/trailkeeper-AccessRole-1A2B";
    const READER: &str = "arn:aws:iam::111122223333:role/Reader";

    #[test]
    fn ours_follow_the_settings_and_the_rest_of_the_policy_stays() {
        let theirs = json!({"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "999999999999"}});
        let policy = json!({"Id": "x", "Statement": theirs});
        let steps = |verdict| match verdict {
            Verdict::Violation { remedy: Remedy::Fix(steps), .. } => match steps.as_slice() {
                [Step::Bucket(step)] => step.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        let first = steps(judged(READER, named(), Some(policy.clone())));
        assert_eq!(first.before(), Some(policy));
        let one = first.after();
        assert_eq!((&one["Statement"][0], &one["Id"]), (&theirs, &json!("x")));
        assert_eq!(judged(READER, named(), Some(one.clone())), Verdict::Compliant);
        let second = steps(judged(&READER.replace("Reader", "Auditor"), named(), Some(one.clone())));
        assert_eq!(second.before(), Some(one.clone()), "the report keeps the old one");
        let BucketStep { act: Act::PutPolicy { removed, added, .. }, .. } = &second else { panic!("{second:?}") };
        assert_eq!((removed[0].clone(), added.len()), (one["Statement"][1].clone(), 1));
        let after = second.after();
        assert_eq!(after["Statement"].as_array().map(Vec::len), Some(2));
        assert!(after.to_string().contains("role/Auditor") && !after.to_string().contains("role/Reader"));
        assert_eq!(after["Statement"][1]["Sid"], "TrailkeeperAccessLogReaders", "the name is free again");
    }

    #[test]
    fn nobody_is_kept_out_by_a_setting_that_names_nobody() {
        let not_applicable = |verdict| matches!(verdict, Verdict::NotApplicable { .. });
        assert!(not_applicable(judged("", named(), None)));
        assert!(not_applicable(judged(READER, Uses::default(), None)), "no target at all");
        let because = judged("*/siem", named(), None);
        assert!(advised(&because) && format!("{because:?}").contains("siem"));
    }

    #[test]
    fn we_are_not_kept_out_ourselves() {
        let verdict = judged_as("", READER, named(), None);
        assert!(advised(&verdict) && format!("{verdict:?}").contains("TRAILKEEPER_ROLES"), "{verdict:?}");
        let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = judged(READER, named(), None) else { panic!() };
        assert!(format!("{steps:?}").contains(MANAGED_ROLE), "{steps:?}");
    }

    #[test]
    fn who_reads_a_trail_in_the_same_bucket_is_not_kept_out() {
        let trail = TrailDelivery { arn: "x".to_owned(), prefix: None, organization: false };
        assert!(advised(&judged(READER, Uses { trails: vec![trail], ..named() }, None)));
    }

    #[test]
    fn the_laws_try_it() {
        assert!(!<Bucket as Lawful>::settings().access.readers().is_empty());
    }
}
