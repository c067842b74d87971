//! Log groups, and the way of a trail to one.

use super::Trails;
use crate::aws::call;
use crate::error::CallError;
use crate::model::Seen;
use crate::place::{Arn, Place, Region};
use crate::role::{OUR_TAG, Role};
use crate::trail::cloudwatch_logs;
use crate::trail::ours::{self, OUR_GROUP, OUR_ROLE};
use crate::trail::view::{Group, Logs};
use aws_sdk_cloudtrail::types::Trail as Described;
use futures_util::future::try_join;

impl Trails {
    /// The way to CloudWatch Logs; and what of ours would be put in the place of what is missing there.
    pub(super) async fn logs_of(
        &self,
        place: &Place,
        trail: &Described,
    ) -> Result<(Logs, Option<Seen<Group>>, Option<Seen<Role>>), CallError> {
        let group_arn = trail.cloud_watch_logs_log_group_arn().filter(|arn| !arn.is_empty());
        let role_arn = trail.cloud_watch_logs_role_arn().filter(|arn| !arn.is_empty());
        let mut logs = Logs {
            group_arn: group_arn.map(str::to_owned),
            group: Seen::Absent,
            role_arn: role_arn.map(str::to_owned),
            role: Seen::Absent,
        };
        if !self.is_on(&cloudwatch_logs::CONTROL) {
            return Ok((logs, None, None));
        }
        let ours = place.role_arn(OUR_ROLE);
        let name = group_arn.map(|arn| ours::group_name(place, arn));
        let group = async {
            match name {
                Some(Some(name)) => self.group(&place.region, name).await,
                // None is set, or one elsewhere, of which nothing can be said.
                None => self.group(&place.region, OUR_GROUP).await,
                Some(None) => Ok(Seen::Absent),
            }
        };
        let role = async {
            match role_arn {
                Some(arn) if Arn::parse(arn).is_some_and(|it| it.account != place.account) => {
                    Ok(Seen::Unreadable("iam:GetRole"))
                }
                Some(arn) => self.roles.read(arn).await,
                None => self.roles.look_for(&ours).await,
            }
        };
        let (group, role) = Box::pin(try_join(group, role)).await?;
        let mut our_group = None;
        match name {
            None => our_group = Some(group),
            Some(name) => {
                logs.group = group;
                if logs.group == Seen::Absent {
                    our_group = match name {
                        Some(OUR_GROUP) => Some(Seen::Absent),
                        _ => Some(self.group(&place.region, OUR_GROUP).await?),
                    };
                }
            }
        }
        let our_role = match role_arn {
            None => Some(role),
            Some(arn) => {
                logs.role = role;
                if arn == ours {
                    Some(logs.role.clone())
                } else if logs.role == Seen::Absent || logs.group == Seen::Absent {
                    Some(self.roles.look_for(&ours).await?)
                } else {
                    None
                }
            }
        };
        Ok((logs, our_group, our_role))
    }

    /// Finds a group by its name. The one whose name is the whole prefix comes before all that only begin with it.
    pub(super) async fn group(&self, region: &Region, name: &str) -> Result<Seen<Group>, CallError> {
        let sent = self.logs.of(region).describe_log_groups().log_group_name_prefix(name).limit(1).send();
        let answer = Box::pin(call("logs:DescribeLogGroups", sent)).await;
        let found =
            answer.map(|it| it.log_groups.unwrap_or_default().into_iter().find(|it| it.log_group_name() == Some(name)));
        Ok(match Seen::from_call(found)? {
            Seen::Present(Some(group)) => Seen::Present(Group {
                name: name.to_owned(),
                retention: group.retention_in_days().and_then(|days| days.try_into().ok()),
            }),
            Seen::Present(None) | Seen::Absent => Seen::Absent,
            Seen::Unreadable(action) => Seen::Unreadable(action),
        })
    }

    pub(super) async fn create_group(&self, region: &Region) -> Result<(), CallError> {
        let create = self.logs.of(region).create_log_group().log_group_name(OUR_GROUP);
        call("logs:CreateLogGroup", create.tags(OUR_TAG.0, OUR_TAG.1).send()).await.map(|_| ())
    }

    pub(super) async fn keep_events(&self, region: &Region, days: u32) -> Result<(), CallError> {
        let put = self.logs.of(region).put_retention_policy().log_group_name(OUR_GROUP);
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        call("logs:PutRetentionPolicy", put.retention_in_days(days).send()).await.map(|_| ())
    }
}
