//! Judges by meaning what the event selectors of a trail record, and completes them without losing any. Pure.

use serde_json::{Value, json};

/// Event selectors of a trail, as the API writes them. A trail has one kind or the other, never both
/// ([PutEventSelectors](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html)).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selectors {
    /// Basic selectors: `ReadWriteType`, `IncludeManagementEvents`, `DataResources`, `ExcludeManagementEventSources`.
    pub basic: Vec<Value>,
    /// Advanced selectors: `Name`, `FieldSelectors`.
    pub advanced: Vec<Value>,
}

/// Maximum number of basic selectors of a trail (CloudTrail user guide, quotas).
const MOST_BASIC: usize = 5;

/// Name of the advanced selector that Trailkeeper adds.
const OURS: &str = "Management events (Trailkeeper)";

impl Selectors {
    /// Returns whether all management events are recorded: reads and writes, of all services.
    ///
    /// An event is recorded if any selector matches it. A trail without selectors has the default, which matches all.
    #[must_use]
    pub fn takes_all_management(&self) -> bool {
        let untouched = self.basic.is_empty() && self.advanced.is_empty();
        untouched || self.basic.iter().any(is_whole_basic) || self.advanced.iter().any(is_whole_advanced)
    }

    /// Returns whether all write management events are recorded, of all services.
    #[must_use]
    pub fn takes_all_writes(&self) -> bool {
        let untouched = self.basic.is_empty() && self.advanced.is_empty();
        untouched || self.basic.iter().any(takes_writes_basic) || self.advanced.iter().any(takes_writes_advanced)
    }

    /// Returns whether management events are recorded at all, perhaps only reads, only writes, or not of every service.
    #[must_use]
    pub fn takes_management(&self) -> bool {
        let broad = |it: &Value| {
            let name = |field: &Value| field.get("Field").and_then(Value::as_str).map(str::to_owned);
            let names = ["eventCategory", "readOnly", "eventSource"];
            category(it) == Some("Management") && fields(it).filter_map(name).all(|name| names.contains(&name.as_str()))
        };
        self.takes_all_management()
            || self.basic.iter().any(|it| flag(it, "IncludeManagementEvents"))
            || self.advanced.iter().any(broad)
    }

    /// Returns whether management events that change something are recorded, perhaps not of every service.
    #[must_use]
    pub fn takes_writes(&self) -> bool {
        let kind = |it: &Value| it.get("ReadWriteType").and_then(Value::as_str).map(str::to_owned);
        let basic = |it: &Value| flag(it, "IncludeManagementEvents") && kind(it).as_deref() != Some("ReadOnly");
        let advanced = |it: &Value| {
            let fits = |field: &Value| match field.get("Field").and_then(Value::as_str) {
                Some("eventCategory" | "eventSource") => true,
                Some("readOnly") => field.get("Equals").is_some_and(|values| *values == json!(["false"])),
                _ => false,
            };
            category(it) == Some("Management") && fields(it).all(fits)
        };
        self.takes_all_management() || self.basic.iter().any(basic) || self.advanced.iter().any(advanced)
    }

    /// Returns whether the trail is meant for data events only, so that management events were left out on purpose. A
    /// selector that matches nothing at all was tampered with.
    #[must_use]
    pub fn is_for_data_only(&self) -> bool {
        let data_alone = |it: &Value| has_data(it) && !flag(it, "IncludeManagementEvents");
        let untouched = self.basic.is_empty() && self.advanced.is_empty();
        !untouched
            && self.basic.iter().all(data_alone)
            && self.advanced.iter().all(|it| category(it) != Some("Management"))
    }

    /// Returns the selectors extended to all management events, of the same kind. Everything else stays as it is.
    ///
    /// # Errors
    /// Returns why there is no room for another selector.
    pub fn with_all_management(&self) -> Result<Self, String> {
        let mut whole = self.clone();
        if !whole.advanced.is_empty() {
            whole.advanced.push(json!({
                "Name": OURS,
                "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }],
            }));
            return Ok(whole);
        }
        // `ReadWriteType` also applies to the data events of a selector, so changing it would record more of them.
        if let Some(pure) = whole.basic.iter_mut().find(|selector| !has_data(selector)) {
            if let Some(map) = pure.as_object_mut() {
                map.insert("ReadWriteType".to_owned(), json!("All"));
                map.insert("IncludeManagementEvents".to_owned(), json!(true));
                map.insert("ExcludeManagementEventSources".to_owned(), json!([]));
            }
            return Ok(whole);
        }
        if whole.basic.len() >= MOST_BASIC {
            return Err(format!("it has {MOST_BASIC} selectors already, all with data events"));
        }
        whole.basic.push(json!({
            "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [],
            "ExcludeManagementEventSources": [],
        }));
        Ok(whole)
    }

