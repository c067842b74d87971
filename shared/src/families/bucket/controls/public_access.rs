//! `log-bucket-public-access`: logs are not public.

use crate::families::bucket::Bucket;
use crate::families::bucket::chosen::left_as_it_is;
use crate::families::bucket::cut_off::cut_off;
use crate::families::bucket::parts::Part;
use crate::families::bucket::public::{public_grants, public_statements};
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{BucketConfig, Missing, View};
use crate::family::{Control, Family};
use crate::managed::bucket::Blocks;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{About, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-public-access",
        wrong: "not closed to the public",
        title: "A log bucket is closed to the public",
        why: "Audit logs show an attacker who works where, with which roles, and what is not monitored.",
        compliant: "All four settings of the bucket's public access block are on, and neither a statement of its policy \
                    nor a grant of its ACL is public by AWS's own definition.",
        fix: "PutPublicAccessBlock with all four. A public statement is never edited: it no longer has any effect on \
              outsiders, and it is reported. If a public policy also lets particular others in (accounts, canonical \
              users, organizations, networks or identity providers), RestrictPublicBuckets stays as it is, because it \
              would cut them off; the other three are turned on.",
        risk: "Anonymous readers are cut off, and uploads with a public ACL fail. For a bucket with a website the fix \
               is only advised. Trails, Config and S3's log writer are services and keep working.",
        guard: "A bucket with a website is only reported, and so is one that only a log bucket's configuration names as \
                target of access logs, or that a channel or trail names although it serves something else, or is open \
                to the public and holds no logs yet. If a public policy also lets in particular others, whether by \
                their names or by conditions, RestrictPublicBuckets stays as it is, since it would cut them off; \
                statements and grants are never edited. Policies are written before the flags that would make S3 \
                reject them.",
        permanent: permanent!("bucket", "log-bucket-public-access"),
        severity: Severity::Critical,
        opt_in: false,
        references: &["Amazon S3 user guide, blocking public access: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    let keys = uses.receives_trail().then_some(Part::Keys);
    [Part::Policy, Part::Blocks, Part::Website, Part::Grants].into_iter().chain(keys).collect()
}

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        let open = Open::of(bucket)?;
        if open.is_closed() {
            return Ok(Verdict::Compliant);
        }
        let because = open.to_string();
        if bucket.website.known()?.is_some() {
            return Ok(Verdict::Violation {
                because,
                remedy: Remedy::Advise(
                    "It is a website, and its visitors would no longer see it. Keep logs and website in separate \
                     buckets."
                        .to_owned(),
                ),
            });
        }
        if let Some(advice) = left_as_it_is(view, subject, bucket, settings)? {
            return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) });
        }
        let policy = bucket.policy.known()?;
        let others = match policy {
            Some(policy) if !open.statements.is_empty() => cut_off(policy, &subject.place.account),
            _ => Vec::new(),
        };
        let has = open.blocks.unwrap_or(Blocks::NONE);
        let blocks = Blocks { restrict: others.is_empty() || has.restrict, ..Blocks::ALL };
        if has == blocks {
            return Ok(Verdict::Violation { because, remedy: Remedy::Advise(open.advice(&others)) });
        }
        let mut steps = if open.statements.is_empty() { Vec::new() } else { first(view, subject, settings) };
        let act = Act::Block { blocks, replaces: open.blocks };
        steps.push(Step::Bucket(BucketStep::new(&subject.id, &subject.place.region, act)));
        Ok(Verdict::Violation { because, remedy: Remedy::Fix(steps) })
    })
}

/// Returns the steps on a public policy that must precede the block: under it S3 accepts no more changes to such a
/// policy. If one of these calls fails, the block has to wait, too. They count only if their own control has at least
/// the same mode as this one. The last record of the account is closed whatever is exempt or fought about its policy, so
/// there only what is vital itself comes first.
fn first(view: &View, subject: &Subject, settings: &Settings) -> Vec<Step> {
    let may = settings.modes.of(&CONTROL.about);
    let others = Bucket::CONTROLS.iter().filter(|it| it.about.id != CONTROL.about.id);
    let last = view.uses.last_record().is_some();
    let counts = |it: &&Control<Bucket>| {
        settings.modes.of(&it.about) >= may && (!last || Bucket::vital(it.about.id, view, subject, settings).is_some())
    };
    let fixes = others.filter(counts).filter_map(|it| match (it.judge)(view, subject, settings) {
        Verdict::Violation { remedy: Remedy::Fix(steps), .. } => Some(steps),
        _ => None,
    });
    fixes.flatten().filter(|step| step.changes_policy_of(&subject.id)).collect()
}

