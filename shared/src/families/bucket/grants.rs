//! Statements that a bucket policy lacks for a service to deliver, for the families that create such buckets.

use super::Bucket;
use super::controls::https_only;
use super::delivered;
use super::need::{DeliveryNeed, of_channel, of_flow_logs, of_trail};
use super::uses::{ChannelDelivery, TrailDelivery, folder};
use crate::documents::policy::{CharacterClass, Decision, Shape};
use crate::family::Family;
use crate::model::Place;
use serde_json::Value;

/// Returns the statements that a policy lacks for a trail to deliver into the bucket without a prefix.
///
/// Denials of the policy may still block the delivery; calling this on the merged document shows that.
#[must_use]
pub fn for_trail(place: &Place, bucket: &str, trail: &str, policy: Option<&Value>) -> Vec<Value> {
    let trail = TrailDelivery { arn: trail.to_owned(), prefix: None, organization: false };
    lacking(of_trail(place, bucket, &trail), policy)
}

/// Returns the files that a trail of the account delivers from every region, by the shapes of their ARNs; for an organization
/// trail also those of the other accounts, under whatever id the organization has.
#[must_use]
pub fn trail_files(place: &Place, bucket: &str, prefix: &str, organization: bool) -> Vec<Shape> {
    let prefix = folder(Some(prefix).filter(|prefix| !prefix.is_empty()));
    let home = format!("arn:{}:s3:::{bucket}/{prefix}AWSLogs/", place.partition);
    let mut files = delivered::of_trail(&home, Some(&place.account));
    if organization {
        files.extend(delivered::of_trail(Shape::from(&home).text("o-").some(CharacterClass::Word).text("/"), None));
    }
    files
}

/// Returns the statements that a policy lacks for a Config delivery channel.
#[must_use]
pub fn for_channel(place: &Place, bucket: &str, prefix: Option<&str>, policy: Option<&Value>) -> Vec<Value> {
    let channel = ChannelDelivery { region: place.region.clone(), prefix: prefix.map(str::to_owned) };
    lacking(of_channel(place, bucket, &channel), policy)
}

/// Returns the statements that a policy lacks for the flow logs of the account's VPCs, in every region.
#[must_use]
pub fn for_flow_logs(place: &Place, bucket: &str, prefix: &str, policy: Option<&Value>) -> Vec<Value> {
    lacking(of_flow_logs(place, bucket, prefix), policy)
}

/// Returns the statement that denies plain HTTP, if the policy has none.
#[must_use]
pub fn for_https(place: &Place, bucket: &str, policy: Option<&Value>) -> Vec<Value> {
    let arn = Bucket::arn(place, bucket);
    if policy.is_some_and(|policy| https_only::denies_http(policy, &arn)) {
        Vec::new()
    } else {
        https_only::statement(place, bucket)
    }
}

/// Returns the decision of a policy on the delivery of flow logs.
#[must_use]
pub fn flow_logs_decided(place: &Place, bucket: &str, prefix: &str, policy: Option<&Value>) -> Decision {
    let needs = of_flow_logs(place, bucket, prefix);
    needs.iter().map(|need| need.decide(policy)).max().unwrap_or(Decision::Allowed)
}

/// Returns whether a policy lets in services that deliver logs and principals of the account, and nobody else: then nothing
/// says that the bucket serves something else.
#[must_use]
pub fn lets_in_only_delivery(policy: &Value, account: &str) -> bool {
    super::chosen::lets_in_only_delivery(policy, account)
}

fn lacking(needs: Vec<DeliveryNeed>, policy: Option<&Value>) -> Vec<Value> {
    needs.into_iter().filter(|need| need.decide(policy) != Decision::Allowed).map(|need| need.statement).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::policy::with_statements;
    use crate::testing::laws::subject;

    #[test]
    fn what_is_granted_is_lacking_no_more() {
        let place = subject::<Bucket>().place;
        let trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t";
        let all = |policy: Option<&Value>| {
            let mut all = for_trail(&place, "logs", trail, policy);
            all.extend(for_channel(&place, "logs", Some("config"), policy));
            all.extend(for_flow_logs(&place, "logs", "vpc/", policy));
            all.extend(for_https(&place, "logs", policy));
            all
        };
        assert_eq!(all(None).len(), 8);
        let policy = with_statements(None, &all(None));
        assert_eq!(all(Some(&policy)), Vec::<Value>::new());
        assert_eq!(for_channel(&place, "logs", None, Some(&policy)).len(), 1, "another prefix");
    }
}
