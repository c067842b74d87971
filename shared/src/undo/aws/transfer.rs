//! Transfer Family servers.

use super::cloudtrail::is_group;
use super::{Properties, parse};
use crate::aws::{call, write_call};
use crate::model::{CallError, Region, Seen};
use aws_sdk_transfer::types::DescribedServer;
use serde_json::{Value, json};

impl Properties {
    pub(super) async fn read_server(&self, region: &Region, server: &str) -> Result<Seen<Value>, CallError> {
        let sent = self.servers.of(region).describe_server().server_id(server).send();
        let answer = Seen::from_call(call("transfer:DescribeServer", Box::pin(sent)).await)?;
        Ok(answer.and_then(|it| it.server).map(|it| json!({ "LoggingRole": it.logging_role() })))
    }

    pub(super) async fn set_server(
        &self,
        region: &Region,
        server: &str,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        // An empty role is none.
        let role = value.and_then(|it| parse::any_text(it, "LoggingRole")).unwrap_or_default();
        let update = self.servers.of(region).update_server().server_id(server).logging_role(role);
        write_call("transfer:UpdateServer", update.send()).await.map(|_| ())
    }

    /// Returns the servers of a region that write to a log group. Only the description of a server says so.
    pub(super) async fn servers_to_group(&self, region: &Region, group: &str) -> Result<Vec<String>, CallError> {
        let client = self.servers.of(region);
        let mut pages = client.list_servers().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(it) = Box::pin(call("transfer:ListServers", async { pages.next().await.transpose() })).await? {
            let Some(id) = it.server_id else { continue };
            let sent = client.describe_server().server_id(&id).send();
            let answer = Seen::from_call(call("transfer:DescribeServer", Box::pin(sent)).await)?;
            let server = answer.and_then(|it| it.server);
            let to = server.present().map(DescribedServer::structured_log_destinations).unwrap_or_default();
            if to.iter().any(|arn| is_group(arn, region, group)) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Returns the ids of the servers of a region that log with a role.
    pub(super) async fn servers_with_role(&self, region: &Region, role: &str) -> Result<Vec<String>, CallError> {
        let mut pages = self.servers.of(region).list_servers().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(it) = Box::pin(call("transfer:ListServers", async { pages.next().await.transpose() })).await? {
            if it.logging_role().is_some_and(|arn| super::iam::name_in(arn) == role) {
                found.extend(it.server_id);
            }
        }
        Ok(found)
    }
}
