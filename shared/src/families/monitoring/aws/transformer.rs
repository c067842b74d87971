//! Whether a log group transforms its events, by its own transformer or one of the account.

use super::Alarms;
use crate::aws::call;
use crate::model::{CallError, Region, Seen};
use aws_sdk_cloudwatchlogs::types::PolicyType;

impl Alarms {
    /// Reads whether a log group has a transformer; absent if it has none.
    pub(super) async fn transformer(&self, region: &Region, group: &str) -> Result<Seen<()>, CallError> {
        let sent = self.logs.of(region).get_transformer().log_group_identifier(group).send();
        let answer = Box::pin(call("logs:GetTransformer", sent)).await;
        let own =
            Seen::from_call(answer)?.and_then(|it| it.transformer_config.filter(|all| !all.is_empty()).map(|_| ()));
        if own == Seen::Absent { self.account_transformer(region, group).await } else { Ok(own) }
    }

    /// Reads whether a transformer of the account applies to a log group.
    async fn account_transformer(&self, region: &Region, group: &str) -> Result<Seen<()>, CallError> {
        let mut next = None;
        loop {
            let ask = self.logs.of(region).describe_account_policies().policy_type(PolicyType::TransformerPolicy);
            let answer = Box::pin(call("logs:DescribeAccountPolicies", ask.set_next_token(next).send())).await;
            let page = match Seen::from_call(answer)?.into_present() {
                Ok(page) => page,
                Err(none) => return Ok(none),
            };
            let policies = page.account_policies.unwrap_or_default();
            if policies.iter().any(|it| selects(it.selection_criteria.as_deref().unwrap_or_default(), group)) {
                return Ok(Seen::Present(()));
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(Seen::Absent);
            }
        }
    }
}

/// Returns whether a policy may apply to a log group: its criteria quote the prefixes of names that it is for, such as
/// `LogGroupNamePrefix IN ["/aws/"]` ([PutAccountPolicy]). Without criteria it is for all.
///
/// [PutAccountPolicy]: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html
fn selects(criteria: &str, group: &str) -> bool {
    let mut quoted = criteria.split('"').skip(1).step_by(2).peekable();
    quoted.peek().is_none() || quoted.any(|prefix| group.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::selects;

    #[test]
    fn a_transformer_of_the_account_is_for_the_groups_that_its_criteria_quote() {
        for (criteria, expected) in [
            ("", true),
            (r#"LogGroupNamePrefix IN ["/aws/", "CloudTrail/"]"#, true),
            (r#"LogGroupNamePrefix IN ["/aws/lambda/"]"#, false),
            (r#"LogGroupName NOT IN ["CloudTrail/logs"]"#, true),
        ] {
            assert_eq!(selects(criteria, "CloudTrail/logs"), expected, "{criteria}");
        }
    }
}
