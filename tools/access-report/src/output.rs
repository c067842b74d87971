//! Writes the output: the page to its file, everything else to standard output.

use crate::intake::PAGE;
use crate::summary::Summary;
use crate::{page, table};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

/// Rejects a file that cannot take the page before any input is read. Only an older page may be overwritten.
pub(crate) fn check(file: &Path) -> Result<(), String> {
    let problem = |why: &str| Err(format!("--html: {}: {why}", file.display()));
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
    match File::open(file).and_then(|there| there.take(PAGE.len() as u64).read_to_end(&mut begin)) {
        Ok(_) if begin.is_empty() || begin == PAGE => Ok(()),
        Ok(_) => problem("this file already exists and is not a web page, so it is not overwritten"),
        Err(error) => problem(&error.to_string()),
    }
}

/// Writes the page.
pub(crate) fn write(file: &Path, summary: &Summary<'_>) -> Result<(), String> {
    let written = page::page(summary).and_then(|page| std::fs::write(file, page));
    written.map_err(|error| format!("--html: {}: {error}", file.display()))
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
