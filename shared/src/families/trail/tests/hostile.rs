//! Steps with names that an attacker might choose, for the laws.

use crate::documents::selectors::Selectors;
use crate::families::trail::{Change, KeyChoice, NoticeStep, Step, TrailStep, View};
use crate::model::Seen;
use crate::record::{DeliveryErrors, Facts};
use crate::settings::flow_logs::BucketName;
use crate::testing::hostile::{arn, buckets, groups, keys, roles, topics};
use serde_json::json;

/// Returns every kind of step, with this text in each value that is read from AWS or an event.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let (name, trail) = (|| text.to_owned(), || arn("cloudtrail", text));
    let change = || Change {
        bucket: Some(BucketName { name: name(), prefix: format!("{text}-a/") }),
        multi_region: Some(false),
        validation: Some(true),
        key: Some(KeyChoice::of(text)),
        logs: Some((name(), name())),
        topic: Some(name()),
    };
    let basic = Selectors { basic: vec![json!({ "ReadWriteType": text })], advanced: vec![] };
    let advanced = Selectors { basic: vec![], advanced: vec![json!({ "Name": text })] };
    let put = |replaces| TrailStep::PutSelectors { trail: trail(), selectors: basic.clone(), replaces };
    let of_trail = [
        TrailStep::Create { trail: trail(), bucket: name(), change: change() },
        TrailStep::Update { trail: trail(), change: change(), replaces: change() },
        put(basic.clone()),
        put(advanced),
        TrailStep::StartLogging { trail: trail(), new: false },
    ];
    let of_queue = [
        NoticeStep::CreateQueue { policy: json!({ "Id": text }), key: name() },
        NoticeStep::PutQueuePolicy { document: json!({}), replaces: Some(json!({ "Id": text })) },
    ];
    let mut all: Vec<Step> = roles(text).into_iter().map(Step::Role).collect();
    all.extend(keys(text).into_iter().flat_map(|step| [Step::Key(step.clone()), Step::NoticesKey(step)]));
    all.extend(groups().into_iter().map(Step::Group));
    all.extend(buckets(text).into_iter().map(Step::Bucket));
    all.extend(topics(text).into_iter().map(NoticeStep::Topic).chain(of_queue).map(Step::Notice));
    all.extend(of_trail.map(Step::Trail));
    all
}

/// Returns the view with this text in each name that advice may quote.
pub(super) fn named(mut view: View, text: &str) -> View {
    let rename = |facts: &mut Facts| {
        facts.arn.push_str(text);
        facts.files.bucket.push_str(text);
        facts.files.prefix.push_str(text);
        if let Some(DeliveryErrors { files, digests, logs, notices, awaited: _ }) = &mut facts.errors {
            [files, digests, logs, notices].into_iter().flatten().for_each(|it| it.push_str(text));
        }
        facts.files.key_id.iter_mut().for_each(|it| it.push_str(text));
    };
    rename(&mut view.trail.facts);
    if let Seen::Present(others) = &mut view.others {
        others.iter_mut().for_each(rename);
    }
    let logs = &mut view.trail.logs;
    let named = [&mut logs.group_arn, &mut logs.role_arn, &mut view.trail.topic];
    named.into_iter().flatten().for_each(|it| it.push_str(text));
    view.managed.passed.iter_mut().for_each(|it| it.push_str(text));
    view
}
