//! `cloudtrail-log-validation`: it can be proven that log files were not changed.

use crate::families::trail::judged::{Judged, of_trail, refused, update, violation};
use crate::families::trail::view::View;
use crate::families::trail::{Change, Step, Trail};
use crate::family::Control;
use crate::model::{About, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-log-validation",
        wrong: "without log file validation",
        title: "Log file validation is on for every trail",
        why: "Signed digest files prove whether a log file was changed or deleted after CloudTrail delivered it. \
              Without them the logs prove nothing.",
        compliant: "DescribeTrails says that log file validation is enabled, and GetTrailStatus does not report that \
                    digest files alone cannot be delivered.",
        fix: "UpdateTrail with log file validation, in one call with whatever else the trail needs.",
        risk: "None known: one small digest file an hour in the bucket. Earlier files have no digest.",
        guard: "UpdateTrail changes nothing else about the trail except what other controls ask for in the same call, \
                and it is read back.",
        permanent: permanent!("trail", "cloudtrail-log-validation"),
        severity: Severity::Medium,
        opt_in: false,
        references: &["AWS CloudTrail user guide, log file integrity validation: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html"],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    of_trail(view, subject, settings, &CONTROL.about, |judged| one(judged, subject))
}

/// Judges one trail.
fn one(judged: &Judged<'_>, subject: &Subject) -> Verdict<Step> {
    let trail = judged.trail;
    if trail.validation {
        // Where log files do not arrive either, other controls say so.
        let errors = trail.facts.errors.as_ref().filter(|it| it.files.is_none());
        return match errors.and_then(|it| it.digests.as_ref()) {
            Some(error) => refused(format!("log file validation is on, but its digest files do not arrive: {error}")),
            None => Verdict::Compliant,
        };
    }
    let change = Change { validation: Some(true), ..Change::default() };
    violation(judged, subject, "log file validation is off".to_owned(), vec![update(trail, change)])
}
