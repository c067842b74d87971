//! `log-bucket-delete-mfa`: whoever deletes log files has shown a second factor.

use crate::documents::policy::{KnownKey, Statement, document, fill_lists, holds_for, matches, texts};
use crate::families::bucket::Bucket;
use crate::families::bucket::chosen::left_as_it_is;
use crate::families::bucket::document::{replace, statements_of};
use crate::families::bucket::managed_denial::ManagedDenial;
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{View, remedied};
use crate::family::Control;
use crate::model::{About, Place, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;
use crate::settings::log_bucket_deleters::LogBucketDeleters;
use serde_json::Value;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-delete-mfa",
        title: "Deleting from a log bucket needs a session with MFA",
        wrong: "open to deletion without MFA",
        why: "Someone with stolen credentials deletes the traces first. MFA delete stops that only for versions, and only the \
              root user can turn it on. The bucket policy can demand a second factor of everybody else: a stolen access key \
              alone then deletes no log file.",
        compliant: "The policy denies everyone s3:DeleteObject and s3:DeleteObjectVersion on all objects of the bucket unless \
                    aws:MultiFactorAuthPresent is true, but for AWS services and the principals of \
                    TRAILKEEPER_LOG_BUCKET_DELETERS; in one statement or several, under any Sid, by that key or by \
                    aws:MultiFactorAuthAge. Requests with an access key of a user do not have these keys: a statement with \
                    Bool instead of BoolIfExists does not deny them.",
        fix: "One statement, `TrailkeeperDeleteMfa`, is added to the policy that was read; the rest stays the same. If the \
              setting has changed, this statement is replaced and the report keeps the old document. The policy is read again \
              right before the write, and nothing is written if it has changed in the meantime.",
        risk: "Programs that delete from the bucket are denied, and so are people without MFA in their session: IAM asks for it \
               in the console, or with GetSessionToken or AssumeRole and a code. Sessions of IAM Identity Center or another \
               identity provider, of roles of programs, and those that one role opens for another never have it. Who must \
               delete all the same goes into TRAILKEEPER_LOG_BUCKET_DELETERS. CloudFormation cannot empty the bucket, and a \
               service that deletes in somebody's name is denied as that person is.",
        guard: "Off until you turn it on. Only the two calls that delete are denied: whoever may change the policy still may, \
                whether or not they have MFA. Services that call as themselves (aws:PrincipalIsAWSService) are excepted; \
                lifecycle rules, replication and deliveries are not subject to the statement at all. A bucket that only a \
                channel or another log bucket's configuration names, and that serves something else, is only reported. A \
                policy over 20 KB, one that names a deleted principal, and a public one under BlockPublicPolicy are reported \
                instead, since S3 would reject them.",
        permanent: permanent!("bucket", "log-bucket-delete-mfa"),
        severity: Severity::Medium,
        opt_in: true,
        references: &[
            "IAM user guide, aws:MultiFactorAuthPresent: \
             https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent",
            "IAM user guide, secure API access with MFA: \
             https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
            "Amazon S3 user guide, lifecycle rules are not subject to bucket policies: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-set-lifecycle-configuration-intro.html",
        ],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    let chosen = if uses.receives_trail() { &[Part::Grants, Part::Keys][..] } else { &[] };
    [&[Part::Policy, Part::Blocks], chosen].concat()
}

/// Statement of ours, for any principals that it excepts.
const OURS: ManagedDenial = ManagedDenial {
    sids: &["TrailkeeperDeleteMfa"],
    keys: &["aws:PrincipalArn", "aws:MultiFactorAuthPresent", "aws:PrincipalIsAWSService"],
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        let deleters = &settings.log_bucket_deleters;
        let wanted = statement(&subject.place, &subject.id, deleters);
        let wanted_as_read: Vec<Statement<'_>> = wanted.iter().filter_map(Statement::of).collect();
        let (stale, rest) = OURS.split(bucket.policy.known()?, &wanted_as_read);
        let denied = denies_without_mfa(&rest, &subject.arn, deleters);
        if denied && stale.is_empty() {
            return Ok(Verdict::Compliant);
        }
        let because = if stale.is_empty() {
            "its policy lets log files be deleted without MFA"
        } else {
            "its policy excepts other principals from MFA than the settings"
        };
        if let Some(advice) = left_as_it_is(view, subject, bucket, settings)? {
            return Ok(Verdict::Violation { because: because.to_owned(), remedy: Remedy::Advise(advice) });
        }
        let removed = stale.into_iter().map(Statement::to_value).collect();
        let added = if denied { Vec::new() } else { wanted.clone() };
        let step = replace(&subject.id, bucket, removed, added);
        remedied(because.to_owned(), step.map(|step| vec![step]))
    })
}

