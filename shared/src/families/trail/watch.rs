//! API calls that can harm a trail or its dependencies, and how each identifies what to check.

use super::group_calls;
use super::managed::{MANAGED_GROUP, MANAGED_ROLES, group_arn};
use crate::documents::selectors::Selectors;
use crate::event::dependency::{CHANGES_OF_LOG_GROUPS, CHANGES_OF_POLICIES, CHANGES_OF_ROLES, key_of};
use crate::event::{ApiCall, Dependency, Elements, Target, Watch};
use crate::exemption::TAG;
use crate::family::{Tell, When};
use crate::model::{Arn, Place, Region};
use crate::settings::Settings;
use serde_json::Value;

pub(super) const WATCHES: &[Watch] = &[
    Watch {
        rule: "TrailCalls",
        service: "cloudtrail.amazonaws.com",
        calls: &[
            "AddTags",
            "CreateTrail",
            "DeleteTrail",
            "PutEventSelectors",
            "StartLogging",
            "StopLogging",
            "UpdateTrail",
        ],
        target: trail,
    },
    Watch {
        rule: "KeyCalls",
        service: "kms.amazonaws.com",
        calls: &["DeleteImportedKeyMaterial", "DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion", "UpdateAlias"],
        target: key,
    },
    Watch {
        rule: "KeyStoreCalls",
        service: "kms.amazonaws.com",
        calls: &["DisconnectCustomKeyStore"],
        target: every_trail,
    },
    CHANGES_OF_LOG_GROUPS,
    group_calls::WATCH,
    group_calls::ACCOUNT_WATCH,
    CHANGES_OF_ROLES,
    CHANGES_OF_POLICIES,
];

pub(super) const TELLS: &[Tell] = &[
    tell("cloudtrail.amazonaws.com", &["DeleteTrail"], When::Always(RECORD), |_| Some("deletes a trail")),
    tell("cloudtrail.amazonaws.com", &["StopLogging"], When::Always(RECORD), |_| Some("stops a trail")),
    tell("cloudtrail.amazonaws.com", &["UpdateTrail"], When::Always(RECORD), moved),
    tell("cloudtrail.amazonaws.com", &["PutEventSelectors"], When::Always("cloudtrail-management-events"), narrowed),
    tell("cloudtrail.amazonaws.com", &["AddTags"], When::Exempted, |call| {
        call.request.may_hold(TAG).then_some("exempts a trail")
    }),
    tell("cloudtrail.amazonaws.com", &["CreateTrail"], When::Exempted, |_| Some("makes a trail that is exempt")),
    tell(
        "kms.amazonaws.com",
        &["DeleteImportedKeyMaterial", "DisableKey", "ScheduleKeyDeletion"],
        When::Always("cloudtrail-kms"),
        |_| Some("takes away the key of a trail"),
    ),
    group_calls::ACCOUNT_WIDE,
    group_calls::DELETED,
    group_calls::SHORTENED,
    group_calls::HANDED_ON,
    group_calls::HIDDEN,
];

/// Returns that a trail may record less, unless the record says that the new selectors take all management events.
fn narrowed(call: &ApiCall) -> Option<&'static str> {
    let list = |name: &str| -> Vec<Value> {
        let all = call.request.inside(&[name]).and_then(Value::as_array).into_iter().flatten();
        all.map(as_in_the_api).collect()
    };
    let selectors = Selectors { basic: list("eventSelectors"), advanced: list("advancedEventSelectors") };
    let untold = selectors.basic.is_empty() && selectors.advanced.is_empty();
    (untold || !selectors.takes_all_management()).then_some("sets which events a trail records")
}

/// Returns an element of a record as the API writes it: with a capital letter at the beginning of each name.
fn as_in_the_api(element: &Value) -> Value {
    match element {
        Value::Object(members) => {
            let capital = |name: &str| {
                let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
                format!("{}{rest}", first.to_ascii_uppercase())
            };
            members.iter().map(|(name, value)| (capital(name), as_in_the_api(value))).collect()
        }
        Value::Array(items) => items.iter().map(as_in_the_api).collect(),
        other => other.clone(),
    }
}

/// Control that stands for a trail's whole record.
const RECORD: &str = "cloudtrail-logging";

const fn tell(
    service: &'static str,
    calls: &'static [&'static str],
    when: When,
    effect: fn(&ApiCall) -> Option<&'static str>,
) -> Tell {
    Tell { service, calls, when, effect }
}

/// Parameters of `UpdateTrail` that move a trail's record or narrow it.
const PLACES: &[&str] = &[
    "s3BucketName",
    "s3KeyPrefix",
    "kmsKeyId",
    "cloudWatchLogsLogGroupArn",
    "cloudWatchLogsRoleArn",
    "isMultiRegionTrail",
    "isOrganizationTrail",
    "includeGlobalServiceEvents",
    "enableLogFileValidation",
];

