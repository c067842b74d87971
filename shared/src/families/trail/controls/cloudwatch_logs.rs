//! `cloudtrail-cloudwatch-logs`: a trail's events reach a log group, where alarms can see them.

use crate::families::trail::judged::{Judged, of_trail, untold, update, violation};
use crate::families::trail::managed::MANAGED_GROUP;
use crate::families::trail::strangers::of_role;
use crate::families::trail::view::{Logs, View};
use crate::families::trail::{Change, Step, Trail, managed, view};
use crate::family::Control;
use crate::managed::log_group;
use crate::managed::log_group::LogGroup;
use crate::managed::role::wanted::ManagedRole;
use crate::managed::role::{Lack, RoleNeed, Serves};
use crate::model::{About, Blocked, Place, Remedy, Seen, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;
use crate::settings::destinations::RecordDestinations;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-cloudwatch-logs",
        wrong: "not feeding CloudWatch Logs",
        title: "Every trail feeds a CloudWatch Logs log group",
        why: "The metric filters and alarms that CIS asks for see only what reaches CloudWatch Logs. The feed stops \
              silently when its log group or role is deleted, or the role loses permissions.",
        compliant: "The trail has a log group that exists and a role that exists, that cloudtrail.amazonaws.com may \
                    assume, and that allows logs:CreateLogStream and logs:PutLogEvents on the trail's streams in that \
                    group, for an organization trail also on those of the organization; and GetTrailStatus reports no error of its last delivery there. Nobody outside the account may assume \
                    that role, and no policy of the account for its log groups masks the events or hands them to another \
                    account.",
        fix: "Creates log group `/trailkeeper/cloudtrail` in the trail's home region, with the configured retention, \
              and role `trailkeeper-cloudtrail-logs` (with `-2` where somebody else has that name), which may write only to the trail's streams in that group, for an \
              organization trail also to those of its members; then \
              UpdateTrail with both. An existing customer group stays the target: if only its role is gone, \
              Trailkeeper's takes its place. A customer's role that lost permissions is reported, never edited.",
        risk: "CloudWatch Logs charges for ingestion: the feed of a busy account is costly. The role's trust policy has no \
               conditions, since CloudTrail does not support any there. When a log group is \
               deleted, so are its metric and subscription filters; they do not come back automatically.",
        guard: "An existing customer group stays the target, and a customer's role is never edited. Trailkeeper's role \
                may write only to the trail's streams, and its log group keeps events for a limited time.",
        permanent: permanent!("trail", "cloudtrail-cloudwatch-logs"),
        severity: Severity::Medium,
        opt_in: false,
        references: &["AWS CloudTrail user guide, sending events to CloudWatch Logs: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html"],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    of_trail(view, subject, settings, &CONTROL.about, |judged| {
        one(judged, view, subject, settings).unwrap_or_else(|blocked| blocked.verdict(String::new()))
    })
}

/// Judges one trail.
fn one(judged: &Judged<'_>, view: &View, subject: &Subject, settings: &Settings) -> Result<Verdict<Step>, Blocked> {
    let trail = judged.trail;
    let place = &subject.place;
    let target = target(&trail.logs, place)?;
    let organization = organization(trail, place, settings)?;
    let needs = managed::needs(place, target.name, organization);
    let managed = managed::managed_role(place, target.name, organization).unless(view.managed.role_taken);
    let writes = role(trail, place, &target, &needs, &managed)?;
    if let Writes::Never(because, advice) = writes {
        return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) });
    }
    if let Some(lacks) = &target.lacks
        && let Some((because, advice)) = strange(&view.managed.group, &target, place, settings)?
    {
        let because = format!("{lacks}, and {because}, so it is not used");
        return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) });
    }
    let mut steps = group(view, trail, &target, settings)?;
    let mut lacks: Vec<String> = target.lacks.iter().cloned().collect();
    if let Writes::WithManaged(Some(wrong)) = &writes {
        lacks.push(wrong.clone());
    }
    if lacks.is_empty() && !steps.is_empty() {
        let wrong = trail.logs.group.present();
        let wrong = wrong.and_then(|it| log_group::wanted::wrong(MANAGED_GROUP, it, settings.log_retention_days));
        lacks.extend(wrong.map(|(because, _)| because));
    }
    if lacks.is_empty() {
        if let Some((because, advice)) = strange(&trail.logs.group, &target, place, settings)? {
            return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) });
        }
        let assumed = trail.logs.role.present().and_then(|role| of_role(role, place, settings));
        return match assumed.unwrap_or_else(|| arriving(trail, target.name)) {
            Verdict::Compliant => account_wide(&trail.logs.group, place, settings),
            wrong => Ok(wrong),
        };
    }
    let because = lacks.join("; ");
    if let Writes::WithManaged(_) = writes {
        match managed.ready(place, &view.managed.role, &needs) {
            Err(blocked) => return Ok(blocked.verdict(because)),
            Ok(role) => steps.extend(role.into_iter().map(Step::Role)),
        }
        let logs = (managed::group_arn(place, target.name), place.role_arn(managed.name));
        if (trail.logs.group_arn.as_ref(), trail.logs.role_arn.as_ref()) != (Some(&logs.0), Some(&logs.1)) {
            steps.push(update(trail, Change { logs: Some(logs), ..Change::default() }));
        }
        if let (true, Some(rest)) = (steps.is_empty(), view.managed.role.present().and_then(|it| managed.rest(it))) {
            return Ok(rest.verdict(because));
        }
    }
    Ok(violation(judged, subject, because, steps))
}

