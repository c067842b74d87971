//! `transfer-server-logging`: every server leaves a trail of who moved which file.

use super::Transfer;
use super::step::Step;
use super::view::{self, OUR_POLICY, OUR_ROLE, View};
use crate::model::{About, Control, Remedy, Seen, Severity, Subject, Verdict};
use crate::role::{Need, Role, Serves};
use std::collections::BTreeMap;

pub(super) const CONTROL: Control<Transfer> = Control {
    about: About {
        id: "transfer-server-logging",
        title: "Transfer Family servers log what their users do",
        why: "Without a log nobody can say who signed in to the server, from where, and which files went in or out. \
              Servers made through the API, CloudFormation or Terraform have no logging unless it is asked for, and \
              logging stops silently when the logging role is deleted or cut back.",
        compliant: "The server has a structured log destination; or a logging role that exists, that \
                    transfer.amazonaws.com may assume for this server, and whose inline and attached policies (within \
                    its permissions boundary) allow logs:CreateLogGroup, logs:CreateLogStream, \
                    logs:DescribeLogStreams and logs:PutLogEvents on the server's log group. A server with managed \
                    workflows needs the role for their events.",
        fix: "Creates the role `trailkeeper-transfer-logging` (once for the account; repaired when it is tagged ours), \
              then UpdateServer with the logging role alone; all else of the server is kept. A customer's role that \
              lost its rights is reported, never edited, and the server keeps pointing at it; only a role that is gone \
              altogether is replaced. A server that logs in the structured way is never switched over.",
        risk: "CloudWatch Logs charges for what the server writes to `/aws/transfer/<server-id>`, whose retention is \
               unlimited until someone sets it. Users of the server notice nothing.",
        severity: Severity::High,
        references: &[
            "AWS Transfer Family user guide, CloudWatch logging for servers: \
             https://docs.aws.amazon.com/transfer/latest/userguide/structured-logging.html",
            "AWS Transfer Family user guide, confused deputy: \
             https://docs.aws.amazon.com/transfer/latest/userguide/confused-deputy.html",
            "No CIS or Security Hub control covers server logging (Transfer.3 is about connectors)",
        ],
    },
    judge,
};

fn judge(view: &View, subject: &Subject) -> Verdict<Step> {
    let need = View::need(subject);
    if view.structured_destinations.is_empty() {
        by_role(view, subject, &need)
    } else {
        structured(view, subject, &need)
    }
}

/// Judges a server with a structured log destination. It logs; only workflow events still need a role.
fn structured(view: &View, subject: &Subject, need: &Need<'_>) -> Verdict<Step> {
    if !view.workflows {
        return Verdict::Compliant;
    }
    match current(view, subject, need) {
        Current::Serves => Verdict::Compliant,
        Current::Unknown(needs) => Verdict::Unknown { needs },
        Current::None | Current::Gone(_) | Current::Lacks(..) => Verdict::Violation {
            because: "it logs to a structured destination, but its managed workflows log only through a logging role, \
                      and it has none that works"
                .to_owned(),
            remedy: Remedy::Advise(
                "Set a logging role as well if the workflows' events are wanted. Trailkeeper does not: with both in \
                 place every other event is logged, and paid for, twice."
                    .to_owned(),
            ),
        },
    }
}

/// Judges a server that can only log through a role.
fn by_role(view: &View, subject: &Subject, need: &Need<'_>) -> Verdict<Step> {
    match current(view, subject, need) {
        Current::Serves => Verdict::Compliant,
        Current::Unknown(needs) => Verdict::Unknown { needs },
        Current::None => set_ours(view, subject, need, "no logging role and no structured log destination".to_owned()),
        Current::Gone(arn) => set_ours(view, subject, need, format!("its logging role {arn} does not exist")),
        Current::Lacks(role, lack) => {
            let because = format!("its logging role {} does not work: {lack}", role.arn);
            if role.ours && view.logs_with_ours(&subject.place) {
                return set_ours(view, subject, need, because);
            }
            Verdict::Violation {
                because,
                remedy: Remedy::Advise(format!(
                    "Give role {} back what it lacks, or set another logging role. Trailkeeper does not edit a role \
                     that it did not make, and leaves the server on it.",
                    role.arn
                )),
            }
        }
    }
}

