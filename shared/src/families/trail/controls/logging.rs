//! `cloudtrail-logging`: a trail that is there records.

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
        title: "Every trail records what is done: it is logging",
        why: "A stopped trail looks like a trail and records nothing. StopLogging is one call, which intruders make \
              first; and a trail made through the API does not log until it is told to.",
        compliant: "GetTrailStatus says that the trail is logging in its home region.",
        fix: "StartLogging, whoever stopped it, our own role included. Nothing else of the trail is touched.",
        risk: "A trail that was stopped on purpose, to save a paid copy of management events for instance, logs again: \
               delete such a trail rather than stopping it, or exempt it while another one logs. What happened while it \
               was stopped is lost.",
        guard: "StartLogging alone is sent, and only to a trail that GetTrailStatus says is stopped; trails of \
                another account or with a bucket in another account are reported.",
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
