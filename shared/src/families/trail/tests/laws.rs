//! Generators of trails, for the laws.

use crate::documents::policy::with_statements;
use crate::documents::selectors::Selectors;
use crate::families::trail::managed::{MANAGED_GROUP, MANAGED_KEY, MANAGED_ROLE, MANAGED_ROLES, MANAGED_TRAIL};
use crate::families::trail::notices::{MANAGED_NOTICES_KEY, Notices, Queue};
use crate::families::trail::step::TrailStep;
use crate::families::trail::view::{Logs, TrailResources, TrailState as Seen, View};
use crate::families::trail::{ReplicationRule, Step, Trail, key, managed, notices};
use crate::managed::key::grant::KeyGrant;
use crate::managed::key::step::KeyStep;
use crate::managed::key::{KeyView, behind};
use crate::managed::log_group::account_policy::{AccountPolicy, AccountPolicyEffect};
use crate::managed::log_group::step::GroupStep;
use crate::managed::log_group::{LogGroup, LogSubscription};
use crate::managed::role::Role;
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Place, Property, Region, Seen as See, Subject};
use crate::record::{DeliveryErrors, Facts, TrailBucket, TrailFiles};
use crate::testing::laws::{Lawful, subject, unread};
use crate::testing::read::Shown;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CUSTOMERS: &str = "arn:aws:iam::111122223333:role/customer";
const OWN_BUCKET: &str = "bucket";
const THEIR_BUCKET: &str = "theirs";
const THEIR_GROUP: &str = "customers";
const ORGANIZATION: &str = "o-a1b2c3d4e5";

impl Lawful for Trail {
    const ID: &'static str = MANAGED_TRAIL;

    fn read(view: &View, property: &Property) -> Shown {
        super::read::read(view, property)
    }

    fn hostile(text: &str) -> Vec<Step> {
        super::hostile::steps(text)
    }

    fn named(view: View, text: &str) -> View {
        super::hostile::named(view, text)
    }

    fn views(subject: Subject) -> BoxedStrategy<View> {
        let (place, arn) = (subject.place.clone(), subject.arn);
        let other = format!("arn:aws:cloudtrail:us-east-1:{}:trail/other", place.account);
        let organizations = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org".to_owned();
        let others = proptest::collection::vec(prop_oneof![facts(other), facts(organizations)], 0..2);
        let others = prop_oneof![8 => others.prop_map(See::Present), 1 => Just(See::Unreadable("cloudtrail:DescribeTrails")), 1 => Just(See::NotAsked)];
        let files = TrailFiles { bucket: THEIR_BUCKET.to_owned(), ..TrailFiles::default() };
        let organization = select(vec![vec![], vec![], vec![files]]);
        (trail(&place, arn), others, organization, managed(&place))
            .prop_map(|(trail, others, organization, managed)| as_read(trail, others, organization, managed))
            .boxed()
    }

