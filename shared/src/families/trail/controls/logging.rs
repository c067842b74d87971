//! `cloudtrail-logging`: an existing trail is recording.

use crate::families::trail::judged::{Judged, of_trail, refused, start, untold};
use crate::families::trail::view::View;
use crate::families::trail::{Step, Trail};
use crate::family::Control;
use crate::model::{About, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-logging",
        wrong: "not recording",
        title: "Every trail is logging API calls",
        why: "A stopped trail looks like a trail but records nothing. StopLogging is a single call, and often the \
              first one an intruder makes; and a trail created through the API does not log until it is started. A \
              trail whose every log file is refused says that it is logging, too.",
        compliant: "GetTrailStatus says that the trail is logging in its home region, and reports no error of its last \
                    delivery to S3. Of an organization trail it may say nothing of that to a member account: unknown \
                    there.",
        fix: "StartLogging, whoever stopped it, including Trailkeeper's own role, and whosever the trail's bucket is. \
              Nothing else about the trail is touched. Errors of delivery are advised.",
        risk: "A trail that was stopped on purpose, for instance to avoid paying for a second copy of management \
               events, logs again: delete such a trail instead of stopping it, or exempt it while another one logs. \
               Events from the time when it was stopped are lost.",
        guard: "Only StartLogging is sent, which concerns no bucket, and only to a trail that GetTrailStatus reports as \
                stopped. Trails of another account, and those into a bucket of another account where \
                `TRAILKEEPER_RECORD_DESTINATIONS` names others, are only reported.",
        permanent: permanent!("trail", "cloudtrail-logging"),
        severity: Severity::Critical,
        opt_in: false,
        references: &["AWS CloudTrail API, StartLogging: \
             https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html"],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    of_trail(view, subject, settings, &CONTROL.about, |judged| one(judged, subject))
}

/// Judges one trail.
fn one(judged: &Judged<'_>, subject: &Subject) -> Verdict<Step> {
    let facts = &judged.trail.facts;
    match facts.logging.known() {
        Ok(Some(true)) => match facts.errors.as_ref().map(|errors| &errors.files) {
            Some(Some(error)) => refused(format!("it is logging, but its log files do not arrive: {error}")),
            Some(None) => Verdict::Compliant,
            None => untold(facts),
        },
        Err(unread) => Verdict::Unknown { needs: unread.to_string() },
        Ok(Some(false) | None) => start(judged, subject, "the trail is not logging".to_owned()),
    }
}