fn moved(call: &ApiCall) -> Option<&'static str> {
    let moves = match &call.request {
        Elements::Omitted => true,
        Elements::Present(request) => PLACES.iter().any(|place| request.contains_key(*place)),
    };
    moves.then_some("changes what a trail records or where it delivers")
}

/// Calls that our own steps make.
pub(super) const OWN_CALLS: &[&str] = &[
    "CreateAlias",
    "CreateBucket",
    "CreateKey",
    "CreateLogGroup",
    "CreateQueue",
    "CreateRole",
    "CreateTopic",
    "CreateTrail",
    "EnableKeyRotation",
    "PutBucketPolicy",
    "PutEventSelectors",
    "PutKeyPolicy",
    "PutRetentionPolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "SetQueueAttributes",
    "SetTopicAttributes",
    "StartLogging",
    "Subscribe",
    "UpdateAssumeRolePolicy",
    "UpdateTrail",
];

/// Returns whether `UpdateTrail` sets nothing but what makes a trail record more, and where our own resources lie. Another
/// bucket or key is more than that: only the process that set it knows that it was right.
pub(super) fn sets_what_we_set(call: &ApiCall, place: &Place, settings: &Settings) -> bool {
    let Elements::Present(request) = &call.request else { return false };
    let only = settings.record_destinations.only_bucket();
    let managed = |name: &str, value: &str| match name {
        "name" => true,
        "s3BucketName" => only.is_some_and(|only| only.name == value),
        "s3KeyPrefix" => only.is_some_and(|only| only.prefix.trim_end_matches('/') == value),
        "cloudWatchLogsLogGroupArn" => value == group_arn(place, MANAGED_GROUP),
        "cloudWatchLogsRoleArn" => MANAGED_ROLES.iter().any(|name| value == place.role_arn(name)),
        _ => false,
    };
    let fills = |(name, value): (&String, &Value)| match value {
        Value::Bool(on) => *on && ["isMultiRegionTrail", "enableLogFileValidation"].contains(&name.as_str()),
        Value::String(value) => managed(name, value),
        _ => false,
    };
    call.name == "UpdateTrail" && request.iter().all(fills)
}

/// Returns the trail of a call. A response names it by ARN, a request by ARN or name. An ARN contains the home region.
fn trail(call: &ApiCall) -> Result<Target, String> {
    let answered = call.response.text("trailARN");
    let asked = || ["name", "trailName", "resourceId"].iter().find_map(|field| call.request.text(field));
    match answered.or_else(asked) {
        Some(arn) if arn.starts_with("arn:") => by_arn(arn).ok_or_else(|| unnamed(call)),
        Some(name) if is_trail_name(name) => Ok(Target::One(call.region()?.clone(), name.to_owned())),
        Some(_) => Err(unnamed(call)),
        None if call.request == Elements::Omitted => Ok(Target::region(call.region()?.clone())),
        None => Err(format!("the record of {} names no trail", call.name)),
    }
}

fn unnamed(call: &ApiCall) -> String {
    format!("{} does not name a valid trail", call.name)
}

fn by_arn(arn: &str) -> Option<Target> {
    let parts = Arn::parse(arn).filter(|arn| arn.service == "cloudtrail")?;
    parts.resource.strip_prefix("trail/").filter(|name| is_trail_name(name))?;
    // The whole ARN is the id: an organization trail with the same name belongs to another account.
    Some(Target::One(Region::parse(parts.region)?, arn.to_owned()))
}

