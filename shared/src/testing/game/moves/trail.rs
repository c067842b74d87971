//! Calls on trails.

use super::Move;
use crate::documents::selectors::Selectors;
use crate::model::Arn;
use crate::testing::game::account::{ACCOUNT, AwsAccount, PLANTED, THEIRS, TrailHere, away, home};
use crate::testing::game::called::Called;
use crate::testing::game::record::Facet;
use serde_json::{Value, json};

const RECORD: &[Facet] = &[Facet::Trail, Facet::Place, Facet::Digests, Facet::Logs, Facet::Alarms];
/// What lies in a bucket that no trail names any more is not looked after: the letter about the move is the last one.
const MOVED: &[Facet] =
    &[Facet::Trail, Facet::Place, Facet::Digests, Facet::Logs, Facet::Alarms, Facet::Files, Facet::Access];
const DECOY: &str = "decoy";

pub(super) fn moves() -> Vec<Move> {
    let mut all = vec![
        update("one_region", json!({"isMultiRegionTrail": false}), |it| it.multi_region = false),
        update("no_global_events", json!({"includeGlobalServiceEvents": false, "isMultiRegionTrail": false}), |it| {
            (it.multi_region, it.global_events) = (false, false);
        }),
        update("no_validation", json!({"enableLogFileValidation": false}), |it| it.validation = false),
        update("no_key", json!({"kmsKeyId": ""}), |it| it.key = None),
        update("foreign_key", json!({"kmsKeyId": FOREIGN_KEY}), |it| it.key = Some(FOREIGN_KEY.to_owned())),
        update("no_group", json!({"cloudWatchLogsLogGroupArn": "", "cloudWatchLogsRoleArn": ""}), |it| it.logs = None),
        update("moved_abroad", json!({"s3BucketName": THEIRS}), |it| it.bucket = THEIRS.to_owned()),
        update("moved_aside", json!({"s3BucketName": PLANTED}), |it| it.bucket = PLANTED.to_owned()),
        Move::new("other_prefix", MOVED, |account| {
            updated(account, &json!({"s3KeyPrefix": "elsewhere"}), |it| {
                it.prefix = "elsewhere".to_owned();
            })
        }),
        Move::new("stopped", RECORD, |account| {
            let arn = target(account)?;
            account.trails.get_mut(&arn)?.logging = false;
            Some(called("StopLogging", &arn, json!({"name": arn})))
        }),
        Move::new("deleted", MOVED, |account| {
            let arn = target(account)?;
            account.trails.remove(&arn);
            Some(called("DeleteTrail", &arn, json!({"name": arn})))
        }),
        selected("reads_alone", || vec![basic("ReadOnly", true, &[])], Vec::new),
        selected("writes_alone", || vec![basic("WriteOnly", true, &[])], Vec::new),
        selected("without_kms", || vec![basic("All", true, &["kms.amazonaws.com"])], Vec::new),
        selected("data_alone", || vec![basic("All", false, &[])], Vec::new),
        selected("advanced_data", Vec::new, || vec![advanced("Data", &[])]),
        selected("advanced_reads", Vec::new, || vec![advanced("Management", &["readOnly"])]),
        decoy("decoy_abroad", "decoy-abroad", THEIRS, true),
        decoy("decoy_narrow", "decoy-narrow", THEIRS, false),
        decoy("decoy_beside", DECOY, "main-logs", true),
        decoy("decoy_aside", "decoy-aside", PLANTED, true),
        Move::new("decoy_started", &[], |account| {
            let (arn, it) = account.trails.iter_mut().find(|(arn, it)| arn.contains(DECOY) && !it.logging)?;
            it.logging = true;
            Some(called("StartLogging", arn, json!({"name": arn})))
        }),
        Move::new("decoy_deleted", RECORD, |account| {
            let arn = account.trails.keys().find(|arn| arn.contains(DECOY))?.clone();
            account.trails.remove(&arn);
            Some(called("DeleteTrail", &arn, json!({"name": arn})))
        }),
    ];
    for control in
        ["all", "cloudtrail-logging", "cloudtrail-kms", "cloudtrail-log-validation", "cloudtrail-cloudwatch-logs"]
    {
        all.push(Move::new(&format!("trail_exempt_{control}"), MOVED, move |account| {
            let arn = target(account)?;
            account.trails.get_mut(&arn)?.tags.insert("trailkeeper:exempt".to_owned(), control.to_owned());
            let tags = json!([{"key": "trailkeeper:exempt", "value": control}]);
            Some(called("AddTags", &arn, json!({"resourceId": arn, "tagsList": tags})))
        }));
    }
    all
}

