//! What `LookupEvents` is asked for, and what of it was answered: kept in a file, so that whoever was interrupted goes on where
//! they were. The events' history reaches back 90 days, in each region of one account, and is asked by one attribute at a time
//! ([LookupEvents]).
//!
//! The file has a line of JSON for each page of answers. A page is answered from the latest event to the oldest, so what is
//! left of a question is what is older than the oldest answer; an event that is answered twice is counted once.
//!
//! [LookupEvents]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, BufRead};

/// Number of days that the events' history reaches back.
pub const REACH: u32 = 90;

/// Number of regions or calls that are named.
const NAMED: usize = 10;

/// Version of the file.
const VERSION: u32 = 1;

/// What is asked, on the first line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Questions {
    #[serde(rename = "trailkeeper-replay")]
    version: u32,
    /// Account that is asked about.
    pub account: String,
    /// First time, as in a record.
    pub from: String,
    /// Last time.
    pub to: String,
    /// Number of days between them.
    pub days: u32,
    /// Regions.
    pub regions: Vec<String>,
    /// Names of calls.
    pub names: Vec<String>,
}

/// One page of answers, on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Region.
    pub region: String,
    /// Name of the call.
    pub name: String,
    /// Time of the oldest event on the page; `None` if there is none.
    pub oldest: Option<String>,
    /// Whether it is the last page.
    pub last: bool,
    /// Records, as the service answers them: each is JSON in a text.
    pub records: Vec<String>,
}

/// Question that is not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Region.
    pub region: String,
    /// Name of the call.
    pub name: String,
    /// Last time that is still to be asked about.
    pub to: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// What is asked.
    pub questions: Questions,
    /// Number of bytes of the file that are whole lines. What follows was being written when the command ended.
    pub whole: u64,
    pages: BTreeMap<(String, String), (Option<String>, bool)>,
}

/// Why a file is no file of answers.
#[derive(Debug)]
pub enum NoAnswers {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It does not begin with questions, or those of another version.
    Questions(String),
    /// A line in its middle is no page.
    Page(u64),
}

impl fmt::Display for NoAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Self::Questions(why) => write!(f, "it is no file of this command: {why}"),
            Self::Page(line) => write!(f, "line {line} is damaged"),
        }
    }
}

impl Questions {
    /// Asks about an account.
    #[must_use]
    pub fn new(account: &str, (from, to, days): (String, String, u32), regions: Vec<String>, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Self { version: VERSION, account: account.to_owned(), from, to, days, regions, names }
    }

    /// Reads what a file of answers asks: its first line.
    ///
    /// # Errors
    /// Returns an error if the file is not one of answers.
    pub fn read(mut file: impl BufRead) -> Result<Self, NoAnswers> {
        let mut text = Vec::new();
        line_of(&mut file, &mut text)?;
        Self::of(&text)
    }

    fn of(text: &[u8]) -> Result<Self, NoAnswers> {
        if !text.ends_with(b"\n") {
            return Err(NoAnswers::Questions("it is empty, or was left before anything was asked".to_owned()));
        }
        let questions: Self = serde_json::from_slice(text).map_err(|error| NoAnswers::Questions(error.to_string()))?;
        if questions.version != VERSION {
            return Err(NoAnswers::Questions(format!("it has version {}", questions.version)));
        }
        Ok(questions)
    }

    /// Returns the options in which these questions differ from what is given, as these questions have them. What is not
    /// given does not differ.
    #[must_use]
    pub fn unlike(&self, days: Option<u32>, regions: &[String], names: &[String]) -> Vec<String> {
        let differs = |ours: &[String], given: &[String]| {
            let (ours, theirs): (BTreeSet<&String>, BTreeSet<&String>) =
                (ours.iter().collect(), given.iter().collect());
            !given.is_empty() && ours != theirs
        };
        let list = |option: &str, ours: &[String]| match ours.len() {
            0..=NAMED => format!("--{option} {}", ours.join(",")),
            number => format!("{number} --{option}"),
        };
        let days = days.filter(|days| *days != self.days).map(|_| format!("--days {}", self.days));
        let regions = differs(&self.regions, regions).then(|| list("regions", &self.regions));
        let names = differs(&self.names, names).then(|| list("calls", &self.names));
        [days, regions, names].into_iter().flatten().collect()
    }

    /// Returns how it begins: nothing is answered.
    #[must_use]
    pub fn unanswered(self) -> Answered {
        Answered { questions: self, whole: 0, pages: BTreeMap::new() }
    }

    /// Returns the line for the file.
    #[must_use]
    pub fn line(&self) -> String {
        line(self)
    }
}

impl Page {
    /// Returns the line for the file.
    #[must_use]
    pub fn line(&self) -> String {
        line(self)
    }
}

fn line(of: &impl Serialize) -> String {
    // What is derived for these types cannot fail.
    let mut line = serde_json::to_string(of).unwrap_or_default();
    line.push('\n');
    line
}

/// Reads the next line, and says whether it is whole.
fn line_of(file: &mut impl BufRead, text: &mut Vec<u8>) -> Result<bool, NoAnswers> {
    text.clear();
    file.read_until(b'\n', text).map_err(NoAnswers::Unreadable)?;
    Ok(text.ends_with(b"\n"))
}