    /// Returns the selectors as parameters of the request, in the kind that the trail uses.
    #[must_use]
    pub fn members(&self) -> Value {
        if self.advanced.is_empty() {
            json!({ "EventSelectors": self.basic })
        } else {
            json!({ "AdvancedEventSelectors": self.advanced })
        }
    }

    /// Describes what is not recorded, for people.
    #[must_use]
    pub fn gap(&self) -> String {
        let included: Vec<&Value> = self.basic.iter().filter(|it| flag(it, "IncludeManagementEvents")).collect();
        if !self.advanced.is_empty() {
            let narrowed = self.advanced.iter().any(|it| category(it) == Some("Management"));
            return if narrowed { "its management events are filtered" } else { "it records no management events" }
                .into();
        }
        let Some(first) = included.first() else { return "it records no management events".to_owned() };
        if included.iter().any(|it| it.get("ReadWriteType").and_then(Value::as_str) == Some("All")) {
            let excluded = first.get("ExcludeManagementEventSources").map(Value::to_string).unwrap_or_default();
            return format!("it leaves out the management events of {excluded}");
        }
        let kind = first.get("ReadWriteType").and_then(Value::as_str).unwrap_or_default();
        format!("it records only {kind} management events")
    }
}

fn flag(selector: &Value, name: &str) -> bool {
    selector.get(name).and_then(Value::as_bool) == Some(true)
}

fn has_items(selector: &Value, name: &str) -> bool {
    selector.get(name).and_then(Value::as_array).is_some_and(|items| !items.is_empty())
}

/// Returns whether a basic selector records any data events. A type without values records none.
fn has_data(selector: &Value) -> bool {
    let resources = selector.get("DataResources").and_then(Value::as_array).into_iter().flatten();
    resources.into_iter().any(|resource| has_items(resource, "Values"))
}

fn is_whole_basic(selector: &Value) -> bool {
    takes_writes_basic(selector) && kind(selector) == Some("All")
}

fn takes_writes_basic(selector: &Value) -> bool {
    flag(selector, "IncludeManagementEvents")
        && matches!(kind(selector), Some("All" | "WriteOnly"))
        && !has_items(selector, "ExcludeManagementEventSources")
}

fn kind(selector: &Value) -> Option<&str> {
    selector.get("ReadWriteType").and_then(Value::as_str)
}

fn fields(selector: &Value) -> impl Iterator<Item = &Value> {
    selector.get("FieldSelectors").and_then(Value::as_array).into_iter().flatten()
}

/// Returns the event category of an advanced selector. Each has exactly one.
fn category(selector: &Value) -> Option<&str> {
    let field = fields(selector).find(|it| it.get("Field").and_then(Value::as_str) == Some("eventCategory"))?;
    field.get("Equals")?.get(0)?.as_str()
}

/// Returns whether an advanced selector records all write management events: it asks for no more than `readOnly` equal
/// to `false` ([AdvancedFieldSelector]).
///
/// [AdvancedFieldSelector]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
fn takes_writes_advanced(selector: &Value) -> bool {
    let name = |field: &Value| field.get("Field").and_then(Value::as_str).map(str::to_owned);
    let is_category = |field: &Value| name(field).as_deref() == Some("eventCategory");
    let is_writes = |field: &Value| *field == json!({ "Field": "readOnly", "Equals": ["false"] });
    category(selector) == Some("Management") && fields(selector).all(|it| is_category(it) || is_writes(it))
}