    fn is_blind(step: &Step, view: &View) -> bool {
        let blind = |what: String| unread(&what);
        let View { trail, others, organization: _, managed } = view;
        match step {
            // An existing trail of ours gets its bucket back, whatever others do.
            Step::Bucket(_) if trail.exists => blind(format!("{:?}", managed.bucket)),
            Step::Bucket(_) | Step::Trail(TrailStep::Create { .. }) => blind(format!("{others:?}{:?}", managed.bucket)),
            Step::Key(KeyStep::Rotate { key, .. }) => {
                let found = behind(&managed.key, key);
                found.present().is_some_and(|it| blind(format!("{:?}{:?}{:?}", it.policy, it.managed, it.rotates)))
            }
            Step::Key(KeyStep::Create { .. } | KeyStep::Name { .. }) => *last(&managed.key) != See::Absent,
            Step::Key(KeyStep::PutPolicy { key, .. }) => {
                let seen = [behind(&trail.key, key), behind(&managed.key, key)];
                seen.iter().filter_map(See::present).any(|it| blind(format!("{:?}{:?}", it.policy, it.managed)))
            }
            Step::NoticesKey(_) => blind(format!("{:?}", managed.notices.as_ref().map(|it| (&it.topic, &it.queue)))),
            Step::Notice(_) => blind(format!("{:?}", managed.notices.as_ref().map(|it| (&it.topic, &it.queue)))),
            Step::Group(GroupStep::Create { .. }) => blind(format!("{:?}", managed.group)),
            // Who else hears a group matters only before it is used.
            Step::Group(GroupStep::Keep { .. }) => {
                let kept = |seen: &See<LogGroup>| format!("{:?}", seen.clone().map(|group| group.retention));
                blind(kept(&managed.group) + &kept(&trail.logs.group))
            }
            Step::Role(_) => {
                blind(format!("{:?}", managed.role))
                    || trail.facts.organization && blind(format!("{:?}", trail.logs.organization))
            }
            Step::Trail(TrailStep::Update { change, .. }) => {
                // If the log group changes, so does the role, whatever it was.
                let Logs { group, role, .. } = &trail.logs;
                let blind_role = matches!(role, See::Unreadable(_) | See::NotAsked) && matches!(group, See::Present(_));
                let blind_key =
                    change.key.is_some() && matches!(trail.facts.logging, See::Unreadable(_) | See::NotAsked);
                let there = trail.exists || matches!(managed.bucket, See::Present(_));
                let blind_bucket = change.key.is_some()
                    && there
                    && (trail.exists && blind(format!("{:?}", managed.bucket_policy))
                        || trail.facts.files.key_id.is_none() && blind(format!("{:?}", managed.replication)));
                blind_key
                    || blind_bucket
                    || change.logs.is_some() && (matches!(group, See::Unreadable(_) | See::NotAsked) || blind_role)
            }
            Step::Trail(TrailStep::PutSelectors { .. }) => blind(format!("{:?}", trail.facts.selectors)),
            Step::Trail(TrailStep::StartLogging { .. }) => blind(format!("{:?}", trail.facts.logging)),
        }
    }

    fn foreign(view: &View) -> String {
        let View { trail, others, organization: organization_trails, managed } = view;
        let Seen { exists: _, facts, validation: _, key, logs: _, topic: _ } = trail;
        let Facts { arn, multi_region: _, organization, logging: _, selectors, files, bucket: place, errors } = facts;
        let mut parts = vec![format!("{others:?}{organization_trails:?}{errors:?}{arn}{organization}")];
        // A bucket of the account's own stays where it is.
        if matches!(place, TrailBucket::ThisAccount(_)) && files.bucket == OWN_BUCKET {
            parts.push(format!("{place:?}{}", files.prefix));
        }
        parts.push(format!("{:?}{:?}", managed.bucket_policy, managed.replication));
        // Selectors are only ever added, and a basic one without data events may be widened.
        if let See::Present(Selectors { basic, advanced }) = selectors {
            let data = basic.iter().filter(|it| it["DataResources"] != json!([]));
            parts.extend(data.map(Value::to_string));
            parts.extend(advanced.first().map(Value::to_string));
        }
        let mut keys: Vec<&KeyView> = key.present().into_iter().collect();
        let mut seen = &managed.key;
        while let See::Present(key) = seen {
            keys.push(key);
            seen = &key.next;
        }
        let theirs: BTreeSet<String> =
            keys.into_iter().filter(|it| it.managed != See::Present(true)).map(own_part).collect();
        parts.extend(theirs);
        parts.join("; ")
    }
}

/// Returns the parts of a key that are not the next key's.
fn own_part(key: &KeyView) -> String {
    format!("{:?}", KeyView { next: Box::default(), ..key.clone() })
}

/// Returns what is behind the last alias that was read.
fn last(seen: &See<KeyView>) -> &See<KeyView> {
    if let See::Present(key) = seen { last(&key.next) } else { seen }
}