/// How it stands with the logging role that the server has.
enum Current<'a> {
    /// None is set.
    None,
    /// One is set and works.
    Serves,
    /// One is set that does not exist.
    Gone(&'a str),
    /// One is set that exists and lacks something.
    Lacks(&'a Role, String),
    /// It cannot be told.
    Unknown(String),
}

fn current<'a>(view: &'a View, subject: &Subject, need: &Need<'_>) -> Current<'a> {
    let Some(arn) = &view.logging_role else { return Current::None };
    if !view::is_of(&subject.place, arn) {
        return Current::Unknown(format!("logging role {arn} is not of this account, so it cannot be read"));
    }
    match &view.role {
        Seen::Unreadable(action) => Current::Unknown(format!("{action} was denied for logging role {arn}")),
        Seen::Absent => Current::Gone(arn),
        Seen::Present(role) => match role.serves(need) {
            Serves::Yes => Current::Serves,
            Serves::No(lack) => Current::Lacks(role, lack.to_string()),
            Serves::Unclear(what) => Current::Unknown(format!("logging role {arn}: {what}")),
        },
    }
}

/// The violation whose fix is our role, made or repaired as far as it must be, and set on the server if it is not yet.
fn set_ours(view: &View, subject: &Subject, need: &Need<'_>, because: String) -> Verdict<Step> {
    match ready_ours(view, subject, need) {
        Ready::Unknown(needs) => Verdict::Unknown { needs },
        Ready::Never(advice) => Verdict::Violation { because, remedy: Remedy::Advise(advice) },
        Ready::By(mut steps) => {
            if !view.logs_with_ours(&subject.place) {
                steps.push(Step::SetLoggingRole {
                    server: subject.id.clone(),
                    role: subject.place.role_arn(OUR_ROLE),
                    replaces: view.logging_role.clone(),
                });
            }
            Verdict::Violation { because, remedy: Remedy::Fix(steps) }
        }
    }
}

/// What it takes to have our role in working order.
enum Ready {
    /// These steps, perhaps none.
    By(Vec<Step>),
    /// We must not; what a person should do.
    Never(String),
    /// It cannot be told.
    Unknown(String),
}

fn ready_ours(view: &View, subject: &Subject, need: &Need<'_>) -> Ready {
    let place = &subject.place;
    let put = |replaces| Step::PutPermissions { permissions: view::our_permissions(place), replaces };
    let role = match &view.our_role {
        None => return Ready::Unknown(format!("role {OUR_ROLE} was not read")),
        Some(Seen::Unreadable(action)) => return Ready::Unknown(format!("{action} was denied for role {OUR_ROLE}")),
        Some(Seen::Absent) => {
            let create = Step::CreateRole { arn: place.role_arn(OUR_ROLE), trust: view::our_trust(place) };
            return Ready::By(vec![create, put(None)]);
        }
        Some(Seen::Present(role)) => role,
    };
    if !role.ours {
        return Ready::Never(format!(
            "A role named {OUR_ROLE} exists that does not carry Trailkeeper's tag, so Trailkeeper neither edits nor \
             uses it. Delete or rename it, or tag it as ours if it is, and the server will be mended."
        ));
    }
    let mut steps = Vec::new();
    if role.trusts(need) != Serves::Yes {
        steps.push(Step::RepairTrust { trust: view::our_trust(place), replaces: role.trust.clone() });
    }
    if role.permits(need) != Serves::Yes {
        let mut mended = role.clone();
        let mut replaces = None;
        if mended.inline == Seen::Absent {
            mended.inline = Seen::Present(BTreeMap::new());
        }
        if let Seen::Present(inline) = &mut mended.inline {
            replaces = inline.insert(OUR_POLICY.to_owned(), view::our_permissions(place));
        }
        match mended.permits(need) {
            Serves::Yes => steps.push(put(replaces)),
            Serves::Unclear(what) => return Ready::Unknown(format!("role {OUR_ROLE}: {what}")),
            Serves::No(lack) => {
                return Ready::Never(format!(
                    "Role {OUR_ROLE} would not work even with its own policy restored: {lack}. Someone attached a \
                     policy or a permissions boundary to it; take that away."
                ));
            }
        }
    }
    Ready::By(steps)
}
