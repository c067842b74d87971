//! Coverage of the account: which trail covers it, and which one should. Pure.
//!
//! One multi-region trail with all management events is enough, and every further copy of them costs money; so the
//! account is judged, not each trail.

use super::view::{Facts, View};
use crate::documents::selectors::Selectors;
use crate::model::{Region, Seen, Subject, Unread};

/// Coverage of the account by its trails.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Coverage<'a> {
    /// This trail covers the account.
    Covers(&'a Facts),
    /// No trail covers the account, and this one needs the fewest changes.
    Nearest(&'a Facts),
    /// There is no trail at all.
    Nobody,
    /// There are trails, but we may change none of them: the reason.
    Stuck(String),
    /// Cannot be determined, with what is missing.
    Unknown(String),
}

/// Finds the trail that covers the account, or the one that should.
#[must_use]
pub(super) fn coverage<'a>(view: &'a View, subject: &Subject, home: &Region) -> Coverage<'a> {
    let itself = Some(&view.trail.facts).filter(|_| view.trail.exists);
    if let Some(facts) = itself.filter(|facts| covers(facts)) {
        return Coverage::Covers(facts);
    }
    let others = match view.others.known() {
        Ok(others) => others.map_or(&[][..], Vec::as_slice),
        Err(unread) => return Coverage::Unknown(unread.to_string()),
    };
    if let Some(facts) = others.iter().find(|facts| covers(facts)) {
        return Coverage::Covers(facts);
    }
    let all = || itself.into_iter().chain(others);
    if let Some(unread) = all().find_map(unread) {
        return Coverage::Unknown(format!("{unread}, so it is not known whether a trail covers the account"));
    }
    let open = all().filter(|facts| facts.closed(&subject.place).is_none());
    match (open.max_by(|a, b| rank(a, home).cmp(&rank(b, home))), all().next()) {
        (Some(nearest), _) => Coverage::Nearest(nearest),
        (None, Some(closed)) => {
            Coverage::Stuck(format!("{}: {}", closed.arn, closed.closed(&subject.place).unwrap_or_default()))
        }
        (None, None) => Coverage::Nobody,
    }
}

/// Returns whether a trail alone covers the account: every region, logging now, with every management event.
pub(super) fn covers(facts: &Facts) -> bool {
    let whole = facts.selectors.present().is_some_and(Selectors::takes_all_management);
    facts.multi_region && facts.logging == Seen::Present(true) && whole
}

/// Returns whether any trail of the account is known to record its activity, in full or in part.
pub(super) fn is_recorded(view: &View) -> bool {
    let itself = Some(&view.trail.facts).filter(|_| view.trail.exists);
    let records = |facts: &Facts| {
        let takes_some = facts.selectors.present().is_some_and(Selectors::takes_management);
        facts.logging == Seen::Present(true) && takes_some
    };
    itself.into_iter().chain(view.others.present().into_iter().flatten()).any(records)
}