/// Returns the view as the reader creates it: unneeded parts are not read, and each thing looks the same wherever it
/// appears.
fn as_read(
    mut trail: Seen,
    others: See<Vec<Facts>>,
    organization: Vec<TrailFiles>,
    mut managed: TrailResources,
) -> View {
    let taken = usize::from(managed.role_taken);
    match trail.logs.role_arn.as_deref() {
        Some(arn) if arn.ends_with(MANAGED_ROLES[taken]) => trail.logs.role = managed.role.clone(),
        // Whoever uses the other name uses somebody else's role.
        Some(arn) if arn.ends_with(MANAGED_ROLES[1 - taken]) => {
            if let See::Present(role) = &mut trail.logs.role {
                (role.arn, role.managed) = (arn.to_owned(), false);
            }
        }
        _ => {}
    }
    if trail.logs.group_arn.as_deref().is_some_and(|arn| arn.contains(MANAGED_GROUP)) {
        trail.logs.group = managed.group.clone();
    }
    if !trail.exists {
        trail.facts.multi_region = false;
        trail.facts.logging = See::Present(false);
        trail.facts.selectors = See::Present(Selectors::default());
        trail.facts.bucket = TrailBucket::ThisAccount(Region::parse("eu-west-1").expect("a region"));
        trail.validation = false;
        trail.key = See::Absent;
        (trail.topic, trail.facts.errors) = (None, Some(DeliveryErrors::default()));
        trail.logs = Logs {
            group_arn: None,
            group: See::Absent,
            role_arn: None,
            role: See::Absent,
            organization: See::NotAsked,
        };
        trail.facts.organization = false;
        managed.bucket_policy = See::NotAsked;
        if !matches!(managed.bucket, See::Present(_)) {
            managed.replication = See::NotAsked;
        }
    }
    if !trail.exists {
        trail.facts.files = TrailFiles { bucket: managed::managed_bucket(&place()), ..TrailFiles::default() };
    }
    View { trail, others, organization, managed }
}

fn place() -> Place {
    subject::<Trail>().place
}

fn facts(arn: String) -> impl Strategy<Value = Facts> {
    let region = Region::parse("eu-west-1").expect("a region");
    let bucket = select(vec![
        TrailBucket::ThisAccount(region.clone()),
        TrailBucket::ThisAccount(region),
        TrailBucket::ThisAccount(Region::first()),
        TrailBucket::OtherAccount,
        TrailBucket::Closed,
        TrailBucket::Gone,
    ]);
    let prefix = select(vec![String::new(), "logs".to_owned()]);
    let logging = select(vec![
        See::Present(true),
        See::Present(true),
        See::Present(false),
        See::Unreadable("cloudtrail:GetTrailStatus"),
        See::NotAsked,
    ]);
    (any::<bool>(), any::<bool>(), logging, selectors(), (bucket, prefix), errors()).prop_map(
        move |(multi_region, organization, logging, selectors, (bucket, prefix), errors)| {
            let own = matches!(bucket, TrailBucket::ThisAccount(_));
            let name = if own { OWN_BUCKET } else { THEIR_BUCKET };
            Facts {
                arn: arn.clone(),
                multi_region,
                organization,
                logging,
                selectors,
                files: TrailFiles { bucket: name.to_owned(), prefix, key_id: None },
                bucket,
                errors,
            }
        },
    )
}

fn errors() -> impl Strategy<Value = Option<DeliveryErrors>> {
    let error = || select(vec![None, None, None, Some("AccessDenied".to_owned())]);
    let told = (error(), error(), error(), error());
    let told =
        (told, select(vec![false, false, false, true])).prop_map(|((files, digests, logs, notices), awaited)| {
            Some(DeliveryErrors { files, digests, logs, notices, awaited })
        });
    prop_oneof![5 => told, 1 => Just(None)]
}

