//! What is printed, and what a person is asked.

use serde::Serialize;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

use crate::problem::Problem;

/// Prints a text. It is not an error if the reader closes the pipe early.
pub(crate) fn print(text: &str) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Problem::unusable(error.to_string())),
        _ => Ok(()),
    }
}

/// Prints JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Problem::unusable(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// Returns whether there is a person who can be asked.
pub(crate) fn is_somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a person, who must answer `y` or `yes`.
pub(crate) fn asks(question: &str) -> bool {
    eprint!("{question} [y/N] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}
