//! How a person undoes a call.

use super::shell::Command;
use std::fmt;

/// Instructions for a person to undo a call. `Display` is the command alone, or the instructions in words.
#[derive(Debug, Clone, PartialEq)]
pub enum Undo {
    /// One command.
    Command {
        /// Command to run.
        command: Command,
        /// Condition for running it, such as `nothing uses it`; `None` if it can be run at any time.
        once: Option<&'static str>,
    },
    /// Instructions in words, if no command with known arguments does it.
    Words(String),
}

impl Undo {
    /// Creates instructions to run a command once a condition holds, such as `nothing uses it`.
    #[must_use]
    pub fn once(condition: &'static str, command: Command) -> Self {
        Self::Command { command, once: Some(condition) }
    }

    /// Returns the condition for running the command.
    #[must_use]
    pub fn condition(&self) -> Option<&'static str> {
        match self {
            Self::Command { once, .. } => *once,
            Self::Words(_) => None,
        }
    }
}

impl From<Command> for Undo {
    fn from(command: Command) -> Self {
        Self::Command { command, once: None }
    }
}

impl fmt::Display for Undo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { command, .. } => command.fmt(f),
            Self::Words(words) => f.write_str(words),
        }
    }
}
