//! Log groups.

use super::Trails;
use crate::aws::call;
use crate::error::CallError;
use crate::model::Seen;
use crate::place::Region;
use crate::role::OUR_TAG;
use crate::trail::OUR_GROUP;
use crate::trail::view::Group;

impl Trails {
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
