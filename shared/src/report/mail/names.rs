//! Names of resources and callers, as people say them.

use crate::model::Arn;

/// Kind and name of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResourceWord<'a> {
    /// Kind of the resource, as a noun.
    pub(super) noun: &'static str,
    /// Name or id; `None` for all resources of the kind.
    pub(super) name: Option<&'a str>,
    /// Service of the resource, as ARNs spell it.
    pub(super) service: &'a str,
}

/// Kinds of resources by the service and the beginning of the resource in their ARNs.
const KINDS: &[(&str, &str, &str)] = &[
    ("cloudformation", "stack/", "stack"),
    ("cloudtrail", "trail/", "CloudTrail trail"),
    ("cloudwatch", "alarm:", "alarm"),
    ("config", "configuration-recorder/", "Config recorder"),
    ("dynamodb", "table/", "table"),
    ("ec2", "vpc/", "VPC"),
    ("events", "event-bus/", "event bus"),
    ("events", "rule/", "EventBridge rule"),
    ("iam", "role/", "role"),
    ("iam", "root", "account"),
    ("kms", "key/", "KMS key"),
    ("lambda", "function:", "Lambda function"),
    ("logs", "log-group:", "log group"),
    ("s3", "", "S3 bucket"),
    ("scheduler", "schedule/", "schedule"),
    ("sns", "", "SNS topic"),
    ("sqs", "", "SQS queue"),
    ("transfer", "server/", "Transfer server"),
];

impl<'a> ResourceWord<'a> {
    /// Returns what the resource with this ARN is called.
    pub(super) fn of(resource: &'a str) -> Self {
        let last = |text: &'a str| text.rsplit([':', '/']).next().unwrap_or_default();
        let Some(arn) = Arn::parse(resource) else {
            return Self { noun: "resource", name: Some(last(resource)), service: "" };
        };
        let kind = KINDS.iter().find(|(service, begin, _)| *service == arn.service && arn.resource.starts_with(begin));
        let (noun, rest) = kind.map_or(("resource", arn.resource), |(_, begin, noun)| {
            (*noun, arn.resource.strip_prefix(begin).unwrap_or_default())
        });
        let name = match (arn.service, noun) {
            // The last word of an account's ARN means nothing to people.
            (_, "account") => arn.account,
            (_, "stack") => rest.split('/').next().unwrap_or_default(),
            ("s3" | "sns" | "sqs" | "logs", _) => rest,
            _ => last(rest),
        };
        Self { noun, name: Some(name).filter(|name| *name != "*"), service: arn.service }
    }

    /// Returns the kind of several resources.
    pub(super) fn plural(&self) -> String {
        format!("{}s", self.noun)
    }

    /// Returns kind and name: `VPC vpc-1`, or `all VPCs`.
    pub(super) fn whole(&self) -> String {
        match self.name {
            Some(name) => format!("{} {name}", self.noun),
            None => format!("all {}", self.plural()),
        }
    }
}

/// Caller of an API call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ActorName<'a>(pub(super) &'a str);

impl<'a> ActorName<'a> {
    /// Returns the shortest name: that of a user or role, or of a service.
    pub(super) fn name(self) -> &'a str {
        let Some(arn) = Arn::parse(self.0) else { return self.0 };
        match arn.resource.split_once('/') {
            Some(("assumed-role", session)) => session.split('/').next().unwrap_or_default(),
            Some(_) => arn.name(),
            None => arn.resource,
        }
    }

    /// Returns the name after its kind: `user alice`, `role Deploy`.
    pub(super) fn whole(self) -> String {
        let kind = match Arn::parse(self.0).map(|arn| arn.resource.split('/').next().unwrap_or_default()) {
            Some("user") => "user ",
            Some("assumed-role" | "role") => "role ",
            Some("root") => "the user ",
            _ => "",
        };
        format!("{kind}{}", self.name())
    }

    /// Returns what CloudTrail calls the user name of the call, if it has one: a user's, a session's, or `root`.
    pub(super) fn user_name(self) -> Option<&'a str> {
        let arn = Arn::parse(self.0)?;
        matches!(arn.service, "iam" | "sts").then(|| arn.name())
    }
}

/// Returns the text in ASCII, shortened in the middle to this many characters, at least five.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let ascii: Vec<char> = text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let most = most.max(5);
    if ascii.len() <= most {
        return ascii.into_iter().collect();
    }
    let (start, end) = ((most - 2).div_ceil(2), (most - 2) / 2);
    let (head, tail) = (ascii.iter().take(start), ascii.iter().skip(ascii.len() - end));
    head.chain(&['.', '.']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_called_as_people_call_them() {
        for (arn, said) in [
            ("arn:aws:cloudtrail:us-east-1:111122223333:trail/main", "CloudTrail trail main"),
            ("arn:aws:s3:::a.b-c", "S3 bucket a.b-c"),
            ("arn:aws:ec2:us-east-1:111122223333:vpc/*", "all VPCs"),
            ("arn:aws:iam::111122223333:root", "account 111122223333"),
            ("arn:aws:cloudformation:us-east-1:111122223333:stack/keeper/51af", "stack keeper"),
            ("arn:aws:lambda:us-east-1:111122223333:function:keeper-vpc", "Lambda function keeper-vpc"),
            ("arn:aws:events:us-east-1:111122223333:rule/bus/keeper-x", "EventBridge rule keeper-x"),
            ("arn:aws:sqs:us-east-1:111122223333:unsent", "SQS queue unsent"),
            ("x:y", "resource y"),
        ] {
            assert_eq!(ResourceWord::of(arn).whole(), said);
        }
    }

    #[test]
    fn callers_are_called_by_their_names() {
        for (arn, whole, user) in [
            ("arn:aws:iam::111122223333:user/path/alice", "user alice", Some("alice")),
            ("arn:aws:sts::111122223333:assumed-role/Deploy/ci-7", "role Deploy", Some("ci-7")),
            ("arn:aws:iam::111122223333:root", "the user root", Some("root")),
            ("config.amazonaws.com", "config.amazonaws.com", None),
        ] {
            assert_eq!((ActorName(arn).whole().as_str(), ActorName(arn).user_name()), (whole, user));
        }
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(shortened("trail", 5), "trail");
        assert_eq!(shortened("a-very-long-name-0123", 11), "a-ver..0123");
        assert_eq!(shortened("ü\nb", 9), "??b");
    }
}
