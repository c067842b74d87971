//! Statement in the policy of a key of ours that lets Trailkeeper keep the key: give it its alias, its rotation and its
//! policy. Pure.
//!
//! Whoever creates a key must be able to change its policy afterwards, or KMS refuses to create it, and an alias is a
//! right on the key as well as on the alias ([KMS developer guide, creating keys]). Rights on keys in a policy of IAM
//! would reach every key of the account, unless a tag or an alias told ours from the others, and whoever can set those can
//! claim any key. So the key's own policy gives them.
//!
//! [KMS developer guide, creating keys]: https://docs.aws.amazon.com/kms/latest/developerguide/create-keys.html

use crate::documents::policy::{Statement, compiled, document, fill_in, same, statements, without_statements};
use crate::model::Place;
use serde_json::{Value, json};

/// JSON pointer to the role of the function in the stack's account.
const WHO: &str = "/Condition/ArnEquals/aws:PrincipalArn/0";
/// Name of a stack that is set nowhere.
const STACK: &str = "trailkeeper";

/// Statement that lets the function of one family keep a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Keeper {
    family: &'static str,
    statement: Value,
}

impl Keeper {
    /// Creates the statement for the function of a family, in an account that this function works in: at home, as the
    /// function of a stack with the default name, or as a member.
    #[must_use]
    pub fn of(place: &Place, family: &'static str) -> Self {
        let document = fill_in(&compiled(document!("key-keeper.json"), place), &[("Family", family)]);
        let statement = document.pointer("/Statement/0").cloned().unwrap_or_default();
        Self { family, statement }.in_stack(STACK)
    }

    /// Returns the same for the stack of this name.
    #[must_use]
    pub fn in_stack(mut self, stack: &str) -> Self {
        let role = self.role(stack);
        if let (Some(who), Some(role)) = (self.statement.pointer_mut(WHO), role) {
            *who = role.into();
        }
        self
    }

    /// Returns the statement.
    #[must_use]
    pub fn statement(&self) -> &Value {
        &self.statement
    }

    /// Returns whether a key's policy has this statement.
    #[must_use]
    pub fn is_in(&self, policy: &Value) -> bool {
        statements(policy).any(|it| same_statement(&it.to_value(), &self.statement))
    }

    /// Returns a key's policy without such a statement of this stack or of another one.
    #[must_use]
    pub fn without(&self, policy: &Value) -> Value {
        let ours: Vec<Value> =
            statements(policy).map(Statement::to_value).filter(|statement| self.is_one(statement)).collect();
        if ours.is_empty() { policy.clone() } else { without_statements(policy, &ours) }
    }

    fn is_one(&self, statement: &Value) -> bool {
        let stack = statement.pointer(WHO).and_then(Value::as_str).and_then(|role| self.stack(role));
        stack.is_some_and(|stack| same_statement(statement, &self.clone().in_stack(stack).statement))
    }

    /// Returns the ARN of the function's role in a stack of this name.
    fn role(&self, stack: &str) -> Option<String> {
        let (before, _) = self.statement.pointer(WHO)?.as_str()?.split_once(":role/")?;
        Some(format!("{before}:role/{stack}-FunctionRole-{}", self.family))
    }

    /// Returns the name of the stack that this is the function's role of.
    fn stack<'a>(&self, role: &'a str) -> Option<&'a str> {
        let (_, name) = role.split_once(":role/")?;
        let stack = name.strip_suffix(self.family)?.strip_suffix("-FunctionRole-")?;
        // CloudFormation user guide, names of stacks: letters, digits and hyphens.
        stack.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-').then_some(stack)
    }
}

/// Returns whether two statements mean the same.
fn same_statement(one: &Value, other: &Value) -> bool {
    same(&json!({ "Statement": one }), &json!({ "Statement": other }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::policy::with_statements;
    use crate::model::Region;

    fn keeper() -> Keeper {
        let region = Region::parse("eu-west-1").expect("a region");
        Keeper::of(&Place { partition: "aws".into(), account: "111122223333".into(), region }, "trail")
    }

    fn policy() -> Value {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "x"}, "Action": "kms:*", "Resource": "*"}]})
    }

    #[test]
    fn the_function_and_its_member_role_may_keep_the_key_and_nobody_else() {
        let keeper = keeper();
        assert!(!keeper.statement().to_string().contains("${"), "{}", keeper.statement());
        assert_eq!(
            keeper.statement().pointer("/Condition/ArnEquals/aws:PrincipalArn"),
            Some(&json!([
                "arn:aws:iam::111122223333:role/trailkeeper-FunctionRole-trail",
                "arn:aws:iam::111122223333:role/TrailkeeperRole"
            ]))
        );
        let family = keeper.statement().pointer("/Condition/StringEqualsIfExists/aws:PrincipalTag~1trailkeeper-family");
        assert_eq!(family, Some(&json!("trail")), "a member's session is of one family");
    }

    #[test]
    fn the_statement_of_any_stack_is_known_and_no_other() {
        let whole = |statement: &Value| with_statements(Some(&policy()), std::slice::from_ref(statement));
        for stack in ["trailkeeper", "audit-2"] {
            let kept = whole(keeper().in_stack(stack).statement());
            assert_eq!(keeper().without(&kept), policy(), "{stack}");
            assert_eq!(keeper().is_in(&kept), stack == "trailkeeper", "{stack}");
        }
        let of_any_stack = keeper().in_stack("*").statement().clone();
        let mut wider = keeper().statement().clone();
        wider["Action"] = json!("kms:*");
        for other in [of_any_stack, wider] {
            assert_eq!(keeper().without(&whole(&other)), whole(&other));
        }
    }
}
