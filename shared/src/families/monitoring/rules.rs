//! Common structure of the fifteen alarms of CIS section 4: each rule says what its alarm is about, the pattern for it,
//! and what a customer's own pattern may leave out. The rules themselves are in `table`.

use super::table::RULES;
use crate::documents::filter_pattern::{Concessions as Covering, Pattern, Term};
use crate::model::{About, Severity, permanent};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Rule for one of the alarms of CIS section 4.
#[derive(Debug)]
pub struct AlarmRule {
    /// Description of the control.
    pub about: About,
    /// Name of our filter, metric, alarm and topic.
    pub name: &'static str,
    /// Pattern as Security Hub checks it, character by character; that of CIS if Security Hub has none.
    pub pattern: &'static str,
    /// Other patterns that some version of the benchmark prescribes.
    pub also: &'static [&'static str],
    /// Fields known to hold for every event of the rule, so that a pattern may mention them.
    pub known: &'static [(&'static str, &'static str)],
    /// Selectors that a pattern may leave out, which makes it match more.
    pub optional: &'static [&'static str],
}

/// Parsed pattern of a rule.
#[derive(Debug)]
pub struct Text {
    pattern: Pattern,
    covering: Covering<'static>,
}

impl AlarmRule {
    /// Returns every prescribed pattern, the preferred one first. Each is parsed once.
    #[must_use]
    pub fn texts(&self) -> &'static [Text] {
        static READ: LazyLock<BTreeMap<&str, Vec<Text>>> =
            LazyLock::new(|| RULES.iter().map(|rule| (rule.name, rule.read())).collect());
        READ.get(self.name).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a filter, alarm or topic with this name belongs to another rule: each has its own, so that the
    /// result for one rule never depends on what was done for another.
    #[must_use]
    pub fn leaves(&self, name: &str) -> bool {
        name != self.name && RULES.iter().any(|rule| rule.name == name)
    }

    fn read(&self) -> Vec<Text> {
        let covering = Covering { optional: self.optional, known: self.known };
        let patterns = std::iter::once(&self.pattern).chain(self.also).filter_map(|text| Pattern::parse(text).ok());
        patterns.map(|pattern| Text { pattern, covering }).collect()
    }
}

impl Text {
    /// Returns the terms that a pattern does not cover.
    #[must_use]
    pub fn lacks(&self, own: &Pattern) -> Vec<&Term> {
        own.lacks(&self.pattern, &self.covering)
    }

    /// Returns how many of the terms a pattern mentions at all.
    #[must_use]
    pub fn mentioned_by(&self, own: &Pattern) -> usize {
        own.mentions(&self.pattern, &self.covering)
    }

    /// Returns the number of terms.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.pattern.terms().len()
    }
}

const COMPLIANT: &str = "An active multi-region trail of this account is logging, records all management events and \
                         feeds a log group of class STANDARD there, of which GetTrailStatus reports no error. A \
                         metric filter on that group, or several \
                         together on one metric, is equivalent to the pattern that CIS prescribes, whatever its \
                         spacing, order, quotes and brackets, or matches more: what CIS only excludes from root usage \
                         and from unauthorized calls need not be excluded. An alarm on the metric goes off at a single \
                         match, its actions are on and not muted, and one of them is an SNS topic that exists, that \
                         CloudWatch may publish to, and that has a confirmed subscription: that of \
                         `TRAILKEEPER_ALARM_ADDRESS`, if set, and no other. The subscription receives alarms: its filter \
                         policy, if it has one, wants no attributes, and a queue or function of this account behind it \
                         exists and lets the topic in. With `TRAILKEEPER_FILTER_PATTERNS=strict` only Security Hub's \
                         exact text counts.";

const FIX: &str = "Fixes the first broken link of the chain and those after it, in the region of the log group. A \
                   customer's filter or alarm that lacks something is completed: the pattern gets the missing terms, \
                   the alarm loses whatever keeps it from going off, and its actions are turned on. Whatever is \
                   missing altogether is created under this control's own name: filter, alarm (Sum, 300 s, one period, \
                   threshold 1, missing data notBreaching) and topic, the topic encrypted with the key behind \
                   `alias/trailkeeper-alarms`. A topic's policy gets the statement that lets CloudWatch publish; a \
                   topic under `alias/aws/sns`, which CloudWatch cannot use, gets Trailkeeper's key. The address in \
                   `TRAILKEEPER_ALARM_ADDRESS` is subscribed once, whoever else is; where Trailkeeper's topic already \
                   notifies it, the alarm gets that topic, too. Subscribers of Trailkeeper's topics in accounts that \
                   `TRAILKEEPER_RECORD_DESTINATIONS` does not name are reported, and so are subscriptions that receive no alarm, \
                   alarm mute rules that are active or mute again and again without end, and filters of transformed \
                   events. The trail itself is fixed by the controls of the trail family, which the finding names.";

const RISK: &str = "Alarms go off: subscribers get a message for each run of changes, including Terraform's. A metric \
                    and an alarm cost about 0.40 dollars a month, Trailkeeper's key one dollar. Completing a pattern \
                    makes the customer's metric count more. After a topic's key is changed to Trailkeeper's, only \
                    publishers in this account can publish to it.";

const GUARD: &str = "No filter is created on a log group that no trail feeds. A filter or alarm keeps everything that \
                     was not broken; metric math alarms are left alone. The policy of someone else's key is never \
                     edited, and a deleted topic is never recreated under its name. A subscription that awaits \
                     confirmation is reported, and no second confirmation is sent. No filter policy, mute rule, queue \
                     or function is changed, and a filter of transformed events is never completed.";

const PATTERNS: &str = "CloudWatch Logs user guide, filter pattern syntax: \
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html";

pub(super) const fn about(id: &'static str, title: &'static str, why: &'static str, opt_in: bool) -> About {
    let (compliant, fix, risk, guard) = (COMPLIANT, FIX, RISK, GUARD);
    let permanent = permanent!("monitoring", "alarms");
    // Security Hub's label for all of them.
    About {
        id,
        wrong: "without a working alarm",
        title,
        why,
        compliant,
        fix,
        risk,
        guard,
        permanent,
        severity: Severity::Low,
        opt_in,
        references: &[PATTERNS],
    }
}
