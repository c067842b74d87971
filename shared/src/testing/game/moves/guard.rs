//! Calls on the parts of Trailkeeper itself.

use super::{EVERYTHING, Move};
use crate::testing::game::account::Cut;
use crate::testing::game::called::Called;
use serde_json::{Value, json};

pub(super) fn moves() -> Vec<Move> {
    let mut all = vec![
        cut(
            "reports_cut",
            "sns",
            "SetTopicAttributes",
            Cut::Reports,
            |_| json!({"topicArn": "arn:aws:sns:us-east-1:111122223333:trailkeeper-Reports"}),
        ),
        cut(
            "reports_unsubscribed",
            "sns",
            "Unsubscribe",
            Cut::Reports,
            |_| json!({"subscriptionArn": "arn:aws:sns:us-east-1:111122223333:trailkeeper-Reports:1"}),
        ),
    ];
    for family in ["trail", "bucket", "vpc", "recorder", "monitoring", "transfer", "key"] {
        let rule = |name: &str| {
            cut(&format!("{name}_{family}"), "events", "DisableRule", Cut::Rule(family.to_owned()), rule_of)
        };
        all.push(rule("rule_disabled"));
        let schedule = Cut::Schedule(family.to_owned());
        all.push(cut(
            &format!("schedule_deleted_{family}"),
            "scheduler",
            "DeleteSchedule",
            schedule,
            |family| json!({"name": format!("trailkeeper-{family}")}),
        ));
        if !["trail", "bucket", "monitoring"].contains(&family) {
            continue;
        }
        for (what, event) in [
            ("code", "UpdateFunctionCode20150331v2"),
            ("concurrency", "PutFunctionConcurrency20171031"),
            ("deleted", "DeleteFunction20150331"),
        ] {
            let function = Cut::Function(family.to_owned());
            all.push(cut(
                &format!("function_{what}_{family}"),
                "lambda",
                event,
                function,
                |family| json!({"functionName": format!("trailkeeper-{family}")}),
            ));
        }
        let function = Cut::Function(family.to_owned());
        all.push(cut(
            &format!("function_role_{family}"),
            "iam",
            "DeleteRolePolicy",
            function,
            |family| json!({"roleName": format!("trailkeeper-{family}Role"), "policyName": "x"}),
        ));
    }
    all
}

fn rule_of(family: &str) -> Value {
    json!({"name": format!("trailkeeper-{family}Calls")})
}

fn cut(name: &str, service: &'static str, event: &'static str, part: Cut, request: fn(&str) -> Value) -> Move {
    Move::new(name, EVERYTHING, move |account| {
        let family = match &part {
            Cut::Rule(family) | Cut::Schedule(family) | Cut::Function(family) => family.as_str(),
            Cut::Reports => "Reports",
        };
        account.cut.insert(part.clone());
        Some(Called::new(service, event, request(family)).about(format!("trailkeeper-{family}")))
    })
}
