//! Whether a log group transforms its events, by its own transformer or one of the account.

use super::Alarms;
use crate::aws::{account_policies, call};
use crate::model::{CallError, Region, Seen};
use aws_sdk_cloudwatchlogs::types::{AccountPolicy, PolicyType};

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
        let of_group = |it: &AccountPolicy| selects(it.selection_criteria().unwrap_or_default(), group);
        let policies = account_policies(&self.logs.of(region), &PolicyType::TransformerPolicy).await?;
        Ok(policies.and_then(|all| all.iter().any(of_group).then_some(())))
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