fn selectors() -> impl Strategy<Value = See<Selectors>> {
    let data = json!([{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]);
    let basic = |kind: &str, management: bool, data: &Value, excluded: &Value| {
        json!({"ReadWriteType": kind, "IncludeManagementEvents": management, "DataResources": data,
            "ExcludeManagementEventSources": excluded})
    };
    let none = json!([]);
    let data_only = basic("ReadOnly", false, &data, &none);
    let of = |basic: Vec<Value>| See::Present(Selectors { basic, advanced: vec![] });
    let advanced = |fields: Value| {
        See::Present(Selectors { basic: vec![], advanced: vec![json!({"Name": "theirs", "FieldSelectors": fields})] })
    };
    select(vec![
        See::Present(Selectors::default()),
        of(vec![basic("All", true, &none, &none)]),
        of(vec![basic("ReadOnly", true, &none, &none)]),
        of(vec![basic("All", true, &none, &json!(["kms.amazonaws.com"]))]),
        of(vec![data_only.clone()]),
        of(vec![data_only; 5]),
        advanced(json!([{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["x"]}])),
        advanced(
            json!([{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["true"]}]),
        ),
        See::Unreadable("cloudtrail:GetEventSelectors"),
        See::NotAsked,
    ])
}

fn trail(place: &Place, arn: String) -> impl Strategy<Value = Seen> + use<> {
    let key_arn = "arn:aws:kms:eu-west-1:111122223333:key/theirs";
    let foreign = Some("arn:aws:kms:eu-west-1:999999999999:key/foreign".to_owned());
    let keyed =
        (select(vec![None, Some(key_arn.to_owned()), foreign]), seen_key(key_arn, &key::managed_key(place).policy));
    (select(vec![true, true, true, false]), facts(arn), any::<bool>(), keyed, logs(place)).prop_map(
        |(exists, mut facts, validation, (key_id, key), logs)| {
            let key = match &key_id {
                None => See::Absent,
                Some(id) if id.contains("999999999999") => See::NotAsked,
                Some(_) => key,
            };
            facts.files.key_id = key_id;
            Seen { exists, facts, validation, key, logs, topic: None }
        },
    )
}

fn logs(place: &Place) -> impl Strategy<Value = Logs> + use<> {
    let groups = [MANAGED_GROUP, THEIR_GROUP].map(|name| Some(managed::group_arn(place, name)));
    let elsewhere = Some("arn:aws:logs:eu-west-1:999999999999:log-group:x:*".to_owned());
    let group = select(vec![
        See::Absent,
        See::Present(LogGroup { name: THEIR_GROUP.to_owned(), ..LogGroup::default() }),
        with_policies(See::Present(vec![AccountPolicy { name: "p".to_owned(), effect: AccountPolicyEffect::Masks }])),
        with_policies(See::Unreadable("logs:DescribeAccountPolicies")),
        See::Unreadable("logs:DescribeLogGroups"),
        See::NotAsked,
    ]);
    let named = select(vec![None, groups[0].clone(), groups[1].clone(), elsewhere]);
    let [first, second] = MANAGED_ROLES.map(|name| place.role_arn(name));
    let roles = select(vec![CUSTOMERS.to_owned(), first.clone(), first, second]);
    let organization = select(vec![
        See::Present(ORGANIZATION.to_owned()),
        See::Present(ORGANIZATION.to_owned()),
        See::Absent,
        See::Unreadable("organizations:DescribeOrganization"),
        See::NotAsked,
    ]);
    let whole = (named, group, roles, seen_role(place, CUSTOMERS), organization);
    whole.prop_map(|(group_arn, group, role_arn, role, organization)| {
        let role_arn = group_arn.as_ref().map(|_| role_arn);
        let group = if group_arn.is_none() { See::Absent } else { group };
        let role = if role_arn.is_none() { See::Absent } else { role };
        Logs { group_arn, group, role_arn, role, organization }
    })
}

fn with_policies(policies: See<Vec<AccountPolicy>>) -> See<LogGroup> {
    See::Present(LogGroup { name: THEIR_GROUP.to_owned(), policies, ..LogGroup::default() })
}

fn managed(place: &Place) -> impl Strategy<Value = TrailResources> + use<> {
    let alias = format!("arn:aws:kms:eu-west-1:{}:{MANAGED_KEY}", place.account);
    let group = select(vec![
        See::Absent,
        our_group(None, See::Present(vec![])),
        our_group(Some(1), See::Present(vec![])),
        our_group(Some(365), See::Present(vec![])),
        our_group(Some(1), See::Present(vec![LogSubscription { name: "f".to_owned(), destination: EARS.to_owned() }])),
        our_group(None, See::Unreadable("logs:DescribeSubscriptionFilters")),
        See::Unreadable("logs:DescribeLogGroups"),
        See::NotAsked,
    ]);
    let readers = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "s3:*"}});
    let grant = json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:*", "Resource": "*"});
    let refusing = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "*",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}});
    let policy = select(vec![
        See::Absent,
        See::Present(json!({"Statement": [grant]})),
        See::Present(json!({"Statement": [grant]})),
        See::Present(json!({"Statement": [grant]})),
        See::Present(json!({"Statement": [grant, refusing]})),
        See::Present(readers),
        See::Unreadable("s3:GetBucketPolicy"),
        See::NotAsked,
    ]);
    let bucket = select(vec![
        See::Absent,
        See::Unreadable("s3:ListBucket"),
        See::NotAsked,
        See::Present(See::Absent),
        See::Present(See::Present(json!({"Version": "2012-10-17", "Statement": {"Sid": "theirs", "Effect": "Deny"}}))),
        See::Present(See::Unreadable("s3:GetBucketPolicy")),
        See::Present(See::NotAsked),
    ]);
    let rule = |takes_encrypted| ReplicationRule { id: "vault".to_owned(), prefix: String::new(), takes_encrypted };
    let replication = select(vec![
        See::Absent,
        See::Absent,
        See::Present(vec![rule(true)]),
        See::Present(vec![rule(true), rule(false)]),
        See::Unreadable("s3:GetReplicationConfiguration"),
        See::NotAsked,
    ]);
    let [first, second] =
        MANAGED_ROLES.map(|name| (seen_role(place, &place.role_arn(name)), Just(name != MANAGED_ROLE)));
    let our_role = prop_oneof![2 => first, 1 => second];
    let policy = (policy, replication);
    (seen_key(&alias, &key::managed_key(place).policy), group, our_role, policy, bucket, told(place)).prop_map(
        |(key, group, (role, role_taken), (bucket_policy, replication), bucket, notices)| TrailResources {
            key,
            bucket_policy,
            replication,
            group,
            role,
            role_taken,
            name: String::new(),
            bucket,
            passed: vec![],
            notices: Some(notices),
        },
    )
}