/// Public access to a bucket.
struct Open {
    blocks: Option<Blocks>,
    statements: Vec<String>,
    grants: Vec<String>,
}

impl Open {
    fn of(bucket: &BucketConfig) -> Result<Self, Missing> {
        Ok(Self {
            blocks: bucket.blocks.known()?.copied(),
            statements: bucket.policy.known()?.map(public_statements).unwrap_or_default(),
            grants: bucket.grants.known()?.map(|grants| public_grants(grants)).unwrap_or_default(),
        })
    }

    fn is_closed(&self) -> bool {
        self.blocks == Some(Blocks::ALL) && self.statements.is_empty() && self.grants.is_empty()
    }

    fn advice(&self, others: &[String]) -> String {
        let what = if self.statements.is_empty() { "grant" } else { "statement" };
        if others.is_empty() {
            format!("Remove the public {what}. The public access block keeps outsiders out as long as it stays on.")
        } else {
            let others = others.join(", ");
            format!(
                "Remove the public {what}, then turn on RestrictPublicBuckets. Trailkeeper does not: while the policy \
                 is public, that would cut off others whom it lets in: {others}."
            )
        }
    }
}

impl std::fmt::Display for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { blocks, statements, grants } = self;
        let off = blocks.unwrap_or(Blocks::NONE).off();
        let parts = [
            (!off.is_empty()).then(|| format!("off: {}", off.join(", "))),
            (!statements.is_empty()).then(|| format!("public statements in its policy: {}", statements.join(", "))),
            (!grants.is_empty()).then(|| format!("public grants in its ACL: {}", grants.join(", "))),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::view::Ownership;
    use crate::families::bucket::{TrailDelivery, Uses};
    use crate::model::Seen;
    use crate::settings::destinations::RecordDestinations;
    use crate::testing::laws::{Lawful, subject};
    use serde_json::json;

    #[test]
    fn whatever_else_changes_a_public_policy_comes_before_the_block() {
        let subject = subject::<Bucket>();
        let everybody = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}});
        let config =
            BucketConfig { policy: Seen::Present(everybody), ..BucketConfig::new(subject.place.region.clone()) };
        let config = BucketConfig { blocks: Seen::Absent, ..config };
        let buckets: std::collections::BTreeMap<_, _> =
            [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t".to_owned();
        let trails = vec![TrailDelivery { arn, prefix: None, organization: false }];
        let last = View { uses: Uses { trails, named: true, ..Uses::default() }, buckets: buckets.clone() };
        let only: RecordDestinations = RecordDestinations::setting(Some(subject.id.clone())).expect("a bucket");
        let named = Settings { record_destinations: only, ..Bucket::settings() };
        let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = judge(&last, &subject, &named) else {
            panic!("the last record is closed")
        };
        let said = steps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert!(said.contains("BlockPublicPolicy") && !said.contains("HttpsOnly"), "what may be exempt waits: {said}");
        let view = View { uses: Uses { named: true, ..Uses::default() }, buckets };
        let verdict = judge(&view, &subject, &Bucket::settings());
        let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = verdict else { panic!("{verdict:?}") };
        let said: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let [https, mfa, readers, block] = said.as_slice() else { panic!("{said:?}") };
        assert!(https.contains("TrailkeeperHttpsOnly"), "{https}");
        assert!(mfa.contains("TrailkeeperDeleteMfa"), "{mfa}");
        assert!(readers.contains("TrailkeeperAccessLogReaders"), "{readers}");
        assert!(block.contains("BlockPublicPolicy"), "{block}");
    }
}
