//! What is printed, and what a person is asked.

use serde::Serialize;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, Once};

use crate::check::progress::is_progress_shown;
use crate::problem::{INTERRUPTED, Problem};

/// Words that answer Ctrl-C while a question is open.
static QUESTION: Mutex<Option<&'static str>> = Mutex::new(None);

/// Ends the process at Ctrl-C while a question is open.
static LISTENING: Once = Once::new();

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

/// Returns what answers Ctrl-C, if a person is being asked.
pub(crate) fn open_question() -> Option<&'static str> {
    QUESTION.lock().ok().and_then(|words| *words)
}

/// Ends the process that a person interrupts while being asked.
pub(crate) fn leave(words: &str) -> ! {
    eprintln!("\ntrailkeeper: {words}");
    std::process::exit(INTERRUPTED.into());
}

/// Asks a person, who must answer `y` or `yes`. Ctrl-C ends the process, with these words.
pub(crate) fn asks(question: &str, interrupted: &'static str) -> bool {
    let open = |words| {
        if let Ok(mut question) = QUESTION.lock() {
            *question = words;
        }
    };
    open(Some(interrupted));
    // What listens stays, since who listens no more does not give Ctrl-C its old meaning back.
    LISTENING.call_once(|| {
        let Ok(mut signals) = Signals::new([SIGINT]) else { return };
        std::thread::spawn(move || {
            for _ in signals.forever() {
                match open_question() {
                    Some(words) => leave(words),
                    None if !is_progress_shown() => std::process::exit(INTERRUPTED.into()),
                    None => {}
                }
            }
        });
    });
    let is_agreed = answered(question);
    open(None);
    is_agreed
}

fn answered(question: &str) -> bool {
    eprint!("{question} [y/N] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}