/// Judges a trail with everything that delivery takes: whether its events arrive, by CloudTrail's own word.
fn arriving(trail: &view::TrailState, group: &str) -> Verdict<Step> {
    let Some(errors) = &trail.facts.errors else { return untold(&trail.facts) };
    let Some(error) = &errors.logs else { return Verdict::Compliant };
    Verdict::Violation {
        because: format!("CloudTrail cannot deliver its events to log group {group}: {error}"),
        remedy: Remedy::Advise(
            "Nothing is wrong with log group and role as far as Trailkeeper can see: look for a service control policy, \
             a key of the group that refuses CloudWatch Logs, or streams that the role may not write. Until the next \
             delivery, CloudTrail repeats its last error."
                .to_owned(),
        ),
    }
}

/// Judges the policies of the account for log groups: they mask events, or hand them to strangers, whatever the group says.
fn account_wide(seen: &Seen<LogGroup>, place: &Place, settings: &Settings) -> Result<Verdict<Step>, Blocked> {
    let Some(group) = seen.present().filter(|group| group.policies != Seen::NotAsked) else {
        return Ok(Verdict::Compliant);
    };
    let name = &group.name;
    let policies = group.policies.known_of(format_args!("the account's policies for log group {name}"))?;
    let is_trusted = |account: &str| settings.record_destinations.account(place, account).is_wanted();
    let found: Vec<String> =
        policies.into_iter().flatten().filter_map(|it| it.harm(&place.account, &is_trusted)).collect();
    if found.is_empty() {
        return Ok(Verdict::Compliant);
    }
    Ok(Verdict::Violation {
        because: format!("of its log group {name}, {}", found.join("; ")),
        remedy: Remedy::Advise(format!(
            "Find out who put the policy, and delete it by logs:DeleteAccountPolicy or leave the log group out of it; if an \
             account is meant to receive the events, name it in {}. Trailkeeper leaves it, since it is for other log groups, \
             too.",
            RecordDestinations::SETTING
        )),
    })
}

/// Log group that the trail delivers to, or is to deliver to.
struct LogTarget<'a> {
    name: &'a str,
    lacks: Option<String>,
}

/// Returns the target: an existing log group, whoever created it, otherwise ours.
fn target<'a>(logs: &'a Logs, place: &Place) -> Result<LogTarget<'a>, Blocked> {
    let managed = |lacks: String| LogTarget { name: MANAGED_GROUP, lacks: Some(lacks) };
    let Some(arn) = &logs.group_arn else { return Ok(managed("it feeds no log group".to_owned())) };
    let Some(name) = managed::group_name(place, arn) else {
        let needs = format!("log group {arn} is not in this account and region, so it cannot be read");
        return Err(Blocked::Unknown(needs));
    };
    Ok(match logs.group.known_of(format_args!("log group {name}"))? {
        None => managed(format!("its log group {name} does not exist")),
        Some(_) => LogTarget { name, lacks: None },
    })
}

