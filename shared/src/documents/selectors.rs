//! Judges by meaning what the event selectors of a trail record, and completes them without losing any. Pure.

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Event selectors of a trail, as the API writes them. A trail has one kind or the other, never both
/// ([PutEventSelectors](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html)).
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
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
    /// An event is recorded if any selector matches it, so several may do it together. A trail without selectors has the
    /// default, which matches all.
    #[must_use]
    pub fn takes_all_management(&self) -> bool {
        self.takes_all_writes() && self.takes_all_of(|it| it.reads)
    }

    /// Returns whether all write management events are recorded, of all services.
    #[must_use]
    pub fn takes_all_writes(&self) -> bool {
        self.takes_all_of(|it| it.writes)
    }

    /// Returns whether all events of one kind are recorded: no service is left out by every selector that takes the kind.
    fn takes_all_of(&self, kind: fn(&TakenEvents<'_>) -> bool) -> bool {
        let untouched = self.basic.is_empty() && self.advanced.is_empty();
        let each =
            self.basic.iter().filter_map(taken_by_basic).chain(self.advanced.iter().filter_map(taken_by_advanced));
        let excluded = each.filter(kind).map(|it| it.excluded);
        untouched
            || excluded.reduce(|all, more| all.intersection(&more).copied().collect()).is_some_and(|it| it.is_empty())
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

/// Management events that one selector records.
struct TakenEvents<'a> {
    reads: bool,
    writes: bool,
    /// Event sources that the selector leaves out.
    excluded: BTreeSet<&'a str>,
}

/// Returns the management events that a basic selector records, if any.
fn taken_by_basic(selector: &Value) -> Option<TakenEvents<'_>> {
    let (reads, writes) = match selector.get("ReadWriteType").and_then(Value::as_str) {
        Some("All") => (true, true),
        Some("ReadOnly") => (true, false),
        Some("WriteOnly") => (false, true),
        _ => return None,
    };
    let excluded = texts(selector, "ExcludeManagementEventSources");
    flag(selector, "IncludeManagementEvents").then_some(TakenEvents { reads, writes, excluded })
}

/// Returns the management events that an advanced selector records: all, or all reads or writes ([AdvancedFieldSelector],
/// `readOnly` has one value), perhaps without some event sources. One with any other condition is taken to record none.
///
/// [AdvancedFieldSelector]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
fn taken_by_advanced(selector: &Value) -> Option<TakenEvents<'_>> {
    let mut taken = TakenEvents { reads: true, writes: true, excluded: BTreeSet::new() };
    for field in fields(selector) {
        let name = field.get("Field").and_then(Value::as_str)?;
        let (operator, values) = field.as_object()?.iter().find(|(key, _)| *key != "Field")?;
        let alone = field.as_object().is_some_and(|all| all.len() == 2);
        match (name, operator.as_str()) {
            ("eventCategory", _) => {}
            ("readOnly", "Equals") if alone => {
                taken.reads = *values == json!(["true"]);
                taken.writes = *values == json!(["false"]);
            }
            ("eventSource", "NotEquals") if alone => taken.excluded.extend(texts(field, operator)),
            _ => return None,
        }
    }
    (category(selector) == Some("Management")).then_some(taken)
}

fn texts<'a>(value: &'a Value, name: &str) -> BTreeSet<&'a str> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn fields(selector: &Value) -> impl Iterator<Item = &Value> {
    selector.get("FieldSelectors").and_then(Value::as_array).into_iter().flatten()
}

/// Returns the event category of an advanced selector. Each has exactly one.
fn category(selector: &Value) -> Option<&str> {
    let field = fields(selector).find(|it| it.get("Field").and_then(Value::as_str) == Some("eventCategory"))?;
    field.get("Equals")?.get(0)?.as_str()
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
            narrowed(json!({"Field": "readOnly", "Equals": ["false"]})),
        ] {
            assert!(takes.takes_all_writes(), "{takes:?}");
        }
        for blind in [
            of(vec![basic("ReadOnly", true, &[], &[])]),
            of(vec![basic("All", false, &["a"], &[])]),
            of(vec![basic("ReadOnly", true, &[], &[]), basic("All", true, &[], &["kms.amazonaws.com"])]),
            narrowed(json!({"Field": "readOnly", "Equals": ["true"]})),
            narrowed(json!({"Field": "eventName", "Equals": ["CreateUser"]})),
            narrowed(json!({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]})),
            advanced(&json!([{"Field": "eventCategory", "Equals": ["Data"]}])),
        ] {
            assert!(!blind.takes_all_writes(), "{blind:?}");
        }
    }

    #[test]
    fn selectors_are_whole_together() {
        let (kms, rds) = ("kms.amazonaws.com", "rdsdata.amazonaws.com");
        let reads = |excluded: &[&str]| basic("ReadOnly", true, &[], excluded);
        let writes = |excluded: &[&str]| basic("WriteOnly", true, &["arn:aws:s3"], excluded);
        for whole in [
            vec![reads(&[]), writes(&[])],
            vec![basic("All", true, &[], &[kms]), basic("All", true, &["a"], &[rds])],
            vec![basic("All", true, &[], &[kms]), reads(&[]), writes(&[rds])],
        ] {
            assert!(of(whole.clone()).takes_all_management(), "{whole:?}");
        }
        for lacking in [
            vec![reads(&[]), reads(&[])],
            vec![reads(&[]), basic("WriteOnly", false, &["a"], &[])],
            vec![reads(&[]), writes(&[kms])],
            vec![basic("All", true, &[], &[kms]), basic("All", true, &["a"], &[kms, rds])],
        ] {
            assert!(!of(lacking.clone()).takes_all_management(), "{lacking:?}");
        }
        let only = |read_only: &str| {
            json!({"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "readOnly", "Equals": [read_only]}]})
        };
        let together = |advanced| Selectors { basic: vec![], advanced };
        assert!(together(vec![only("true"), only("false")]).takes_all_management());
        assert!(!together(vec![only("true"), only("true")]).takes_all_management());
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
