//! What a document of ours has come to allow beyond itself, and to whom.

use super::meaning::beyond;
use super::statement::{Statement, texts};
use super::{matches, without_statements};
use crate::documents::principals::{Named, account_of};
use crate::model::sanitized;
use serde_json::Value;

/// Statements that somebody added to a document of ours, or widened in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Excess {
    /// Statements that serve nobody whom the account could have meant: they let everybody in, or let other accounts do
    /// more than read.
    pub harmful: Vec<Value>,
    /// Statements that somebody may depend on: other accounts read, or principals of the account do more than read.
    pub doubtful: Vec<Value>,
}

impl Excess {
    /// Compares a document with ours. `reads` are the actions, with wildcards, that read and change nothing.
    ///
    /// A statement that denies, that is for services or the account as such, or that lets principals of the account
    /// read, is no excess.
    #[must_use]
    pub fn of(document: &Value, ours: &Value, account: &str, reads: &[&str]) -> Self {
        let mut excess = Self::default();
        for statement in beyond(document, ours).into_iter().filter(|it| it.allows()) {
            let reads_only = reads_only(statement, reads);
            match who(statement, account) {
                Who::Everybody => excess.harmful.push(statement.to_value()),
                Who::Others if !reads_only => excess.harmful.push(statement.to_value()),
                Who::Others => excess.doubtful.push(statement.to_value()),
                Who::Account if !reads_only => excess.doubtful.push(statement.to_value()),
                Who::Account | Who::Nobody => {}
            }
        }
        excess
    }

    /// Returns whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.harmful.is_empty() && self.doubtful.is_empty()
    }

    /// Returns the document without the statements that serve nobody.
    #[must_use]
    pub fn cut(&self, document: &Value) -> Value {
        without_statements(document, &self.harmful)
    }
}

impl std::fmt::Display for Excess {
    /// Writes who may do what: `999999999999 may kms:*`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<String> = self.harmful.iter().chain(&self.doubtful).map(told).collect();
        f.write_str(&all.join("; "))
    }
}

/// Returns the statements that let in parties that are neither of the account nor services, but for those that are
/// trusted: principals by their ARNs or account ids, and organizations that a condition names.
#[must_use]
pub fn strangers<'a>(document: &'a Value, account: &str, is_trusted: &dyn Fn(&str) -> bool) -> Vec<Statement<'a>> {
    let lets_strangers_in = |statement: &Statement<'_>| {
        if !statement.allows() || is_confined_to(*statement, &|name| is_trusted(name)) {
            return false;
        }
        match who(*statement, account) {
            Who::Account | Who::Nobody => false,
            Who::Everybody => true,
            Who::Others => match statement.element("Principal") {
                Some(Value::Object(kinds)) => kinds
                    .iter()
                    .filter(|(kind, _)| *kind != "Service")
                    .any(|(_, names)| texts(names).any(|name| account_of(name) != Some(account) && !is_trusted(name))),
                _ => true,
            },
        }
    };
    super::statements(document).filter(lets_strangers_in).collect()
}

/// Returns whether a condition lets only accounts, principals or organizations pass that are trusted.
fn is_confined_to(statement: Statement<'_>, is_trusted: &dyn Fn(&str) -> bool) -> bool {
    statement.conditions().iter().any(|condition| {
        // Whom an access point lets in, its own policy says.
        let party = Named::by(&condition.key).filter(|_| !condition.key.starts_with("s3:"));
        let mut words = texts(condition.values).peekable();
        condition.lets_in_only()
            && party.is_some_and(|named| named != Named::OrganizationPath)
            && words.peek().is_some()
            && words.all(is_trusted)
    })
}

/// Writes who may do what by a statement, for people.
#[must_use]
pub fn told(statement: &Value) -> String {
    let list = |value: Option<&Value>| match value {
        Some(Value::Object(kinds)) => kinds.values().flat_map(texts).collect::<Vec<_>>().join(", "),
        Some(value) => texts(value).collect::<Vec<_>>().join(", "),
        None => String::new(),
    };
    let either = |element: &str, not: &str| match statement.get(element) {
        Some(value) => list(Some(value)),
        None => format!("all but {}", list(statement.get(not))),
    };
    let who = either("Principal", "NotPrincipal");
    let who = if who == "*" { "everybody".to_owned() } else { who };
    sanitized(&format!("{who} may {}", either("Action", "NotAction")))
}

/// Whom a statement lets in.
enum Who {
    /// Everybody, under no condition on who it is.
    Everybody,
    /// Principals of other accounts, or that cannot be told to be of this one.
    Others,
    /// Principals of this account.
    Account,
    /// Only services of AWS, and the account as such.
    Nobody,
}

fn who(statement: Statement<'_>, account: &str) -> Who {
    let kinds = match statement.element("Principal") {
        Some(Value::Object(kinds)) => kinds,
        _ if is_confined(statement, account) => return Who::Account,
        _ if statement.condition().is_some() => return Who::Others,
        _ => return Who::Everybody,
    };
    let named: Vec<&str> = kinds.get("AWS").into_iter().flat_map(texts).collect();
    let within = |text: &&str| account_of(text) == Some(account);
    let others = kinds.keys().any(|kind| kind != "AWS" && kind != "Service");
    // The account's root hands the decision on to the account's own policies.
    let root = |text: &&str| *text == account || text.ends_with(":root");
    if !others && named.iter().all(within) && named.iter().all(root) {
        Who::Nobody
    } else if is_confined(statement, account) || (!others && named.iter().all(within)) {
        Who::Account
    } else if named.contains(&"*") && statement.condition().is_none() {
        Who::Everybody
    } else {
        Who::Others
    }
}

