//! `log-bucket-encryption`: delivered logs are encrypted.

use crate::families::bucket::Bucket;
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{Encryption, View};
use crate::family::Control;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{About, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-encryption",
        wrong: "without default encryption",
        title: "A log bucket has a default encryption",
        why: "Without default encryption, files sent without encryption are stored in the clear. S3 has set SSE-S3 on \
              every bucket since January 2023; only old or odd cases remain, and auditors still ask for the setting.",
        compliant: "The bucket has a default encryption of any kind; one that receives access logs has SSE-S3, since S3 \
                    supports no other there.",
        fix: "PutBucketEncryption with SSE-S3 if there is none. An existing encryption is never changed: SSE-KMS is \
              never downgraded, and SSE-S3 never upgraded, since readers would then need permissions on the key.",
        risk: "None known: SSE-S3 is free and invisible to readers.",
        guard: "Written only if there is none at all: whatever is set stays, in particular a KMS key. A bucket that only \
                a log bucket's configuration names as target of access logs is reported.",
        permanent: permanent!("bucket", "log-bucket-encryption"),
        severity: Severity::Medium,
        opt_in: false,
        references: &[
            "Amazon S3 user guide, enabling access logging: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html",
            "Amazon S3 user guide, default encryption: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html",
        ],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(_: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    vec![Part::Encryption]
}

fn judge(view: &View, subject: &Subject, _: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        let encryption = bucket.encryption.known()?;
        if let (true, Some(Encryption::Kms { .. })) = (view.uses.receives_access_logs(&subject.id), encryption) {
            return Ok(Verdict::Violation {
                because: "its default encryption is SSE-KMS, with which S3 delivers no access logs".to_owned(),
                remedy: Remedy::Advise(
                    "Set SSE-S3 as its default encryption, or log access to another bucket. Trailkeeper never takes a key \
                     from a bucket: files in it may be meant to have it."
                        .to_owned(),
                ),
            });
        }
        if encryption.is_some() {
            return Ok(Verdict::Compliant);
        }
        let step = || Step::Bucket(BucketStep::new(&subject.id, &subject.place.region, Act::Encrypt));
        let remedy = view.left_as_it_is(&subject.id).map_or_else(|| Remedy::Fix(vec![step()]), Remedy::Advise);
        Ok(Verdict::Violation { because: "it has no default encryption".to_owned(), remedy })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::{BucketConfig, Ownership};
    use crate::model::Seen;
    use crate::testing::laws::{settings, subject};

    #[test]
    fn a_key_on_a_target_of_access_logs_is_told() {
        let subject = subject::<Bucket>();
        let judged = |uses: Uses| {
            let encryption = Seen::Present(Encryption::Kms { key: Some("alias/logs".to_owned()) });
            let config = BucketConfig { encryption, ..BucketConfig::new(subject.place.region.clone()) };
            let buckets = [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
            judge(&View { uses, buckets }, &subject, &settings())
        };
        let told = judged(Uses { named: true, ..Uses::default() });
        assert!(matches!(told, Verdict::Violation { remedy: Remedy::Advise(_), .. }), "{told:?}");
        assert_eq!(judged(Uses { flow_logs: Some(String::new()), ..Uses::default() }), Verdict::Compliant);
    }
}
