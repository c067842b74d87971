//! CloudWatch log groups: finding any, and creating ours.

use super::{Aws, PerRegion, call, write_call};
use crate::managed::log_group::account_policy::AccountPolicy;
use crate::managed::log_group::step::GroupStep;
use crate::managed::log_group::{LogGroup, LogSubscription};
use crate::managed::tag::MANAGED_TAG;
use crate::model::{CallError, Region, Seen};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{
    AccountPolicy as SdkAccountPolicy, LogGroup as SdkLogGroup, LogGroupClass, PolicyType, SubscriptionFilter,
};

/// Reads all policies of one type that the account has for its log groups in the client's region.
///
/// # Errors
/// Returns an error if a call fails for any reason other than "denied".
pub async fn account_policies(logs: &Client, kind: &PolicyType) -> Result<Seen<Vec<SdkAccountPolicy>>, CallError> {
    let (mut found, mut next) = (Vec::new(), None);
    loop {
        let ask = logs.describe_account_policies().policy_type(kind.clone()).set_next_token(next);
        let answer = Box::pin(call("logs:DescribeAccountPolicies", ask.send())).await;
        let page = match Seen::from_call(answer)?.into_present() {
            Ok(page) => page,
            Err(none) => return Ok(none),
        };
        found.extend(page.account_policies.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(Seen::Present(found));
        }
    }
}

/// Log groups of the account.
#[derive(Debug)]
pub struct Groups {
    logs: PerRegion<Client>,
    /// Name of our group whose subscription filters are read, too.
    managed: Option<&'static str>,
    /// Whether policies of the account for log groups are read, too.
    policies: bool,
}

impl Groups {
    /// Creates access to the log groups of the account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { logs: PerRegion::new(aws.config(), Client::new), managed: None, policies: false }
    }

    /// Has the subscription filters of one of our groups read, too: one call more for it.
    #[must_use]
    pub fn with_filters_of(self, managed: &'static str) -> Self {
        Self { managed: Some(managed), ..self }
    }

    /// Has the policies of the account read that apply to a log group: two calls more for each.
    #[must_use]
    pub fn with_account_policies(self) -> Self {
        Self { policies: true, ..self }
    }

    /// Finds a log group by its name. An exact match is listed before groups that merely begin with the name.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied".
    pub async fn find(&self, region: &Region, name: &str) -> Result<Seen<LogGroup>, CallError> {
        let group = match self.described(region, name).await?.into_present() {
            Ok(group) => group,
            Err(none) => return Ok(none),
        };
        let retention = group.retention_in_days().and_then(|days| days.try_into().ok());
        let filters = if self.managed == Some(name) { self.filters(region, name).await? } else { Seen::NotAsked };
        let policies = if self.policies { self.account_policies(region, name).await? } else { Seen::NotAsked };
        Ok(Seen::Present(LogGroup { name: name.to_owned(), retention, key: group.kms_key_id, filters, policies }))
    }

    /// Reads the subscription filters of a log group. It has at most two ([quotas]), which fit into one page.
    ///
    /// [quotas]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
    async fn filters(&self, region: &Region, name: &str) -> Result<Seen<Vec<LogSubscription>>, CallError> {
        let sent = self.logs.of(region).describe_subscription_filters().log_group_name(name).send();
        let answer = Seen::from_call(Box::pin(call("logs:DescribeSubscriptionFilters", sent)).await)?;
        Ok(answer.map(|it| {
            let filters = it.subscription_filters.unwrap_or_default().into_iter();
            let one = |it: SubscriptionFilter| LogSubscription {
                name: it.filter_name.unwrap_or_default(),
                destination: it.destination_arn.unwrap_or_default(),
            };
            filters.map(one).collect()
        }))
    }

    /// Reads the policies of the account that mask the events of a log group or hand them on.
    async fn account_policies(&self, region: &Region, name: &str) -> Result<Seen<Vec<AccountPolicy>>, CallError> {
        let mut found = Vec::new();
        for kind in [PolicyType::DataProtectionPolicy, PolicyType::SubscriptionFilterPolicy] {
            match account_policies(&self.logs.of(region), &kind).await? {
                Seen::Present(policies) => found.extend(policies.iter().filter_map(|it| {
                    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                    let (document, criteria) = (text(it.policy_document()), text(it.selection_criteria()));
                    AccountPolicy::on(name, it.policy_name().unwrap_or_default(), &document, &criteria)
                })),
                Seen::Absent => {}
                none => return Ok(none.map(|_| Vec::new())),
            }
        }
        Ok(Seen::Present(found))
    }

    /// Returns the class of a log group, such as `STANDARD`.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::find`].
    pub async fn class(&self, region: &Region, name: &str) -> Result<Seen<String>, CallError> {
        // Log groups had no class before there were two.
        let class = |group: SdkLogGroup| group.log_group_class().map_or("STANDARD", LogGroupClass::as_str).to_owned();
        Ok(self.described(region, name).await?.map(class))
    }

    async fn described(&self, region: &Region, name: &str) -> Result<Seen<SdkLogGroup>, CallError> {
        let sent = self.logs.of(region).describe_log_groups().log_group_name_prefix(name).limit(1).send();
        let answer = Seen::from_call(Box::pin(call("logs:DescribeLogGroups", sent)).await)?;
        Ok(answer.and_then(|it| it.log_groups?.into_iter().find(|it| it.log_group_name() == Some(name))))
    }

    /// Makes one call on one of our log groups.
    ///
    /// # Errors
    /// Returns an error if the call fails; [`ErrorKind::Exists`](crate::model::ErrorKind) if the name is already taken.
    pub async fn apply(&self, region: &Region, step: GroupStep) -> Result<(), CallError> {
        let client = self.logs.of(region);
        match step {
            GroupStep::Create { name } => {
                let create = client.create_log_group().log_group_name(name).tags(MANAGED_TAG.0, MANAGED_TAG.1);
                write_call("logs:CreateLogGroup", create.send()).await.map(|_| ())
            }
            GroupStep::Keep { name, days, replaces: _ } => {
                let days = i32::try_from(days).unwrap_or(i32::MAX);
                let put = client.put_retention_policy().log_group_name(name).retention_in_days(days);
                write_call("logs:PutRetentionPolicy", put.send()).await.map(|_| ())
            }
        }
    }
}
