//! Calls on the roles by which services write their logs.

use super::{Move, document};
use crate::managed::role::Role;
use crate::model::{Arn, Seen};
use crate::testing::game::account::{AwsAccount, FlowLogTo, OTHER, SERVER};
use crate::testing::game::called::Called;
use crate::testing::game::record::Facet;
use serde_json::json;

type Which = fn(&AwsAccount) -> Option<String>;

pub(super) fn moves() -> Vec<Move> {
    let kinds: [(&str, &'static [Facet], Which, &[&str]); 3] = [
        ("logs_role", &[Facet::Logs, Facet::Alarms], of_trail, &["trail/main", "trail/trailkeeper-trail"]),
        ("server_role", &[Facet::Server], of_server, &[SERVER]),
        ("flow_role", &[Facet::FlowLogs], of_flow_logs, &["vpc-1"]),
    ];
    let mut all = Vec::new();
    for (prefix, facets, which, names) in kinds {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut add = |what: &'static str, event: &'static str, change: fn(&mut Role)| {
            let names = names.clone();
            all.push(Move::new(&format!("{prefix}_{what}"), facets, move |account| {
                let arn = which(account)?;
                change(account.roles.get_mut(&arn)?);
                if what == "deleted" {
                    account.roles.remove(&arn);
                }
                let name = Arn::parse(&arn)?.name();
                let called = Called::new("iam", event, json!({"roleName": name})).about(name);
                Some(names.iter().fold(called, |called, name| called.about(name.as_str())))
            }));
        };
        add("emptied", "DeleteRolePolicy", |role| role.inline = Seen::Present([].into()));
        add("deleted", "DeleteRole", |_| {});
        // Somebody else's has its name before anybody looks.
        add("replaced", "DeleteRole", |role| {
            role.managed = false;
            role.trust = document(&json!({"AWS": OTHER}), &json!("sts:AssumeRole"), None);
        });
        add("taken", "UpdateAssumeRolePolicy", |role| {
            role.trust = document(&json!({"AWS": OTHER}), &json!("sts:AssumeRole"), None);
        });
        add("bounded", "PutRolePermissionsBoundary", |role| {
            role.boundary = Seen::Present(json!({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}));
        });
        add("denied", "PutRolePolicy", |role| {
            let deny = json!({"Statement": [{"Effect": "Deny", "Action": "logs:*", "Resource": "*"}]});
            role.put_inline("deny", &deny);
        });
    }
    all
}

fn of_trail(account: &AwsAccount) -> Option<String> {
    let trail = super::trail::target(account)?;
    Some(account.trails.get(&trail)?.logs.as_ref()?.1.clone())
}

fn of_server(account: &AwsAccount) -> Option<String> {
    account.servers.get(SERVER)?.role.clone()
}

fn of_flow_logs(account: &AwsAccount) -> Option<String> {
    account.flow_logs.iter().find_map(|it| match &it.to {
        FlowLogTo::Group { role, .. } => Some(role.clone()),
        FlowLogTo::Elsewhere(_) => None,
    })
}
