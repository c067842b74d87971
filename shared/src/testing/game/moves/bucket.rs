//! Calls on the bucket of the trail.

use super::{Move, document, statement};
use crate::documents::policy::with_statements;
use crate::families::bucket::{BucketConfig, Encryption, Logging, Replica, ReplicaOwner, Rules};
use crate::managed::bucket::Blocks;
use crate::model::Seen;
use crate::testing::game::account::{ACCOUNT, AwsAccount, BUCKET, BucketHere, OTHER};
use crate::testing::game::called::{Called, MALLORY};
use crate::testing::game::record::Facet;
use serde_json::{Value, json};

const ALL: &[Facet] = &[
    Facet::Trail,
    Facet::Place,
    Facet::Digests,
    Facet::Files,
    Facet::Access,
    Facet::Logs,
    Facet::Alarms,
    Facet::Hearers,
    Facet::Config,
];

pub(super) fn moves() -> Vec<Move> {
    let mut all = vec![
        config("policy_deleted", "DeleteBucketPolicy", |_, it| it.policy = Seen::Absent),
        config("policy_denies", "PutBucketPolicy", |name, it| {
            let who = json!({"Service": "cloudtrail.amazonaws.com"});
            let deny = statement("Deny", &who, &json!("s3:PutObject"), Some(&format!("arn:aws:s3:::{name}/*")));
            it.policy = Seen::Present(deny);
        }),
        config("policy_moved", "PutBucketPolicy", |name, it| {
            let who = json!({"Service": "cloudtrail.amazonaws.com"});
            let object = format!("arn:aws:s3:::{name}/elsewhere/*");
            it.policy = Seen::Present(document(&who, &json!("s3:PutObject"), Some(&object)));
        }),
        config("policy_widened", "PutBucketPolicy", |name, it| {
            let who = json!({"Service": "cloudtrail.amazonaws.com"});
            let actions = json!(["s3:PutObject", "s3:GetBucketAcl"]);
            let wide = document(&who, &actions, Some(&format!("arn:aws:s3:::{name}*")));
            it.policy = Seen::Present(with_statements(it.policy.present(), &[wide["Statement"][0].clone()]));
        }),
        config("policy_shared", "PutBucketPolicy", |name, it| {
            let who = json!({"AWS": format!("arn:aws:iam::{OTHER}:root")});
            let actions = json!(["s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]);
            let reader = document(&who, &actions, Some(&format!("arn:aws:s3:::{name}/*")));
            it.policy = Seen::Present(with_statements(it.policy.present(), &[reader["Statement"][0].clone()]));
        }),
        config("policy_lets_a_user_in", "PutBucketPolicy", |name, it| {
            let files = format!("arn:aws:s3:::{name}/*");
            let reader = document(&json!({"AWS": MALLORY}), &json!(["s3:GetObject", "s3:DeleteObject"]), Some(&files));
            it.policy = Seen::Present(with_statements(it.policy.present(), &[reader["Statement"][0].clone()]));
        }),
        config("opened_to_policies", "PutBucketPublicAccessBlock", |_, it| {
            it.blocks = Seen::Present(Blocks { restrict: false, ..Blocks::ALL });
        }),
        config("expiring", "PutBucketLifecycle", |_, it| {
            let rule = json!({"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}});
            it.rules = Seen::Present(Rules { rules: vec![rule], minimum_size: None });
        }),
        config("opened", "DeleteBucketPublicAccessBlock", |_, it| it.blocks = Seen::Present(Blocks::NONE)),
        config("foreign_encryption", "PutBucketEncryption", |_, it| {
            let key = Some(format!("arn:aws:kms:us-east-1:{OTHER}:key/ransom"));
            it.encryption = Seen::Present(Encryption::Kms { key });
        }),
        config("logged_into_itself", "PutBucketLogging", |name, it| {
            let (target, prefix) = (name.to_owned(), "x';id;'".to_owned());
            it.logging = Seen::Present(Logging { target, prefix, partitioned: None, grants: false });
        }),
        config("logged_nowhere", "PutBucketLogging", |_, it| it.logging = Seen::Absent),
        config("replicated_elsewhere", "PutBucketReplication", |_, it| {
            let owner = ReplicaOwner::OtherAccount(Some(OTHER.to_owned()));
            it.replicas = Seen::Present(vec![Replica { bucket: "mallorys-copies".to_owned(), owner }]);
        }),
        Move::new("bucket_deleted", ALL, |account| {
            let name = target(account)?;
            owned(account, &name)?;
            account.buckets.remove(&name);
            let called = Called::new("s3", "DeleteBucket", json!({"bucketName": name})).about(name);
            Some(called.about("trail/main").about("trail/trailkeeper-trail"))
        }),
        Move::new("versions_suspended", ALL, |account| {
            let name = target(account)?;
            owned(account, &name)?.versioned = false;
            let request = json!({"bucketName": name, "VersioningConfiguration": {"Status": "Suspended"}});
            Some(Called::new("s3", "PutBucketVersioning", request).about(name))
        }),
    ];
    for control in ["all", "log-bucket-delivery", "log-bucket-readers", "log-bucket-public-access"] {
        all.push(Move::new(&format!("bucket_exempt_{control}"), ALL, move |account| {
            let name = target(account)?;
            let tags = &mut owned(account, &name)?.tags;
            tags.insert("trailkeeper:exempt".to_owned(), control.to_owned());
            Some(Called::new("s3", "PutBucketTagging", json!({"bucketName": name, "tagging": ""})).about(name))
        }));
    }
    all.extend(of_others());
    all
}

/// Calls on the buckets of AWS Config and of the access logs.
fn of_others() -> Vec<Move> {
    type Which = fn(&AwsAccount) -> Option<String>;
    let config: Which = |account| Some(account.config.values().find_map(|it| it.channel.as_ref())?.bucket.clone());
    let access: Which = |account| Some(account.buckets.get(BUCKET)?.config.logging.present()?.target.clone());
    let mut all = Vec::new();
    for (prefix, which) in [("config_bucket", config), ("access_bucket", access)] {
        let mut add = |what: &str, event: &'static str, change: fn(&mut BucketConfig)| {
            all.push(Move::new(&format!("{prefix}_{what}"), ALL, move |account| {
                let name = which(account)?;
                change(&mut owned(account, &name)?.config);
                Some(Called::new("s3", event, json!({"bucketName": name})).about(name))
            }));
        };
        add("policy_deleted", "DeleteBucketPolicy", |it| it.policy = Seen::Absent);
        add("policy_denies", "PutBucketPolicy", |it| {
            it.policy = Seen::Present(statement("Deny", &json!("*"), &json!("s3:PutObject"), Some("*")));
        });
        add("expiring", "PutBucketLifecycle", |it| {
            let rule = json!({"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}});
            it.rules = Seen::Present(Rules { rules: vec![rule], minimum_size: None });
        });
    }
    all
}

/// Returns the bucket of the trail that matters.
fn target(account: &AwsAccount) -> Option<String> {
    let trail = super::trail::target(account)?;
    Some(account.trails.get(&trail)?.bucket.clone())
}

fn owned<'a>(account: &'a mut AwsAccount, name: &str) -> Option<&'a mut BucketHere> {
    account.buckets.get_mut(name).filter(|it| it.owner == ACCOUNT)
}

fn config(name: &str, event: &'static str, change: fn(&str, &mut BucketConfig)) -> Move {
    Move::new(name, ALL, move |account| {
        let name = target(account)?;
        let bucket = &mut owned(account, &name)?.config;
        change(&name, bucket);
        let mut request: Value = json!({"bucketName": name});
        if let ("PutBucketPolicy", Some(policy)) = (event, bucket.policy.present()) {
            request["bucketPolicy"] = policy.clone();
        }
        Some(Called::new("s3", event, request).about(name))
    })
}
