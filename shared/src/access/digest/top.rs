//! Finds the most frequent values in constant memory with the *space saving* sketch (Metwally et al., 2005).
//!
//! A new value replaces the rarest one and takes over its count, since it may have occurred before. Any value that
//! makes up more than `1 / KEPT` of all occurrences is therefore certain to be kept. Counts are exact for up to `KEPT`
//! different values; beyond that, each lies between two known bounds.

use crate::access::read::foreign::shown;
use serde::Serialize;

/// Number of values that are kept, and number that are reported.
const KEPT: usize = 32;
const REPORTED: usize = 5;

/// Maximum length of a value in bytes. Values that share this prefix count as one.
const LONGEST: usize = 300;

/// Counts values and keeps the most frequent.
#[derive(Debug, Default)]
pub(in crate::access) struct Top {
    kept: Vec<Kept>,
    total: u64,
}

#[derive(Debug)]
struct Kept {
    value: Vec<u8>,
    most: u64,
    /// Upper bound on the share of the count that belongs to values replaced earlier.
    surplus: u64,
}

/// Most frequent values of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tops {
    /// The most frequent values, most frequent first.
    pub top: Vec<Share>,
    /// Maximum number of occurrences of any other value.
    pub others: u64,
}

/// Number of occurrences of a value. Both bounds are equal where the count is exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Share {
    /// The value.
    pub value: String,
    /// Lower bound on the number of occurrences.
    pub at_least: u64,
    /// Upper bound on the number of occurrences.
    pub at_most: u64,
}

impl Top {
    /// Counts one occurrence of a value.
    pub(in crate::access) fn add(&mut self, value: &[u8]) {
        let value = value.get(..LONGEST).unwrap_or(value);
        self.total += 1;
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.value == value) {
            kept.most += 1;
        } else if self.kept.len() < KEPT {
            self.kept.push(Kept { value: value.to_owned(), most: 1, surplus: 0 });
        } else if let Some(rarest) = self.kept.iter_mut().min_by_key(|kept| kept.most) {
            rarest.value.clear();
            rarest.value.extend_from_slice(value);
            (rarest.surplus, rarest.most) = (rarest.most, rarest.most + 1);
        }
    }

    /// Returns the values with the highest lower bounds.
    pub(in crate::access) fn reported(&self) -> Tops {
        let mut kept: Vec<&Kept> = self.kept.iter().collect();
        kept.sort_by_key(|it| (std::cmp::Reverse((it.most - it.surplus, it.most)), &it.value));
        kept.truncate(REPORTED);
        let share =
            |kept: &&Kept| Share { value: shown(&kept.value), at_least: kept.most - kept.surplus, at_most: kept.most };
        let top: Vec<Share> = kept.iter().map(share).collect();
        let others = self.total - top.iter().map(|share| share.at_least).sum::<u64>();
        Tops { top, others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn few_values_are_counted_exactly() {
        let mut top = Top::default();
        for (value, times) in [("a", 3), ("b", 9), ("c", 1), ("d", 2), ("e", 2), ("f", 4)] {
            (0..times).for_each(|_| top.add(value.as_bytes()));
        }
        let reported = top.reported();
        let shares: Vec<_> = reported.top.iter().map(|it| (it.value.as_str(), it.at_least, it.at_most)).collect();
        assert_eq!(shares, [("b", 9, 9), ("f", 4, 4), ("a", 3, 3), ("d", 2, 2), ("e", 2, 2)]);
        assert_eq!(reported.others, 1);
    }

    proptest! {
        #[test]
        fn the_bounds_hold_and_what_is_frequent_is_kept(
            values in prop::collection::vec(0_u32..200, 0..2000), often in 0_usize..500
        ) {
            let mut top = Top::default();
            let mut exact: HashMap<Vec<u8>, u64> = HashMap::new();
            let all = values.iter().map(ToString::to_string).chain((0..often).map(|_| "often".to_owned()));
            for value in all {
                top.add(value.as_bytes());
                *exact.entry(value.into_bytes()).or_default() += 1;
            }
            prop_assert!(top.kept.len() <= KEPT);
            for kept in &top.kept {
                let count = exact[&kept.value];
                prop_assert!(kept.most - kept.surplus <= count && count <= kept.most);
            }
            for (value, count) in &exact {
                let is_kept = top.kept.iter().any(|kept| kept.value == *value);
                prop_assert!(is_kept || *count <= top.total / KEPT as u64);
            }
            let reported = top.reported();
            prop_assert_eq!(reported.top.iter().map(|it| it.at_least).sum::<u64>() + reported.others, top.total);
        }
    }
}
