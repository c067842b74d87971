//! API calls after which a key that could rotate may not be rotating, and how each identifies the key.

use crate::event::dependency::key_of;
use crate::event::{ApiCall, Elements, Target, Watch};
use crate::model::{Arn, Region};

pub(super) const WATCHES: &[Watch] = &[Watch {
    rule: "KeyCalls",
    service: "kms.amazonaws.com",
    calls: &["CancelKeyDeletion", "CreateKey", "DisableKeyRotation", "EnableKey", "ReplicateKey"],
    target: key,
}];

/// Returns the key of a call. `CreateKey` names it in the response, the others in the request, by id or ARN; KMS adds
/// the ARN in `resources`.
fn key(call: &ApiCall) -> Result<Target, String> {
    let asked = || call.request.text("keyId");
    let made = || call.response.text_in("keyMetadata", "arn").or_else(|| call.response.text_in("keyMetadata", "keyId"));
    let (named, omitted) = match call.name.as_str() {
        "CreateKey" => (made().or_else(|| key_of(call)), &call.response),
        // Other fields of the record may name the replica, which rotates with its primary key. The call is made in the
        // primary key's region.
        "ReplicateKey" => (asked().or_else(|| key_of(call)), &call.request),
        // The responses name the key by its ARN since December 2022.
        _ => (key_of(call).or_else(|| call.response.text("keyId")).or_else(asked), &call.request),
    };
    match named {
        Some(arn) if arn.starts_with("arn:") => by_arn(arn).ok_or_else(|| unnamed(call)),
        Some(id) if is_key_id(id) => Ok(Target::One(call.region()?.clone(), id.to_owned())),
        Some(_) => Err(unnamed(call)),
        None if *omitted == Elements::Omitted => Ok(Target::region(call.region()?.clone())),
        None => Err(format!("the record of {} names no key", call.name)),
    }
}

fn unnamed(call: &ApiCall) -> String {
    format!("{} does not name a valid key", call.name)
}

/// Returns the target with the whole ARN as id, since it shows who owns the key.
fn by_arn(arn: &str) -> Option<Target> {
    let parts = Arn::parse(arn).filter(|arn| arn.service == "kms")?;
    parts.resource.strip_prefix("key/").filter(|id| is_key_id(id))?;
    let region = Region::parse(parts.region).filter(|region| region.partition() == parts.partition)?;
    Some(Target::One(region, arn.to_owned()))
}

/// Returns whether an id is a UUID, or `mrk-` and 32 hexadecimal digits for a multi-region key; the length is not
/// checked. Aliases are rejected.
fn is_key_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use crate::event::{Event, Identity, Target};
    use crate::family::{Family, Identities, Route, route};
    use crate::model::{Place, Region};
    use serde_json::{Value, json};

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    const ARN: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    /// Returns the target of a record of `eu-west-1` with these fields.
    fn routed(name: &str, fields: &Value) -> Result<Target, String> {
        let mut detail = json!({
            "eventSource": "kms.amazonaws.com", "eventName": name, "eventType": "AwsApiCall", "awsRegion": "eu-west-1",
        });
        for (key, value) in fields.as_object().cloned().unwrap_or_default() {
            detail[key] = value;
        }
        let event = json!({
            "detail-type": "AWS API Call via CloudTrail", "source": "aws.kms", "account": "111122223333", "detail": detail,
        });
        let us = Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/x", "AROAKEEPER:x").expect("an identity");
        match route::<Key>(&Event::decode(&event).expect("an event"), Some(Identities::at_home(&us))) {
            Route::Check(_, target) => Ok(target),
            Route::Ignore(because) => Err(because),
        }
    }

    fn one(region: &str, id: &str) -> Target {
        Target::One(Region::parse(region).expect("a region"), id.to_owned())
    }

    #[test]
    fn a_key_is_named_by_the_best_that_the_record_has() {
        let by_arn = || Ok(one("us-west-2", ARN));
        let by_id = || Ok(one("eu-west-1", ID));
        let resources = json!([{"accountId": "111122223333", "ARN": ARN}]);
        let request = json!({"keyId": ID});
        let made = json!({"keyMetadata": {"keyId": ID, "arn": ARN}});
        assert_eq!(routed("CreateKey", &json!({"responseElements": made})), by_arn());
        assert_eq!(routed("CreateKey", &json!({"responseElements": {"keyMetadata": {"keyId": ID}}})), by_id());
        assert_eq!(routed("CreateKey", &json!({"resources": resources})), by_arn());
        for name in ["DisableKeyRotation", "EnableKey", "CancelKeyDeletion"] {
            assert_eq!(routed(name, &json!({"requestParameters": request, "resources": resources})), by_arn());
            assert_eq!(routed(name, &json!({"requestParameters": request})), by_id());
            let answered = json!({"requestParameters": request, "responseElements": {"keyId": ARN}});
            assert_eq!(routed(name, &answered), by_arn());
        }
    }

    #[test]
    fn a_replication_leads_to_the_primary_key() {
        let replica = ARN.replace("us-west-2", "eu-central-1");
        let fields = json!({
            "requestParameters": {"keyId": ID, "replicaRegion": "eu-central-1"},
            "responseElements": {"replicaKeyMetadata": {"arn": replica}},
            "resources": [{"ARN": replica}],
        });
        assert_eq!(routed("ReplicateKey", &fields), Ok(one("eu-west-1", ID)));
    }

    #[test]
    fn what_was_left_out_for_its_size_leads_to_all_keys_of_the_region() {
        let region = Ok(Target::region(Region::parse("eu-west-1").expect("a region")));
        for name in ["CreateKey", "EnableKey", "ReplicateKey"] {
            assert_eq!(routed(name, &json!({"requestParameters": null, "responseElements": null})), region);
        }
    }

    #[test]
    fn what_names_no_key_of_ours_is_ignored() {
        for (fields, why) in [
            (json!({"requestParameters": {}}), "names no key"),
            (json!({"requestParameters": {"keyId": "alias/a"}}), "valid key"),
            (json!({"requestParameters": {"keyId": "../../x"}}), "valid key"),
            (json!({"requestParameters": {"keyId": "arn:aws:kms:us-west-2:111122223333:alias/a"}}), "valid key"),
            (json!({"requestParameters": {"keyId": ARN.replace("us-west-2", "cn-north-1")}}), "valid key"),
            (json!({"requestParameters": {"keyId": ARN.replace("us-west-2", "x.example/")}}), "valid key"),
            (json!({"requestParameters": {"keyId": ARN.replace("1111", "9999")}}), "belongs to account"),
        ] {
            let because = routed("EnableKey", &fields).expect_err(why);
            assert!(because.contains(why), "{because}");
        }
    }

    #[test]
    fn an_arn_and_an_id_are_the_same_key() {
        let region = Region::parse("us-west-2").expect("a region");
        let place = Place { partition: "aws".into(), account: "111122223333".into(), region };
        assert_eq!([ID, ARN].map(|id| Key::subject(place.clone(), id).arn), [ARN, ARN]);
        assert_eq!(Key::arn(&place, "*"), ARN.replace(ID, "*"));
    }

    #[test]
    fn to_switch_rotation_off_is_news_by_whomever() {
        let managed = json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": "AROAKEEPER", "arn": "arn:aws:iam::111122223333:role/Keeper"}}});
        let call = |name: &str| routed(name, &json!({"userIdentity": managed, "requestParameters": {"keyId": ID}}));
        assert_eq!(call("DisableKeyRotation"), Ok(one("eu-west-1", ID)));
        assert!(call("EnableKeyRotation").is_err());
    }
}