const FOREIGN_KEY: &str = "arn:aws:kms:us-east-1:999999999999:key/ransom";

/// Returns the trail that matters: the first that is no decoy.
pub(super) fn target(account: &AwsAccount) -> Option<String> {
    account.trails.keys().find(|arn| !arn.contains(DECOY)).cloned()
}

fn called(name: &'static str, arn: &str, request: Value) -> Called {
    let region = crate::model::Region::of_arn(arn).unwrap_or_else(home);
    let short = Arn::parse(arn).map_or("", |arn| arn.resource).to_owned();
    Called::new("cloudtrail", name, request).at(region).about(short)
}

fn update(name: &str, request: Value, change: fn(&mut TrailHere)) -> Move {
    Move::new(name, if name.starts_with("moved") { MOVED } else { RECORD }, move |account| {
        updated(account, &request, change)
    })
}

/// Makes an update, unless CloudTrail refuses it: it checks the bucket and the key.
fn updated(account: &mut AwsAccount, request: &Value, change: fn(&mut TrailHere)) -> Option<Called> {
    let arn = target(account)?;
    let mut new = account.trails.get(&arn)?.clone();
    change(&mut new);
    let foreign = new.key.as_deref() == Some(FOREIGN_KEY);
    let checked = if foreign { TrailHere { key: None, ..new.clone() } } else { new.clone() };
    if account.delivery_error(&arn, &checked).is_some() {
        return None;
    }
    let mut all = request.clone();
    all["name"] = arn.as_str().into();
    let answer = json!({"trailARN": arn, "s3BucketName": new.bucket});
    account.trails.insert(arn.clone(), new);
    Some(called("UpdateTrail", &arn, all).answered(answer))
}

fn basic(kind: &str, management: bool, excluded: &[&str]) -> Value {
    json!({"ReadWriteType": kind, "IncludeManagementEvents": management, "DataResources": [],
        "ExcludeManagementEventSources": excluded})
}

fn advanced(category: &str, more: &[&str]) -> Value {
    let mut fields = vec![json!({"Field": "eventCategory", "Equals": [category]})];
    fields.extend(more.iter().map(|field| json!({"Field": field, "Equals": ["true"]})));
    json!({"Name": "theirs", "FieldSelectors": fields})
}

fn selected(name: &str, basic: fn() -> Vec<Value>, advanced: fn() -> Vec<Value>) -> Move {
    Move::new(name, RECORD, move |account| {
        let arn = target(account)?;
        account.trails.get_mut(&arn)?.selectors = Selectors { basic: basic(), advanced: advanced() };
        let request = json!({"trailName": arn, "eventSelectors": basic(), "advancedEventSelectors": advanced()});
        Some(called("PutEventSelectors", &arn, request).answered(json!({"trailARN": arn})))
    })
}

fn decoy(name: &str, called_so: &'static str, bucket: &'static str, wide: bool) -> Move {
    Move::new(name, &[], move |account| {
        let region = if wide { home() } else { away() };
        let arn = format!("arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/{called_so}");
        let new = TrailHere { multi_region: wide, logging: false, ..TrailHere::into(bucket) };
        let refused = account.trails.contains_key(&arn) || account.delivery_error(&arn, &new).is_some();
        if refused {
            return None;
        }
        account.trails.insert(arn.clone(), new);
        let request = json!({"name": called_so, "s3BucketName": bucket, "isMultiRegionTrail": wide});
        let answer = json!({"trailARN": arn, "s3BucketName": bucket});
        Some(called("CreateTrail", &arn, request).answered(answer))
    })
}
