//! Coverage of the account: which trail covers it, and which one should. Pure.
//!
//! One multi-region trail with all management events is enough, and every further copy of them costs money; so the
//! account is judged, not each trail.

use super::closed::{closed, never_started};
use super::judged::managed_trail;
use super::view::View;
use crate::documents::selectors::Selectors;
use crate::model::{Region, Seen, Subject};
use crate::record::{Facts, RecordCheck, TrailBucket};
use crate::settings::Settings;
use crate::settings::destinations::Destination;

/// Coverage of the account by its trails.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Coverage<'a> {
    /// This trail covers the account, or nothing but the question whether its destination is wanted is left.
    Covers(&'a Facts),
    /// This trail covers the account, unless its deliveries fail, of which CloudTrail tells only the account that owns it.
    Untold(&'a Facts),
    /// No trail covers the account, and this one needs the fewest changes.
    Nearest(&'a Facts),
    /// No trail records anything, and we may change none: there is none, or there is a reason.
    Nobody(Option<String>),
    /// Some trail records something, but we may change none of them: the reason.
    Stuck(String),
    /// Cannot be determined, with what is missing.
    Unknown(String),
}

/// Finds the trail that covers the account, or the one that should.
///
/// A trail that delivers to another account, which nobody has named, covers nothing: an intruder's does, too. Only where
/// nothing else can be done, an existing one is asked about instead of having another trail beside it.
#[must_use]
pub(super) fn coverage<'a>(view: &'a View, subject: &'a Subject, settings: &Settings) -> Coverage<'a> {
    let check = RecordCheck::of(&subject.place, settings, &view.organization);
    let itself = Some(&view.trail.facts).filter(|_| view.trail.exists);
    if let Some(facts) = itself.filter(|facts| check.covers(facts)) {
        return Coverage::Covers(facts);
    }
    let others = match view.others.known() {
        Ok(others) => others.map_or(&[][..], Vec::as_slice),
        Err(unread) => return Coverage::Unknown(unread.to_string()),
    };
    if let Some(facts) = others.iter().find(|facts| check.covers(facts)) {
        return Coverage::Covers(facts);
    }
    let all = || itself.into_iter().chain(others);
    if let Some(facts) = all().find(|facts| check.covers_untold(facts)) {
        return Coverage::Untold(facts);
    }
    if let Some(unread) = all().find_map(Facts::unread) {
        return Coverage::Unknown(format!("{unread}, so it is not known whether a trail covers the account"));
    }
    let open = all().filter(|facts| closed(&check, facts).is_none());
    let nearest = open.max_by(|a, b| rank(a, &settings.home).cmp(&rank(b, &settings.home)));
    let asked = itself.and_then(|_| all().find(|facts| check.may_cover(facts)));
    let stopped = itself.and_then(|_| all().find(|facts| would_cover_if_started(&check, facts)));
    match (nearest, asked) {
        (Some(nearest), Some(asked)) if is_for_data_only(nearest) => Coverage::Covers(asked),
        (Some(nearest), _) => Coverage::Nearest(nearest),
        (None, Some(asked)) => Coverage::Covers(asked),
        (None, None) if let Some(stopped) = stopped => Coverage::Nearest(stopped),
        (None, None) => unmended(&check, itself, others, &managed_trail(subject, settings)),
    }
}

/// Returns whether a stopped trail would cover the account once it is started, which it may be whosever its bucket is.
fn would_cover_if_started(check: &RecordCheck<'_>, facts: &Facts) -> bool {
    let started = Facts { logging: Seen::Present(true), ..facts.clone() };
    facts.logging == Seen::Present(false)
        && never_started(check, facts).is_none()
        && (check.covers(&started) || check.may_cover(&started))
}

/// Returns the coverage if no trail may be changed and none covers the account.
fn unmended<'a>(
    check: &RecordCheck<'_>,
    itself: Option<&Facts>,
    others: &[Facts],
    managed_trail: &str,
) -> Coverage<'a> {
    let all = || itself.into_iter().chain(others);
    let Some(first) = all().next() else { return Coverage::Nobody(None) };
    let whose = |facts: &&Facts| facts.is_whole() && check.bucket(facts) == Destination::Unknown;
    if let Some(facts) = all().find(whose) {
        return Coverage::Unknown(format!("who owns bucket {} of trail {}", facts.files.bucket, facts.arn));
    }
    let why = format!("{}: {}", first.arn, closed(check, first).unwrap_or_default());
    // Beside a trail that records something, another one would cost money; ours cannot be made twice; and a trail whose
    // bucket may not be read might be mended after all.
    let some = |facts: &Facts| check.records_some(facts, itself.is_some()) || facts.bucket == TrailBucket::Closed;
    if all().any(|facts| some(facts) || facts.arn == managed_trail) {
        return Coverage::Stuck(why);
    }
    Coverage::Nobody(Some(why))
}

