//! Checks that the functions' own policies allow exactly the actions that their code calls.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test from top to bottom")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use trailkeeper::event::Sweep;
use trailkeeper::families::bucket::Bucket;
use trailkeeper::families::key::Key;
use trailkeeper::families::monitoring::Monitoring;
use trailkeeper::families::recorder::Recorder;
use trailkeeper::families::trail::Trail;
use trailkeeper::families::transfer::Transfer;
use trailkeeper::families::vpc::Vpc;
use trailkeeper::family::Family;
use trailkeeper::settings::Organization;

/// A family, the files with its calls, and the actions whose names AWS spells differently elsewhere.
struct Row {
    family: &'static str,
    /// Files that make calls, besides those that all families share.
    calls: &'static [&'static str],
    /// Files with steps, which declare the actions they need.
    steps: &'static [&'static str],
    /// Actions called in shared files that this family never needs.
    unused: &'static [&'static str],
    own_calls: &'static [&'static str],
    /// Actions that AWS checks along with a call, or that have no call of their own.
    along: &'static [&'static str],
    /// Actions without a resource (Service Authorization Reference).
    without_resource: &'static [&'static str],
    /// Writes whose event has another name than their IAM action (S3 user guide, CloudTrail events).
    events: &'static [(&'static str, &'static str)],
}

