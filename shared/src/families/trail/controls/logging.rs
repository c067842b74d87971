//! `cloudtrail-logging`: an existing trail is recording.

use crate::families::trail::judged::{Judged, of_trail, violation};
use crate::families::trail::step::TrailStep;
use crate::families::trail::view::View;
use crate::families::trail::{Step, Trail};
use crate::family::Control;
use crate::model::{About, Severity, Subject, Verdict};
use crate::settings::Settings;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-logging",
        title: "Every trail is logging API calls",
        why: "A stopped trail looks like a trail but records nothing. StopLogging is a single call, and often the \
              first one an intruder makes; and a trail created through the API does not log until it is started.",
        compliant: "GetTrailStatus says that the trail is logging in its home region.",
        fix: "StartLogging, whoever stopped it, including Trailkeeper's own role. Nothing else about the trail is \
              touched.",
        risk: "A trail that was stopped on purpose, for instance to avoid paying for a second copy of management \
               events, logs again: delete such a trail instead of stopping it, or exempt it while another one logs. \
               Events from the time when it was stopped are lost.",
        guard: "Only StartLogging is sent, and only to a trail that GetTrailStatus reports as stopped. Trails of \
                another account, or with a bucket in another account that `TRAILKEEPER_RECORD_DESTINATIONS` does not \
                name, are only reported.",
        severity: Severity::Critical,
        opt_in: false,
        references: &[
            "CIS AWS Foundations Benchmark 3.1, Security Hub CloudTrail.1 and CloudTrail.3",
            "AWS CloudTrail API, StartLogging: \
             https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html",
        ],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    of_trail(view, subject, settings, &CONTROL.about, |judged| one(judged, subject))
}

/// Judges one trail.
fn one(judged: &Judged<'_>, subject: &Subject) -> Verdict<Step> {
    let trail = judged.trail;
    match trail.facts.logging.known() {
        Ok(Some(true)) => Verdict::Compliant,
        Err(unread) => Verdict::Unknown { needs: unread.to_string() },
        Ok(Some(false) | None) => {
            let start = Step::Trail(TrailStep::StartLogging { trail: subject.arn.clone(), new: !trail.exists });
            violation(judged, subject, "the trail is not logging".to_owned(), vec![start])
        }
    }
}
