//! `cloudtrail-kms`: a trail's files are encrypted with a customer managed key.

use crate::families::trail::closed::closed;
use crate::families::trail::encryptable::encryptable;
use crate::families::trail::judged::{Judged, of_trail, update, violation};
use crate::families::trail::strangers::of_key;
use crate::families::trail::view::View;
use crate::families::trail::{Change, KeyChoice, Step, Trail, key};
use crate::family::Control;
use crate::managed::key::wanted::ReadyKey;
use crate::model::{About, Blocked, Remedy, Severity, Subject, Verdict, permanent};
use crate::record::TrailBucket;
use crate::settings::Settings;
use crate::settings::destinations::{Destination, RecordDestinations};

const SETTING: &str = RecordDestinations::SETTING;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-kms",
        wrong: "without a sound KMS key",
        title: "Log files are encrypted with a customer managed KMS key",
        why: "With your own key, reading the audit trail takes two permissions instead of one, every use of the key is \
              recorded, and you can revoke the key from anyone who should not read it.",
        compliant: "The trail has a KMS key that exists, is enabled, is managed by a customer, belongs to the account or is \
                    named by `TRAILKEEPER_RECORD_DESTINATIONS`, and whose policy lets CloudTrail call GenerateDataKey \
                    and DescribeKey for this trail; if it is Trailkeeper's, the policy allows nobody more than \
                    Trailkeeper's document. Whoever made it, the policy lets nobody outside the account decrypt or \
                    administer, and denies decryption to no more than particular principals of the account, but for those \
                    that `TRAILKEEPER_LOG_BUCKET_READERS` names.",
        fix: "Finds or creates the key behind `alias/trailkeeper-cloudtrail` in the region of the trail's bucket, with \
              rotation on and a policy that lets CloudTrail encrypt for trails of this account, and lets principals of \
              this account that may read the files decrypt them. Then UpdateTrail with the key. A customer's key is \
              never edited: the statements missing from its policy are reported. A key of another account is asked about \
              or, if `TRAILKEEPER_RECORD_DESTINATIONS` names others, replaced. Trailkeeper's key, if altered, gets \
              back what it lacks, and statements that let other accounts administer it, or let everybody in, are \
              taken out. A key with that alias whose policy is not Trailkeeper's is not used: another one is made, \
              with the next alias. Delivery is checked after the change, and an error removes the key again.",
        risk: "While the key is disabled or its policy denies CloudTrail, nothing is delivered. Anyone who reads the \
               files from outside the account needs kms:Decrypt, and so does whoever copies them: S3 replicates \
               encrypted files only by rules that select them. A key costs a dollar a month; deleting it makes the \
               files unreadable.",
        guard: "No key is set while delivery is failing or its state is unknown, if other accounts read the bucket, if \
                an enabled replication rule of the bucket leaves out encrypted files, if the bucket's policy does not \
                let CloudTrail write them, or if the bucket is in another account; and never a key in a region other than the bucket's. Delivery is \
                checked after the change, and an error removes the key again. A customer's key is never edited, and a \
                disabled one never enabled.",
        permanent: permanent!("trail", "cloudtrail-kms"),
        severity: Severity::High,
        opt_in: false,
        references: &["AWS CloudTrail user guide, encrypting log files: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html"],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    of_trail(view, subject, settings, &CONTROL.about, |judged| one(judged, view, subject, settings))
}

/// Judges one trail.
fn one(judged: &Judged<'_>, view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    let trail = judged.trail;
    let Some(id) = &trail.facts.files.key_id else {
        return unencrypted(
            view,
            judged,
            subject,
            settings,
            "log files are not encrypted with a customer managed key".to_owned(),
        );
    };
    if judged.check.key(&trail.facts.files) == Destination::Elsewhere {
        let because = format!("its key {id} belongs to another account, and {SETTING} does not name it");
        if judged.check.is_set() {
            return unencrypted(view, judged, subject, settings, because);
        }
        return Verdict::Violation {
            because,
            remedy: Remedy::Advise(format!(
                "Whoever owns the key can make every log file that it encrypts unreadable, which may be meant as \
                 ransom. If the key is wanted, name it in {SETTING}; if not, set a key of this account."
            )),
        };
    }
    let set = match trail.key.known_of(format_args!("key {id}")) {
        Ok(Some(set)) => set,
        Ok(None) => return unencrypted(view, judged, subject, settings, format!("its key {id} does not exist")),
        Err(blocked) => return blocked.verdict(String::new()),
    };
    let managed = key::managed_key(&subject.place).kept_by(settings.stack_name());
    let because = match (set.unfit(), managed.widened(set)) {
        (Some(why), _) => format!("CloudTrail cannot deliver: {why}"),
        (None, Some(widened)) => widened,
        (None, None) => format!("the policy of key {id} does not let CloudTrail use it"),
    };
    match managed.repair(set, &[key::need(&subject.place, &subject.arn)]) {
        Ok(steps) if steps.is_empty() => of_key(set, &subject.place, settings).unwrap_or(Verdict::Compliant),
        Ok(steps) => violation(judged, subject, because, steps.into_iter().map(Step::Key).collect()),
        Err(blocked) => blocked.verdict(because),
    }
}

/// Judges a trail without a key, or with one that is gone.
fn unencrypted(
    view: &View,
    judged: &Judged<'_>,
    subject: &Subject,
    settings: &Settings,
    because: String,
) -> Verdict<Step> {
    if closed(&judged.check, &judged.trail.facts).is_some() {
        return violation(judged, subject, because, vec![]);
    }
    if judged.trail.facts.bucket == TrailBucket::OtherAccount {
        let advice = "Have the account that owns the bucket choose a key in the bucket's region, which its readers can \
                      use. Trailkeeper sets none for a bucket of another account.";
        return Verdict::Violation { because, remedy: Remedy::Advise(advice.to_owned()) };
    }
    match encrypt(view, judged, subject, settings) {
        Ok(steps) => violation(judged, subject, because, steps),
        Err(blocked) => blocked.verdict(because),
    }
}

/// Returns the calls that give the trail our key.
fn encrypt(view: &View, judged: &Judged<'_>, subject: &Subject, settings: &Settings) -> Result<Vec<Step>, Blocked> {
    let trail = judged.trail;
    let TrailBucket::ThisAccount(region) = &trail.facts.bucket else {
        return Err(Blocked::Unknown(format!("the region of bucket {}", trail.facts.files.bucket)));
    };
    trail
        .facts
        .logging
        .known()
        .map_err(|unread| Blocked::Unknown(format!("{unread}, so it is not known whether delivery is failing")))?;
    if let (Some(error), None) = (trail.facts.delivery_error(), &trail.facts.files.key_id) {
        return Err(Blocked::Advise(format!(
            "Fix the delivery of log files first: it is failing with {error}. Setting a key now could only make it \
             worse."
        )));
    }
    let needs = [key::need(&subject.place, &subject.arn)];
    let wanted = key::managed_key(&subject.place).kept_by(settings.stack_name());
    let ReadyKey { steps, id, alias } = wanted.ready(&subject.place, region, &view.managed.key, &needs)?;
    encryptable(view, &subject.place, region, &id)?;
    let key = KeyChoice { id, name: alias };
    let update = update(trail, Change { key: Some(key), ..Change::default() });
    Ok(steps.into_iter().map(Step::Key).chain([update]).collect())
}
