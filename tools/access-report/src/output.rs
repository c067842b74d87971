//! Writes the output: the page and the CSV to their files, everything else to standard output.

use crate::intake::PAGE;
use crate::summary::Summary;
use crate::{csv, page, table};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

/// Kind of file that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Web page.
    Html,
    /// Findings as CSV.
    Csv,
}

impl Kind {
    fn option(self) -> &'static str {
        match self {
            Self::Html => "--html",
            Self::Csv => "--csv",
        }
    }

    /// Returns how every file of the kind begins.
    fn begin(self) -> &'static [u8] {
        match self {
            Self::Html => PAGE,
            Self::Csv => csv::HEAD.as_bytes(),
        }
    }
}

/// Rejects a file that cannot be written before any input is read. Only an older one of the kind may be overwritten.
pub(crate) fn check(kind: Kind, file: &Path) -> Result<(), String> {
    let problem = |why: &str| Err(format!("{}: {}: {why}", kind.option(), file.display()));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return problem("there is no such folder");
    }
    if file.is_dir() {
        return problem("this is a folder");
    }
    // Anything that is not a regular file, such as /dev/null, is not read.
    if !file.is_file() {
        return Ok(());
    }
    let mut begin = Vec::new();
    match File::open(file).and_then(|there| there.take(kind.begin().len() as u64).read_to_end(&mut begin)) {
        Ok(_) if begin.is_empty() || begin == kind.begin() => Ok(()),
        Ok(_) => {
            let what = if kind == Kind::Html { "a web page" } else { "an older report" };
            problem(&format!("this file already exists and is not {what}, so it is not overwritten"))
        }
        Err(error) => problem(&error.to_string()),
    }
}

/// Writes the file.
pub(crate) fn write(kind: Kind, file: &Path, summary: &Summary<'_>) -> Result<(), String> {
    let made = if kind == Kind::Html { page::page(summary) } else { Ok(csv::render(summary)) };
    let written = made.and_then(|made| std::fs::write(file, made));
    written.map_err(|error| format!("{}: {}: {error}", kind.option(), file.display()))
}

/// Prints the table or JSON. It is not an error if the reader closes the pipe early.
pub(crate) fn print(summary: &Summary<'_>, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let printed = if json {
        serde_json::to_writer_pretty(&mut out, summary.report).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        table::write(&mut out, summary)
    };
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}
