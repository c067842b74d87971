//! Flow logs that deliver to other accounts. Pure.

use super::state::{FlowLogState, state};
use super::view::{FlowLog, FlowLogDestination, View};
use crate::model::{Arn, Place, Subject};
use crate::settings::Settings;
use crate::settings::destinations::{BucketOwner, Destination, RecordDestinations};

/// Judges one flow log, and where it delivers. If the setting says where the record may go, one that delivers to
/// anybody else's bucket or stream records nothing for the account.
pub(super) fn state_for_us(flow_log: &FlowLog, view: &View, subject: &Subject, settings: &Settings) -> FlowLogState {
    match unwanted(flow_log, view, &subject.place, settings) {
        // A bucket whose owner is not known may belong to an account that the setting names.
        Some((where_to, Destination::Elsewhere)) if settings.record_destinations.is_set() => {
            FlowLogState::Lacks(format!("delivers to {where_to}, which {} does not name", RecordDestinations::SETTING))
        }
        _ => state(flow_log, view, subject),
    }
}

/// Returns which flow logs deliver to others, and what to do about it, for people.
pub(super) fn told(view: &View, place: &Place, settings: &Settings) -> Option<(String, String)> {
    let foreign: Vec<String> = view
        .flow_logs
        .iter()
        .filter_map(|it| Some(format!("flow log {} delivers to {}", it.id, unwanted(it, view, place, settings)?.0)))
        .collect();
    let setting = RecordDestinations::SETTING;
    let advice = format!(
        "If that is where flow logs should go, such as a central bucket of your organization, name it in {setting}. \
         Otherwise find out who created the flow log, and delete it: whoever owns the destination learns what \
         communicates with what. Until the setting names it or another destination, Trailkeeper counts it as the VPC's \
         flow log and creates none next to it."
    );
    (!foreign.is_empty()).then(|| (format!("{}, which {setting} does not name", foreign.join(", ")), advice))
}

/// Returns bucket and key prefix of a destination, if it is a bucket.
pub(super) fn bucket_of(destination: &str) -> Option<(&str, &str)> {
    let arn = Arn::parse(destination).filter(|arn| arn.service == "s3")?;
    Some(arn.resource.split_once('/').unwrap_or((arn.resource, "")))
}

/// Returns the destination of a flow log, if it belongs to another account and no setting names it.
fn unwanted(flow_log: &FlowLog, view: &View, place: &Place, settings: &Settings) -> Option<(String, Destination)> {
    let FlowLogDestination::Elsewhere(arn) = &flow_log.destination else { return None };
    let destinations = &settings.record_destinations;
    if let Some((name, prefix)) = bucket_of(arn) {
        let named = settings.flow_logs.bucket.as_ref().is_some_and(|bucket| bucket.name == name);
        if named || !view.foreign_buckets.contains(name) {
            return None;
        }
        let found = destinations.bucket(place, name, BucketOwner::AnotherAccount, prefix);
        return (!found.is_wanted()).then(|| (format!("bucket {name} of another account"), found));
    }
    let account = Arn::parse(arn)?.account;
    let found = destinations.account(place, account);
    (!account.is_empty() && !found.is_wanted()).then(|| (format!("{arn} of account {account}"), found))
}

#[cfg(test)]
mod tests {
    use super::super::Vpc;
    use super::super::controls::flow_logs::CONTROL;
    use super::super::view::{FlowLogDelivery, FlowLogResources};
    use super::*;
    use crate::exemption::Tags;
    use crate::model::{Remedy, Seen, Severity, Verdict};
    use crate::reconcile::plan::{Past, plan};
    use crate::settings::flow_logs::Traffic;
    use crate::testing::laws::{settings, subject};

    const BUCKET: &str = "arn:aws:s3:::strangers/p/AWSLogs/";
    const STREAM: &str = "arn:aws:firehose:eu-west-1:999999999999:deliverystream/s";

