//! Adds statements to an existing policy document without losing anything in it.

use super::statement::{Statement, statements};
use serde_json::{Value, json};

/// Why AWS would reject the completed document, in words that follow "the policy".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The document is not a JSON object.
    #[error("cannot be read")]
    Illegible,
    /// The document names deleted principals, of which only the ids are left.
    #[error("names deleted principals ({0}), and AWS rejects every document that does: remove them")]
    Deleted(String),
    /// The document would exceed the given size in KB.
    #[error("would exceed the {0} KB that AWS allows: shorten it")]
    TooLarge(usize),
}

/// Adds statements to a document, which AWS must accept with at most `most` KB.
///
/// # Errors
/// Returns why AWS would reject the document.
pub fn completed(document: Option<&Value>, added: &[Value], most: usize) -> Result<Value, Refusal> {
    if document.is_some_and(|document| !document.is_object()) {
        return Err(Refusal::Illegible);
    }
    let deleted = document.map(deleted_principals).unwrap_or_default();
    if !deleted.is_empty() {
        return Err(Refusal::Deleted(deleted.join(", ")));
    }
    let whole = with_statements(document, added);
    if whole.to_string().len() > most * 1_024 { Err(Refusal::TooLarge(most)) } else { Ok(whole) }
}

/// Appends statements to a document, each under a `Sid` that no other statement has.
///
/// Everything else stays as it is: `Version`, `Id`, unknown keys, and the order and content of the existing statements.
/// A single statement outside a list becomes the first of a list. Without a document, a new one is created.
#[must_use]
pub fn with_statements(document: Option<&Value>, added: &[Value]) -> Value {
    let mut whole = document.cloned().unwrap_or_else(|| json!({ "Version": "2012-10-17" }));
    let mut all: Vec<Value> = match whole.get("Statement") {
        Some(Value::Array(items)) => items.clone(),
        Some(single) => vec![single.clone()],
        None => Vec::new(),
    };
    for statement in added {
        let mut statement = statement.clone();
        if let Some(Value::String(sid)) = statement.get_mut("Sid") {
            *sid = free(sid, &all);
        }
        all.push(statement);
    }
    if let Some(map) = whole.as_object_mut() {
        map.insert("Statement".to_owned(), Value::Array(all));
    }
    whole
}

/// Removes these exact statements from a document; everything else stays as it is.
#[must_use]
pub fn without_statements(document: &Value, removed: &[Value]) -> Value {
    let mut whole = document.clone();
    let is_gone = |statement: &Value| removed.contains(statement);
    match whole.get_mut("Statement") {
        Some(Value::Array(items)) => items.retain(|item| !is_gone(item)),
        Some(single) if is_gone(single) => *single = Value::Array(Vec::new()),
        _ => {}
    }
    whole
}

/// Returns the principals that a document names by bare id: those of deleted roles and users. IAM rejects every
/// document that still names one ([IAM user guide, principal element]).
///
/// [IAM user guide, principal element]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
#[must_use]
fn deleted_principals(document: &Value) -> Vec<&str> {
    let is_id = |text: &&str| {
        let prefixed = text.starts_with("AROA") || text.starts_with("AIDA");
        prefixed && text.len() >= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    statements(document).flat_map(Statement::accounts_and_roles).filter(is_id).collect()
}

/// Returns `sid`, with a number appended if another statement has it already.
fn free(sid: &str, all: &[Value]) -> String {
    let taken = |name: &str| all.iter().any(|statement| statement.get("Sid").and_then(Value::as_str) == Some(name));
    let numbered = (2..).map(|number| format!("{sid}{number}"));
    std::iter::once(sid.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_document_is_lost() {
        let theirs =
            json!({"Id": "x", "Odd": [1], "Statement": {"Sid": "Ours", "Effect": "Allow"}, "Version": "2008-10-17"});
        let merged =
            with_statements(Some(&theirs), &[json!({"Sid": "Ours", "Effect": "Deny"}), json!({"Effect": "Deny"})]);
        let expected = json!({"Id": "x", "Odd": [1], "Version": "2008-10-17", "Statement": [
            {"Sid": "Ours", "Effect": "Allow"}, {"Sid": "Ours2", "Effect": "Deny"}, {"Effect": "Deny"}]});
        assert_eq!(merged, expected);
        let keys: Vec<&String> = merged.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["Id", "Odd", "Statement", "Version"], "their order stays");
    }

    #[test]
    fn what_is_taken_out_leaves_the_rest_as_it_is() {
        let (a, b) = (json!({"Sid": "A", "Effect": "Deny"}), json!({"Sid": "B"}));
        let both = json!({"Id": "x", "Statement": [a, b]});
        assert_eq!(without_statements(&both, std::slice::from_ref(&a)), json!({"Id": "x", "Statement": [b]}));
        assert_eq!(without_statements(&both, &[json!({"Sid": "A"})]), both, "another of that name");
        let single = json!({"Statement": a});
        assert_eq!(without_statements(&single, &[a]), json!({"Statement": []}));
        assert_eq!(without_statements(&single, &[b]), single);
    }

    #[test]
    fn a_new_document_is_of_the_newer_version() {
        let new = with_statements(None, &[json!({"Sid": "A"}), json!({"Sid": "A"})]);
        assert_eq!(new, json!({"Version": "2012-10-17", "Statement": [{"Sid": "A"}, {"Sid": "A2"}]}));
    }

    #[test]
    fn what_aws_would_refuse_is_not_completed() {
        let deleted = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}});
        let large = json!({"Id": "x".repeat(20 * 1_024), "Statement": []});
        let added = [json!({"Sid": "New"})];
        let of = |document: &Value| completed(Some(document), &added, 20);
        assert_eq!(of(&deleted), Err(Refusal::Deleted("AROAEXAMPLEEXAMPLE123".to_owned())));
        assert_eq!(of(&large), Err(Refusal::TooLarge(20)));
        assert_eq!(completed(Some(&large), &added, 30).map(|it| it["Statement"].clone()), Ok(json!(added)));
        assert_eq!(of(&json!("nonsense")), Err(Refusal::Illegible));
        assert_eq!(completed(None, &added, 20), Ok(with_statements(None, &added)));
    }

    #[test]
    fn deleted_principals_are_seen() {
        let named = json!({"Statement": [
            {"Principal": {"AWS": ["AROAEXAMPLEEXAMPLE123", "arn:aws:iam::111122223333:root"]}},
            {"Principal": "*"}, {"NotPrincipal": {"AWS": "AIDAEXAMPLEEXAMPLE123"}}, {"Principal": {"AWS": "111122223333"}}]});
        assert_eq!(deleted_principals(&named), ["AROAEXAMPLEEXAMPLE123", "AIDAEXAMPLEEXAMPLE123"]);
    }
}
