//! Error for an invalid setting.

/// Invalid setting. It prevents the function from starting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem} (value: `{value}`)")]
pub struct SettingsError {
    /// Name of the variable.
    pub name: &'static str,
    /// Description of what is wrong, and what would be valid.
    pub problem: String,
    /// Rejected value.
    pub value: String,
}