/// Returns whether an advanced selector records all management events: its only condition is their category.
fn is_whole_advanced(selector: &Value) -> bool {
    category(selector) == Some("Management") && fields(selector).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(kind: &str, management: bool, data: &[&str], excluded: &[&str]) -> Value {
        let data: Vec<Value> = data.iter().map(|arn| json!({"Type": "AWS::S3::Object", "Values": [arn]})).collect();
        json!({"ReadWriteType": kind, "IncludeManagementEvents": management, "DataResources": data,
            "ExcludeManagementEventSources": excluded})
    }

    fn of(basic: Vec<Value>) -> Selectors {
        Selectors { basic, advanced: vec![] }
    }

    fn advanced(fields: &Value) -> Selectors {
        Selectors { basic: vec![], advanced: vec![json!({"Name": "theirs", "FieldSelectors": fields})] }
    }

    #[test]
    fn blindness_is_seen_in_all_its_forms() {
        assert!(Selectors::default().takes_all_management());
        assert!(of(vec![basic("All", true, &["arn:aws:s3"], &[])]).takes_all_management());
        assert!(of(vec![basic("WriteOnly", false, &["a"], &[]), basic("All", true, &[], &[])]).takes_all_management());
        for blind in [
            basic("ReadOnly", true, &[], &[]),
            basic("All", false, &[], &[]),
            basic("All", true, &[], &["kms.amazonaws.com"]),
        ] {
            assert!(!of(vec![blind]).takes_all_management());
        }
        let management = json!({"Field": "eventCategory", "Equals": ["Management"]});
        assert!(advanced(&json!([management])).takes_all_management());
        for narrowing in [
            json!({"Field": "readOnly", "Equals": ["false"]}),
            json!({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}),
        ] {
            assert!(!advanced(&json!([management, narrowing])).takes_all_management());
        }
        assert!(!advanced(&json!([{"Field": "eventCategory", "Equals": ["Data"]}])).takes_all_management());
    }

    #[test]
    fn a_trail_of_reads_takes_no_writes() {
        let management = json!({"Field": "eventCategory", "Equals": ["Management"]});
        let narrowed = |field: Value| advanced(&json!([management, field]));
        for takes in [
            Selectors::default(),
            of(vec![basic("WriteOnly", true, &[], &[])]),
            of(vec![basic("ReadOnly", true, &[], &[]), basic("All", true, &[], &["kms.amazonaws.com"])]),
            narrowed(json!({"Field": "readOnly", "Equals": ["false"]})),
            narrowed(json!({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]})),
        ] {
            assert!(takes.takes_writes(), "{takes:?}");
        }
        for blind in [
            of(vec![basic("ReadOnly", true, &[], &[])]),
            of(vec![basic("All", false, &["a"], &[])]),
            narrowed(json!({"Field": "readOnly", "Equals": ["true"]})),
            narrowed(json!({"Field": "eventName", "Equals": ["CreateUser"]})),
            advanced(&json!([{"Field": "eventCategory", "Equals": ["Data"]}])),
        ] {
            assert!(!blind.takes_writes(), "{blind:?}");
        }
    }

    #[test]
    fn what_was_there_survives() {
        let data = basic("ReadOnly", false, &["arn:aws:s3"], &[]);
        let whole = of(vec![data.clone()]).with_all_management().expect("room");
        assert_eq!(whole.basic[0], data);
        assert_eq!(whole.basic.len(), 2);
        let theirs = advanced(
            &json!([{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["x"]}]),
        );
        let whole = theirs.with_all_management().expect("room");
        assert_eq!(whole.advanced[0], theirs.advanced[0]);
        assert!(whole.takes_all_management() && whole.basic.is_empty());
        let pure = of(vec![basic("ReadOnly", true, &[], &["kms.amazonaws.com"])]).with_all_management().expect("room");
        assert_eq!(pure, of(vec![basic("All", true, &[], &[])]));
        let full = of(vec![data; 5]);
        assert!(full.with_all_management().is_err());
    }

    #[test]
    fn data_only_on_purpose_is_told_from_blinded() {
        assert!(of(vec![basic("All", false, &["a"], &[])]).is_for_data_only());
        assert!(advanced(&json!([{"Field": "eventCategory", "Equals": ["NetworkActivity"]}])).is_for_data_only());
        assert!(!of(vec![basic("All", false, &[], &[])]).is_for_data_only());
        let hollow = json!({"ReadWriteType": "All", "IncludeManagementEvents": false,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": []}]});
        assert!(!of(vec![hollow.clone()]).is_for_data_only());
        assert!(!of(vec![hollow, basic("All", false, &["a"], &[])]).is_for_data_only());
        assert!(!Selectors::default().is_for_data_only());
    }
}
