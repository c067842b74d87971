//! `log-bucket-https-only`: logs cannot be read over plain HTTP.

use crate::documents::policy::{Statement, document, matches, statements, texts};
use crate::families::bucket::Bucket;
use crate::families::bucket::chosen::left_as_it_is;
use crate::families::bucket::document::{add, statements_of};
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{View, remedied};
use crate::family::Control;
use crate::model::{About, Place, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;
use serde_json::Value;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-https-only",
        wrong: "open to plain HTTP",
        title: "A log bucket denies requests over plain HTTP",
        why: "Over HTTP, anyone on the network path can read the logs and reuse anything else in a request.",
        compliant: "The policy denies everyone (`Principal` `*`) every action on the bucket and its objects if \
                    aws:SecureTransport is false, or s3:TlsVersion, if it exists, is less than 1.2; in one statement or \
                    several, under any Sid. NumericLessThan without IfExists does not deny plain HTTP, which has no \
                    version of TLS.",
        fix: "One statement, `TrailkeeperHttpsOnly`, is added to the policy that was read; the rest stays the same. \
              The policy is read again right before the write, and nothing is written if it has changed in the \
              meantime.",
        risk: "Clients that still use HTTP are denied. Website endpoints support only HTTP, so for a bucket with a \
               website the fix is only advised. CloudTrail, Config and S3's log writer use TLS.",
        guard: "A bucket with a website is only reported, and so is one that only a log bucket's configuration names as \
                target of access logs, or that a channel or trail names although it serves the public. One statement is \
                added and nothing else is touched. A policy over 20 KB, one that names a deleted principal, and a public one under BlockPublicPolicy are reported \
                instead, since S3 would reject them.",
        permanent: permanent!("bucket", "log-bucket-https-only"),
        severity: Severity::Medium,
        opt_in: false,
        references: &["Amazon S3 user guide, policy examples: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html"],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    let chosen = if uses.receives_trail() { &[Part::Grants, Part::Keys][..] } else { &[] };
    [Part::Policy, Part::Blocks, Part::Website].into_iter().chain(chosen.iter().copied()).collect()
}

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        if bucket.policy.known()?.is_some_and(|policy| denies_http(policy, &subject.arn)) {
            return Ok(Verdict::Compliant);
        }
        let because = "its policy does not deny plain HTTP".to_owned();
        if bucket.website.known()?.is_some() {
            return Ok(Verdict::Violation {
                because,
                remedy: Remedy::Advise(
                    "It is a website, and S3's website endpoints support only HTTP: denying HTTP would take the \
                     website down. Keep logs and website in separate buckets, or serve the website through CloudFront \
                     and delete the website configuration."
                        .to_owned(),
                ),
            });
        }
        if let Some(advice) = left_as_it_is(view, subject, bucket, settings)? {
            return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) });
        }
        let step = add(&subject.id, bucket, statement(&subject.place, &subject.id));
        remedied(because, step.map(|step| vec![step]))
    })
}

/// Returns the statement that denies plain HTTP to a bucket.
pub(in crate::families::bucket) fn statement(place: &Place, bucket: &str) -> Vec<Value> {
    statements_of(document!("log-bucket.https-only.json"), place, &[("Bucket", bucket)])
}

/// Returns whether a policy denies plain HTTP for a bucket and all its objects, in one or several statements.
pub(in crate::families::bucket) fn denies_http(policy: &Value, arn: &str) -> bool {
    let objects = format!("{arn}/");
    let denying = || statements(policy).filter(|it| denies_everybody_http(*it));
    let on_bucket = |it: Statement<'_>| resources(it).any(|pattern| matches(pattern, arn));
    // A resource that ends in a star and matches the empty key matches every key.
    let on_objects = |it: Statement<'_>| resources(it).any(|it| it.ends_with('*') && matches(it, &objects));
    denying().any(on_bucket) && denying().any(on_objects)
}

fn resources(statement: Statement<'_>) -> impl Iterator<Item = &str> {
    statement.element("Resource").into_iter().flat_map(texts)
}

