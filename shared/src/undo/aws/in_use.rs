//! What stands in the way of taking a call back: what was made is used by something else, or what it pointed to is gone.

use super::Properties;
use crate::aws::Aws;
use crate::ledger::EntryStep;
use crate::model::{Arn, CallError, ErrorKind, Property, Region, Seen};
use crate::reconcile::ports::Account;
use serde_json::Value;

/// Maximum number of users that are named.
const SHOWN: usize = 3;

impl Properties {
    /// Returns why a resource that a call made cannot be taken away without harm, or why a property cannot be given its
    /// earlier value. `now` is the present value, and `going` is what the same change made, as it was found: that does not count.
    ///
    /// # Errors
    /// Returns an error if a call fails.
    pub async fn hindrance(
        &self,
        aws: &Aws,
        step: &EntryStep,
        now: Option<&Value>,
        going: &[Property],
    ) -> Result<Option<String>, CallError> {
        if step.before.is_some() {
            return Ok(self.lost_reference(step, now).await);
        }
        Ok(match &step.property {
            Property::Bucket { bucket } if Box::pin(self.bucket_is_full(bucket)).await? => {
                Some(format!("bucket {bucket} holds files"))
            }
            Property::LogGroup { region, name } if Box::pin(self.group_is_full(region, name)).await? => {
                Some(format!("log group {name} holds logs"))
            }
            Property::LogGroup { region, name } => {
                let users = Box::pin(self.writers_of(region, name, going)).await?;
                named(&format!("log group {name}"), &users)
            }
            Property::Queue { url, region } if Box::pin(self.queue_is_full(region, url)).await? => {
                Some(format!("queue {url} holds messages"))
            }
            Property::Role { role } => {
                let users = Box::pin(self.users_of(aws, role, going)).await?;
                named(&format!("role {role}"), &users)
            }
            Property::Subscription { endpoint, .. } => {
                let confirmed = |it: &Property| matches!(it, Property::Subscription { endpoint: same, arn: Some(_), .. } if same == endpoint);
                let pending = !going.iter().any(confirmed);
                pending.then(|| format!("the subscription of {endpoint} was never confirmed; SNS removes it by itself"))
            }
            Property::Topic { arn } => {
                let users = Box::pin(self.ears_of(arn, going)).await?;
                named(&format!("topic {arn}"), &users)
            }
            _ => None,
        })
    }

    /// Returns what writes to a log group, which it may have done for no time yet. All of them are in the region of the group:
    /// flow logs of any VPC, trails whose home it is, and servers.
    async fn writers_of(&self, region: &Region, group: &str, going: &[Property]) -> Result<Vec<String>, CallError> {
        let flow_logs = self.flow_logs_to_group(region, group).await?;
        let mut users: Vec<String> = flow_logs
            .into_iter()
            .filter(|(id, _)| !is_flow_log(going, id))
            .map(|(id, of)| format!("flow log {id} of {of}"))
            .collect();
        let trails = self.trails_to_group(region, group).await?;
        users.extend(trails.iter().filter(|arn| !is_trail(going, arn)).map(|arn| trail(arn)));
        users.extend(self.servers_to_group(region, group).await?.into_iter().map(|id| format!("server {id}")));
        Ok(users)
    }

    /// Returns who hears of a topic, and what tells it anything.
    async fn ears_of(&self, topic: &str, going: &[Property]) -> Result<Vec<String>, CallError> {
        let goes = |by: &str, to: &str| {
            going.iter().any(|it| {
                matches!(it, Property::Subscription { topic: of, protocol, endpoint, .. }
                    if of == topic && protocol == by && endpoint == to)
            })
        };
        let mut users = Vec::new();
        if let Seen::Present(all) = self.subscriptions(topic).await? {
            users.extend(all.into_iter().filter(|[_, by, to]| !goes(by, to)).map(|[_, by, to]| format!("{by} {to}")));
        }
        let Some(region) = Region::of_arn(topic) else { return Ok(users) };
        let alarms = self.alarms_telling(&region, topic).await?;
        let ours = |alarm: &str| going.iter().any(|it| matches!(it, Property::Alarm { name, .. } if name == alarm));
        users.extend(alarms.into_iter().filter(|it| !ours(it)).map(|it| format!("alarm {it}")));
        Ok(users)
    }

    /// Returns what uses a role, in all regions. Which service may use it, its trust policy says.
    async fn users_of(&self, aws: &Aws, role: &str, going: &[Property]) -> Result<Vec<String>, CallError> {
        let services = self.services_of(role).await?;
        let has = |service: &str| services.iter().any(|it| it.starts_with(service));
        let (servers, flow_logs, trails) = (has("transfer."), has("vpc-flow-logs."), has("cloudtrail."));
        let mut regions = vec![self.place.region.clone()];
        if servers || flow_logs || trails {
            match aws.regions().await {
                Ok(all) => regions = all,
                // Where regions cannot be listed, that of the change is all that is known.
                Err(error) if error.kind == ErrorKind::Rejected => {}
                Err(error) => return Err(error),
            }
        }
        let mut users = Vec::new();
        for region in &regions {
            let found = self.users_in(region, role, going, [servers, flow_logs, trails]).await;
            let in_region =
                |error: CallError| CallError { message: format!("{}, in {region}", error.message), ..error };
            users.extend(found.map_err(in_region)?);
        }
        users.sort_unstable();
        users.dedup();
        Ok(users)
    }

    /// Returns what uses a role in a region: servers, flow logs and trails, each if it may.
    async fn users_in(
        &self,
        region: &Region,
        role: &str,
        going: &[Property],
        [servers, flow_logs, trails]: [bool; 3],
    ) -> Result<Vec<String>, CallError> {
        let mut users = Vec::new();
        if servers {
            let goes = |id: &str| {
                going.iter().any(|it| matches!(it, Property::ServerLoggingRole { server, .. } if server == id))
            };
            let found = self.servers_with_role(region, role).await?;
            users.extend(found.into_iter().filter(|id| !goes(id)).map(|id| format!("server {id} in {region}")));
        }
        if flow_logs {
            let found = self.flow_logs_with_role(region, role).await?;
            let found = found.into_iter().filter(|id| !is_flow_log(going, id));
            users.extend(found.map(|id| format!("flow log {id} in {region}")));
        }
        if trails {
            let found = self.trails_with_role(region, role).await?;
            users.extend(found.into_iter().filter(|arn| !is_trail(going, arn)).map(|arn| trail(&arn)));
        }
        Ok(users)
    }
}

/// Returns whether a flow log is among these properties.
fn is_flow_log(going: &[Property], id: &str) -> bool {
    going.iter().any(|it| matches!(it, Property::FlowLog { id: Some(of), .. } if of == id))
}

/// Returns whether a trail, or its settings, are among these properties.
fn is_trail(going: &[Property], trail: &str) -> bool {
    going.iter().any(|it| matches!(it, Property::Trail { arn } | Property::TrailSettings { arn } if arn == trail))
}

/// Returns what a trail is called.
fn trail(arn: &str) -> String {
    format!("trail {}", Arn::parse(arn).map_or(arn, |arn| arn.name()))
}

fn named(what: &str, users: &[String]) -> Option<String> {
    let more = users.len().saturating_sub(SHOWN);
    let shown: Vec<&str> = users.iter().take(SHOWN).map(String::as_str).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!shown.is_empty()).then(|| format!("{what} is used by {}{more}", shown.join(", ")))
}
