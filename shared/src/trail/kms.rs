//! `cloudtrail-kms`: a trail's files are encrypted with a key of the customer's.

use super::key::{self, Lets};
use super::view::{Bucket, Key, OUR_KEY, Trail as Judged, View};
use super::{Change, Step, Trail, judged, update, violation};
use crate::model::{About, Control, Remedy, Seen, Severity, Subject, Verdict};
use crate::place::{Place, Region};
use crate::policy::with_statements;
use crate::settings::Settings;
use serde_json::Value;

pub(super) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-kms",
        title: "Log files are encrypted with a customer managed KMS key",
        why: "With a key of your own, reading the record takes two rights instead of one, every use of the key is \
              recorded, and the key can be taken away from whoever should not read.",
        compliant: "The trail has a KMS key that exists, is enabled, is managed by a customer, and whose policy lets \
                    CloudTrail call GenerateDataKey and DescribeKey for this trail.",
        fix: "The key behind `alias/trailkeeper-cloudtrail` in the region of the trail's bucket is found or made, with \
              rotation on and a policy by which CloudTrail encrypts for trails of this account and principals of this \
              account that may read the files may decrypt them. Then UpdateTrail with the key. A customer's key is \
              never edited: the statements that its policy lacks are reported. Ours, if altered, gets back what it \
              lacks. Delivery is read after the change, and an error takes the key off again.",
        risk: "While the key is disabled or its policy refuses CloudTrail, nothing is delivered; whoever has the files \
               read from outside of the account needs kms:Decrypt. Guards: no key is set while delivery is failing, \
               where other accounts read the bucket, where the bucket is in another account, or with a key in another \
               region than the bucket's. A key costs a dollar a month; deleting it makes the files unreadable.",
        severity: Severity::Medium,
        opt_in: false,
        references: &[
            "CIS AWS Foundations Benchmark 3.5 (v4.0; 3.7 in v1.4 to v3.0), Security Hub CloudTrail.2",
            "AWS CloudTrail user guide, encrypting log files: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
        ],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    let trail = match judged(view, subject, settings, CONTROL.about.id) {
        Ok(trail) => trail,
        Err(verdict) => return verdict,
    };
    let Some(id) = &trail.key_id else {
        return unencrypted(
            view,
            trail,
            subject,
            "log files are not encrypted with a key of the customer's".to_owned(),
        );
    };
    let set = match &trail.key {
        Seen::Unreadable(action) => return Verdict::Unknown { needs: format!("{action} was denied for key {id}") },
        Seen::Absent => return unencrypted(view, trail, subject, format!("its key {id} does not exist")),
        Seen::Present(set) => set,
    };
    if let Some(because) = key::unfit(set) {
        let advice = "Enable the key again, or cancel its deletion, or set another: aws kms enable-key, aws kms \
                      cancel-key-deletion. Trailkeeper leaves a key that someone disabled as it is.";
        return Verdict::Violation { because, remedy: Remedy::Advise(advice.to_owned()) };
    }
    match repair(set, subject) {
        Repair::None => Verdict::Compliant,
        Repair::Unknown(needs) => Verdict::Unknown { needs },
        Repair::By(step) => {
            violation(trail, subject, format!("the policy of key {id} does not let CloudTrail use it"), vec![*step])
        }
        Repair::Never(advice) => Verdict::Violation {
            because: format!("the policy of key {id} does not let CloudTrail use it"),
            remedy: Remedy::Advise(advice),
        },
    }
}

/// Judges a trail without a key, or with one that is gone.
fn unencrypted(view: &View, trail: &Judged, subject: &Subject, because: String) -> Verdict<Step> {
    let report = |advice: String| Verdict::Violation { because: because.clone(), remedy: Remedy::Advise(advice) };
    if trail.facts.closed(&subject.place).is_some() {
        return violation(trail, subject, because, vec![]);
    }
    let Bucket::Ours(region) = &trail.facts.bucket else {
        return Verdict::Unknown { needs: format!("the region of bucket {}", trail.bucket) };
    };
    if let (Some(error), None) = (&trail.facts.delivery_error, &trail.key_id) {
        return report(format!(
            "Mend the delivery of log files first: it is failing with {error}. A key that is set meanwhile could only \
             add to it."
        ));
    }
    match &view.ours.bucket_policy {
        None if trail.exists => return Verdict::Unknown { needs: format!("the policy of bucket {}", trail.bucket) },
        Some(Seen::Unreadable(action)) => {
            return Verdict::Unknown {
                needs: format!("{action} was denied: who reads the log files must not be cut off"),
            };
        }
        Some(Seen::Present(policy)) => {
            let readers = key::readers_elsewhere(policy, &subject.place);
            if !readers.is_empty() {
                return report(format!(
                    "Others read the log files ({}), and would be cut off by a key that they may not decrypt with. Set \
                     a key whose policy lets them.",
                    readers.join(", ")
                ));
            }
        }
        None | Some(Seen::Absent) => {}
    }
    match ready(view, subject, region) {
        Ready::Unknown(needs) => Verdict::Unknown { needs },
        Ready::Never(advice) => report(advice),
        Ready::By(mut steps, key) => {
            steps.push(update(trail, Change { key: Some(key), ..Change::default() }));
            violation(trail, subject, because, steps)
        }
    }
}