/// All families. A new one needs a row here.
const FAMILIES: &[Row] = &[
    Row {
        family: Transfer::NAME,
        calls: &["families/transfer/aws.rs", "aws/groups.rs", "aws/roles.rs"],
        steps: &["families/transfer/step.rs", "managed/role/step.rs"],
        unused: &[
            "logs:CreateLogGroup",
            "logs:DescribeAccountPolicies",
            "logs:DescribeSubscriptionFilters",
            "logs:PutRetentionPolicy",
        ],
        own_calls: Transfer::OWN_CALLS,
        along: &["iam:PassRole", "iam:TagRole"],
        without_resource: &["logs:DescribeLogGroups", "transfer:ListServers"],
        events: &[],
    },
    Row {
        family: Trail::NAME,
        calls: &[
            "families/trail/aws/bucket.rs",
            "families/trail/aws/notices.rs",
            "families/trail/aws/read.rs",
            "families/trail/aws/write.rs",
            "aws/bucket.rs",
            "aws/buckets.rs",
            "aws/cloudtrail.rs",
            "aws/groups.rs",
            "aws/keys.rs",
            "aws/organization_id.rs",
            "aws/roles.rs",
            "aws/topics.rs",
        ],
        steps: &[
            "families/trail/step.rs",
            "families/trail/notices/step.rs",
            "managed/bucket/step.rs",
            "managed/key/step.rs",
            "managed/log_group/step.rs",
            "managed/role/step.rs",
            "managed/topic/step.rs",
        ],
        unused: &[
            "s3:GetBucketPublicAccessBlock",
            "s3:GetEncryptionConfiguration",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutEncryptionConfiguration",
        ],
        own_calls: Trail::OWN_CALLS,
        along: &[
            "cloudtrail:AddTags",
            "iam:PassRole",
            "iam:TagRole",
            "logs:TagResource",
            "organizations:ListAWSServiceAccessForOrganization",
            "s3:PutBucketOwnershipControls",
            "sns:TagResource",
            "sqs:TagQueue",
        ],
        without_resource: &[
            "cloudtrail:DescribeTrails",
            "logs:DescribeAccountPolicies",
            "logs:DescribeLogGroups",
            "kms:CreateKey",
            "kms:ListKeys",
            "organizations:DescribeOrganization",
            "organizations:ListAWSServiceAccessForOrganization",
            "s3:ListAllMyBuckets",
        ],
        events: &[],
    },
    Row {
        family: Bucket::NAME,
        calls: &[
            "families/bucket/aws/config.rs",
            "families/bucket/aws/keys.rs",
            "families/bucket/aws/reported.rs",
            "families/bucket/aws/trails.rs",
            "families/bucket/aws/write.rs",
            "aws/bucket.rs",
            "aws/buckets.rs",
            "aws/cloudtrail.rs",
            "aws/organization_id.rs",
        ],
        steps: &["families/bucket/step.rs", "managed/bucket/step.rs"],
        unused: &[],
        own_calls: Bucket::OWN_CALLS,
        along: &["s3:PutBucketOwnershipControls"],
        without_resource: &[
            "cloudtrail:DescribeTrails",
            "config:DescribeDeliveryChannelStatus",
            "config:DescribeDeliveryChannels",
            "organizations:DescribeOrganization",
            "s3:ListAllMyBuckets",
        ],
        events: &[
            ("s3:PutEncryptionConfiguration", "PutBucketEncryption"),
            ("s3:PutLifecycleConfiguration", "PutBucketLifecycle"),
        ],
    },
    Row {
        family: Vpc::NAME,
        calls: &[
            "families/vpc/aws/read.rs",
            "families/vpc/aws/write.rs",
            "aws/bucket.rs",
            "aws/buckets.rs",
            "aws/groups.rs",
            "aws/roles.rs",
        ],
        steps: &["families/vpc/step.rs", "managed/bucket/step.rs", "managed/log_group/step.rs", "managed/role/step.rs"],
        unused: &[
            "logs:DescribeAccountPolicies",
            "s3:CreateBucket",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetEncryptionConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutEncryptionConfiguration",
        ],
        own_calls: Vpc::OWN_CALLS,
        along: &[
            "ec2:CreateTags",
            "iam:PassRole",
            "iam:TagRole",
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:TagResource",
        ],
        without_resource: &[
            "ec2:DescribeFlowLogs",
            "ec2:DescribeVpcs",
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "s3:ListAllMyBuckets",
        ],
        events: &[],
    },
    Row {
        family: Key::NAME,
        calls: &["families/key/aws.rs"],
        steps: &["families/key/step.rs"],
        unused: &[],
        own_calls: Key::OWN_CALLS,
        along: &[],
        without_resource: &["kms:ListKeys"],
        events: &[],
    },
    Row {
        family: Recorder::NAME,
        calls: &[
            "families/recorder/aws/elsewhere.rs",
            "families/recorder/aws/read.rs",
            "families/recorder/aws/write.rs",
            "aws/bucket.rs",
            "aws/buckets.rs",
        ],
        steps: &["families/recorder/step.rs", "managed/bucket/step.rs"],
        unused: &[],
        own_calls: Recorder::OWN_CALLS,
        along: &["iam:PassRole", "s3:PutBucketOwnershipControls"],
        // Recorders are described without naming one, which queries all of them.
        without_resource: &[
            "config:DescribeConfigurationRecorderStatus",
            "config:DescribeConfigurationRecorders",
            "config:DescribeDeliveryChannels",
            "config:PutDeliveryChannel",
            "s3:ListAllMyBuckets",
        ],
        events: &[("s3:PutEncryptionConfiguration", "PutBucketEncryption")],
    },
    Row {
        family: Monitoring::NAME,
        calls: &[
            "families/monitoring/aws/listener.rs",
            "families/monitoring/aws/mute.rs",
            "families/monitoring/aws/read.rs",
            "families/monitoring/aws/transformer.rs",
            "families/monitoring/aws/write.rs",
            "aws/cloudtrail.rs",
            "aws/groups.rs",
            "aws/keys.rs",
            "aws/topics.rs",
        ],
        steps: &["families/monitoring/step.rs", "managed/key/step.rs", "managed/topic/step.rs"],
        unused: &["logs:CreateLogGroup", "logs:DescribeSubscriptionFilters", "logs:PutRetentionPolicy"],
        own_calls: Monitoring::OWN_CALLS,
        along: &["cloudwatch:TagResource", "sns:TagResource"],
        without_resource: &[
            "cloudtrail:DescribeTrails",
            "cloudwatch:DescribeAlarmsForMetric",
            "kms:CreateKey",
            "kms:ListKeys",
            "logs:DescribeAccountPolicies",
            "logs:DescribeLogGroups",
            "sns:GetSubscriptionAttributes",
        ],
        events: &[],
    },
];

/// Files with calls that every function makes.
const SHARED: [&str; 2] = ["aws/account.rs", "aws/notify.rs"];

