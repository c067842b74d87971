//! What is Trailkeeper's own: by the name of its stack, and by the few names that are fixed.

use crate::model::{Arn, Region, sanitized};
use crate::settings::{Organization, Settings, Stack};

/// Part that a call names, of whomever.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum OwnPart {
    Function(String),
    /// Rule of a bus, which is given by name or ARN; none is the default bus.
    Rule {
        bus: Option<String>,
        name: String,
    },
    /// Event bus, by name or ARN.
    Bus(String),
    Schedule(String),
    /// Topic, by ARN.
    Topic(String),
    /// Key, by ARN or id.
    Key(String),
    Queue(String),
    /// Table of `DynamoDB`, by name or ARN.
    Table(String),
    Bucket(String),
    Alarm(String),
    LogGroup(String),
    Stack(String),
    StackSet(String),
    /// Change set, by ARN or name.
    ChangeSet(String),
    Role(String),
    /// Managed policy, by ARN.
    Policy(String),
    /// Part that the record does not name, since CloudTrail left the parameters out for their size.
    Unknown,
}

/// Parts of Trailkeeper: what stands in its settings.
#[derive(Debug, Clone, Copy)]
pub struct Ours<'a> {
    stack: &'a Stack,
    bus: Option<&'a str>,
    topic: Option<&'a str>,
    organization: bool,
}

/// Role that every account has, to send events to the bus.
const FORWARDER: &str = "TrailkeeperForwarder";

impl<'a> Ours<'a> {
    /// Creates it from the settings; `None` if they do not name the stack.
    #[must_use]
    pub fn of(settings: &'a Settings) -> Option<Self> {
        Some(Self {
            stack: settings.stack.as_ref()?,
            bus: settings.bus.as_ref().map(|bus| bus.arn.as_str()),
            topic: settings.topic.as_deref(),
            organization: settings.organization.is_some(),
        })
    }

    /// Returns the stack.
    #[must_use]
    pub fn stack(&self) -> &'a Stack {
        self.stack
    }

    /// Returns whether a call was made in an account in which there are parts.
    #[must_use]
    pub fn is_in(&self, account: &str) -> bool {
        self.organization || account == self.stack.account
    }

    /// Returns the ARN of a part, if it is Trailkeeper's.
    #[must_use]
    pub fn arn(&self, part: &OwnPart, account: &str, region: Option<&Region>) -> Option<String> {
        let stack = self.stack;
        let home = account == stack.account;
        let here = home && region.is_none_or(|region| *region == stack.region);
        let mine = |name: &str| name.strip_prefix(&stack.name).is_some_and(|rest| rest.starts_with('-'));
        // StackSets make stacks of names of their own, in other accounts and regions.
        let spread = |name: &str| mine(name) || name.strip_prefix("StackSet-").is_some_and(mine);
        let place = region.map_or("", Region::as_str);
        let arn = |service: &str, region: &str, resource: String| {
            let resource = sanitized(&resource);
            format!("arn:{}:{service}:{region}:{account}:{resource}", stack.partition)
        };
        let at = |holds: bool, service: &str, resource: String| holds.then(|| arn(service, place, resource));
        match part {
            OwnPart::Function(name) => at(here && mine(name), "lambda", format!("function:{name}")),
            OwnPart::Schedule(name) => at(here && mine(name), "scheduler", format!("schedule/default/{name}")),
            OwnPart::Queue(name) => at(here && mine(name), "sqs", name.clone()),
            OwnPart::Table(name) => {
                let name = name.rsplit_once('/').map_or(name.as_str(), |(_, name)| name);
                at(here && mine(name), "dynamodb", format!("table/{name}"))
            }
            OwnPart::Alarm(name) => at(here && mine(name), "cloudwatch", format!("alarm:{name}")),
            OwnPart::LogGroup(name) => {
                let holds = here && name.strip_prefix("/aws/lambda/").is_some_and(mine);
                at(holds, "logs", format!("log-group:{name}"))
            }
            OwnPart::Bucket(name) => {
                let notes = format!("{}-notes-", stack.name.to_ascii_lowercase());
                (home && name.starts_with(&notes)).then(|| format!("arn:{}:s3:::{}", stack.partition, sanitized(name)))
            }
            OwnPart::Rule { bus: Some(bus), name } if self.is_bus(bus) => {
                at(here, "events", format!("rule/{}/{name}", self.bus_name()))
            }
            OwnPart::Rule { bus, name } => {
                let default = bus.as_deref().is_none_or(|bus| bus == "default" || bus.ends_with(":event-bus/default"));
                at(default && spread(name), "events", format!("rule/{name}"))
            }
            OwnPart::Bus(bus) => at(here && self.is_bus(bus), "events", format!("event-bus/{}", self.bus_name())),
            OwnPart::Topic(topic) => {
                let named = || Arn::parse(topic).is_some_and(|it| it.account == stack.account && mine(it.resource));
                (self.topic == Some(topic.as_str()) || stack.topics.contains(topic) || here && named())
                    .then(|| sanitized(topic))
            }
            OwnPart::Key(key) => {
                stack.keys.iter().find(|arn| *arn == key || arn.ends_with(&format!("/{key}"))).cloned()
            }
            OwnPart::Stack(name) => {
                at(home && (*name == stack.name || mine(name)), "cloudformation", format!("stack/{name}"))
            }
            OwnPart::StackSet(name) => at(home && mine(name), "cloudformation", format!("stackset/{name}")),
            OwnPart::Role(name) => {
                let fixed = [FORWARDER, Organization::ROLE].contains(&name.as_str());
                (fixed || home && mine(name)).then(|| arn("iam", "", format!("role/{name}")))
            }
            OwnPart::Policy(policy) => {
                let named = Arn::parse(policy).is_some_and(|it| it.account == account && spread(it.name()));
                named.then(|| sanitized(policy))
            }
            OwnPart::Unknown => at(home, "*", "*".to_owned()),
            // Whose it is, only CloudFormation can say.
            OwnPart::ChangeSet(_) => None,
        }
    }

    fn bus_name(&self) -> &str {
        self.bus.and_then(Arn::parse).map_or("", |arn| arn.name())
    }

    fn is_bus(&self, given: &str) -> bool {
        self.bus.is_some_and(|ours| ours == given || self.bus_name() == given)
    }
}