fn told(place: &Place) -> impl Strategy<Value = Notices> + use<> {
    let arn = notices::topic_arn(place);
    let alias = format!("arn:aws:kms:eu-west-1:{}:{MANAGED_NOTICES_KEY}", place.account);
    let wide = |action: &str| {
        let more = json!({"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": action, "Resource": "*"});
        with_statements(Some(&notices::topic_policy(place)), &[more])
    };
    let empty = json!({"Version": "2012-10-17", "Statement": []});
    let policy = select(vec![notices::topic_policy(place), empty, wide("sns:*"), wide("sns:Subscribe")]);
    let (endpoint, state) = (notices::queue_arn(place), SubscriptionState::Confirmed);
    let queue = Subscription { arn: format!("{arn}:1"), protocol: "sqs".into(), endpoint, state };
    let denied = See::Unreadable("sns:ListSubscriptionsByTopic");
    let fed = select(vec![See::Present(vec![queue]), See::Present(vec![]), denied, See::NotAsked]);
    let topic = (policy, any::<bool>(), fed).prop_map(move |(policy, encrypted, fed)| {
        let key_id = encrypted.then(|| "key".to_owned());
        See::Present(Topic { arn: arn.clone(), policy, key_id, key: See::Absent, subscriptions: fed })
    });
    let topic =
        prop_oneof![Just(See::Absent), Just(See::Unreadable("sns:GetTopicAttributes")), Just(See::NotAsked), topic];
    let queue = |policy| See::Present(Queue { policy, encrypted: true });
    let queue = select(vec![
        See::Absent,
        See::Unreadable("sqs:GetQueueAttributes"),
        See::NotAsked,
        queue(None),
        queue(Some(notices::queue_policy(place))),
    ]);
    (topic, queue, seen_key(&alias, &notices::managed_key(place).policy)).prop_map(|(topic, queue, key)| Notices {
        topic,
        queue,
        key,
    })
}

/// Where somebody outside the account hears what a log group receives.
const EARS: &str = "arn:aws:logs:eu-west-1:999999999999:destination:ears";

fn our_group(retention: Option<u32>, filters: See<Vec<LogSubscription>>) -> See<LogGroup> {
    See::Present(LogGroup { name: MANAGED_GROUP.to_owned(), retention, filters, ..LogGroup::default() })
}

