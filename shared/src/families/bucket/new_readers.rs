//! Parties of the account itself that a new policy of a log bucket lets at the files. Whether they are new, no state of the
//! bucket says: the call that sets them does, once for each caller as long as they stand, with who made it.

use super::controls;
use super::powers::{LogFiles, powers};
use crate::documents::policy::statements;
use crate::documents::principals::{Party, account_of, parties};
use crate::event::{ApiCall, Elements};
use crate::family::{RecordChange, StandingChange, When};
use crate::model::{Place, sanitized};
use crate::settings::Settings;
use serde_json::Value;

/// Maximum number of parties that are named.
const SHOWN: usize = 5;

/// Returns what `PutBucketPolicy` is told as: whom of the account its policy lets read, list, overwrite, delete or
/// administer files, but for parties that the settings name. Parties outside the account are told by the control on every
/// look.
pub(super) fn let_in(call: &ApiCall, place: &Place, settings: &Settings) -> Option<RecordChange> {
    if call.service != "s3.amazonaws.com" || call.name != "PutBucketPolicy" {
        return None;
    }
    let what = match (&call.request, call.request.inside(&["bucketPolicy"])) {
        (Elements::Omitted, _) => {
            "PutBucketPolicy sets who may do what with files; its record is too long to say who".to_owned()
        }
        (Elements::Present(_), None) => return None,
        (Elements::Present(_), Some(policy)) => {
            let bucket = call.request.text("bucketName")?;
            let arn = format!("arn:{}:s3:::{bucket}", place.partition);
            let mut found = found(policy, &arn, place, settings);
            found.dedup();
            let more = found.len().saturating_sub(SHOWN);
            found.truncate(SHOWN);
            found.extend((more > 0).then(|| format!("{more} more are let in")));
            if found.is_empty() {
                return None;
            }
            sanitized(&format!("PutBucketPolicy sets who may handle files: {}", found.join(", ")))
        }
    };
    Some(RecordChange { when: When::Applicable(controls::readers::CONTROL.about.id), what, changed: call.changed() })
}

/// Returns whom a call lets in or, if it sets or takes away the policy of a bucket and lets in nobody, that nobody is. Of a
/// policy that its record leaves out that cannot be told, so it is told each time.
pub(super) fn stands(call: &ApiCall, place: &Place, settings: &Settings) -> Option<StandingChange> {
    let sets = ["CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "PutBucketPolicy"];
    if call.service != "s3.amazonaws.com" || !sets.contains(&&*call.name) {
        return None;
    }
    let resource = format!("arn:{}:s3:::{}", place.partition, call.request.text("bucketName")?);
    let what = let_in(call, place, settings).filter(|_| call.request != Elements::Omitted);
    Some(StandingChange { control: controls::readers::CONTROL.about.id, resource, what: what.map(|it| it.what) })
}

fn found(policy: &Value, arn: &str, place: &Place, settings: &Settings) -> Vec<String> {
    let files = LogFiles { arn, prefixes: vec![] };
    let allowing = statements(policy).filter(|statement| statement.allows());
    let each = allowing.flat_map(|statement| {
        let may = move |party: Party<'_>, files: &LogFiles<'_>| powers(statement, party, files, &[]).join(", ");
        let named =
            parties(statement).into_iter().filter_map(|party| Some((of_account(party, place, settings)?, party)));
        named.map(|(name, party)| (name, may(party, &files))).collect::<Vec<_>>()
    });
    each.filter(|(_, may)| !may.is_empty()).map(|(name, may)| format!("{name} may {may}")).collect()
}

/// Returns the name of a party that may be of the account, for people. The account as such is none: it leaves the decision
/// to its own policies.
fn of_account(party: Party<'_>, place: &Place, settings: &Settings) -> Option<String> {
    match party {
        Party::Anyone => Some("anyone whom the conditions leave".to_owned()),
        Party::Account(name) => {
            let own = account_of(name) == Some(&place.account) && name != place.account && !name.ends_with(":root");
            (own && !settings.log_bucket_readers.names(name)).then(|| name.to_owned())
        }
        Party::CanonicalUser(_) | Party::Federated(_) | Party::Service(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bucket;
    use super::*;
    use crate::event::Record;
    use crate::settings::log_bucket_readers::LogBucketReaders;
    use crate::testing::laws::{settings, subject};
    use serde_json::json;

    const MALLORY: &str = "arn:aws:iam::111122223333:user/mallory";

    fn told(request: &Value, readers: &str) -> Option<String> {
        let call = json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy", "eventType": "AwsApiCall",
            "requestParameters": request});
        let log_bucket_readers =
            LogBucketReaders::setting(Some(readers.to_owned()).filter(|it| !it.is_empty())).expect("readers");
        let settings = Settings { log_bucket_readers, ..settings() };
        let call = Record(&call).api_call().expect("a record");
        let_in(&call, &subject::<Bucket>().place, &settings).map(|change| change.what)
    }

    fn of(principal: &Value, action: &str) -> Value {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]});
        json!({"bucketName": "logs", "bucketPolicy": {"Statement": [statement]}})
    }

    #[test]
    fn whoever_of_the_account_is_let_at_the_files_is_told() {
        for (action, may) in
            [("s3:GetObject", "read"), ("s3:DeleteObject", "delete"), ("s3:PutBucketPolicy", "administer")]
        {
            let said = told(&of(&json!({"AWS": MALLORY}), action), "").unwrap_or_default();
            assert!(said.ends_with(&format!("{MALLORY} may {may}")), "{said}");
        }
        assert!(told(&of(&json!("*"), "s3:GetObject"), "").is_some_and(|said| said.contains("anyone whom")));
        assert_eq!(told(&of(&json!({"AWS": MALLORY}), "s3:GetObject"), MALLORY), None, "the setting names the reader");
        for other in [
            of(&json!({"AWS": "arn:aws:iam::111122223333:root"}), "s3:*"),
            of(&json!({"AWS": "111122223333"}), "s3:*"),
            of(&json!({"Service": "cloudtrail.amazonaws.com"}), "s3:PutObject"),
            of(&json!({"AWS": MALLORY}), "s3:GetBucketAcl"),
            json!({"bucketName": "logs"}),
        ] {
            assert_eq!(told(&other, ""), None, "{other}");
        }
        assert!(told(&json!({"omitted": true}), "").is_some_and(|said| said.contains("too long")));
    }

    #[test]
    fn many_are_counted_and_a_name_begins_no_line() {
        let all: Vec<String> = (0..9).map(|number| format!("{MALLORY}{number}\nforged")).collect();
        let said = told(&of(&json!({"AWS": all}), "s3:GetObject"), "").expect("told");
        assert!(said.ends_with("4 more are let in") && !said.contains('\n'), "{said}");
    }
}