/// Returns whether any trail of the account is known to record who changes what in it, where the account wants it.
pub(super) fn is_recorded(view: &View, check: &RecordCheck<'_>) -> bool {
    view.trail.exists && check.records(&view.trail.facts) || is_recorded_by_another(view, check)
}

/// Returns whether another trail of the account is known to do so.
pub(super) fn is_recorded_by_another(view: &View, check: &RecordCheck<'_>) -> bool {
    view.others.present().into_iter().flatten().any(|facts| check.records(facts))
}

fn is_for_data_only(facts: &Facts) -> bool {
    facts.selectors.present().is_some_and(Selectors::is_for_data_only)
}

/// Returns the rank of a trail by how close it comes to covering the account, best last. A trail only for data events
/// is the last choice: someone left management events out on purpose. Next count the number of changes, and finally the
/// name, so that every invocation chooses the same trail. Whether it is logging does not count: stopped trails are
/// started in any case, and the choice must not change on the way.
fn rank<'a>(facts: &'a Facts, home: &Region) -> impl Ord + use<'a> {
    let selectors = facts.selectors.present();
    (
        !selectors.is_some_and(Selectors::is_for_data_only),
        facts.multi_region,
        selectors.is_some_and(Selectors::takes_all_management),
        facts.organization,
        facts.home().as_ref() == Some(home),
        std::cmp::Reverse(facts.arn.as_str()),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Trail;
    use super::super::view::{Logs, TrailResources, TrailState as Judged};
    use super::*;
    use crate::model::Seen;
    use crate::record::{DeliveryErrors, TrailFiles};
    use crate::settings::destinations::RecordDestinations;
    use crate::testing::laws::{settings, subject};
    use serde_json::json;

    fn facts(name: &str, region: &str, multi_region: bool, selectors: Selectors) -> Facts {
        Facts {
            arn: format!("arn:aws:cloudtrail:{region}:111122223333:trail/{name}"),
            multi_region,
            organization: false,
            logging: Seen::Present(true),
            selectors: Seen::Present(selectors),
            files: TrailFiles { bucket: "b".to_owned(), ..TrailFiles::default() },
            bucket: TrailBucket::ThisAccount(Region::first()),
            errors: Some(DeliveryErrors::default()),
        }
    }

    fn all() -> Selectors {
        Selectors::default()
    }

    fn blind() -> Selectors {
        let selector = json!({"ReadWriteType": "All", "IncludeManagementEvents": false, "DataResources": []});
        Selectors { basic: vec![selector], advanced: vec![] }
    }

    fn data_only() -> Selectors {
        let fields = json!({"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]});
        Selectors { basic: vec![], advanced: vec![fields] }
    }

    fn view(exists: bool, itself: Facts, others: Seen<Vec<Facts>>) -> View {
        let logs = Logs {
            group_arn: None,
            group: Seen::Absent,
            role_arn: None,
            role: Seen::Absent,
            organization: Seen::NotAsked,
        };
        let trail = Judged { exists, facts: itself, validation: true, key: Seen::Absent, logs, topic: None };
        View { trail, others, organization: vec![], managed: TrailResources::default() }
    }

    /// Returns the judgement of a trail `t` of eu-west-1 among these others.
    fn kept(exists: bool, itself: Facts, others: Seen<Vec<Facts>>) -> String {
        kept_with("", exists, itself, others)
    }

    fn named(destinations: &str) -> Settings {
        let given = Some(destinations.to_owned()).filter(|it| !it.is_empty());
        let record_destinations = RecordDestinations::setting(given).expect("a setting");
        Settings { record_destinations, ..settings() }
    }

    /// The same with these destinations of the record.
    fn kept_with(destinations: &str, exists: bool, itself: Facts, others: Seen<Vec<Facts>>) -> String {
        let view = view(exists, itself, others);
        match coverage(&view, &subject::<Trail>(), &named(destinations)) {
            Coverage::Covers(facts) => format!("covered by {}", facts.name()),
            Coverage::Untold(facts) => format!("perhaps covered by {}", facts.name()),
            Coverage::Nearest(facts) => facts.name().to_owned(),
            Coverage::Nobody(why) => why.map_or("nobody".to_owned(), |why| format!("nobody: {why}")),
            Coverage::Stuck(why) => format!("stuck: {why}"),
            Coverage::Unknown(needs) => format!("unknown: {needs}"),
        }
    }

    fn here(multi_region: bool, selectors: Selectors) -> Facts {
        facts("t", "eu-west-1", multi_region, selectors)
    }

    #[test]
    fn one_whole_trail_covers_the_account_whichever_it_is() {
        let whole = || facts("main", "us-east-1", true, all());
        assert_eq!(kept(true, here(true, all()), Seen::Unreadable("x:Y")), "covered by t");
        assert_eq!(kept(true, here(false, blind()), Seen::Present(vec![whole()])), "covered by main");
        assert_eq!(kept(false, here(false, all()), Seen::Present(vec![whole()])), "covered by main");
        for lacking in [
            Facts { logging: Seen::Present(false), ..whole() },
            Facts { multi_region: false, ..whole() },
            facts("main", "us-east-1", true, blind()),
        ] {
            assert!(!kept(true, here(false, all()), Seen::Present(vec![lacking])).starts_with("covered"));
        }
    }

    #[test]
    fn a_blinded_trail_gets_its_sight_back_but_one_for_data_alone_is_left_alone() {
        let single = || vec![facts("single", "us-east-1", false, all())];
        assert_eq!(kept(true, here(true, blind()), Seen::Present(single())), "t");
        assert_eq!(kept(true, here(true, data_only()), Seen::Present(single())), "single");
    }

    /// Which is why no other region is asked about such a trail.
    #[test]
    fn no_trail_of_one_region_comes_before_one_that_only_has_to_be_started() {
        let stopped = || Facts { logging: Seen::Present(false), ..here(true, all()) };
        for selectors in [all(), blind(), data_only()] {
            for (region, organization) in [("us-east-1", false), ("eu-west-1", true)] {
                let other = Facts { organization, ..facts("a", region, false, selectors.clone()) };
                let check = RecordCheck::of(&Box::leak(Box::new(subject::<Trail>())).place, &settings(), &[]);
                assert!(!check.records(&other), "nor is it a record");
                assert_eq!(kept(true, stopped(), Seen::Present(vec![other])), "t");
            }
        }
        assert_eq!(kept(true, stopped(), Seen::Present(vec![])), "t");
    }

    #[test]
    fn everybody_takes_the_same_one() {
        let (a, b) = (|| facts("a", "us-east-1", false, all()), || facts("t", "eu-west-1", false, all()));
        assert_eq!(kept(true, b(), Seen::Present(vec![a()])), "a");
        assert_eq!(kept(true, a(), Seen::Present(vec![b()])), "a");
    }

    fn into(bucket: TrailBucket, facts: Facts) -> Facts {
        let files = TrailFiles { bucket: "theirs".to_owned(), ..TrailFiles::default() };
        Facts { files, bucket, ..facts }
    }

    fn failed(error: &str) -> DeliveryErrors {
        DeliveryErrors { files: Some(error.to_owned()), ..DeliveryErrors::default() }
    }

    #[test]
    fn a_trail_of_whose_deliveries_nothing_is_told_is_neither_healthy_nor_doubled() {
        let untold = |facts: Facts| {
            let arn = facts.arn.replace("111122223333", "999999999999");
            Facts { arn, organization: true, errors: None, ..facts }
        };
        let org = || untold(facts("org", "us-east-1", true, all()));
        assert_eq!(kept(true, here(false, all()), Seen::Present(vec![org()])), "perhaps covered by org");
        assert_eq!(kept(false, here(true, all()), Seen::Present(vec![org()])), "perhaps covered by org");
        assert_eq!(kept(true, org(), Seen::Present(vec![])), "perhaps covered by org");
        assert_eq!(kept(true, here(true, all()), Seen::Present(vec![org()])), "covered by t");
        let refused = Facts { errors: Some(failed("AccessDenied")), ..org() };
        assert_eq!(kept(true, here(false, all()), Seen::Present(vec![refused])), "t");
        let check = RecordCheck::of(&Box::leak(Box::new(subject::<Trail>())).place, &settings(), &[]);
        assert!(check.records(&org()) && !check.covers(&org()));
    }

    #[test]
    fn what_is_not_ours_to_change_is_never_the_nearest() {
        let closed = |bucket| into(bucket, here(true, blind()));
        let alone = |facts| kept(true, facts, Seen::Present(vec![]));
        for bucket in [TrailBucket::OtherAccount, TrailBucket::Closed] {
            assert!(alone(closed(bucket)).contains("belongs to another account"));
        }
        assert!(alone(closed(TrailBucket::Gone)).contains("does not exist"));
        let mut foreign = facts("org", "us-east-1", true, blind());
        foreign.arn = foreign.arn.replace("111122223333", "999999999999");
        assert_eq!(kept(true, here(false, all()), Seen::Present(vec![foreign.clone()])), "t");
        assert!(
            kept(false, here(false, all()), Seen::Present(vec![foreign])).contains("organization trail of account 9")
        );
        assert_eq!(kept(false, here(false, all()), Seen::Present(vec![])), "nobody");
    }

    #[test]
    fn where_no_trail_records_and_none_can_be_mended_one_is_made() {
        let foreign = |selectors| into(TrailBucket::OtherAccount, here(true, selectors));
        let stopped = || Facts { logging: Seen::Present(false), ..foreign(all()) };
        let refused = || Facts { errors: Some(failed("AccessDenied")), ..foreign(all()) };
        for nothing in [foreign(blind()), into(TrailBucket::Gone, here(true, all())), refused()] {
            assert!(kept(true, nothing, Seen::Present(vec![])).starts_with("nobody: "));
        }
        // Whosever the bucket is, a stopped trail is started, unless it records too little, delivers in vain or is refused.
        assert_eq!(kept(true, stopped(), Seen::Present(vec![])), "t");
        let started = |facts| kept_with(KEY, true, facts, Seen::Present(vec![]));
        assert!(started(stopped()).starts_with("nobody: "));
        for nothing in [
            Facts { selectors: foreign(blind()).selectors, ..stopped() },
            Facts { errors: Some(failed("x")), ..stopped() },
        ] {
            assert!(kept(true, nothing, Seen::Present(vec![])).starts_with("nobody: "));
        }
        assert!(kept(false, here(true, all()), Seen::Present(vec![stopped()])).starts_with("nobody: "));
        // What it delivers to can be named: then it can be mended, unless its bucket refuses the files.
        assert_eq!(kept_with("theirs", true, stopped(), Seen::Present(vec![])), "t");
        assert!(kept_with("theirs", true, refused(), Seen::Present(vec![])).starts_with("nobody: "));
        // What may be wanted is not doubled if it records every change, and only then.
        let writes = || Facts { selectors: Seen::Present(writes()), ..foreign(all()) };
        assert!(kept(true, writes(), Seen::Present(vec![])).starts_with("stuck: "));
        assert!(kept(true, foreign(reads()), Seen::Present(vec![])).starts_with("nobody: "));
        let single = Facts { multi_region: false, ..writes() };
        assert!(kept(true, single, Seen::Present(vec![])).starts_with("nobody: "));
        assert_eq!(kept_with("x-y-z/in", true, foreign(reads()), Seen::Present(vec![])), "t", "put back");
        assert!(kept_with("999999999999", true, writes(), Seen::Present(vec![])).starts_with("stuck: "));
        assert!(kept_with(KEY, true, foreign(reads()), Seen::Present(vec![])).starts_with("nobody: "));
        // What may not be read may be ours to mend.
        let unread = into(TrailBucket::Closed, here(true, blind()));
        assert!(kept(true, unread, Seen::Present(vec![])).starts_with("stuck: "));
        // Ours is not made twice.
        let ours = |name| Facts { arn: name, ..into(TrailBucket::Gone, here(true, all())) };
        let name = managed_trail(&subject::<Trail>(), &settings());
        assert!(kept(false, here(true, all()), Seen::Present(vec![ours(name)])).starts_with("stuck: "));
    }

    const KEY: &str = "arn:aws:kms:eu-west-1:999999999999:key/1";

    fn writes() -> Selectors {
        let selector = json!({"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true, "DataResources": []});
        Selectors { basic: vec![selector], advanced: vec![] }
    }

    fn reads() -> Selectors {
        let selector = json!({"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true, "DataResources": []});
        Selectors { basic: vec![selector], advanced: vec![] }
    }

    #[test]
    fn a_trail_into_another_account_is_asked_about_and_takes_no_other_trails_place() {
        let foreign = || into(TrailBucket::OtherAccount, facts("foreign", "us-east-1", true, all()));
        assert_eq!(kept(true, foreign(), Seen::Present(vec![])), "covered by foreign");
        assert_eq!(kept(true, here(false, all()), Seen::Present(vec![foreign()])), "t");
        assert_eq!(kept(true, here(false, data_only()), Seen::Present(vec![foreign()])), "covered by foreign");
        assert!(kept(false, here(true, all()), Seen::Present(vec![foreign()])).starts_with("nobody: "));
        let named = |value| kept_with(value, true, foreign(), Seen::Present(vec![]));
        assert_eq!(named("theirs"), "covered by foreign");
        assert_eq!(named("theirs/in"), "foreign", "put back");
        assert!(named(KEY).starts_with("nobody: "));
        let unknown = || into(TrailBucket::Closed, facts("foreign", "us-east-1", true, all()));
        assert_eq!(kept(true, unknown(), Seen::Present(vec![])), "covered by foreign");
        assert!(kept(false, here(true, all()), Seen::Present(vec![unknown()])).starts_with("unknown: who owns"));
        let ransomed = || Facts {
            files: TrailFiles { key_id: Some(KEY.to_owned()), ..here(true, all()).files },
            ..here(true, all())
        };
        assert_eq!(kept(true, ransomed(), Seen::Present(vec![])), "t");
    }

    #[test]
    fn what_may_not_be_read_is_never_taken_for_a_gap() {
        let unread = Facts { selectors: Seen::Unreadable("cloudtrail:GetEventSelectors"), ..here(true, all()) };
        assert!(kept(true, unread, Seen::Present(vec![])).contains("cloudtrail:GetEventSelectors was denied"));
        let others = Seen::Unreadable("cloudtrail:DescribeTrails");
        assert!(kept(true, here(false, all()), others).contains("cloudtrail:DescribeTrails was denied"));
    }

    #[test]
    fn the_record_goes_on_with_every_region_and_all_writes_where_they_are_wanted() {
        let stopped = || Facts { logging: Seen::Present(false), ..here(true, all()) };
        let check = |value| RecordCheck::of(&Box::leak(Box::new(subject::<Trail>())).place, &named(value), &[]);
        let recorded = |others| is_recorded(&view(true, stopped(), others), &check(""));
        let of = |selectors| Seen::Present(vec![facts("a", "us-east-1", true, selectors)]);
        let basic = |kind| json!({"ReadWriteType": kind, "IncludeManagementEvents": true, "DataResources": []});
        let writes = || Selectors { basic: vec![basic("WriteOnly")], advanced: vec![] };
        let advanced = |field: &str, value: &str| {
            let category = json!({"Field": "eventCategory", "Equals": ["Management"]});
            let fields = json!({"FieldSelectors": [category, {"Field": field, "Equals": [value]}]});
            Selectors { basic: vec![], advanced: vec![fields] }
        };
        for selectors in [all(), writes(), advanced("readOnly", "false")] {
            assert!(recorded(of(selectors.clone())), "{selectors:?}");
        }
        for selectors in [blind(), data_only(), reads(), advanced("readOnly", "true"), advanced("eventSource", "x")] {
            assert!(!recorded(of(selectors.clone())), "{selectors:?}");
        }
        for unknown in [Seen::Unreadable("x:Y"), Seen::Absent, Seen::Present(vec![stopped()])] {
            assert!(!recorded(unknown));
        }
        let decoy = || into(TrailBucket::OtherAccount, here(true, all()));
        let key_id = Some(KEY.to_owned());
        for decoy in [
            here(false, all()),
            decoy(),
            into(TrailBucket::Closed, here(true, all())),
            into(TrailBucket::Gone, here(true, all())),
            Facts { logging: Seen::Unreadable("x:Y"), ..here(true, all()) },
            Facts { errors: Some(failed("KMS.DisabledException")), ..here(true, all()) },
            Facts { errors: Some(DeliveryErrors { awaited: true, ..DeliveryErrors::default() }), ..here(true, all()) },
            Facts { files: TrailFiles { key_id, ..here(true, all()).files }, ..here(true, all()) },
        ] {
            assert!(!recorded(Seen::Present(vec![decoy.clone()])), "{decoy:?}");
        }
        let with = |value| is_recorded(&view(true, decoy(), Seen::Absent), &check(value));
        assert!(with("theirs") && !with("others") && !with("theirs/in"));
        let own = || into(TrailBucket::ThisAccount(Region::first()), here(true, all()));
        let beside = |value| is_recorded(&view(true, own(), Seen::Absent), &check(value));
        assert!(beside("theirs") && !beside("others"), "where buckets are named, no other one of the account is meant");
        assert!(is_recorded(&view(true, here(true, writes()), Seen::Absent), &check("")));
        assert!(!is_recorded(&view(false, here(true, all()), Seen::Absent), &check("")));
    }
}
