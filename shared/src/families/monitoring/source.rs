//! The first links of the chain: a trail that takes everything in and feeds a log group. Pure.

use super::view::{Feed, LogGroupView, View};
use crate::documents::selectors::Selectors;
use crate::model::{Place, Region, Seen, Unread};

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
    let feeds = match view.feeds.known() {
        Ok(feeds) => feeds.map_or(&[][..], Vec::as_slice),
        Err(unread) => return Sources::Unknown(unread.to_string()),
    };
    let (mut fed, mut unread, mut nearest) = (Vec::new(), None, None);
    for feed in feeds.iter().filter(|feed| feed.account() == place.account) {
        match examined(feed) {
            Ok(source) => fed.push(source),
            Err(Flaw::Unread(why)) => unread = Some(why.of(&feed.trail)),
            Err(Flaw::Broken(link)) => nearest = nearest.max(Some((link, &feed.trail))),
            Err(Flaw::Gone) => {}
        }
    }
    match (unread, nearest) {
        (unread, _) if !fed.is_empty() => Sources::Fed(fed, unread),
        (Some(unread), _) => Sources::Unknown(unread),
        (None, Some((broken, trail))) => broken.verdict(trail),
        (None, None) => nobodys(feeds, place),
    }
}

/// Why a trail makes no source.
enum Flaw {
    /// This link is broken.
    Broken(Break),
    /// It was deleted meanwhile.
    Gone,
    /// It cannot be told.
    Unread(Unread),
}

impl From<Unread> for Flaw {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

/// The source that a trail makes, or the first link that is broken.
fn examined(feed: &Feed) -> Result<LogSource<'_>, Flaw> {
    let broken = |link| Err(Flaw::Broken(link));
    match feed.logging.known()? {
        Some(true) => {}
        None => return Err(Flaw::Gone),
        Some(false) => return broken(Break::Stopped),
    }
    if !feed.selectors.known()?.is_some_and(Selectors::takes_all_management) {
        return broken(Break::Blind);
    }
    if feed.group_arn.is_none() {
        return broken(Break::Unfed);
    }
    match feed.group.known()? {
        None => broken(Break::Gone),
        Some(group) if group.class != "STANDARD" => broken(Break::Class(group.class.clone())),
        Some(group) => Ok(LogSource { feed, group }),
    }
}

/// Without a multi-region trail of this account: a member of an organization may be looked after by another one's.
fn nobodys(feeds: &[Feed], place: &Place) -> Sources<'static> {
    let whole = |feed: &&Feed| {
        let all = feed.selectors.present().is_none_or(Selectors::takes_all_management);
        feed.account() != place.account && feed.logging != Seen::Present(false) && all
    };
    if let Some(feed) = feeds.iter().find(whole) {
        return Sources::Elsewhere(format!(
            "this account's activity is recorded by {}; log group, filters and alarms belong to that trail's account",
            feed.trail
        ));
    }
    Sources::Broken {
        because: "no multi-region trail of this account records its activity".to_owned(),
        advice: mended_by("cloudtrail-multi-region"),
    }
}

impl Break {
    fn verdict(self, trail: &str) -> Sources<'static> {
        let (because, advice) = match self {
            Self::Stopped => ("is not logging".to_owned(), mended_by("cloudtrail-logging")),
            Self::Blind => {
                ("does not record all management events".to_owned(), mended_by("cloudtrail-management-events"))
            }
            Self::Unfed => ("feeds no log group".to_owned(), mended_by("cloudtrail-cloudwatch-logs")),
            Self::Gone => ("feeds a log group that does not exist".to_owned(), mended_by("cloudtrail-cloudwatch-logs")),
            Self::Class(class) => (
                format!("feeds a log group of class {class}, which does not support metric filters"),
                "Have it feed another log group, of class STANDARD: a log group's class cannot be changed.".to_owned(),
            ),
        };
        Sources::Broken { because: format!("{trail} {because}"), advice }
    }
}

fn mended_by(control: &str) -> String {
    format!("The control {control} fixes that: enforce it, and the alarm follows.")
}
