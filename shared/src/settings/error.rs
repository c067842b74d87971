//! A setting that cannot be used.

/// A setting that cannot be used. The function does not start with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem} (value: `{value}`)")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
    /// The value that was given.
    pub value: String,
}