    fn to(arn: &str) -> FlowLog {
        FlowLog {
            id: "fl-1".to_owned(),
            managed: false,
            in_place: false,
            active: true,
            traffic: Traffic::Reject,
            destination: FlowLogDestination::Elsewhere(arn.to_owned()),
            delivery: FlowLogDelivery::Success,
            interval: None,
            format: None,
        }
    }

    fn view(flow_logs: Vec<FlowLog>) -> View {
        View {
            owner: "111122223333".to_owned(),
            tags: Tags::new(),
            flow_logs,
            managed: FlowLogResources { group: Seen::Absent, role: Seen::Absent, ..FlowLogResources::default() },
            foreign_buckets: ["strangers".to_owned()].into(),
        }
    }

    /// Returns the verdict on a VPC with these flow logs in one line.
    fn verdict(flow_logs: Vec<FlowLog>, named: &str) -> String {
        let named = Some(named.to_owned()).filter(|it| !it.is_empty());
        let record_destinations = RecordDestinations::setting(named).expect("destinations");
        let view = view(flow_logs);
        match (CONTROL.judge)(&view, &subject::<Vpc>(), &Settings { record_destinations, ..settings() }) {
            Verdict::Compliant => "compliant".to_owned(),
            Verdict::Violation { because, remedy: Remedy::Advise(advice) } => format!("advised: {because}. {advice}"),
            Verdict::Violation { because, remedy: Remedy::Fix(steps) } => format!("{} steps: {because}", steps.len()),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn without_the_setting_a_foreign_destination_is_asked_about() {
        for (arn, told) in [(BUCKET, "bucket strangers of another account"), (STREAM, "of account 999999999999")] {
            let asked = verdict(vec![to(arn)], "");
            assert!(asked.starts_with("advised: flow log fl-1 delivers to") && asked.contains(told), "{asked}");
            assert!(asked.contains("name it in TRAILKEEPER_RECORD_DESTINATIONS"), "{asked}");
        }
        for arn in ["arn:aws:s3:::mine", &STREAM.replace("999999999999", "111122223333")] {
            assert_eq!(verdict(vec![to(arn)], ""), "compliant", "{arn}");
        }
    }

    #[test]
    fn with_the_setting_it_records_nothing_unless_it_is_named() {
        for (arn, named) in [(BUCKET, "strangers"), (BUCKET, "strangers/p"), (STREAM, "999999999999")] {
            assert_eq!(verdict(vec![to(arn)], named), "compliant", "{named}");
        }
        for (arn, named) in [(BUCKET, "others"), (BUCKET, "strangers/q"), (STREAM, "others"), (STREAM, "888888888888")]
        {
            let judged = verdict(vec![to(arn)], named);
            assert!(
                judged.contains("steps: flow log fl-1 delivers to") && judged.contains("does not name"),
                "{judged}"
            );
        }
        let whose = verdict(vec![to(BUCKET)], "999999999999");
        assert!(whose.starts_with("advised"), "it may be that account's: {whose}");
    }

    #[test]
    fn what_goes_to_a_stranger_is_of_high_severity() {
        let severity = |arn: &str, settings: &Settings| {
            let plan = plan::<Vpc>(&view(vec![to(arn)]), &subject::<Vpc>(), settings, &Past::default());
            plan.findings.iter().map(|it| it.severity).collect::<Vec<_>>()
        };
        for (arn, meant) in
            [(BUCKET, Severity::High), (STREAM, Severity::High), ("arn:aws:s3:::mine", Severity::Medium)]
        {
            assert_eq!(severity(arn, &settings()), [meant], "{arn}");
        }
        let named = RecordDestinations::setting(Some("strangers".to_owned())).expect("destinations");
        assert_eq!(severity(BUCKET, &Settings { record_destinations: named, ..settings() }), [Severity::Medium]);
    }

    #[test]
    fn one_beside_a_good_one_is_told() {
        let two = || vec![to("arn:aws:s3:::mine"), to(BUCKET)];
        for named in ["", "others"] {
            let told = verdict(two(), named);
            assert!(told.starts_with("advised: flow log fl-1 delivers to bucket strangers"), "{named}: {told}");
        }
        assert_eq!(verdict(two(), "strangers"), "compliant");
    }
}
