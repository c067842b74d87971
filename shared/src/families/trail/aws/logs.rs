//! Log groups, and the delivery from a trail to one.

use super::Trails;
use crate::aws::organization_id;
use crate::families::trail::controls::cloudwatch_logs;
use crate::families::trail::managed;
use crate::families::trail::managed::MANAGED_GROUP;
use crate::families::trail::view::Logs;
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::model::{Arn, CallError, Place, Seen};
use aws_sdk_cloudtrail::types::Trail as Described;
use futures_util::future::try_join3;

impl Trails {
    /// Reads the delivery to CloudWatch Logs, and our resources that would replace what is missing.
    pub(super) async fn logs_of(
        &self,
        place: &Place,
        trail: &Described,
    ) -> Result<(Logs, Seen<LogGroup>, (Seen<Role>, bool)), CallError> {
        let group_arn = trail.cloud_watch_logs_log_group_arn().filter(|arn| !arn.is_empty());
        let role_arn = trail.cloud_watch_logs_role_arn().filter(|arn| !arn.is_empty());
        let mut logs = Logs {
            group_arn: group_arn.map(str::to_owned),
            group: Seen::NotAsked,
            role_arn: role_arn.map(str::to_owned),
            role: Seen::NotAsked,
            organization: Seen::NotAsked,
        };
        if !self.is_on(&cloudwatch_logs::CONTROL) {
            return Ok((logs, Seen::NotAsked, (Seen::NotAsked, false)));
        }
        let name = group_arn.map(|arn| managed::group_name(place, arn));
        let group = async {
            match name {
                Some(Some(name)) => self.groups.find(&place.region, name).await,
                // No log group is set, or one elsewhere, which cannot be read.
                None => self.groups.find(&place.region, MANAGED_GROUP).await,
                Some(None) => Ok(Seen::Absent),
            }
        };
        let role = async {
            match role_arn {
                Some(arn) if Arn::parse(arn).is_some_and(|it| it.account != place.account) => Ok(Seen::NotAsked),
                Some(arn) => self.roles.read(arn).await,
                None => Ok(Seen::Absent),
            }
        };
        let (group, role, organization) = Box::pin(try_join3(group, role, self.organization(place, trail))).await?;
        logs.organization = organization;
        let managed_group;
        (logs.group, managed_group) = match name {
            None => (Seen::Absent, group),
            Some(Some(MANAGED_GROUP)) if group == Seen::Absent => (Seen::Absent, Seen::Absent),
            Some(_) if group == Seen::Absent => (Seen::Absent, self.groups.find(&place.region, MANAGED_GROUP).await?),
            Some(_) => (group, Seen::NotAsked),
        };
        logs.role = role;
        let organization = self.settings.organization.as_ref().map(|it| &it.id).or(logs.organization.present());
        let organization = organization.filter(|_| trail.is_organization_trail() == Some(true));
        let to = name.flatten().filter(|_| logs.group != Seen::Absent).unwrap_or(MANAGED_GROUP);
        let wanted = managed::managed_role(place, to, organization.map(String::as_str));
        let has_our_name = role_arn.is_some_and(|arn| wanted.clone().at(place, arn).is_some());
        let managed_role = if has_our_name || logs.role == Seen::Absent || logs.group == Seen::Absent {
            Box::pin(self.roles.ours_for(place, &wanted, (role_arn.unwrap_or_default(), &logs.role))).await?
        } else {
            (Seen::NotAsked, false)
        };
        Ok((logs, managed_group, managed_role))
    }

    /// Asks for the id of the organization of an organization trail that the account owns, if no setting names it.
    async fn organization(&self, place: &Place, trail: &Described) -> Result<Seen<String>, CallError> {
        let own = trail.trail_arn().and_then(Arn::parse).is_some_and(|arn| arn.account == place.account);
        if !own || trail.is_organization_trail() != Some(true) || self.settings.organization.is_some() {
            return Ok(Seen::NotAsked);
        }
        organization_id(&self.organizations).await
    }
}