/// Returns whether a name has 3 to 128 letters, digits and `._-`, starting with a letter or digit (CloudTrail user
/// guide, naming requirements).
fn is_trail_name(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (3..=128).contains(&name.len())
        && name.bytes().all(legal)
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

/// Returns everything that depends on a changed key.
fn key(call: &ApiCall) -> Result<Target, String> {
    if call.name == "UpdateAlias" {
        return alias(call);
    }
    match key_of(call) {
        Some(arn) => Ok(Target::using(Dependency::Key(arn.to_owned()))),
        None if call.request == Elements::Omitted => Ok(Target::EVERYTHING),
        None => Err(format!("the record of {} names no key by its ARN", call.name)),
    }
}

/// Returns every trail if an alias of ours was pointed to another key. CloudTrail resolves other aliases when the trail
/// is given them, and keeps the key's ARN.
fn alias(call: &ApiCall) -> Result<Target, String> {
    match call.request.text("aliasName") {
        Some(name) if name.starts_with(OUR_ALIASES) => Ok(Target::EVERYTHING),
        None if call.request == Elements::Omitted => Ok(Target::EVERYTHING),
        Some(_) | None => Err(format!("{} names no alias of Trailkeeper's", call.name)),
    }
}

/// Returns every trail: a record about a key store does not name its keys.
#[allow(clippy::unnecessary_wraps, reason = "this is what a watch has")]
fn every_trail(_: &ApiCall) -> Result<Target, String> {
    Ok(Target::EVERYTHING)
}

/// Prefix of the aliases of keys that Trailkeeper creates.
const OUR_ALIASES: &str = "alias/trailkeeper-";

#[cfg(test)]
mod tests {
    use super::super::{MANAGED_TRAIL, Trail};
    use super::*;
    use crate::event::Record;
    use crate::settings::destinations::RecordDestinations;
    use crate::testing::routed::routed;
    use serde_json::{Value, json};

    fn of_key(name: &str, request: &Value, resources: &Value) -> Result<Target, String> {
        routed::<Trail>("kms", name, &json!({"requestParameters": request, "resources": resources}))
    }

    #[test]
    fn a_key_that_loses_its_material_store_or_alias_leads_to_the_trails() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let resources = json!([{"accountId": "111122223333", "ARN": key}]);
        let using = Ok(Target::using(Dependency::Key(key.to_owned())));
        assert_eq!(of_key("DeleteImportedKeyMaterial", &json!({"keyId": "1234"}), &resources), using);
        let store = json!({"customKeyStoreId": "cks-1234567890abcdef0"});
        assert_eq!(of_key("DisconnectCustomKeyStore", &store, &json!(null)), Ok(Target::EVERYTHING));
        let alias = |name: &str| of_key("UpdateAlias", &json!({"aliasName": name, "targetKeyId": "1"}), &resources);
        assert_eq!(alias("alias/trailkeeper-cloudtrail"), Ok(Target::EVERYTHING));
        assert!(alias("alias/theirs").expect_err("not ours").contains("names no alias"));
    }

    #[test]
    fn our_role_is_believed_only_what_fills_a_trail() {
        let region = Region::parse("eu-west-1").expect("a region");
        let place = Place { partition: "aws".into(), account: "111122223333".into(), region };
        let named = RecordDestinations::setting(Some("named".to_owned())).expect("destinations");
        let settings = Settings { record_destinations: named, ..crate::testing::laws::settings() };
        let believed = |name: &str, request: &Value| {
            let call =
                json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": name, "requestParameters": request});
            sets_what_we_set(&Record(&call).api_call().expect("a record"), &place, &settings)
        };
        let group = group_arn(&place, MANAGED_GROUP);
        let fills = json!({"name": "main", "isMultiRegionTrail": true, "enableLogFileValidation": true,
            "cloudWatchLogsLogGroupArn": group, "cloudWatchLogsRoleArn": place.role_arn(MANAGED_ROLES[1]),
            "s3BucketName": "named", "s3KeyPrefix": ""});
        assert!(believed("UpdateTrail", &fills));
        for (name, value) in [
            ("isMultiRegionTrail", json!(false)),
            ("enableLogFileValidation", json!(false)),
            ("isOrganizationTrail", json!(true)),
            ("cloudWatchLogsLogGroupArn", json!(group.replace("/trailkeeper/", "/other/"))),
            ("cloudWatchLogsRoleArn", json!("arn:aws:iam::111122223333:role/other")),
            ("s3BucketName", json!("scratch")),
            ("s3KeyPrefix", json!("x")),
            ("kmsKeyId", json!("arn:aws:kms:eu-west-1:111122223333:key/1")),
        ] {
            let mut other = fills.clone();
            other[name] = value;
            assert!(!believed("UpdateTrail", &other), "{name}");
        }
        assert!(
            !believed("PutEventSelectors", &json!({"trailName": "main"})) && !believed("UpdateTrail", &json!(null))
        );
    }

    #[test]
    fn selectors_that_take_all_management_events_are_no_news() {
        let told = |request: Value| {
            let call = json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": "PutEventSelectors",
                "requestParameters": request});
            super::narrowed(&Record(&call).api_call().expect("a record")).is_some()
        };
        let one = |kind: &str| json!({"readWriteType": kind, "includeManagementEvents": true});
        assert!(!told(json!({"eventSelectors": [one("ReadOnly"), one("WriteOnly")]})));
        assert!(told(json!({"eventSelectors": [one("ReadOnly")]})) && told(json!({"trailName": "main"})));
        let advanced = json!([{"fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]}]);
        assert!(!told(json!({ "advancedEventSelectors": advanced })));
    }

    #[test]
    fn our_own_names_are_names() {
        assert!(is_trail_name(MANAGED_TRAIL));
        assert!(!is_trail_name("a") && !is_trail_name("a b c") && !is_trail_name("-abc"));
        let west = Region::parse("eu-west-1").expect("a region");
        let arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";
        assert_eq!(by_arn(arn), Some(Target::One(west, arn.to_owned())));
        assert_eq!(by_arn("arn:aws:cloudtrail:eu-west-1:111122223333:channel/main"), None);
        assert_eq!(by_arn("arn:aws:cloudtrail:moon:111122223333:trail/main"), None);
    }
}
