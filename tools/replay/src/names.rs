//! Texts that many records share, each kept once.

use std::collections::HashMap;
use trailkeeper::model::sanitized;

/// Text, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(u32);

/// Texts, each made safe to be shown.
#[derive(Debug, Default)]
pub(crate) struct Names {
    all: Vec<String>,
    numbers: HashMap<String, Name>,
}

impl Names {
    /// Keeps a text.
    pub(crate) fn keep(&mut self, text: &str) -> Name {
        if let Some(name) = self.numbers.get(text) {
            return *name;
        }
        let name = Name(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(sanitized(text));
        self.numbers.insert(text.to_owned(), name);
        name
    }

    /// Returns a text.
    pub(crate) fn text(&self, name: Name) -> &str {
        self.all.get(name.0 as usize).map_or("", String::as_str)
    }
}