/// Returns the id of the organization whose events an organization trail of the account delivers, besides its own.
fn organization<'a>(
    trail: &'a view::TrailState,
    place: &Place,
    settings: &'a Settings,
) -> Result<Option<&'a str>, Blocked> {
    if !trail.facts.organization || trail.facts.account() != place.account {
        return Ok(None);
    }
    let what = format_args!("the id of the organization of trail {}", trail.facts.arn);
    match (&settings.organization, trail.logs.organization.known_of(what)) {
        (Some(organization), _) => Ok(Some(&organization.id)),
        (None, Ok(Some(id))) => Ok(Some(id)),
        (None, Ok(None)) => Err(Blocked::Unknown(format!("{what}: the account is in none"))),
        (None, Err(blocked)) => Err(blocked),
    }
}

/// Role with which the trail writes, or is to write.
enum Writes {
    /// A customer's role, which is sufficient.
    WithForeign,
    /// Our role, and what is wrong with the current one, if that is not reported already.
    WithManaged(Option<String>),
    /// A customer's role, which is not sufficient: what is wrong, and what a person should do.
    Never(String, String),
}

/// Returns the role to write with. If the log group changes or no role is left, the trail gets ours, never any other.
fn role(
    trail: &view::TrailState,
    place: &Place,
    target: &LogTarget<'_>,
    needs: &[RoleNeed<'_>],
    managed: &ManagedRole,
) -> Result<Writes, Blocked> {
    if target.lacks.is_some() && trail.logs.group_arn.as_ref() != Some(&managed::group_arn(place, target.name)) {
        return Ok(Writes::WithManaged(None));
    }
    let Some(arn) = &trail.logs.role_arn else {
        return Ok(Writes::WithManaged(Some("it has no role for writing".to_owned())));
    };
    let unknown = |what: String| Blocked::Unknown(format!("role {arn}: {what}"));
    let Some(role) = trail.logs.role.known().map_err(|unread| unknown(unread.to_string()))? else {
        return Ok(Writes::WithManaged(Some(format!("its role {arn} does not exist"))));
    };
    let has_our_name = managed.clone().at(place, arn).is_some();
    Ok(match role.serves_all(needs) {
        Serves::Yes if has_our_name => {
            let altered = managed.altered(role);
            Writes::WithManaged(altered.map(|what| format!("its role {arn} was altered: {what}")))
        }
        Serves::Yes => Writes::WithForeign,
        Serves::Unclear(what) => return Err(unknown(what)),
        Serves::No(lack) if has_our_name => Writes::WithManaged(Some(format!("its role does not work: {lack}"))),
        Serves::No(lack) => {
            let restore = match lack {
                Lack::Rights(_) => format!("Restore the missing permissions of role {arn}"),
                Lack::Trust(_) => format!(
                    "Let cloudtrail.amazonaws.com assume role {arn}, without a condition on aws:SourceArn or \
                     aws:SourceAccount, neither of which CloudTrail sends"
                ),
            };
            Writes::Never(
                format!("its role {arn} does not work: {lack}"),
                format!(
                    "{restore}, or set another role together with the log group. Trailkeeper does not edit a role that \
                     it did not create."
                ),
            )
        }
    })
}

/// Returns what is strange about our log group, if it is the target and exists, and what to do.
fn strange(
    seen: &Seen<LogGroup>,
    target: &LogTarget<'_>,
    place: &Place,
    settings: &Settings,
) -> Result<Option<(String, String)>, Blocked> {
    let is_trusted = |account: &str| settings.record_destinations.account(place, account).is_wanted();
    match seen {
        Seen::Present(group) if target.name == MANAGED_GROUP => {
            log_group::wanted::strange(group, &place.account, &is_trusted, RecordDestinations::SETTING)
        }
        _ => Ok(None),
    }
}

/// Returns the calls that our log group needs, if it is the target.
fn group(
    view: &View,
    trail: &view::TrailState,
    target: &LogTarget<'_>,
    settings: &Settings,
) -> Result<Vec<Step>, Blocked> {
    if target.name != MANAGED_GROUP {
        return Ok(vec![]);
    }
    let seen = if target.lacks.is_none() { &trail.logs.group } else { &view.managed.group };
    let steps = log_group::wanted::ready(MANAGED_GROUP, seen, settings.log_retention_days)?;
    Ok(steps.into_iter().map(Step::Group).collect())
}
