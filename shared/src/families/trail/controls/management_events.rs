//! `cloudtrail-management-events`: the trail that covers the account records every management event.

use crate::families::trail::coverage::{Coverage, coverage};
use crate::families::trail::judged::{Judged, other, violation};
use crate::families::trail::step::TrailStep;
use crate::families::trail::view::View;
use crate::families::trail::{Step, Trail};
use crate::family::Control;
use crate::model::{About, Remedy, Seen, Severity, Subject, Verdict, permanent};
use crate::record::RecordCheck;
use crate::settings::Settings;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-management-events",
        wrong: "missing management events",
        title: "Read and write management events are recorded",
        why: "PutEventSelectors can blind a trail that still looks healthy: without management events, or with only \
              read events, nobody sees who changed what, and EventBridge no longer triggers any remediation. Excluding \
              KMS events blinds whatever monitors keys.",
        compliant: "The trail that covers the account, or comes closest to it, has a selector for read and write \
                    management events of every service. Other trails may be narrower.",
        fix: "PutEventSelectors with the existing selectors, of the same kind, plus all management events: by widening \
              a basic selector that has no data events, otherwise by adding a selector. Data events, network activity, \
              filters and names stay as they are.",
        risk: "More events are recorded and, for additional copies, billed: excluding KMS or RDS Data API events is \
               often done to save cost, and that is undone. A change that someone makes to the selectors in the same \
               second may be lost, because PutEventSelectors replaces them all; the selectors are read right before \
               the call and again after it.",
        guard: "Selectors are only ever extended, never converted to the other kind, and only on the one trail that \
                should cover the account; if it has five selectors with data events each, the finding is reported \
                instead.",
        permanent: permanent!("trail", "cloudtrail-management-events"),
        severity: Severity::High,
        opt_in: false,
        references: &["AWS CloudTrail user guide, logging management events: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html"],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    let facts = match coverage(view, subject, settings) {
        Coverage::Covers(_) | Coverage::Untold(_) if view.trail.exists => return Verdict::Compliant,
        Coverage::Nobody(Some(why)) => {
            return Verdict::NotApplicable {
                because: format!("a new trail records all management events; this one cannot be mended ({why})"),
            };
        }
        Coverage::Covers(_) | Coverage::Untold(_) | Coverage::Nobody(None) => {
            return Verdict::NotApplicable {
                because: "there is no such trail; a new one records all management events".to_owned(),
            };
        }
        Coverage::Unknown(needs) => return Verdict::Unknown { needs },
        Coverage::Stuck(why) => {
            return Verdict::Violation {
                because: "no trail of the account records all management events of every region".to_owned(),
                remedy: Remedy::Advise(format!("Have one of the trails changed where it belongs ({why}).")),
            };
        }
        Coverage::Nearest(facts) => facts,
    };
    if facts.arn != subject.arn {
        return other(facts, settings, "no trail of the account records all management events of every region");
    }
    // A trail with unreadable selectors is never the closest, since what it records is unknown.
    let Seen::Present(selectors) = &facts.selectors else {
        return Verdict::Unknown { needs: "the trail's event selectors".to_owned() };
    };
    if selectors.takes_all_management() {
        return Verdict::Compliant;
    }
    let because = selectors.gap();
    match selectors.with_all_management() {
        Ok(whole) => {
            let check = RecordCheck::of(&subject.place, settings, &view.organization);
            let put = Step::Trail(TrailStep::PutSelectors {
                trail: facts.arn.clone(),
                selectors: whole,
                replaces: selectors.clone(),
            });
            violation(&Judged { trail: &view.trail, making: vec![], check }, subject, because, vec![put])
        }
        Err(full) => Verdict::Violation {
            because,
            remedy: Remedy::Advise(format!(
                "Merge two of its selectors so that management events can be added: {full}."
            )),
        },
    }
}
