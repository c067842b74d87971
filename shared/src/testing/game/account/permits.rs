//! Whether documents allow a request, by AWS's rules for what the game's documents contain. It knows nothing of how
//! Trailkeeper evaluates policies, since it judges what Trailkeeper did.

use serde_json::Value;

/// Request of a service or an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// `Service` and its principal, or `AWS` and the number of an account.
    pub(crate) who: (&'a str, &'a str),
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    /// What is known of the request, with the keys in lower case.
    pub(crate) known: &'a [(&'a str, &'a str)],
}

/// Returns whether the documents together allow it, and none denies it.
pub(crate) fn permits<'a>(documents: impl IntoIterator<Item = &'a Value>, asked: Asked<'_>) -> bool {
    let statements = documents.into_iter().flat_map(|document| items(document.get("Statement")));
    let fitting: Vec<&Value> = statements.filter(|it| fits(it, asked)).collect();
    let effect = |it: &Value, word: &str| it.get("Effect").and_then(Value::as_str) == Some(word);
    fitting.iter().any(|it| effect(it, "Allow")) && !fitting.iter().any(|it| effect(it, "Deny"))
}

fn fits(statement: &Value, asked: Asked<'_>) -> bool {
    let any = |element: &str, text: &str| texts(statement.get(element)).any(|pattern| like(pattern, text));
    let resource = statement.get("Resource").is_none() || any("Resource", asked.resource);
    let action = texts(statement.get("Action"))
        .any(|pattern| like(&pattern.to_ascii_lowercase(), &asked.action.to_ascii_lowercase()));
    action
        && resource
        && is_principal(statement.get("Principal"), asked.who)
        && holds(statement.get("Condition"), asked)
}

fn is_principal(principal: Option<&Value>, (kind, who): (&str, &str)) -> bool {
    match principal {
        // A document of a role names nobody.
        None => true,
        Some(Value::String(everybody)) => everybody == "*",
        Some(principal) => texts(principal.get(kind)).any(|it| {
            let account = it.split(':').nth(4).unwrap_or(it);
            it == "*" || it == who || kind == "AWS" && account == who
        }),
    }
}

fn holds(condition: Option<&Value>, asked: Asked<'_>) -> bool {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators.into_iter().all(|(operator, keys)| {
        keys.as_object().into_iter().flatten().all(|(key, values)| one_holds(operator, key, values, asked))
    })
}

fn one_holds(operator: &str, key: &str, values: &Value, asked: Asked<'_>) -> bool {
    let known = asked.known.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| *value);
    let plain = operator.trim_end_matches("IfExists");
    let found = known.is_some_and(|known| match plain {
        "StringLike" | "ArnLike" | "ArnEquals" | "StringNotLike" | "ArnNotLike" => {
            texts(Some(values)).any(|pattern| like(pattern, known))
        }
        _ => texts(Some(values)).any(|value| value == known),
    });
    match (plain, known) {
        ("Null", known) => texts(Some(values)).any(|value| value == if known.is_none() { "true" } else { "false" }),
        (_, None) => operator.ends_with("IfExists") || plain.contains("Not"),
        (plain, Some(_)) => found != plain.contains("Not"),
    }
}

fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => vec![],
    }
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    items(value).into_iter().filter_map(Value::as_str)
}

fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, rest)) => text.strip_prefix(before).is_some_and(|text| {
            let ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
            rest.is_empty() || ends.into_iter().any(|at| like(rest, &text[at..]))
        }),
    }
}