/// Returns whether a condition lets only this account's principals or resources pass.
fn is_confined(statement: Statement<'_>, account: &str) -> bool {
    statement.conditions().iter().any(|condition| {
        let named = Named::by(&condition.key).filter(|named| matches!(named, Named::Account | Named::Arn));
        let mut words = texts(condition.values).peekable();
        let own = |text: &str| account_of(text) == Some(account);
        condition.lets_in_only() && named.is_some() && words.peek().is_some() && words.all(own)
    })
}

fn reads_only(statement: Statement<'_>, reads: &[&str]) -> bool {
    let is_read = |action: &str| {
        reads
            .iter()
            .any(|read| !action.contains('?') && matches(&read.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    };
    statement.element("Action").is_some_and(|actions| texts(actions).next().is_some() && texts(actions).all(is_read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const READS: [&str; 2] = ["kms:Decrypt", "kms:Describe*"];

    fn of(changes: &Value) -> (usize, usize) {
        let mut more = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "kms:*", "Resource": "*"});
        more.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
        let ours = json!({"Sid": "Ours", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"});
        let document = json!({"Statement": [ours, more]});
        let excess = Excess::of(&document, &json!({ "Statement": ours }), "111122223333", &READS);
        let rest = excess.cut(&document)["Statement"].as_array().map_or(0, Vec::len);
        assert_eq!(rest, 2 - excess.harmful.len(), "what is harmful goes, and nothing else");
        (excess.harmful.len(), excess.doubtful.len())
    }

    #[test]
    fn strangers_who_do_more_than_read_are_harmful() {
        for changes in [
            json!({}),
            json!({"Principal": "*", "Action": "kms:Decrypt"}),
            json!({"Principal": {"AWS": ["*"]}, "Action": "kms:Decrypt"}),
            json!({"Action": ["kms:Decrypt", "kms:PutKeyPolicy"]}),
            json!({"Principal": {"AWS": ["111122223333", "999999999999"]}}),
            json!({"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": ["111122223333", "999999999999"]}}}),
            json!({"Principal": {"Federated": "x"}}),
        ] {
            assert_eq!(of(&changes), (1, 0), "{changes}");
        }
    }

    #[test]
    fn readers_elsewhere_and_powers_within_are_doubtful() {
        for changes in [
            json!({"Action": ["kms:decrypt", "kms:DescribeKey"]}),
            json!({"Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/mallory"}}),
            json!({"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}}),
        ] {
            assert_eq!(of(&changes), (0, 1), "{changes}");
        }
    }

    #[test]
    fn denials_services_and_readers_within_are_none() {
        for changes in [
            json!({"Effect": "Deny", "Principal": "*"}),
            json!({"Principal": {"Service": "x.amazonaws.com"}}),
            json!({"Principal": {"Service": "x.amazonaws.com"}, "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:role/r"}, "Action": "kms:Decrypt"}),
            json!({"Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:root"]}, "Action": "kms:Put*"}),
        ] {
            assert_eq!(of(&changes), (0, 0), "{changes}");
        }
    }

    #[test]
    fn strangers_are_those_whom_nobody_named() {
        let found = |changes: &Value| {
            let mut one = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "kms:Decrypt"});
            one.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
            let named = |name: &str| name.contains("444455556666") || name == "o-own";
            !strangers(&json!({ "Statement": one }), "111122223333", &named).is_empty()
        };
        let org = |id: &str| json!({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": id}}});
        for stranger in [
            json!({}),
            json!({"Principal": "*"}),
            json!({"Principal": {"AWS": ["arn:aws:iam::444455556666:root", "999999999999"]}}),
            json!({"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": "999999999999"}}}),
            json!({"Principal": {"Federated": "accounts.google.com"}}),
            org("o-other"),
        ] {
            assert!(found(&stranger), "{stranger}");
        }
        for known in [
            json!({"Effect": "Deny"}),
            json!({"Principal": {"AWS": ["arn:aws:iam::444455556666:role/r", "111122223333"]}}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/u"}}),
            json!({"Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/x"}}),
            json!({"Principal": {"Service": "cloudtrail.amazonaws.com"}}),
            json!({"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}}),
            org("o-own"),
        ] {
            assert!(!found(&known), "{known}");
        }
    }

    #[test]
    fn it_says_who_may_do_what() {
        let statement = |it: Value| Excess { harmful: vec![it], doubtful: vec![] }.to_string();
        assert_eq!(statement(json!({"Principal": {"AWS": ["a", "b"]}, "Action": ["k:A", "k:B"]})), "a, b may k:A, k:B");
        assert_eq!(statement(json!({"Principal": "*", "NotAction": "k:A"})), "everybody may all but k:A");
        assert!(!statement(json!({"Principal": {"AWS": "a\nb"}, "Action": "k:A"})).contains('\n'));
    }
}
