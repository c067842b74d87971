//! `trailkeeper completions` and `trailkeeper manual`: what shells and `man` read.

use crate::problem::Problem;
use crate::terminal::print;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgMatches, Command};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use std::process::ExitCode;

const SHELLS: [(&str, Shell); 3] = [("bash", Shell::Bash), ("fish", Shell::Fish), ("zsh", Shell::Zsh)];

/// Returns the command for completions.
pub(crate) fn completions() -> Command {
    let shell = PossibleValuesParser::new(SHELLS.map(|(word, _)| word))
        .map(|word| SHELLS.into_iter().find(|(it, _)| *it == word).map_or(Shell::Bash, |(_, shell)| shell));
    Command::new("completions")
        .about("Prints what completes the command in a shell: source <(trailkeeper completions bash)")
        .arg(Arg::new("shell").value_name("SHELL").required(true).value_parser(shell))
}

/// Returns the command for the manual.
pub(crate) fn manual() -> Command {
    Command::new("manual").about("Prints the manual page: trailkeeper manual | man -l -")
}

/// Parses the shell.
pub(crate) fn shell_of(given: &mut ArgMatches) -> Shell {
    given.remove_one("shell").unwrap_or(Shell::Bash)
}

/// Prints the completions of a command.
pub(crate) fn print_completions(mut command: Command, shell: Shell) -> Result<ExitCode, Problem> {
    let mut text = Vec::new();
    generate(shell, &mut command, "trailkeeper", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page of a command, then those of its own commands.
pub(crate) fn print_manual(command: &Command) -> Result<ExitCode, Problem> {
    let mut text = Vec::new();
    let mut write = |page: &Man| page.render(&mut text).map_err(|error| Problem::unusable(error.to_string()));
    write(&Man::new(command.clone()))?;
    for own in command.get_subcommands() {
        let name = format!("{}-{}", command.get_name(), own.get_name());
        write(&Man::new(own.clone().bin_name(name.clone())).title(name))?;
    }
    print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}
