//! `transfer-server-logging`: every server keeps a record of who transferred which file.

use crate::families::transfer::step::ServerStep;
use crate::families::transfer::step::Step;
use crate::families::transfer::view::{StructuredDestination, View};
use crate::families::transfer::{Transfer, view};
use crate::family::Control;
use crate::managed::role::{Role, RoleNeed, Serves};
use crate::model::{About, Remedy, Severity, Subject, Unread, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::transfer) const CONTROL: Control<Transfer> = Control {
    about: About {
        id: "transfer-server-logging",
        wrong: "without logging",
        title: "Transfer Family servers log what their users do",
        why: "Without a log nobody can say who signed in to the server, from where, and which files went in or out. \
              Servers created through the API, CloudFormation or Terraform have no logging unless you ask for it, and \
              logging stops silently when the logging role is deleted or loses permissions.",
        compliant: "The server has a structured log destination whose log group exists; or a logging role that exists, that \
                    transfer.amazonaws.com may assume for this server, and whose inline and attached policies (within \
                    its permissions boundary) allow logs:CreateLogGroup, logs:CreateLogStream, \
                    logs:DescribeLogStreams and logs:PutLogEvents on the server's log group. A server with managed \
                    workflows needs the role for their events.",
        fix: "Creates the role `trailkeeper-transfer-logging` (once per account, with `-2` where somebody else has that \
              name; restored if it is Trailkeeper's and was altered), then UpdateServer with only the logging role; everything else on the server is kept. A customer's \
              role that lost permissions is reported, never edited, and the server keeps using it; only a role that no \
              longer exists is replaced. A server with structured logging is never switched over.",
        risk: "CloudWatch Logs charges for what the server writes to `/aws/transfer/<server-id>`, whose retention is \
               unlimited until someone sets it. Users of the server are not affected.",
        guard: "A customer's role is never edited, and a role with Trailkeeper's name but without its tag or its \
                documents is neither edited nor used. Only UpdateServer with the logging role is sent, and never to a server with \
                structured logging. The log group's retention is yours to set.",
        permanent: permanent!("transfer", "transfer-server-logging"),
        severity: Severity::High,
        opt_in: false,
        references: &[
            "AWS Transfer Family user guide, CloudWatch logging for servers: \
             https://docs.aws.amazon.com/transfer/latest/userguide/structured-logging.html",
            "AWS Transfer Family user guide, confused deputy: \
             https://docs.aws.amazon.com/transfer/latest/userguide/confused-deputy.html",
        ],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, _: &Settings) -> Verdict<Step> {
    let need = View::need(subject);
    if view.structured_destinations.is_empty() {
        by_role(view, subject, &need)
    } else {
        structured(view, subject, &need)
    }
}

/// Judges a server with a structured log destination. It logs if the log group exists; only workflow events still need
/// a role.
fn structured(view: &View, subject: &Subject, need: &RoleNeed<'_>) -> Verdict<Step> {
    for StructuredDestination { arn, group } in &view.structured_destinations {
        match group.known() {
            Ok(Some(_)) => {}
            Ok(None) => {
                return Verdict::Violation {
                    because: format!("its log group {arn} does not exist, and the server does not create it"),
                    remedy: Remedy::Advise(
                        "Create the log group again, or give the server another one. Trailkeeper does not, because the \
                         retention and the key of the log group were yours."
                            .to_owned(),
                    ),
                };
            }
            Err(Unread::NotAsked) => {
                return Verdict::Unknown {
                    needs: format!("its log group {arn} is in another account or region, so it cannot be read"),
                };
            }
            Err(unread) => return Verdict::Unknown { needs: unread.of(format_args!("its log group {arn}")) },
        }
    }
    if !view.workflows {
        return Verdict::Compliant;
    }
    match current(view, subject, need) {
        Current::Serves => Verdict::Compliant,
        Current::Altered(role, what) => restored(view, subject, need, role, &what),
        Current::Unknown(needs) => Verdict::Unknown { needs },
        Current::None | Current::Gone(_) | Current::Lacks(..) => Verdict::Violation {
            because: "it logs to a structured destination, but its managed workflows log only through a logging role, \
                      and it has no working one"
                .to_owned(),
            remedy: Remedy::Advise(
                "Set a logging role as well if you want the workflows' events. Trailkeeper does not, because with both \
                 in place every other event is logged, and billed, twice."
                    .to_owned(),
            ),
        },
    }
}

/// Judges a server that can only log through a role.
fn by_role(view: &View, subject: &Subject, need: &RoleNeed<'_>) -> Verdict<Step> {
    match current(view, subject, need) {
        Current::Serves => Verdict::Compliant,
        Current::Altered(role, what) => restored(view, subject, need, role, &what),
        Current::Unknown(needs) => Verdict::Unknown { needs },
        Current::None => set_ours(view, subject, need, "no logging role and no structured log destination".to_owned()),
        Current::Gone(arn) => set_ours(view, subject, need, format!("its logging role {arn} does not exist")),
        Current::Lacks(role, lack) => {
            let because = format!("its logging role {} does not work: {lack}", role.arn);
            if view.logs_by_our_name(&subject.place) {
                return set_ours(view, subject, need, because);
            }
            Verdict::Violation {
                because,
                remedy: Remedy::Advise(format!(
                    "Restore the missing permissions of role {}, or set another logging role. Trailkeeper does not \
                     edit a role that it did not create, and leaves the server on it.",
                    role.arn
                )),
            }
        }
    }
}

/// State of the server's current logging role.
enum Current<'a> {
    /// No role is set.
    None,
    /// The role works.
    Serves,
    /// The role does not exist.
    Gone(&'a str),
    /// The role exists but lacks something.
    Lacks(&'a Role, String),
    /// The role is ours and works, but somebody widened it.
    Altered(&'a Role, String),
    /// Cannot be determined, with what is missing.
    Unknown(String),
}

fn current<'a>(view: &'a View, subject: &Subject, need: &RoleNeed<'_>) -> Current<'a> {
    let Some(arn) = &view.logging_role else { return Current::None };
    if !view::is_of(&subject.place, arn) {
        return Current::Unknown(format!("logging role {arn} is not in this account, so it cannot be read"));
    }
    match view.role.known() {
        Err(unread) => Current::Unknown(unread.of(format_args!("logging role {arn}"))),
        Ok(None) => Current::Gone(arn),
        Ok(Some(role)) => match role.serves(need) {
            Serves::Yes if view.logs_by_our_name(&subject.place) => {
                let altered = view::managed_role(&subject.place).altered(role);
                altered.map_or(Current::Serves, |what| Current::Altered(role, what))
            }
            Serves::Yes => Current::Serves,
            Serves::No(lack) => Current::Lacks(role, lack.to_string()),
            Serves::Unclear(what) => Current::Unknown(format!("logging role {arn}: {what}")),
        },
    }
}

/// Returns a violation by our role, which somebody widened: its documents are put back, and what must stay is told. A role
/// that only has a name of ours gives way to ours.
fn restored(view: &View, subject: &Subject, need: &RoleNeed<'_>, role: &Role, what: &str) -> Verdict<Step> {
    let managed = view.managed_role(&subject.place);
    let because = format!("its logging role {} was altered: {what}", role.arn);
    if !view.logs_with_managed(&subject.place) {
        return set_ours(view, subject, need, because);
    }
    match (managed.ready(&subject.place, &view.managed_role, std::slice::from_ref(need)), managed.rest(role)) {
        (Err(blocked), _) => blocked.verdict(because),
        (Ok(steps), Some(rest)) if steps.is_empty() => rest.verdict(because),
        (Ok(steps), _) => {
            Verdict::Violation { because, remedy: Remedy::Fix(steps.into_iter().map(Step::Role).collect()) }
        }
    }
}

/// Returns a violation that is fixed by our role, created or repaired as needed, and set on the server if it is not
/// yet.
fn set_ours(view: &View, subject: &Subject, need: &RoleNeed<'_>, because: String) -> Verdict<Step> {
    let managed = view.managed_role(&subject.place);
    match managed.ready(&subject.place, &view.managed_role, std::slice::from_ref(need)) {
        Err(blocked) => blocked.verdict(because),
        Ok(role) => {
            let mut steps: Vec<Step> = role.into_iter().map(Step::Role).collect();
            if !view.logs_with_managed(&subject.place) {
                steps.push(Step::Server(ServerStep::SetLoggingRole {
                    server: subject.id.clone(),
                    role: subject.place.role_arn(managed.name),
                    replaces: view.logging_role.clone(),
                }));
            }
            Verdict::Violation { because, remedy: Remedy::Fix(steps) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::transfer::{MANAGED_POLICY, MANAGED_ROLE};
    use crate::managed::log_group::LogGroup;
    use crate::model::Seen;
    use crate::model::Step as _;
    use crate::testing::laws::{settings, subject};
    use serde_json::{Value, json};

    fn role(arn: &str) -> Role {
        let place = subject::<Transfer>().place;
        Role {
            arn: arn.to_owned(),
            managed: false,
            trust: view::managed_role(&place).trust,
            inline: Seen::Present([("logs".to_owned(), view::managed_role(&place).policy)].into()),
            attached: Seen::Present(vec![]),
            boundary: Seen::Absent,
            bounds: crate::managed::role::Bounds::default(),
        }
    }

    const CUSTOMERS: &str = "arn:aws:iam::111122223333:role/customer";

    /// Returns a server that logs with this role, as far as the role permits.
    fn server(role: Role) -> View {
        let logging_role = Some(role.arn.clone());
        View {
            logging_role,
            structured_destinations: vec![],
            workflows: false,
            tags: [].into(),
            role: Seen::Present(role),
            managed_role: Seen::NotAsked,
            role_taken: false,
        }
    }

    fn powerless() -> Role {
        Role { inline: Seen::Present([].into()), ..role(CUSTOMERS) }
    }

    /// Returns the verdict in a word, with the actions of its steps.
    fn verdict(view: &View) -> String {
        match judge(view, &subject::<Transfer>(), &settings()) {
            Verdict::Compliant => "compliant".to_owned(),
            Verdict::NotApplicable { .. } | Verdict::Elsewhere { .. } => "not applicable".to_owned(),
            Verdict::Unknown { .. } => "unknown".to_owned(),
            Verdict::Violation { remedy: Remedy::Advise(_), .. } => "advise".to_owned(),
            Verdict::Violation { remedy: Remedy::Fix(steps), .. } => {
                steps.iter().map(|step| step.actions()[0]).collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn a_customers_role_is_judged_and_never_edited() {
        assert_eq!(verdict(&server(role(CUSTOMERS))), "compliant");
        assert_eq!(verdict(&server(powerless())), "advise");
        assert_eq!(verdict(&server(Role { trust: json!({}), ..role(CUSTOMERS) })), "advise");
        assert_eq!(
            verdict(&server(Role { managed: true, ..powerless() })),
            "advise",
            "tagged ours, but of another name"
        );
        let maybe = json!({"Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "true"}}}});
        let inline = Seen::Present([("logs".to_owned(), maybe)].into());
        assert_eq!(verdict(&server(Role { inline, ..role(CUSTOMERS) })), "unknown");
        let elsewhere = role("arn:aws:iam::999999999999:role/customer");
        assert_eq!(verdict(&server(elsewhere)), "unknown", "a role of another account cannot be read");
    }

    #[test]
    fn our_role_is_repaired_as_far_as_it_must_be() {
        let arn = subject::<Transfer>().place.role_arn(MANAGED_ROLE);
        let on_ours = |role: Role| View { managed_role: Seen::Present(role.clone()), ..server(role) };
        let managed = || Role { managed: true, ..role(&arn) };
        let bare = || Role { inline: Seen::Present([].into()), ..managed() };
        assert_eq!(verdict(&on_ours(managed())), "compliant");
        assert_eq!(verdict(&on_ours(bare())), "iam:PutRolePolicy");
        assert_eq!(verdict(&on_ours(Role { inline: Seen::Absent, ..managed() })), "iam:PutRolePolicy");
        assert_eq!(verdict(&on_ours(Role { trust: json!({}), ..managed() })), "iam:UpdateAssumeRolePolicy");
        let both = Role { trust: json!({}), ..bare() };
        assert_eq!(verdict(&on_ours(both)), "iam:UpdateAssumeRolePolicy iam:PutRolePolicy");
        assert_eq!(verdict(&on_ours(Role { managed: false, ..bare() })), "advise", "our name without our tag");
        let denied = json!({"Statement": {"Effect": "Deny", "Action": "logs:*", "Resource": "*"}});
        assert_eq!(verdict(&on_ours(Role { attached: Seen::Present(vec![denied]), ..managed() })), "advise");
        assert_eq!(verdict(&on_ours(Role { inline: Seen::Unreadable("iam:GetRolePolicy"), ..managed() })), "unknown");
    }

    #[test]
    fn what_is_replaced_is_kept() {
        let arn = subject::<Transfer>().place.role_arn(MANAGED_ROLE);
        let inline = Seen::Present([(MANAGED_POLICY.to_owned(), json!("cut"))].into());
        let cut = Role { managed: true, inline, trust: json!("bent"), ..role(&arn) };
        let view = View { managed_role: Seen::Present(cut.clone()), ..server(cut) };
        let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = judge(&view, &subject::<Transfer>(), &settings())
        else {
            panic!("{view:?}")
        };
        let before: Vec<Option<Value>> = steps.iter().map(crate::model::Step::before).collect();
        assert_eq!(before, [Some(json!("bent")), Some(json!("cut"))]);
    }

    #[test]
    fn a_server_without_a_role_gets_ours() {
        let silent =
            |managed_role| View { logging_role: None, role: Seen::Absent, managed_role, ..server(powerless()) };
        let managed = Role { managed: true, ..role(&subject::<Transfer>().place.role_arn(MANAGED_ROLE)) };
        let all = "iam:CreateRole iam:PutRolePolicy transfer:UpdateServer";
        assert_eq!(verdict(&silent(Seen::Absent)), all);
        assert_eq!(verdict(&silent(Seen::Present(managed))), "transfer:UpdateServer");
        assert_eq!(verdict(&silent(Seen::Unreadable("iam:GetRole"))), "unknown");
        assert_eq!(verdict(&silent(Seen::NotAsked)), "unknown");
        let gone = View { logging_role: Some(CUSTOMERS.to_owned()), ..silent(Seen::Absent) };
        assert_eq!(verdict(&gone), all);
        assert_eq!(verdict(&View { role: Seen::Unreadable("iam:GetRole"), ..gone }), "unknown");
    }

    #[test]
    fn a_server_on_somebody_elses_role_of_our_name_gets_ours_under_another_name() {
        let arn = subject::<Transfer>().place.role_arn(MANAGED_ROLE);
        let trust = json!({"Statement": [view::managed_role(&subject::<Transfer>().place).trust["Statement"][0],
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
        let taken = |role| View { role_taken: true, managed_role: Seen::Absent, ..server(role) };
        let all = "iam:CreateRole iam:PutRolePolicy transfer:UpdateServer";
        assert_eq!(verdict(&taken(Role { trust, ..role(&arn) })), all, "it lets others in");
        assert_eq!(verdict(&taken(Role { trust: json!({}), ..role(&arn) })), all, "it does not work");
        assert_eq!(verdict(&taken(role(CUSTOMERS))), "compliant", "a customer's is the customer's");
    }

    fn group() -> LogGroup {
        LogGroup { name: "g".to_owned(), ..LogGroup::default() }
    }

    fn destination(group: Seen<LogGroup>) -> StructuredDestination {
        StructuredDestination { arn: "arn:aws:logs:eu-west-1:111122223333:log-group:g:*".to_owned(), group }
    }

    #[test]
    fn a_structured_destination_must_exist() {
        let to = |group| View { structured_destinations: vec![destination(group)], ..server(role(CUSTOMERS)) };
        assert_eq!(verdict(&to(Seen::Present(group()))), "compliant");
        assert_eq!(verdict(&to(Seen::Absent)), "advise");
        assert_eq!(verdict(&to(Seen::Unreadable("logs:DescribeLogGroups"))), "unknown");
        assert_eq!(verdict(&to(Seen::NotAsked)), "unknown");
        let place = subject::<Transfer>().place;
        let named = |arn| StructuredDestination::group_in(arn, &place);
        assert_eq!(named("arn:aws:logs:eu-west-1:111122223333:log-group:/a/b:*").as_deref(), Some("/a/b"));
        assert_eq!(named("arn:aws:logs:eu-west-1:999999999999:log-group:/a/b:*"), None);
        assert_eq!(named("arn:aws:logs:us-east-1:111122223333:log-group:/a/b:*"), None);
    }

    #[test]
    fn a_structured_destination_is_enough_without_workflows() {
        let structured = |role: Role, workflows| View {
            structured_destinations: vec![destination(Seen::Present(group()))],
            workflows,
            ..server(role)
        };
        assert_eq!(verdict(&structured(powerless(), false)), "compliant");
        assert_eq!(verdict(&structured(role(CUSTOMERS), true)), "compliant");
        assert_eq!(verdict(&structured(powerless(), true)), "advise");
        let none = View { logging_role: None, role: Seen::Absent, ..structured(powerless(), true) };
        assert_eq!(verdict(&none), "advise");
        assert_eq!(verdict(&View { workflows: false, ..none }), "compliant");
    }
}