impl Answered {
    /// Reads a file of answers and hands over each record. A last line without end is left out.
    ///
    /// # Errors
    /// Returns an error if the file is not one of answers, or is damaged in its middle.
    pub fn read(mut file: impl BufRead, each: &mut dyn FnMut(&str)) -> Result<Self, NoAnswers> {
        let mut text = Vec::new();
        line_of(&mut file, &mut text)?;
        let questions = Questions::of(&text)?;
        let mut answered = Self { questions, whole: text.len() as u64, pages: BTreeMap::new() };
        let mut number = 1;
        while line_of(&mut file, &mut text)? {
            number += 1;
            let page: Page = serde_json::from_slice(&text).map_err(|_| NoAnswers::Page(number))?;
            page.records.iter().for_each(|record| each(record));
            answered.take(&page);
            answered.whole += text.len() as u64;
        }
        Ok(answered)
    }

    /// Returns whether anything was answered.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        !self.pages.is_empty()
    }

    /// Takes a page.
    pub fn take(&mut self, page: &Page) {
        let state = self.pages.entry((page.region.clone(), page.name.clone())).or_default();
        state.1 |= page.last;
        if page.oldest.is_some() {
            state.0.clone_from(&page.oldest);
        }
    }

    /// Returns the questions that are not answered yet, in the order in which they are asked.
    #[must_use]
    pub fn open(&self) -> Vec<Open> {
        let Questions { regions, names, to, .. } = &self.questions;
        let all = regions.iter().flat_map(|region| names.iter().map(move |name| (region.clone(), name.clone())));
        all.filter_map(|of| {
            let (oldest, last) = self.pages.get(&of).cloned().unwrap_or_default();
            let (region, name) = of;
            (!last).then(|| Open { region, name, to: oldest.unwrap_or_else(|| to.clone()) })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions() -> Questions {
        let time = |day: u32| format!("2027-01-{day:02}T00:00:00Z");
        let regions = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
        Questions::new("111122223333", (time(1), time(31), 30), regions, &["DeleteTrail", "StopLogging"])
    }

    fn page(name: &str, day: u32, last: bool) -> Page {
        let records = vec![format!("{{\"eventID\":\"{day}\"}}\n")];
        let oldest = Some(format!("2027-01-{day:02}T00:00:00Z"));
        Page { region: "eu-west-1".into(), name: name.into(), oldest, last, records }
    }

    fn read(text: &str) -> Result<(Answered, usize), String> {
        let mut count = 0;
        let answered = Answered::read(text.as_bytes(), &mut |_| count += 1).map_err(|error| error.to_string())?;
        Ok((answered, count))
    }

    #[test]
    fn it_goes_on_with_what_is_older_than_the_last_answer() {
        let pages = [page("DeleteTrail", 9, true), page("StopLogging", 20, false), page("StopLogging", 15, false)];
        let mut text = questions().line();
        for page in &pages {
            text.push_str(&page.line());
        }
        let whole = text.len() as u64;
        text.push_str(&page("StopLogging", 3, true).line()[..40]);
        let (answered, count) = read(&text).expect("answers");
        assert_eq!((answered.whole, count), (whole, 3));
        let open: Vec<String> =
            answered.open().into_iter().map(|it| format!("{} {} {}", it.region, it.name, &it.to[..10])).collect();
        assert_eq!(
            open,
            [
                "eu-west-1 StopLogging 2027-01-15",
                "us-east-1 DeleteTrail 2027-01-31",
                "us-east-1 StopLogging 2027-01-31"
            ]
        );
        assert_eq!(questions().unanswered().open().len(), 4);
    }

    #[test]
    fn what_is_asked_is_what_the_file_asks() {
        let text = questions().line() + &page("StopLogging", 3, true).line();
        let asked = Questions::read(text.as_bytes()).expect("questions");
        assert_eq!(asked, questions());
        let list = |text: &str| text.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        for (days, regions, names, unlike) in [
            (None, "", "", ""),
            (Some(30), "us-east-1,eu-west-1", "StopLogging,DeleteTrail", ""),
            (Some(90), "", "", "--days 30"),
            (None, "us-east-1", "", "--regions eu-west-1,us-east-1"),
            (
                Some(7),
                "us-east-1",
                "StopLogging",
                "--days 30 --regions eu-west-1,us-east-1 --calls DeleteTrail,StopLogging",
            ),
        ] {
            assert_eq!(
                asked.unlike(days, &list(regions), &list(names)).join(" "),
                unlike,
                "{days:?} {regions} {names}"
            );
        }
        let many = Questions { names: (0..11).map(|number| format!("Call{number}")).collect(), ..asked };
        assert_eq!(many.unlike(None, &[], &list("StopLogging")), ["11 --calls"]);
        let (begun, _) = read(&text).expect("answers");
        assert!(begun.is_begun() && !questions().unanswered().is_begun());
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let damaged = format!("{}{{}}\n{}", questions().line(), page("StopLogging", 3, true).line());
        let later = questions().line().replace("replay\":1", "replay\":9");
        for (text, why) in [
            ("", "empty"),
            ("{\"Records\":[]}\n", "no file of this command"),
            (&*later, "version 9"),
            (&*damaged, "line 2 is damaged"),
        ] {
            assert!(read(text).expect_err("a refusal").contains(why), "{text}");
            let questions = Questions::read(text.as_bytes());
            assert!(why.starts_with("line") || questions.expect_err("a refusal").to_string().contains(why), "{text}");
        }
    }
}
