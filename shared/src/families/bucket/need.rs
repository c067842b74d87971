//! Requirements of a service on the policy of the bucket that it delivers to: the statement that AWS asks for, and
//! whether the existing policy does the same.

use super::delivered;
use super::document::statements_of;
use super::uses::{ChannelDelivery, TrailDelivery, folder};
use super::view::{BucketConfig, Logging};
use crate::documents::policy::{
    CharacterClass, Decision, Request, Shape, decide, document, statements, texts, with_statements,
};
use crate::managed::bucket::ENFORCED;
use crate::model::{Arn, Blocked, Place};
use serde_json::Value;
use std::collections::BTreeSet;

/// S3's log writer, which delivers server access logs.
const LOG_WRITER: &str = "logging.s3.amazonaws.com";

/// Permission that a service needs.
#[derive(Debug)]
pub(super) struct DeliveryNeed {
    /// Party that needs the permission, for people.
    pub(super) who: String,
    /// Statement that grants the permission.
    pub(super) statement: Value,
    /// Bucket or files on all of which the action must be allowed.
    resources: Vec<Shape>,
    /// Known condition keys of the request.
    known: Vec<(&'static str, String)>,
    /// Whether an access control list may grant the permission as well.
    pub(super) by_acl: bool,
}

impl DeliveryNeed {
    fn new(who: &str, place: &Place, statement: Value, files: &[Shape], known: &[(&'static str, &str)]) -> Self {
        let puts = text(&statement, "Action") == "s3:PutObject";
        let resources = if puts { files.to_vec() } else { vec![text(&statement, "Resource").into()] };
        let mut known: Vec<_> = known.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        known.extend(["aws:ResourceAccount", "s3:ResourceAccount"].map(|key| (key, place.account.clone())));
        if puts && text(&statement, "Sid").starts_with("AWS") {
            known.push(("s3:x-amz-acl", "bucket-owner-full-control".to_owned()));
        }
        Self { who: who.to_owned(), statement, resources, known, by_acl: false }
    }

    /// Adds the organization of the account for which the service delivers, `None` if it is in none.
    pub(super) fn in_organization(mut self, id: Option<&str>) -> Self {
        let id = id.unwrap_or_default().to_owned();
        self.known.extend(["aws:SourceOrgID", "aws:SourceOrgPaths"].map(|key| (key, id.clone())));
        self
    }

    /// Returns the action, for people.
    pub(super) fn action(&self) -> &str {
        text(&self.statement, "Action")
    }

    /// Returns whether this is what S3's log writer needs for access logs.
    pub(super) fn is_of_access_logs(&self) -> bool {
        service_of(&self.statement) == LOG_WRITER
    }

    /// Returns the decision of a policy on this need.
    pub(super) fn decide(&self, policy: Option<&Value>) -> Decision {
        let known: Vec<(&str, &str)> = self.known.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let request = Request {
            service: Some(service_of(&self.statement)),
            action: self.action(),
            resources: &self.resources,
            known: &known,
        };
        decide(policy, request)
    }

    /// Returns whether the policy would do with the statement added. It would not where another one may deny.
    pub(super) fn is_met_by_statement(&self, policy: Option<&Value>) -> bool {
        let granted = with_statements(policy, std::slice::from_ref(&self.statement));
        self.decide(Some(&granted)) == Decision::Allowed
    }
}

fn text<'a>(statement: &'a Value, element: &str) -> &'a str {
    statement.get(element).and_then(Value::as_str).unwrap_or_default()
}

fn service_of(statement: &Value) -> &str {
    statement.get("Principal").map(|principal| text(principal, "Service")).unwrap_or_default()
}

/// Returns the needs of a trail. Files of its own account require no organization.
pub(super) fn of_trail(place: &Place, bucket: &str, trail: &TrailDelivery) -> Vec<DeliveryNeed> {
    trail_needs(document!("log-bucket.cloudtrail.json"), place, bucket, trail, "")
}

/// Returns the additional needs of an organization's trail.
pub(super) fn of_organization(place: &Place, bucket: &str, trail: &TrailDelivery, id: &str) -> Vec<DeliveryNeed> {
    trail_needs(document!("log-bucket.organization.json"), place, bucket, trail, id)
}

fn trail_needs(
    document: &str,
    place: &Place,
    bucket: &str,
    trail: &TrailDelivery,
    organization: &str,
) -> Vec<DeliveryNeed> {
    let account = Arn::parse(&trail.arn).map_or(place.account.as_str(), |arn| arn.account);
    let prefix = folder(trail.prefix.as_deref());
    let words = [
        ("Bucket", bucket),
        ("Prefix", prefix.as_str()),
        ("TrailArn", trail.arn.as_str()),
        ("TrailAccount", account),
        ("OrganizationId", organization),
    ];
    let home = format!("arn:{}:s3:::{bucket}/{prefix}AWSLogs/", place.partition);
    let files = if organization.is_empty() {
        delivered::of_trail(&home, Some(account))
    } else {
        delivered::of_trail(format!("{home}{organization}/"), None)
    };
    let known = [("aws:SourceArn", trail.arn.as_str()), ("aws:SourceAccount", account)];
    let who = format!("trail {}", trail.arn);
    needs(document, place, &words, &who, &files, &known)
}

fn needs(
    document: &str,
    place: &Place,
    words: &[(&str, &str)],
    who: &str,
    files: &[Shape],
    known: &[(&'static str, &str)],
) -> Vec<DeliveryNeed> {
    let statements = statements_of(document, place, words).into_iter();
    statements.map(|it| DeliveryNeed::new(who, place, it, files, known)).collect()
}

/// Returns the ids of the organizations on whose paths a policy allows anything. Whoever may write the policy chose them:
/// they say nothing about the account's own organization.
pub(super) fn organizations_in(policy: &Value) -> BTreeSet<&str> {
    let allows = statements(policy).filter(|it| it.allows());
    let resources = allows.filter_map(|it| it.element("Resource")).flat_map(texts);
    let named = resources.filter_map(|it| it.split_once("/AWSLogs/")?.1.split('/').next());
    let is_id = |id: &&str| {
        id.strip_prefix("o-").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    named.filter(is_id).collect()
}

/// Returns the needs of a Config delivery channel.
pub(super) fn of_channel(place: &Place, bucket: &str, channel: &ChannelDelivery) -> Vec<DeliveryNeed> {
    let prefix = folder(channel.prefix.as_deref());
    let words = [("Bucket", bucket), ("Prefix", prefix.as_str())];
    let known = [("aws:SourceAccount", place.account.as_str())];
    let who = format!("the Config channel of {}", channel.region);
    let files = delivered::of_channel(place, channel.region.as_str(), bucket, channel.prefix.as_deref());
    needs(document!("log-bucket.config.json"), place, &words, &who, &files, &known)
}

/// Returns the needs of VPC flow logs, delivered from every region of the account.
pub(super) fn of_flow_logs(place: &Place, bucket: &str, prefix: &str) -> Vec<DeliveryNeed> {
    let words = [("Bucket", bucket), ("Prefix", prefix)];
    let source = format!("arn:{}:logs:{}:{}:any", place.partition, place.region, place.account);
    let known = [("aws:SourceAccount", place.account.as_str()), ("aws:SourceArn", source.as_str())];
    let files = delivered::of_flow_logs(place, bucket, prefix);
    needs(document!("log-bucket.flow-logs.json"), place, &words, "VPC flow logs", &files, &known)
}

/// Returns the needs of S3's log writer in the target of a source's access logs. In our targets one statement covers
/// every source of the account, so that the policy does not grow with their number; and these have no ACLs.
pub(super) fn of_source(
    place: &Place,
    target: &str,
    managed: bool,
    source: &str,
    logging: &Logging,
) -> Vec<DeliveryNeed> {
    let partition = format!("{}/{}/{source}/", place.account, place.region);
    let partition = logging.partitioned.as_ref().map(|_| partition.as_str());
    let key = Shape::from(format!("arn:{}:s3:::{target}/{}", place.partition, logging.prefix));
    let needs = log_writer(place, target, managed, source, &logging.prefix, &delivered::of_access_logs(key, partition));
    needs.into_iter().map(|need| DeliveryNeed { by_acl: !managed, ..need }).collect()
}

/// Returns the needs of S3's log writer in one of our targets, for any source of the account.
pub(super) fn of_any_source(place: &Place, target: &str) -> Vec<DeliveryNeed> {
    let key = Shape::from(format!("arn:{}:s3:::{target}/", place.partition)).some(CharacterClass::Word).text("/");
    log_writer(place, target, true, "any", "", &delivered::of_access_logs(key, None))
}

fn log_writer(
    place: &Place,
    target: &str,
    managed: bool,
    source: &str,
    prefix: &str,
    files: &[Shape],
) -> Vec<DeliveryNeed> {
    let (from, prefix) = if managed { ("*", "") } else { (source, prefix) };
    let words = [("Bucket", target), ("Source", from), ("Prefix", prefix)];
    let arn = format!("arn:{}:s3:::{source}", place.partition);
    let known = [("aws:SourceArn", arn.as_str()), ("aws:SourceAccount", place.account.as_str())];
    let who = format!("S3's log writer for bucket {source}");
    needs(document!("log-bucket.access-logs.json"), place, &words, &who, files, &known)
}

/// Returns whether the bucket's access control list grants access to S3's log writer, which counts only if ACLs are
/// enabled.
pub(super) fn acl_lets_logs_in(name: &str, config: &BucketConfig) -> Result<bool, Blocked> {
    let its = format!("bucket {name}");
    if config.ownership.known_of(&its)?.is_some_and(|added_rule| added_rule == ENFORCED) {
        return Ok(false);
    }
    let group = "http://acs.amazonaws.com/groups/s3/LogDelivery";
    let granted = |what: &str, grants: &[super::Grant]| {
        grants.iter().any(|it| it.grantee == group && (it.permission == what || it.permission == "FULL_CONTROL"))
    };
    Ok(config.grants.known_of(&its)?.is_some_and(|grants| granted("WRITE", grants) && granted("READ_ACP", grants)))
}

#[cfg(test)]
mod tests {
    use super::super::Bucket;
    use super::*;
    use crate::testing::laws::subject;
    use serde_json::json;

    fn place() -> Place {
        subject::<Bucket>().place
    }

    fn trail() -> TrailDelivery {
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t".to_owned();
        TrailDelivery { arn, prefix: Some("a".to_owned()), organization: true }
    }

    fn all() -> Vec<DeliveryNeed> {
        let region = place().region;
        let partitioned = Some("EventTime".to_owned());
        let logging = Logging { target: "logs".into(), prefix: "src/".into(), partitioned, grants: false };
        let mut all = of_trail(&place(), "logs", &trail());
        all.extend(of_organization(&place(), "logs", &trail(), "o-abc"));
        all.extend(of_channel(&place(), "logs", &ChannelDelivery { region, prefix: None }));
        all.extend(of_source(&place(), "logs", true, "src", &logging));
        all.extend(of_source(&place(), "logs", false, "src", &logging));
        all
    }

    /// Checks that our own statements are recognized as sufficient.
    #[test]
    fn our_statements_serve() {
        let statements: Vec<Value> = all().into_iter().map(|need| need.statement).collect();
        assert_eq!(statements.len(), 8);
        for need in all() {
            let policy = with_statements(None, std::slice::from_ref(&need.statement));
            assert_eq!(need.decide(Some(&policy)), Decision::Allowed, "{policy}");
            assert_eq!(need.decide(None), Decision::NotAllowed);
            assert!(!policy.to_string().contains("${"), "{policy}");
            assert!(!policy.to_string().contains(r#""""#), "{policy}");
        }
        let put = &statements[1];
        assert_eq!(put["Resource"], "arn:aws:s3:::logs/a/AWSLogs/111122223333/*");
        assert_eq!(put["Condition"]["StringEquals"]["aws:SourceArn"], trail().arn);
    }

    #[test]
    fn another_trails_statement_is_none_of_this_ones() {
        let other = TrailDelivery { arn: trail().arn.replace("trail/t", "trail/u"), ..trail() };
        let policy = with_statements(None, &[of_trail(&place(), "logs", &other)[1].statement.clone()]);
        assert_eq!(of_trail(&place(), "logs", &trail())[1].decide(Some(&policy)), Decision::NotAllowed);
    }

    #[test]
    fn what_keeps_people_out_does_not_keep_services_out() {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}});
        for need in all() {
            let policy = with_statements(None, &[need.statement.clone(), deny.clone()]);
            assert_eq!(need.decide(Some(&policy)), Decision::Allowed, "{policy}");
        }
    }

    #[test]
    fn all_organizations_that_a_policy_allows_something_are_found() {
        let named = |effect: &str, resource: Value| {
            let policy = json!({"Statement": {"Effect": effect, "Resource": resource}});
            organizations_in(&policy).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let both = json!(["arn:aws:s3:::logs/a/AWSLogs/o-abc123/*", "arn:aws:s3:::logs/AWSLogs/o-other/x"]);
        assert_eq!(named("Allow", both.clone()), ["o-abc123", "o-other"]);
        assert_eq!(named("Deny", both), [""; 0]);
        assert_eq!(named("Allow", json!("arn:aws:s3:::logs/AWSLogs/o-*")), [""; 0]);
        assert_eq!(named("Allow", json!("arn:aws:s3:::logs/AWSLogs/111122223333/*")), [""; 0]);
    }
}