fn seen_key(arn: &str, managed: &Value) -> BoxedStrategy<See<KeyView>> {
    let next = key_behind(&format!("{arn}-2"), managed, Just(See::NotAsked).boxed());
    key_behind(arn, managed, prop_oneof![1 => Just(See::NotAsked), 3 => next].boxed())
}

fn key_behind(arn: &str, managed: &Value, next: BoxedStrategy<See<KeyView>>) -> BoxedStrategy<See<KeyView>> {
    let arn = arn.to_owned();
    let root = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}});
    let denied = json!({"Statement": {"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Principal": "*"}});
    let with = |principal: &str, action: &str| {
        let more = json!({"Effect": "Allow", "Action": action, "Resource": "*", "Principal": {"AWS": principal}});
        See::Present(with_statements(Some(managed), &[more]))
    };
    let policies = select(vec![
        See::Present(managed.clone()),
        See::Present(managed.clone()),
        See::Present(root),
        See::Present(denied),
        with("arn:aws:iam::999999999999:root", "kms:*"),
        with("arn:aws:iam::999999999999:root", "kms:Decrypt"),
        with("arn:aws:iam::111122223333:user/mallory", "kms:*"),
        See::Unreadable("kms:GetKeyPolicy"),
        See::NotAsked,
    ]);
    let managed =
        select(vec![See::NotAsked, See::Present(true), See::Present(false), See::Unreadable("kms:DescribeKey")]);
    let rotates = select(vec![
        See::Present(true),
        See::Present(false),
        See::NotAsked,
        See::Unreadable("kms:GetKeyRotationStatus"),
    ]);
    let grant = |grantee: &str| KeyGrant {
        id: "g".to_owned(),
        grantee: grantee.to_owned(),
        issuer: None,
        operations: vec!["Decrypt".to_owned()],
    };
    let grants = select(vec![
        See::Present(vec![]),
        See::Present(vec![]),
        See::Present(vec![grant("arn:aws:iam::111122223333:role/reader")]),
        See::Present(vec![grant("arn:aws:iam::999999999999:root")]),
        See::Unreadable("kms:ListGrants"),
        See::NotAsked,
    ]);
    let state = select(vec!["Enabled", "Enabled", "Enabled", "Disabled"]);
    let kinds = (state, select(vec![true, true, true, false]), select(vec![true, true, true, false]));
    let present = (policies, grants, managed, rotates, kinds, next).prop_map(
        move |(policy, grants, managed, rotates, (state, customers, native), next)| {
            let (state, next) = (state.to_owned(), Box::new(next));
            See::Present(KeyView { arn: arn.clone(), managed, customers, native, state, policy, grants, rotates, next })
        },
    );
    prop_oneof![1 => Just(See::Absent), 1 => Just(See::Unreadable("kms:DescribeKey")), 1 => Just(See::NotAsked), 6 => present].boxed()
}

fn seen_role(place: &Place, arn: &str) -> BoxedStrategy<See<Role>> {
    let arn = arn.to_owned();
    let role = managed::managed_role(place, MANAGED_GROUP, None);
    let of_organization = managed::managed_role(place, MANAGED_GROUP, Some(ORGANIZATION));
    let mut conditional = role.trust.clone();
    conditional["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:SourceAccount": place.account}});
    let trust = select(vec![role.trust.clone(), role.trust, conditional, json!({"Statement": []})]);
    let inline = select(vec![
        See::Present([(role.policy_name.clone(), of_organization.policy)].into()),
        See::Present([(role.policy_name.clone(), role.policy)].into()),
        See::Present([].into()),
        See::Unreadable("iam:GetRolePolicy"),
        See::NotAsked,
    ]);
    let present = (any::<bool>(), trust, inline).prop_map(move |(managed, trust, inline)| {
        See::Present(Role {
            arn: arn.clone(),
            managed,
            trust,
            inline,
            attached: See::Present(vec![]),
            boundary: See::Absent,
            bounds: crate::managed::role::Bounds::default(),
        })
    });
    prop_oneof![1 => Just(See::Absent), 1 => Just(See::Unreadable("iam:GetRole")), 1 => Just(See::NotAsked), 6 => present].boxed()
}