/// Returns the statement that denies deleting from a bucket without MFA.
pub(in crate::families::bucket) fn statement(place: &Place, bucket: &str, deleters: &LogBucketDeleters) -> Vec<Value> {
    let all = statements_of(document!("log-bucket.delete-mfa.json"), place, &[("Bucket", bucket)]);
    let mut filled: Vec<Value> = all.iter().map(|it| fill_lists(it, &[("Deleters", deleters.arns())])).collect();
    if deleters.arns().is_empty() {
        let conditions = filled.iter_mut().filter_map(|it| it.get_mut("Condition")?.as_object_mut());
        conditions.for_each(|block| _ = block.remove("ArnNotLike"));
    }
    filled
}

/// Calls that delete a log file.
const DELETING: [&str; 2] = ["s3:deleteobject", "s3:deleteobjectversion"];

/// Callers without a second factor. The key of MFA is absent from requests with long-term keys, and so is everything about
/// the caller from anonymous ones ([condition keys]).
///
/// [condition keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
#[derive(Debug, Clone, Copy)]
enum Caller {
    Session,
    LongTermKey,
    Nobody,
}

/// Returns whether statements deny to everybody without a second factor, but services and these principals, to delete any
/// object of a bucket.
fn denies_without_mfa(statements: &[Statement<'_>], arn: &str, deleters: &LogBucketDeleters) -> bool {
    let denying: Vec<Statement<'_>> = statements
        .iter()
        .copied()
        .filter(|it| !it.allows() && it.names_everybody() && is_on_all_objects(*it, arn))
        .collect();
    let is_denied = |action: &str, caller: Caller| {
        denying
            .iter()
            .any(|it| is_about(*it, action) && holds_for(*it, &|key| fact(key, caller, deleters)) == Some(true))
    };
    [Caller::Session, Caller::LongTermKey, Caller::Nobody]
        .into_iter()
        .all(|caller| DELETING.iter().all(|action| is_denied(action, caller)))
}

fn is_about(statement: Statement<'_>, action: &str) -> bool {
    let mut actions = statement.element("Action").into_iter().flat_map(texts);
    actions.any(|pattern| matches(&pattern.to_ascii_lowercase(), action))
}

/// Returns whether a statement is about every object: a resource that ends in a star and matches the empty key matches every
/// key.
fn is_on_all_objects(statement: Statement<'_>, arn: &str) -> bool {
    let objects = format!("{arn}/");
    let mut resources = statement.element("Resource").into_iter().flat_map(texts);
    resources.any(|it| it.ends_with('*') && matches(it, &objects))
}

/// Returns what is known of a key in the requests of such a caller, who is none of the principals that are excepted.
fn fact<'d>(key: &str, caller: Caller, deleters: &'d LogBucketDeleters) -> KnownKey<'d> {
    let known = matches!(caller, Caller::Session | Caller::LongTermKey);
    match key {
        "aws:multifactorauthpresent" if matches!(caller, Caller::Session) => KnownKey::is("false"),
        "aws:principalisawsservice" if known => KnownKey::is("false"),
        "aws:principalarn" if known => {
            KnownKey::Present(Box::new(|pattern, _| if deleters.name(pattern) { Some(false) } else { None }))
        }
        "aws:multifactorauthpresent"
        | "aws:multifactorauthage"
        | "aws:principalarn"
        | "aws:principalisawsservice"
        | "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "aws:sourceaccount"
        | "aws:sourcearn" => KnownKey::Absent,
        _ => KnownKey::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::policy::{Decision, Request, decide, with_statements};
    use crate::families::bucket::view::Ownership;
    use crate::families::bucket::{BucketConfig, ChannelDelivery, TrailDelivery};
    use crate::family::Family as _;
    use crate::managed::bucket::step::{Act, BucketStep};
    use crate::model::{Call, Seen};
    use crate::testing::laws::{settings, subject};
    use serde_json::json;

    const TIDY: &str = "arn:aws:iam::111122223333:role/tidy";
    const JO: &str = "arn:aws:iam::111122223333:user/jo";

    fn deleters(value: &str) -> LogBucketDeleters {
        LogBucketDeleters::setting(Some(value.to_owned()).filter(|it| !it.is_empty())).expect("deleters")
    }

    fn ours(value: &str) -> Value {
        json!({"Statement": statement(&subject::<Bucket>().place, "logs", &deleters(value))})
    }

    fn judged_as(value: &str, policy: Option<&Value>, uses: Uses, keys: &[&str]) -> Verdict<Step> {
        let subject = subject::<Bucket>();
        let policy = policy.map_or(Seen::Absent, |policy| Seen::Present(policy.clone()));
        let keys = [(String::new(), keys.iter().map(|key| (*key).to_owned()).collect())].into();
        let config =
            BucketConfig { policy, keys: Seen::Present(keys), ..BucketConfig::new(subject.place.region.clone()) };
        let buckets = [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
        let settings = Settings { log_bucket_deleters: deleters(value), ..settings() };
        judge(&View { uses, buckets }, &subject, &settings)
    }

    fn judged(value: &str, policy: Option<&Value>) -> Verdict<Step> {
        let trail = TrailDelivery { arn: "x".to_owned(), prefix: None, organization: false };
        judged_as(value, policy, Uses { trails: vec![trail], ..Uses::default() }, &[])
    }

    fn step(verdict: Verdict<Step>) -> BucketStep {
        match verdict {
            Verdict::Violation { remedy: Remedy::Fix(steps), .. } => match steps.as_slice() {
                [Step::Bucket(step)] => step.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    /// Decides a call by a policy that allows everything else.
    fn decision(policy: &Value, action: &str, who: &str, known: &[(&str, &str)]) -> Decision {
        let all = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
        let whole = with_statements(Some(policy), &[all]);
        let usual = [("aws:PrincipalArn", who), ("aws:PrincipalIsAWSService", "false")];
        let rest = usual.iter().filter(|(key, _)| !known.iter().any(|(given, _)| given == key));
        let known: Vec<(&str, &str)> = known.iter().chain(rest).copied().collect();
        let resources = ["arn:aws:s3:::logs/AWSLogs/x".into()];
        decide(Some(&whole), Request { service: None, action, resources: &resources, known: &known })
    }

    #[test]
    fn nobody_deletes_without_mfa_but_services_and_who_is_named() {
        let policy = ours(TIDY);
        let mfa = |value| ("aws:MultiFactorAuthPresent", value);
        for action in ["s3:DeleteObject", "s3:DeleteObjectVersion"] {
            for (who, known, answer) in [
                // An empty value stands for a key that the request does not have.
                (JO, vec![mfa("")], Decision::Denied),
                (JO, vec![mfa("false")], Decision::Denied),
                (JO, vec![mfa("true")], Decision::Allowed),
                (TIDY, vec![mfa("false")], Decision::Allowed),
                (TIDY, vec![mfa("")], Decision::Allowed),
                ("arn:aws:iam::111122223333:root", vec![mfa("")], Decision::Denied),
                ("", vec![mfa(""), ("aws:PrincipalIsAWSService", "")], Decision::Denied),
                ("", vec![mfa(""), ("aws:PrincipalIsAWSService", "true")], Decision::Allowed),
                (JO, vec![mfa("false"), ("aws:ViaAWSService", "true")], Decision::Denied),
            ] {
                assert_eq!(decision(&policy, action, who, &known), answer, "{action} {who} {known:?}");
            }
        }
        for action in
            ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutObject", "s3:GetObject", "s3:ReplicateDelete"]
        {
            assert_eq!(decision(&policy, action, JO, &[mfa("")]), Decision::Allowed, "{action}");
        }
    }

    #[test]
    fn one_statement_is_added_and_all_else_stays() {
        let theirs = json!({"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "999999999999"}});
        let policy = json!({"Id": "x", "Statement": theirs});
        let added = step(judged("", Some(&policy)));
        assert_eq!(added.before(), Some(policy));
        let after = added.after();
        assert_eq!((&after["Id"], &after["Statement"][0]), (&json!("x"), &theirs));
        assert_eq!(after["Statement"][1]["Sid"], "TrailkeeperDeleteMfa");
        assert!(after["Statement"][1]["Condition"].get("ArnNotLike").is_none(), "nobody is named");
        assert_eq!(judged("", Some(&after)), Verdict::Compliant);
        assert_eq!(
            step(judged("", None)).undo(&crate::testing::hostile::home()).to_string(),
            "aws s3api delete-bucket-policy --bucket logs"
        );
    }

    #[test]
    fn ours_follows_the_setting() {
        let changed = step(judged(&format!("{TIDY},{JO}"), Some(&ours(TIDY))));
        let after = changed.after();
        assert_eq!(after["Statement"].as_array().map(Vec::len), Some(1));
        assert_eq!(after["Statement"][0]["Condition"]["ArnNotLike"]["aws:PrincipalArn"], json!([TIDY, JO]));
        // Fewer exceptions than before.
        assert_eq!(
            step(judged("", Some(&ours(TIDY)))).after(),
            with_statements(Some(&json!({"Statement": []})), &[ours("")["Statement"][0].clone()])
        );
        let Act::PutPolicy { removed, added, .. } = changed.act else { panic!("a policy") };
        assert_eq!((removed.len(), added.len()), (1, 1));
    }

    #[test]
    fn a_statement_of_theirs_by_our_name_stays() {
        let mut theirs = ours("");
        theirs["Statement"][0]["Condition"]["StringNotEquals"] = json!({"aws:userid": "AIDAEXAMPLE"});
        let after = step(judged("", Some(&theirs))).after();
        assert_eq!(after["Statement"][0], theirs["Statement"][0]);
        assert_eq!(after["Statement"][1]["Sid"], "TrailkeeperDeleteMfa2");
        assert_eq!(judged("", Some(&after)), Verdict::Compliant);
    }

    fn deny(changes: &Value) -> Value {
        let mut statement = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject*",
            "Resource": "arn:aws:s3:::logs/*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}});
        for (key, value) in changes.as_object().cloned().unwrap_or_default() {
            statement[key] = value;
        }
        statement
    }

    fn is_enough(statements: &Value) -> bool {
        judged(&format!("{TIDY},arn:aws:iam::111122223333:role/keep*"), Some(&json!({"Statement": statements})))
            == Verdict::Compliant
    }

    #[test]
    fn as_much_or_more_is_enough() {
        let of = |condition: Value| json!({ "Condition": condition });
        for same in [
            json!({}),
            json!({"Principal": {"AWS": ["*"]}, "Action": "*", "Resource": "*"}),
            json!({"Action": ["S3:deleteobject", "s3:DeleteObjectVersion"], "Resource": ["arn:aws:s3:::logs*"]}),
            of(json!({})),
            of(json!({"Null": {"aws:MultiFactorAuthAge": true}})),
            of(json!({"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}})),
            of(json!({"StringNotEquals": {"aws:MultiFactorAuthPresent": "true"}})),
            of(json!({"BoolIfExists": {"AWS:multifactorauthpresent": [false], "aws:PrincipalIsAWSService": "false"}})),
            of(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
                "ArnNotEquals": {"aws:PrincipalArn": [TIDY, "arn:aws:iam::111122223333:role/keeper"]}})),
        ] {
            assert!(is_enough(&deny(&same)), "{same}");
        }
        let halves = [
            deny(&of(json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}))),
            deny(&of(json!({"Null": {"aws:MultiFactorAuthPresent": "true"}}))),
        ];
        assert!(is_enough(&json!(halves)));
        let each = ["s3:DeleteObject", "s3:DeleteObjectVersion"].map(|action| deny(&json!({ "Action": action })));
        assert!(is_enough(&json!(each)) && !is_enough(&json!([each[0]])));
    }

    #[test]
    fn less_is_not() {
        let of = |condition: Value| json!({ "Condition": condition });
        for less in [
            json!({"Effect": "Allow"}),
            json!({"Principal": {"AWS": "111122223333"}}),
            json!({"Action": "s3:DeleteObject"}),
            json!({"Resource": "arn:aws:s3:::logs/AWSLogs/*"}),
            json!({"Resource": "arn:aws:s3:::logs"}),
            // Does not deny a user's access key.
            of(json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}})),
            of(json!({"Null": {"aws:MultiFactorAuthPresent": "true"}})),
            of(json!({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "3600"}})),
            of(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}})),
            // Does not deny an anonymous caller.
            of(
                json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}),
            ),
            of(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false", "aws:ViaAWSService": "false"}})),
            of(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}})),
            of(json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false", "aws:PrincipalIsAWSService": "true"}})),
        ] {
            assert!(!is_enough(&deny(&less)), "{less}");
        }
        let session = of(json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}));
        let nobody = of(json!({"Null": {"aws:PrincipalArn": "true"}}));
        assert!(!is_enough(&json!([deny(&session), deny(&nobody)])), "a user's access key is neither");
    }

    /// Checks that our own statement is recognized as sufficient, in every partition.
    #[test]
    fn ours_is_enough_everywhere() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let place = Place { partition: partition.to_owned(), ..subject::<Bucket>().place };
            let named = deleters(&format!("arn:{partition}:iam::111122223333:role/tidy"));
            let all = statement(&place, "logs", &named);
            let all: Vec<Statement<'_>> = all.iter().filter_map(Statement::of).collect();
            assert!(denies_without_mfa(&all, &Bucket::arn(&place, "logs"), &named), "{partition}");
            assert!(!denies_without_mfa(&all, &Bucket::arn(&place, "logs"), &deleters("")), "somebody is excepted");
        }
    }

    #[test]
    fn a_bucket_that_serves_something_else_is_advised() {
        let region = subject::<Bucket>().place.region;
        let uses =
            || Uses { channels: vec![ChannelDelivery { region: region.clone(), prefix: None }], ..Uses::default() };
        let verdict = judged_as("", None, uses(), &["index.html"]);
        assert!(matches!(&verdict, Verdict::Violation { remedy: Remedy::Advise(_), .. }), "{verdict:?}");
        step(judged_as("", None, uses(), &[]));
    }
}
