//! `log-bucket-mfa-delete`: a stolen access key is not enough to delete logs permanently.

use crate::families::bucket::Bucket;
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::View;
use crate::family::Control;
use crate::model::{About, Command, Remedy, Severity, Subject, Verdict};
use crate::settings::Settings;
use serde_json::json;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-mfa-delete",
        wrong: "without MFA delete",
        title: "Deleting from a log bucket for good needs a second factor",
        why: "Someone with stolen credentials deletes the traces first. With MFA delete, versions of log files can be \
              permanently removed only with the root user's MFA device.",
        compliant: "MFA delete is enabled. Buckets that only receive server access logs are not judged: their files \
                    expire, and MFA delete and lifecycle rules exclude each other.",
        fix: "None: S3 accepts this change only from the root user, so it is advised.",
        risk: "Nothing is written. With MFA delete on, S3 accepts no lifecycle rules for the bucket.",
        guard: "It is only reported: only the root user can turn it on.",
        permanent: None,
        severity: Severity::Low,
        opt_in: false,
        references: &["Amazon S3 user guide, MFA delete: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html"],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    if uses.receives_trail() { vec![Part::Versioning] } else { vec![] }
}

fn judge(view: &View, subject: &Subject, _: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        if !view.uses.receives_trail() {
            return Ok(Verdict::NotApplicable {
                because: "it only receives server access logs, which expire".to_owned(),
            });
        }
        Ok(match bucket.mfa_delete.known()? {
            Some(true) => Verdict::Compliant,
            Some(false) | None => Verdict::Violation {
                because: "MFA delete is not enabled".to_owned(),
                remedy: Remedy::Advise(format!(
                    "As the root user with its MFA device, unless the bucket has lifecycle rules (S3 allows only one \
                     of the two): {}",
                    Command::aws("s3api", "put-bucket-versioning")
                        .with("Bucket", subject.id.as_str())
                        .with("VersioningConfiguration", json!({ "Status": "Enabled", "MFADelete": "Enabled" }))
                        .with("MFA", "<serial of the device> <code>")
                )),
            },
        })
    })
}
