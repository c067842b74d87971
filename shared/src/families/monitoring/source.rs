//! The first links of the chain: a trail that takes everything in and feeds a log group. Pure.

use super::view::{Feed, LogGroupView, View};
use crate::model::{Place, Region, Seen};

/// A log group in which a filter sees all that happens in the account.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogSource<'a> {
    /// The trail that feeds it.
    pub(super) feed: &'a Feed,
    /// The group.
    pub(super) group: &'a LogGroupView,
}

/// The log groups that are fed, or why there is none.
#[derive(Debug, Clone)]
pub(super) enum Sources<'a> {
    /// These; and what is missing to tell whether there are more.
    Fed(Vec<LogSource<'a>>, Option<String>),
    /// None: the link that is broken in the trail that comes nearest, and how it is mended.
    Broken { because: String, advice: String },
    /// It is not this account's matter.
    Elsewhere(String),
    /// It cannot be told.
    Unknown(String),
}

/// Where the chain breaks before a filter, nearest to whole last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Break {
    Stopped,
    Blind,
    Unfed,
    Gone,
    Class(String),
}

impl LogSource<'_> {
    /// The region of the group.
    pub(super) fn region(&self) -> Region {
        self.feed.home().unwrap_or_else(Region::first)
    }
}

/// Finds them.
pub(super) fn sources<'a>(view: &'a View, place: &Place) -> Sources<'a> {
    let feeds = match &view.feeds {
        Seen::Present(feeds) => feeds.as_slice(),
        Seen::Absent => &[],
        Seen::Unreadable(action) => return Sources::Unknown(format!("{action} was denied")),
    };
    let (mut fed, mut unread, mut nearest) = (Vec::new(), None, None);
    for feed in feeds.iter().filter(|feed| feed.account() == place.account) {
        match examined(feed) {
            Ok(source) => fed.push(source),
            Err(Seen::Unreadable(action)) => unread = Some(format!("{action} was denied for {}", feed.trail)),
            Err(Seen::Present(broken)) => nearest = nearest.max(Some((broken, &feed.trail))),
            Err(Seen::Absent) => {}
        }
    }
    match (unread, nearest) {
        (unread, _) if !fed.is_empty() => Sources::Fed(fed, unread),
        (Some(unread), _) => Sources::Unknown(unread),
        (None, Some((broken, trail))) => broken.verdict(trail),
        (None, None) => nobodys(feeds, place),
    }
}

/// The source that a trail makes, or the first link that is broken.
fn examined(feed: &Feed) -> Result<LogSource<'_>, Seen<Break>> {
    let broken = |link| Err(Seen::Present(link));
    match &feed.logging {
        Seen::Unreadable(action) => return Err(Seen::Unreadable(action)),
        Seen::Present(true) => {}
        // A trail that was deleted meanwhile.
        Seen::Absent => return Err(Seen::Absent),
        Seen::Present(false) => return broken(Break::Stopped),
    }
    match &feed.selectors {
        Seen::Unreadable(action) => return Err(Seen::Unreadable(action)),
        Seen::Present(selectors) if selectors.takes_all_management() => {}
        Seen::Present(_) | Seen::Absent => return broken(Break::Blind),
    }
    match (&feed.group_arn, &feed.group) {
        (None, _) => broken(Break::Unfed),
        (_, Seen::Unreadable(action)) => Err(Seen::Unreadable(action)),
        (_, Seen::Absent) => broken(Break::Gone),
        (_, Seen::Present(group)) if group.class != "STANDARD" => broken(Break::Class(group.class.clone())),
        (_, Seen::Present(group)) => Ok(LogSource { feed, group }),
    }
}

/// Without a multi-region trail of this account: a member of an organization may be looked after by another one's.
fn nobodys(feeds: &[Feed], place: &Place) -> Sources<'static> {
    let whole = |feed: &&Feed| {
        let all = feed.selectors.present().is_none_or(crate::documents::selectors::Selectors::takes_all_management);
        feed.account() != place.account && feed.logging != Seen::Present(false) && all
    };
    if let Some(feed) = feeds.iter().find(whole) {
        return Sources::Elsewhere(format!(
            "what happens here is recorded by {}, and log group, filters and alarms are those of its account",
            feed.trail
        ));
    }
    Sources::Broken {
        because: "no multi-region trail of this account records what happens".to_owned(),
        advice: mended_by("cloudtrail-multi-region"),
    }
}

impl Break {
    fn verdict(self, trail: &str) -> Sources<'static> {
        let (because, advice) = match self {
            Self::Stopped => ("is not logging".to_owned(), mended_by("cloudtrail-logging")),
            Self::Blind => {
                ("does not take in all management events".to_owned(), mended_by("cloudtrail-management-events"))
            }
            Self::Unfed => ("feeds no log group".to_owned(), mended_by("cloudtrail-cloudwatch-logs")),
            Self::Gone => ("feeds a log group that does not exist".to_owned(), mended_by("cloudtrail-cloudwatch-logs")),
            Self::Class(class) => (
                format!("feeds a log group of class {class}, which takes no metric filters"),
                "Have it feed another log group, of class STANDARD: the class of a log group cannot be changed."
                    .to_owned(),
            ),
        };
        Sources::Broken { because: format!("{trail} {because}"), advice }
    }
}

fn mended_by(control: &str) -> String {
    format!("The control {control} mends it: have Trailkeeper enforce that one. The alarm follows.")
}
