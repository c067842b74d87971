//! Resource types that a recorder records, and whether they are fewer than all. Pure.

/// Scope of a recorder.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All types that AWS Config supports, now and in the future.
    All,
    /// Only these types.
    Only(Vec<String>),
    /// All types except these.
    AllBut(Vec<String>),
}

/// Types that look the same from every region, so that AWS's own guide excludes them in all regions but one ([global
/// types]).
///
/// [global types]: https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html
const GLOBAL: [&str; 5] =
    ["AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User", "AWS::RDS::GlobalCluster"];

/// Maximum number of types that are named before the rest is only counted.
const NAMED: usize = 3;

impl Scope {
    /// Returns how somebody has narrowed the scope, for people. Including IAM in "all" is left to the recorder's
    /// creator.
    pub(super) fn narrowed(&self, at_home: bool) -> Option<String> {
        match self {
            Self::All => None,
            Self::Only(types) => Some(format!("records only {}", listed(types))),
            Self::AllBut(types) if types.iter().all(|it| !at_home && GLOBAL.contains(&it.as_str())) => None,
            Self::AllBut(types) => Some(format!("leaves out {}", listed(types))),
        }
    }
}

fn listed(types: &[String]) -> String {
    let named = types.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match types.len().saturating_sub(NAMED) {
        0 if types.is_empty() => "nothing".to_owned(),
        0 => named,
        more => format!("{named} and {more} more types"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_all_is_narrowed() {
        let types = |names: &[&str]| names.iter().map(|it| format!("AWS::{it}")).collect::<Vec<_>>();
        for (scope, at_home, narrowed) in [
            (Scope::All, true, None),
            (Scope::Only(types(&["EC2::VPC"])), false, Some("records only AWS::EC2::VPC")),
            (Scope::Only(vec![]), false, Some("records only nothing")),
            (Scope::AllBut(vec![]), true, None),
            (Scope::AllBut(types(&["IAM::User", "IAM::Role"])), false, None),
            (Scope::AllBut(types(&["IAM::User"])), true, Some("leaves out AWS::IAM::User")),
            (
                Scope::AllBut(types(&["IAM::User", "A::A", "B::B", "C::C", "D::D"])),
                false,
                Some("leaves out AWS::IAM::User, AWS::A::A, AWS::B::B and 2 more types"),
            ),
        ] {
            assert_eq!(scope.narrowed(at_home).as_deref(), narrowed, "{scope:?}");
        }
    }
}