fn unread(facts: &Facts) -> Option<Unread> {
    facts.logging.known().err().or(facts.selectors.known().err())
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
    use super::super::view::{Logs, TrailBucket, TrailResources, TrailState as Judged};
    use super::*;
    use crate::testing::laws::subject;
    use serde_json::json;

    fn facts(name: &str, region: &str, multi_region: bool, selectors: Selectors) -> Facts {
        Facts {
            arn: format!("arn:aws:cloudtrail:{region}:111122223333:trail/{name}"),
            multi_region,
            organization: false,
            logging: Seen::Present(true),
            selectors: Seen::Present(selectors),
            bucket: TrailBucket::TrailResources(Region::first()),
            delivery_error: None,
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
        let logs = Logs { group_arn: None, group: Seen::Absent, role_arn: None, role: Seen::Absent };
        let (bucket, topic) = ("b".to_owned(), None);
        let trail =
            Judged { exists, facts: itself, bucket, validation: true, key_id: None, key: Seen::Absent, logs, topic };
        View { trail, others, managed: TrailResources::default() }
    }

    /// Returns the judgement of a trail `t` of eu-west-1 among these others.
    fn kept(exists: bool, itself: Facts, others: Seen<Vec<Facts>>) -> String {
        let view = view(exists, itself, others);
        match coverage(&view, &subject::<Trail>(), &Region::first()) {
            Coverage::Covers(facts) => format!("covered by {}", facts.name()),
            Coverage::Nearest(facts) => facts.name().to_owned(),
            Coverage::Nobody => "nobody".to_owned(),
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

    #[test]
    fn everybody_takes_the_same_one() {
        let (a, b) = (|| facts("a", "us-east-1", false, all()), || facts("t", "eu-west-1", false, all()));
        assert_eq!(kept(true, b(), Seen::Present(vec![a()])), "a");
        assert_eq!(kept(true, a(), Seen::Present(vec![b()])), "a");
    }

    #[test]
    fn what_is_not_ours_to_change_is_never_the_nearest() {
        let closed = |bucket| Facts { bucket, ..here(true, blind()) };
        assert!(kept(true, closed(TrailBucket::Closed), Seen::Present(vec![])).contains("belongs to another account"));
        assert!(kept(true, closed(TrailBucket::Gone), Seen::Present(vec![])).contains("does not exist"));
        let mut foreign = facts("org", "us-east-1", true, blind());
        foreign.arn = foreign.arn.replace("111122223333", "999999999999");
        assert_eq!(kept(true, here(false, all()), Seen::Present(vec![foreign.clone()])), "t");
        assert!(
            kept(false, here(false, all()), Seen::Present(vec![foreign])).contains("organization trail of account 9")
        );
        assert_eq!(kept(false, here(false, all()), Seen::Present(vec![])), "nobody");
    }

    #[test]
    fn what_may_not_be_read_is_never_taken_for_a_gap() {
        let unread = Facts { selectors: Seen::Unreadable("cloudtrail:GetEventSelectors"), ..here(true, all()) };
        assert!(kept(true, unread, Seen::Present(vec![])).contains("cloudtrail:GetEventSelectors was denied"));
        let others = Seen::Unreadable("cloudtrail:DescribeTrails");
        assert!(kept(true, here(false, all()), others).contains("cloudtrail:DescribeTrails was denied"));
    }

    #[test]
    fn a_trail_that_is_known_to_log_some_management_events_records_the_account() {
        let stopped = || Facts { logging: Seen::Present(false), ..here(true, all()) };
        let recorded = |others| is_recorded(&view(true, stopped(), others));
        let of = |selectors| Seen::Present(vec![facts("a", "us-east-1", false, selectors)]);
        let basic = |kind| json!({"ReadWriteType": kind, "IncludeManagementEvents": true, "DataResources": []});
        let writes = || Selectors { basic: vec![basic("WriteOnly")], advanced: vec![] };
        let advanced = |field: &str| {
            let category = json!({"Field": "eventCategory", "Equals": ["Management"]});
            let fields = json!({"FieldSelectors": [category, {"Field": field, "NotEquals": ["x"]}]});
            Selectors { basic: vec![], advanced: vec![fields] }
        };
        for selectors in [all(), writes(), advanced("readOnly"), advanced("eventSource")] {
            assert!(recorded(of(selectors.clone())), "{selectors:?}");
        }
        for selectors in [blind(), data_only(), advanced("eventName")] {
            assert!(!recorded(of(selectors.clone())), "{selectors:?}");
        }
        for unknown in [Seen::Unreadable("x:Y"), Seen::Absent, Seen::Present(vec![stopped()])] {
            assert!(!recorded(unknown));
        }
        let unread = Facts { logging: Seen::Unreadable("x:Y"), ..here(true, all()) };
        assert!(!recorded(Seen::Present(vec![unread])));
        assert!(is_recorded(&view(true, here(false, writes()), Seen::Absent)));
        assert!(!is_recorded(&view(false, here(true, all()), Seen::Absent)));
    }
}
