//! First links of the chain: a trail that records everything and feeds a log group. Pure.

use super::view::{Feed, LogGroupView, View};
use crate::documents::selectors::Selectors;
use crate::model::{Blocked, Place, Region, Seen, Unread, Verdict};

/// Log group in which a filter sees everything that happens in the account.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogSource<'a> {
    /// Trail that feeds the log group.
    pub(super) feed: &'a Feed,
    /// Log group with its filters.
    pub(super) group: &'a LogGroupView,
}

/// Log groups that are fed by trails, or why there are none.
#[derive(Debug, Clone)]
pub(super) enum Sources<'a> {
    /// Log groups that are fed, and what is missing to determine whether there are more.
    Fed(Vec<LogSource<'a>>, Option<String>),
    /// No log group is fed: the broken link of the trail that needs the least repair, and how to fix it.
    Broken { because: String, advice: String },
    /// Another account is responsible, with the reason.
    Elsewhere(String),
    /// Cannot be determined, with what is missing.
    Unknown(String),
}

/// Broken link before a filter, in order of increasing completeness of the chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Break {
    Stopped,
    Blind,
    Unfed,
    Gone,
    Class(String),
}

impl LogSource<'_> {
    /// Returns the verdict of a chain from here that is complete, but sees nothing: the log group refuses the events.
    pub(super) fn refusal<S>(&self) -> Option<Verdict<S>> {
        let Feed { trail, refused, .. } = self.feed;
        let because = format!("{trail} cannot deliver its events to its log group: {}", refused.as_ref()?);
        let advice = "Let CloudTrail write to the log group again: see what cloudtrail-cloudwatch-logs says of it.";
        Some(Blocked::Advise(advice.to_owned()).verdict(because))
    }

    /// Returns the region of the log group.
    pub(super) fn region(&self) -> Region {
        self.feed.home().unwrap_or_else(Region::first)
    }
}

/// Finds the log groups that are fed by trails.
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
    // What is refused may be let in again, but only where nothing else arrives.
    if fed.iter().any(|source| source.feed.refused.is_none()) {
        fed.retain(|source| source.feed.refused.is_none());
    }
    match (unread, nearest) {
        (unread, _) if !fed.is_empty() => Sources::Fed(fed, unread),
        (Some(unread), _) => Sources::Unknown(unread),
        (None, Some((broken, trail))) => broken.verdict(trail),
        (None, None) => nobodys(feeds, place),
    }
}

/// Reason why a trail is not a source.
enum Flaw {
    /// A link of the trail is broken.
    Broken(Break),
    /// The trail was deleted in the meantime.
    Gone,
    /// Cannot be determined, because something could not be read.
    Unread(Unread),
}

impl From<Unread> for Flaw {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

/// Returns the source that a trail feeds, or its first broken link.
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

/// Returns the result without a multi-region trail of this account: another account of the organization may be
/// responsible.
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