/// What it takes to have our key in working order.
enum Ready {
    /// These calls, and then this is the key.
    By(Vec<Step>, String),
    /// We must not; what a person should do.
    Never(String),
    /// It cannot be told.
    Unknown(String),
}

fn ready(view: &View, subject: &Subject, region: &Region) -> Ready {
    let Place { partition, account, .. } = &subject.place;
    let alias_arn = format!("arn:{partition}:kms:{region}:{account}:{OUR_KEY}");
    let rotate = |key: &str| Step::RotateKey { region: region.clone(), key: key.to_owned() };
    let found = match &view.ours.key {
        None => return Ready::Unknown(format!("key {OUR_KEY} was not read")),
        Some(Seen::Unreadable(action)) => return Ready::Unknown(format!("{action} was denied for key {OUR_KEY}")),
        Some(Seen::Absent) => {
            let policy = key::our_policy(&subject.place);
            let (region, rotate) = (region.clone(), rotate(&alias_arn));
            let create =
                Step::CreateKey { region: region.clone(), alias_arn: alias_arn.clone(), policy: policy.clone() };
            let name = Step::CreateAlias { region, alias_arn: alias_arn.clone(), policy };
            return Ready::By(vec![create, name, rotate], alias_arn);
        }
        Some(Seen::Present(found)) => found,
    };
    if let Some(why) = key::unfit(found) {
        return Ready::Never(format!("Mend the key behind {OUR_KEY}, or name another so: {why}."));
    }
    let mut steps = match repair(found, subject) {
        Repair::None => vec![],
        Repair::By(step) => vec![*step],
        Repair::Never(advice) => return Ready::Never(advice),
        Repair::Unknown(needs) => return Ready::Unknown(needs),
    };
    if found.ours == Some(Seen::Present(true)) && found.rotates == Some(Seen::Present(false)) {
        steps.push(rotate(&found.arn));
    }
    Ready::By(steps, found.arn.clone())
}

/// What a key's policy needs for a trail.
enum Repair {
    /// Nothing.
    None,
    /// This, as the key is ours.
    By(Box<Step>),
    /// What its owner should do.
    Never(String),
    /// It cannot be told.
    Unknown(String),
}

fn repair(found: &Key, subject: &Subject) -> Repair {
    let policy = match &found.policy {
        Seen::Present(policy) => policy,
        Seen::Absent => return Repair::Unknown(format!("the policy of key {}", found.arn)),
        Seen::Unreadable(action) => return Repair::Unknown(format!("{action} was denied for key {}", found.arn)),
    };
    let missing = match key::lets(policy, &subject.place, &subject.arn) {
        Lets::All => return Repair::None,
        Lets::Unclear => {
            return Repair::Unknown(format!(
                "the policy of key {} has conditions that only a real request can settle",
                found.arn
            ));
        }
        Lets::NotThese(missing) => missing,
    };
    let whole = with_statements(Some(policy), &missing);
    match &found.ours {
        Some(Seen::Present(true)) if key::lets(&whole, &subject.place, &subject.arn) == Lets::All => {
            let put = Step::PutKeyPolicy { key: found.arn.clone(), document: whole, replaces: policy.clone() };
            Repair::By(Box::new(put))
        }
        Some(Seen::Present(true)) => Repair::Never(format!(
            "A statement in the policy of key {} denies CloudTrail the use of it. Take it out.",
            found.arn
        )),
        Some(Seen::Unreadable(action)) => Repair::Unknown(format!("{action} was denied for key {}", found.arn)),
        Some(Seen::Present(false) | Seen::Absent) | None => Repair::Never(format!(
            "Trailkeeper does not edit the policy of a key that it did not make. Add this to that of {}: {}",
            found.arn,
            Value::Array(missing)
        )),
    }
}
