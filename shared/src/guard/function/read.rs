//! What is read of Trailkeeper's own stack: its latest operations, and the rules that wake the functions.

use crate::aws::{Aws, PerRegion, call};
use crate::guard::quiet::StackEvent;
use crate::guard::rules::RuleState;
use crate::model::{CallError, Region};
use aws_sdk_cloudformation::types::StackEvent as Answer;

/// Maximum number of pages of a stack's events, of some hundred events each: more than one operation makes.
const PAGES: usize = 20;

/// Reader of Trailkeeper's own stack.
pub(super) struct OwnStack {
    stacks: PerRegion<aws_sdk_cloudformation::Client>,
    rules: PerRegion<aws_sdk_eventbridge::Client>,
}

impl OwnStack {
    /// Creates it from the account's configuration.
    pub(super) fn new(aws: &Aws) -> Self {
        Self {
            stacks: PerRegion::new(aws.config(), aws_sdk_cloudformation::Client::new),
            rules: PerRegion::new(aws.config(), aws_sdk_eventbridge::Client::new),
        }
    }

    /// Reads the events about a stack itself, the latest first, until one is earlier than a time.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    pub(super) async fn events(&self, stack: &str, region: &Region, since: i64) -> Result<Vec<StackEvent>, CallError> {
        let (client, mut found, mut next) = (self.stacks.of(region), Vec::new(), None);
        for _ in 0..PAGES {
            let sent = client.describe_stack_events().stack_name(stack).set_next_token(next).send();
            let page = call("cloudformation:DescribeStackEvents", Box::pin(sent)).await?;
            found.extend(page.stack_events().iter().filter_map(about_itself));
            next = page.next_token;
            if next.is_none() || found.last().is_some_and(|event| event.at < since) {
                break;
            }
        }
        Ok(found)
    }

    /// Reads the rules of a region whose names begin with that of the stack, and all those of the bus.
    ///
    /// # Errors
    /// Returns an error if a call fails.
    pub(super) async fn rules(
        &self,
        stack: &str,
        bus: Option<&str>,
        region: &Region,
    ) -> Result<Vec<RuleState>, CallError> {
        let mut found = self.of_bus(None, Some(format!("{stack}-")), region).await?;
        if let Some(bus) = bus {
            found.extend(self.of_bus(Some(bus), None, region).await?);
        }
        Ok(found)
    }

    async fn of_bus(
        &self,
        bus: Option<&str>,
        prefix: Option<String>,
        region: &Region,
    ) -> Result<Vec<RuleState>, CallError> {
        let (client, bus) = (self.rules.of(region), bus.map(str::to_owned));
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let list = client.list_rules().set_name_prefix(prefix.clone()).set_event_bus_name(bus.clone());
            let page = call("events:ListRules", Box::pin(list.set_next_token(next).send())).await?;
            for rule in page.rules.unwrap_or_default() {
                let targets = client.list_targets_by_rule().set_rule(rule.name).set_event_bus_name(bus.clone());
                let targets = call("events:ListTargetsByRule", Box::pin(targets.limit(1).send())).await?;
                found.push(RuleState {
                    arn: rule.arn.unwrap_or_default(),
                    state: rule.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
                    leads: !targets.targets().is_empty(),
                });
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }
}

/// Returns an event if it is about the stack itself, not about one of its resources.
fn about_itself(event: &Answer) -> Option<StackEvent> {
    let itself = event.physical_resource_id().is_some() && event.physical_resource_id() == event.stack_id();
    let at = event.timestamp().and_then(|time| time.to_millis().ok())?;
    let status = event.resource_status()?.as_str().to_owned();
    itself.then_some(StackEvent { at, status })
}