fn denies_everybody_http(statement: Statement<'_>) -> bool {
    let mut actions = statement.element("Action").into_iter().flat_map(texts);
    let everything = actions.any(|action| action == "*" || action.eq_ignore_ascii_case("s3:*"));
    let denies = !statement.allows() && statement.names_everybody();
    denies && everything && statement.condition().is_some_and(is_plain_http)
}

/// Returns whether a condition means "without TLS", and nothing more.
fn is_plain_http(block: &Value) -> bool {
    let Some(operators) = block.as_object() else { return false };
    let mut all = operators.iter().flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, values)| (operator, key, values))
    });
    let (Some((operator, key, values)), None) = (all.next(), all.next()) else { return false };
    let values = values.as_array().map_or_else(|| vec![values], |all| all.iter().collect());
    match (operator.to_ascii_lowercase().as_str(), key.to_ascii_lowercase().as_str()) {
        ("bool" | "boolifexists", "aws:securetransport") => values
            .iter()
            .any(|it| **it == Value::Bool(false) || it.as_str().is_some_and(|word| word.eq_ignore_ascii_case("false"))),
        // A request over plain HTTP has no version of TLS: without `IfExists` the condition does not hold for it.
        ("numericlessthanifexists", "s3:tlsversion") => values.iter().any(|it| {
            let version = it.as_f64().or_else(|| it.as_str()?.parse().ok());
            version.is_some_and(|version| version >= 1.2)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::Family;
    use crate::testing::laws::subject;
    use serde_json::json;

    const ARN: &str = "arn:aws:s3:::logs";

    fn deny(changes: &Value) -> Value {
        let mut statement = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [ARN, "arn:aws:s3:::logs/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        for (key, value) in changes.as_object().cloned().unwrap_or_default() {
            statement[key] = value;
        }
        statement
    }

    fn denies(changes: &Value) -> bool {
        denies_http(&json!({"Statement": deny(changes)}), ARN)
    }

    #[test]
    fn equal_statements_count() {
        for same in [
            json!({}),
            json!({"Sid": "x", "Principal": {"AWS": "*"}, "Action": "*"}),
            json!({"Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject", "S3:*"], "Resource": "arn:aws:s3:::logs*"}),
            json!({"Resource": "*", "Condition": {"BoolIfExists": {"AWS:SecureTransport": [false]}}}),
            json!({"Condition": {"NumericLessThanIfExists": {"s3:TlsVersion": 1.2}}}),
            json!({"Condition": {"NumericLessThanIfExists": {"s3:TlsVersion": ["1.3"]}}}),
        ] {
            assert!(denies(&same), "{same}");
        }
        let halves = [deny(&json!({"Resource": ARN})), deny(&json!({"Resource": "arn:aws:s3:::logs/*"}))];
        assert!(denies_http(&json!({"Statement": halves}), ARN));
    }

    #[test]
    fn lesser_ones_do_not() {
        for less in [
            json!({"Effect": "Allow"}),
            json!({"Principal": {"AWS": "111122223333"}}),
            json!({"Action": "s3:GetObject"}),
            json!({"Resource": "arn:aws:s3:::logs/*"}),
            json!({"Resource": ARN}),
            json!({"Resource": [ARN, "arn:aws:s3:::logs/a*"]}),
            json!({"Resource": [ARN, "arn:aws:s3:::other/*"]}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceVpc": "x"}}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}}),
            json!({"Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}}),
            json!({"Condition": {"NumericLessThanIfExists": {"s3:TlsVersion": 1.1}}}),
            json!({"Condition": {}}),
        ] {
            assert!(!denies(&less), "{less}");
        }
        let mut all_but = deny(&json!({}));
        all_but.as_object_mut().expect("an object").remove("Principal");
        all_but["NotPrincipal"] = json!({"AWS": "111122223333"});
        assert!(!denies_http(&json!({"Statement": all_but}), ARN));
    }

    /// Checks that our own statement is recognized as sufficient, in every partition.
    #[test]
    fn ours_denies() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let place = Place { partition: partition.to_owned(), ..subject::<Bucket>().place };
            let policy = json!({"Statement": statement(&place, "logs")});
            assert!(denies_http(&policy, &Bucket::arn(&place, "logs")), "{policy}");
        }
    }
}
