//! Filters that serve a rule as they are: one alone, or several on one metric, which count as one. Pure.

use super::chain::{Assessment, FilterCandidate};
use super::filter::{Filter, Transformation, Written};
use super::source::LogSource;
use super::view::Want;
use crate::documents::filter_pattern::Pattern;
use crate::model::Seen;
use std::collections::BTreeMap;

/// Filters that serve the rule, and what keeps others from it.
#[derive(Default)]
pub(super) struct Serving<'a> {
    pub(super) candidates: Vec<FilterCandidate<'a>>,
    /// Log groups of which it has to be read whether they transform their events.
    pub(super) wants: Vec<Want>,
    /// What is missing to determine whether more filters serve.
    pub(super) doubt: Option<String>,
    /// What is wrong with a filter that sees transformed events only, and what to do.
    pub(super) misled: Option<(String, String)>,
}

impl<'a> Assessment<'a> {
    /// Finds the filters that serve the rule as they are.
    pub(super) fn serving(self, fed: &[LogSource<'a>]) -> Serving<'a> {
        let mut serving = Serving::default();
        for source in fed {
            match source.group.filters.known() {
                Ok(filters) => self.add(*source, filters.map_or(&[][..], Vec::as_slice), &mut serving),
                Err(unread) => serving.doubt = Some(unread.of(format_args!("log group {}", source.group.name))),
            }
        }
        serving
    }

    fn add(self, source: LogSource<'a>, filters: &'a [Filter], serving: &mut Serving<'a>) {
        // Ours is made for events as CloudTrail writes them: if it was altered, it is put back.
        let altered = |it: &Filter| it.transformed && it.name == self.rule.name;
        let due = filters.iter().filter(|it| !self.rule.leaves(&it.name) && !altered(it));
        let all: Vec<&Filter> = due.collect();
        let plain: Vec<&Filter> = all.iter().copied().filter(|it| !it.transformed).collect();
        let mut found = self.alone_or_together(&plain);
        if plain.len() < all.len() {
            let more = self.alone_or_together(&all).into_iter().filter(|it| !found.contains(it)).collect();
            found.extend(self.of_transformed(source, more, serving));
        }
        serving.candidates.extend(found.into_iter().map(|filter| FilterCandidate { source, filter, put: None }));
    }

    /// Returns those of these filters that see events as CloudTrail writes them, though they apply to transformed ones: a
    /// transformer may give every member another name ([CloudWatch Logs user guide, log transformation]).
    ///
    /// [CloudWatch Logs user guide, log transformation]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation.html
    fn of_transformed(self, source: LogSource<'a>, filters: Vec<Filter>, serving: &mut Serving<'a>) -> Vec<Filter> {
        let Some(first) = filters.first().map(|it| it.name.clone()) else { return filters };
        let group = source.group.name.as_str();
        let key = (source.region(), group.to_owned());
        match self.view.transformers.get(&key).map(Seen::known) {
            None => serving.wants.push(Want::Transformer(key.0, key.1)),
            Some(Ok(None)) => return filters,
            Some(Ok(Some(()))) => {
                let because = format!(
                    "metric filter {first} applies to transformed events of log group {group}, whose members may have \
                     other names"
                );
                let advice = format!(
                    "Switch applyOnTransformedLogs of metric filter {first} off: its pattern is made for events as \
                     CloudTrail writes them."
                );
                serving.misled = Some((because, advice));
            }
            Some(Err(unread)) => {
                serving.doubt = Some(unread.of(format_args!("transformed events of log group {group}")));
            }
        }
        Vec::new()
    }

    /// Returns the filters that serve alone, and those that do together on one metric.
    fn alone_or_together(self, filters: &[&Filter]) -> Vec<Filter> {
        let serves = |it: &Filter| it.serves(self.rule, self.settings.filter_patterns);
        let mut metrics: BTreeMap<_, Vec<&Filter>> = BTreeMap::new();
        for filter in filters.iter().filter(|it| it.counts().is_some()) {
            metrics.entry(&filter.transformation.metric).or_default().push(filter);
        }
        let alone = filters.iter().filter(|it| serves(it)).map(|it| (*it).clone());
        let together = metrics.values().filter(|all| !all.iter().any(|it| serves(it)));
        alone.chain(together.filter_map(|all| joined(all)).filter(serves)).collect()
    }
}

/// Returns what several filters on one metric are together, for the alarm on it: the least of their values has to set it
/// off, above the greatest of their defaults.
fn joined(filters: &[&Filter]) -> Option<Filter> {
    let [first, _, ..] = filters else { return None };
    let means = Pattern::any_of(filters.iter().filter_map(|it| it.pattern.means.as_ref()))?;
    let value = |it: &&Filter| it.counts().unwrap_or(f64::INFINITY);
    let least = filters.iter().min_by(|a, b| value(a).total_cmp(&value(b)))?;
    let default = filters.iter().filter_map(|it| it.transformation.default).max_by(f64::total_cmp);
    let unit =
        Some(&first.transformation.unit).filter(|unit| filters.iter().all(|it| it.transformation.unit == **unit));
    let names: Vec<&str> = filters.iter().map(|it| it.name.as_str()).collect();
    let transformation = Transformation { default, unit: unit.cloned().flatten(), ..least.transformation.clone() };
    // No text of its own: together they are never somebody's pattern to the letter.
    let pattern = Written { text: String::new(), means: Some(means) };
    Some(Filter { name: names.join(", "), pattern, transformation, ..(*first).clone() })
}
