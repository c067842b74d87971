//! Texts of documents as AWS keeps them. Parsing one loses its blanks, and what stands twice in it; undo gives it back
//! byte for byte.

use crate::documents::policy::parsed;
use crate::model::Property;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Size of the texts in bytes after which those that were read earliest are forgotten, twice over: a document is replaced
/// right after it was read.
const ROOM: usize = 1 << 20;

/// Texts of the documents that were read during an event, where they are not just their value without blanks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    lately: HashMap<Property, String>,
    size: usize,
    before: HashMap<Property, String>,
}

impl Texts {
    /// Parses the document that this property has, and notes its text.
    pub(crate) fn parsed(&self, property: Property, text: &str) -> Value {
        let value = parsed(text);
        let short = value.to_string();
        let mut known = self.known();
        known.before.remove(&property);
        let earlier = known.lately.remove(&property).map_or(0, |text| text.len());
        known.size -= earlier;
        if short != text && !value.is_string() {
            known.size += text.len();
            known.lately.insert(property, text.to_owned());
            if known.size > ROOM {
                (known.before, known.size) = (std::mem::take(&mut known.lately), 0);
            }
        }
        value
    }

    /// Returns the text of the document that this property has, if that was noted and still means this value.
    pub(crate) fn of(&self, property: &Property, value: &Value) -> Option<String> {
        let known = self.known();
        let text = known.lately.get(property).or_else(|| known.before.get(property))?;
        (parsed(text) == *value).then(|| text.clone())
    }

    /// Forgets all texts, at the beginning and the end of an event.
    pub(crate) fn clear(&self) {
        *self.known() = Known::default();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn topic(name: &str) -> Property {
        Property::TopicPolicy { arn: format!("arn:aws:sns:us-east-1:111122223333:{name}") }
    }

    #[test]
    fn a_text_is_known_by_its_property_while_it_means_the_value() {
        let texts = Texts::default();
        let (text, value) = ("{ \"Version\" : \"2012-10-17\" }", json!({ "Version": "2012-10-17" }));
        assert_eq!(texts.parsed(topic("a"), text), value);
        assert_eq!(texts.of(&topic("a"), &value).as_deref(), Some(text));
        assert_eq!(texts.of(&topic("b"), &value), None);
        assert_eq!(texts.of(&topic("a"), &json!({})), None);
        texts.parsed(topic("a"), "{\"Version\":\"2012-10-17\"}");
        assert_eq!(texts.of(&topic("a"), &value), None, "its value says it all");
        texts.parsed(topic("a"), text);
        texts.clear();
        assert_eq!(texts.of(&topic("a"), &value), None);
    }

    #[test]
    fn what_was_read_earliest_is_forgotten() {
        let texts = Texts::default();
        let text = format!("{{ \"Sid\": \"{}\" }}", "x".repeat(ROOM / 4));
        let value = parsed(&text);
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        for name in names {
            texts.parsed(topic(name), &text);
        }
        let known: Vec<&str> = names.into_iter().filter(|name| texts.of(&topic(name), &value).is_some()).collect();
        assert_eq!(known, ["e", "f", "g", "h", "i", "j"]);
    }
}