/// Action for the names of regions, which are no secret. AWS checks it against another ARN in an organization.
const REGIONS: &str = "account:ListRegions";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the actions that a source file calls: the first literal of each `call(...)`, or of a macro around it.
fn called(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("shared/src").join(file)).expect(file);
    let calls = text.split("call(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    let asks = text.split("ask!(self, ").skip(1).filter_map(|rest| rest.strip_prefix('"'));
    calls.chain(asks).filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
}

/// Returns the actions whose calls a source file remembers as its own: `write_call(...)`.
fn remembered(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("shared/src").join(file)).expect(file);
    let calls = text.split("write_call(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    calls.filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
}

/// Returns the actions that a family's steps declare.
fn needed(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("shared/src").join(file)).expect(file);
    let body = text.split("fn actions(").nth(1).and_then(|rest| rest.split("fn ").next()).expect("fn actions");
    // Comments may contain quotes, too.
    let code: String = body.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn statements(policy: &str) -> Vec<Value> {
    let text = fs::read_to_string(repository().join("policies").join(policy)).expect(policy);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    document["Statement"].as_array().expect("a list").clone()
}

fn texts(value: &Value) -> Vec<String> {
    let texts = |items: &[Value]| items.iter().map(|it| it.as_str().expect("a text").to_owned()).collect();
    value.as_array().map_or_else(|| texts(std::slice::from_ref(value)), |items| texts(items))
}

fn allowed(policy: &str) -> BTreeSet<String> {
    statements(policy).iter().flat_map(|statement| texts(&statement["Action"])).collect()
}

fn set(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn every_family_has_its_row() {
    let rows: BTreeSet<&str> = FAMILIES.iter().map(|row| row.family).collect();
    assert_eq!(rows, trailkeeper::families::families().iter().map(|it| it.name).collect());
}

#[test]
fn a_family_may_do_what_it_does_and_nothing_else() {
    for Row { family, calls, steps, unused, own_calls, along, without_resource: _, events } in FAMILIES {
        let mut all: BTreeSet<String> = calls.iter().chain(&SHARED).flat_map(|file| called(file)).collect();
        // Needs no permission, and cannot be denied (STS API reference, GetCallerIdentity).
        assert!(all.remove("sts:GetCallerIdentity"));
        let mut writes: BTreeSet<String> = steps.iter().flat_map(|file| needed(file)).collect();
        let unused = set(unused);
        assert!(unused.iter().all(|action| all.remove(action) | writes.remove(action)), "{family}");
        let reads: BTreeSet<String> = all.difference(&writes).cloned().collect();
        assert_eq!(allowed(&format!("{family}.observe.json")), reads, "{family}");
        assert_eq!(allowed(&format!("{family}.remediate.json")), writes, "{family}");
        // Everything that a step needs is called, except what AWS checks along with a call.
        assert_eq!(writes.difference(&all).cloned().collect::<BTreeSet<_>>(), set(along), "{family}");
        // Everything that changes something is remembered, so that its event is known for our own, and nothing else.
        let own: BTreeSet<String> = calls.iter().flat_map(|file| remembered(file)).collect();
        let made: BTreeSet<String> =
            writes.intersection(&all).filter(|action| !action.contains(":List")).cloned().collect();
        assert_eq!(own.intersection(&made).cloned().collect::<BTreeSet<_>>(), made, "{family}");
        assert!(own.iter().all(|action| !reads.contains(action)), "{family}");
        // An event of a call of ours is known by its name.
        let event = |action: &String| {
            let renamed = events.iter().find(|(name, _)| name == action).map(|(_, event)| (*event).to_owned());
            renamed.or_else(|| Some(action.split(':').nth(1)?.to_owned()))
        };
        let written = |name: &String| !name.starts_with("List");
        let names: BTreeSet<String> = writes.intersection(&all).filter_map(event).filter(written).collect();
        assert_eq!(names, set(own_calls), "{family}");
    }
}

/// The function that reads access logs is not a family: it only writes notes, and those calls are listed separately.
#[test]
fn the_function_of_access_logs_may_do_what_it_does_and_nothing_else() {
    // S3 says that an object does not exist only to those who may list (S3 API reference, GetObject).
    let (mut observe, mut notes) = (called("access/function/files.rs"), called("access/function/notes.rs"));
    observe.extend(called("aws/notify.rs"));
    notes.insert("s3:ListBucket".to_owned());
    assert_eq!((allowed("access.observe.json"), allowed("access.notes.json")), (observe, notes));
    for statement in statements("access.observe.json").iter().chain(&statements("access.notes.json")) {
        assert_eq!(statement["Effect"], "Allow");
        let resources = texts(&statement["Resource"]);
        // ListBuckets has no resource (service authorization reference, Amazon S3).
        let is_anywhere = texts(&statement["Action"]) == ["s3:ListAllMyBuckets"] && resources == ["*"];
        let is_named = resources.iter().all(|it| it.starts_with("arn:") || it.starts_with("${"));
        assert!(is_anywhere || is_named, "{statement}");
    }
}

/// The guard is not a family: it reads its own stack and the rules, and writes nothing.
#[test]
fn the_guard_may_do_what_it_does_and_nothing_else() {
    let mut observe = called("guard/function/read.rs");
    observe.extend(called("aws/notify.rs"));
    observe.insert(REGIONS.to_owned());
    assert_eq!(allowed("guard.observe.json"), observe);
    for statement in statements("guard.observe.json") {
        assert_eq!(statement["Effect"], "Allow");
        // Rules cannot be listed by resource (Service Authorization Reference, EventBridge).
        let everywhere = texts(&statement["Resource"]).contains(&"*".to_owned());
        for action in texts(&statement["Action"]) {
            assert_eq!(everywhere, ["events:ListRules", REGIONS].contains(&action.as_str()), "{action}");
        }
    }
}

/// The digest is not a family: it reads what sweeps found, and keeps what it told.
#[test]
fn the_digest_may_do_what_it_does_and_nothing_else() {
    let mut observe = called("aws/ledger/told.rs");
    observe.extend(called("aws/ledger/parts.rs"));
    observe.extend(called("aws/notify.rs"));
    assert_eq!(allowed("digest.observe.json"), observe);
    for statement in statements("digest.observe.json") {
        assert!(texts(&statement["Resource"]).iter().all(|it| it.starts_with("${")), "{statement}");
    }
}

/// Every function may also delegate its sweeps and, in an organization, find its accounts and enter them.
#[test]
fn the_way_to_other_invocations_and_accounts_is_as_narrow_as_the_code() {
    assert_eq!(allowed("handing-on.json"), called("aws/bus.rs"));
    let mut entering = called("aws/organization.rs");
    entering.extend(called("aws/member.rs"));
    // Checked along with AssumeRole, since the session has a tag (IAM user guide, session tags).
    entering.insert("sts:TagSession".to_owned());
    assert_eq!(allowed("organization.json"), entering);
    let role = format!("arn:${{AWS::Partition}}:iam::*:role/{}", Organization::ROLE);
    let tag = format!("aws:RequestTag/{}", Organization::TAG);
    for statement in statements("organization.json") {
        if texts(&statement["Action"]).iter().any(|action| action.starts_with("sts:")) {
            assert_eq!(texts(&statement["Resource"]), [role.as_str()]);
            assert_eq!(statement["Condition"]["StringEquals"][&tag], "${Family}");
        }
    }
    for statement in statements("handing-on.json") {
        assert_eq!(texts(&statement["Resource"]), ["${BusArn}"]);
        assert_eq!(statement["Condition"]["StringEquals"]["events:detail-type"], Sweep::DETAIL_TYPE);
        assert_eq!(statement["Condition"]["ForAllValues:StringEquals"]["events:source"], Sweep::SOURCE);
    }
}

/// Lambda takes batches out of a queue as the function's role ([permissions]); the code itself does not.
///
/// [permissions]: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
#[test]
fn the_rights_on_a_queue_are_those_that_lambda_needs_and_on_the_familys_own_alone() {
    assert_eq!(allowed("queue.json"), set(&["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]));
    for statement in statements("queue.json") {
        assert_eq!(statement["Resource"], "${FamilyQueueArn}");
    }
    let batches = fs::read_to_string(repository().join("shared/src/lambda/batch.rs")).expect("the file");
    assert!(!batches.contains("aws_sdk_sqs"), "what failed is only said");
}

/// Every function keeps what it cannot publish, in one queue of the stack.
#[test]
fn the_rights_on_unsent_reports_are_those_of_the_code() {
    assert_eq!(allowed("unsent.json"), called("aws/unsent.rs"));
    for statement in statements("unsent.json") {
        assert_eq!(
            (statement["Effect"].as_str(), texts(&statement["Resource"])),
            (Some("Allow"), vec!["${UnsentReportsArn}".to_owned()])
        );
    }
}

/// Every function that changes something keeps it in the stack's table, and can take nothing out of it.
#[test]
fn the_rights_on_the_ledger_are_those_of_the_code() {
    assert_eq!(allowed("ledger.json"), called("aws/ledger/mod.rs"));
    for statement in statements("ledger.json") {
        let on = texts(&statement["Resource"]);
        assert!(on.iter().all(|it| it.starts_with("${LedgerArn}")), "{on:?}");
    }
}

#[test]
fn only_what_has_no_resource_is_allowed_on_all_of_them() {
    for Row { family, without_resource, .. } in FAMILIES {
        for policy in [format!("{family}.observe.json"), format!("{family}.remediate.json")] {
            for statement in statements(&policy) {
                assert_eq!(statement["Effect"], "Allow");
                // A resource that is about to be created has no name yet; its tag stands for it.
                if statement["Condition"]["StringEquals"]["aws:RequestTag/managed-by"] == "trailkeeper" {
                    continue;
                }
                let everywhere = texts(&statement["Resource"]).contains(&"*".to_owned());
                for action in texts(&statement["Action"]) {
                    assert!(!action.contains('*'), "{policy}: {action}");
                    let without = action == REGIONS || without_resource.contains(&action.as_str());
                    assert_eq!(everywhere, without, "{policy}: {action}");
                }
            }
        }
    }
}

/// The ARN of a bucket contains no account id, so a condition has to.
#[test]
fn only_buckets_of_this_account_are_touched() {
    let both = |Row { family, .. }: &Row| [format!("{family}.observe.json"), format!("{family}.remediate.json")];
    let access = ["access.observe.json", "access.notes.json"].map(str::to_owned);
    let policies = FAMILIES.iter().flat_map(both).chain(access);
    for statement in policies.flat_map(|policy| statements(&policy)) {
        let lists = texts(&statement["Action"]).contains(&"s3:ListAllMyBuckets".to_owned());
        if !lists && texts(&statement["Action"]).iter().any(|action| action.starts_with("s3:")) {
            let managed = statement["Condition"]["StringEquals"]["s3:ResourceAccount"] == "${AWS::AccountId}";
            // A bucket that is being created belongs to nobody yet.
            let names = ["access-logs", "cloudtrail", "config"];
            let made = names.iter().any(|name| {
                statement["Resource"]
                    == format!("arn:${{AWS::Partition}}:s3:::trailkeeper-{name}-${{AWS::AccountId}}-*")
            });
            assert!(managed || made, "{statement}");
        }
    }
}

/// No emulator checks this, so it is tested here: each family passes its own role to its service, and no other role to
/// anyone.
#[test]
fn only_our_own_roles_are_passed_and_only_to_their_services() {
    for (policy, roles, service) in [
        ("transfer.remediate.json", &trailkeeper::families::transfer::MANAGED_ROLES[..], "transfer.amazonaws.com"),
        ("trail.remediate.json", &trailkeeper::families::trail::MANAGED_ROLES, "cloudtrail.amazonaws.com"),
        ("vpc.remediate.json", &trailkeeper::families::vpc::MANAGED_ROLES, "vpc-flow-logs.amazonaws.com"),
        ("recorder.remediate.json", &[trailkeeper::families::recorder::LINKED_ROLE], "config.amazonaws.com"),
    ] {
        let retries_on: Vec<Value> = statements(policy)
            .into_iter()
            .filter(|statement| texts(&statement["Action"]).contains(&"iam:PassRole".to_owned()))
            .collect();
        let [pass] = retries_on.as_slice() else { panic!("{retries_on:?}") };
        assert_eq!(texts(&pass["Action"]), ["iam:PassRole"]);
        let managed: Vec<String> =
            roles.iter().map(|role| format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{role}")).collect();
        assert_eq!(texts(&pass["Resource"]), managed);
        assert_eq!(pass["Condition"]["StringEquals"]["iam:PassedToService"], service);
        for statement in statements(policy) {
            if texts(&statement["Action"]).iter().any(|action| action.starts_with("iam:")) {
                assert_eq!(texts(&statement["Resource"]), managed, "{statement}");
            }
        }
    }
}

/// Whoever may set tags or aliases on any key, and change the policy of keys with ours, may take any key. So the rights on
/// keys hang on an alias, and no key gets an alias, a grant or a tag but by its own policy.
#[test]
fn no_right_on_a_key_hangs_on_what_its_holder_can_set() {
    for Row { family, .. } in FAMILIES {
        for statement in statements(&format!("{family}.remediate.json")) {
            let actions = texts(&statement["Action"]);
            assert!(
                actions.iter().all(|it| !["kms:TagResource", "kms:UpdateAlias", "kms:CreateGrant"].contains(&&**it))
            );
            let resources = texts(&statement["Resource"]);
            if actions.contains(&"kms:CreateAlias".to_owned()) {
                assert!(
                    resources.iter().all(|it| it.contains(":alias/trailkeeper-") && !it.contains('?')),
                    "{statement}"
                );
            }
            if actions.contains(&"kms:PutKeyPolicy".to_owned()) {
                let aliases = texts(&statement["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"]);
                assert!(aliases.iter().all(|it| it.starts_with("alias/trailkeeper-") && !it.contains('*')));
                assert!(!statement.to_string().contains("Tag/"), "{statement}");
            }
        }
    }
}

/// Whoever may make a role and write its policy may give it anything, unless a boundary is demanded.
#[test]
fn no_role_is_made_or_changed_but_within_the_boundary() {
    let within =
        ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"];
    for Row { family, .. } in FAMILIES {
        for statement in statements(&format!("{family}.remediate.json")) {
            let actions = texts(&statement["Action"]);
            let bounded = statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"] == "${LoggingBoundary}";
            let others = ["iam:PassRole", "iam:TagRole", "iam:CreateServiceLinkedRole"];
            for action in actions.iter().filter(|it| it.starts_with("iam:")) {
                assert!(others.contains(&&**action) || within.contains(&&**action) && bounded, "{statement}");
            }
        }
    }
    let denied = |action: &str, condition: &Value| {
        let all = statements("never.json");
        all.iter().any(|it| texts(&it["Action"]).contains(&action.to_owned()) && it["Condition"] == *condition)
    };
    let beyond = serde_json::json!({"StringNotEquals": {"iam:PermissionsBoundary": "${LoggingBoundary}"}});
    assert!(within.iter().all(|action| denied(action, &beyond)));
    assert!(denied("iam:DeleteRolePermissionsBoundary", &Value::Null));
}

/// The boundary is no wider than what the roles are given, but for the log group of a trail, which its owner names.
#[test]
fn the_boundary_holds_the_roles_documents_and_little_more() {
    let log_actions = |policy: &str| -> BTreeSet<String> { allowed(policy) };
    let roles = ["transfer-logging", "trail-logs", "vpc-flow-logs"].map(|name| format!("{name}.permissions.json"));
    let theirs: BTreeSet<String> = roles.iter().flat_map(|policy| log_actions(policy)).collect();
    assert_eq!(log_actions("logging-boundary.json"), theirs);
    for statement in statements("logging-boundary.json") {
        let everywhere = texts(&statement["Resource"]) == ["*"];
        assert_eq!(everywhere, texts(&statement["Action"]) == ["logs:DescribeLogGroups"], "{statement}");
    }
}

/// Whoever reads the log files only reads, over HTTPS, in buckets of this account; and decrypts by way of S3 or SQS alone.
#[test]
fn readers_read_and_do_nothing_else() {
    for (policy, reads) in [
        (
            "auditor.json",
            &[
                "kms:Decrypt",
                "s3:GetBucketLocation",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:ListAllMyBuckets",
                "s3:ListBucket",
                "s3:ListBucketVersions",
            ][..],
        ),
        (
            "collector.json",
            &[
                "kms:Decrypt",
                "s3:GetObject",
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
            ],
        ),
    ] {
        assert_eq!(allowed(policy), set(reads));
        for statement in statements(policy) {
            assert_eq!(statement["Effect"], "Allow");
            let condition = &statement["Condition"];
            let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
            if actions == ["kms:Decrypt"] {
                assert!(condition["StringLike"]["kms:ViaService"].is_string(), "{statement}");
                continue;
            }
            assert_eq!(condition["Bool"]["aws:SecureTransport"], "true", "{statement}");
            let networks = condition["IpAddress"]["aws:SourceIp"] == serde_json::json!(["${AuditNetworks}"]);
            assert_eq!(networks, policy == "auditor.json", "{statement}");
            // ListBuckets has no resource (Service Authorization Reference, Amazon S3).
            assert_eq!(resources == ["*"], actions == ["s3:ListAllMyBuckets"], "{statement}");
            if resources.iter().any(|it| it.contains(":s3:::")) {
                assert_eq!(condition["StringEquals"]["s3:ResourceAccount"], "${AWS::AccountId}", "{statement}");
                let files = |it: &String| it.ends_with('}') || it.ends_with("/AWSLogs/*");
                assert!(resources.iter().all(files), "{statement}");
            }
        }
    }
}
