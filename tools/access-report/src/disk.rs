//! Reads log files from disk.

use crate::intake::Intake;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Number of bytes read at once.
const CHUNK: usize = 256 * 1024;

/// Reads a file, or all files below a folder ordered by name, which S3 begins with the time. Files that were read
/// before, under whatever name, are skipped.
pub(crate) fn read(path: &Path, before: &mut HashSet<PathBuf>, intake: &mut Intake<'_>) {
    let mut files = Vec::new();
    if path.is_dir() {
        below(path, &mut files, intake);
        if files.is_empty() {
            intake.unreadable(&path.to_string_lossy(), "there are no files in this folder");
        }
    } else {
        files.push(path.to_owned());
    }
    files.retain(|file| before.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())));
    for file in &files {
        intake.expect(fs::metadata(file).map_or(0, |known| known.len()));
    }
    for file in files {
        match one(&file, intake) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                intake.unreadable(&file.to_string_lossy(), "there is no such file");
            }
            Err(error) => intake.unreadable(&file.to_string_lossy(), error),
        }
    }
}

/// Collects the files below a folder. Links to folders are not followed, since they may form a loop.
fn below(folder: &Path, files: &mut Vec<PathBuf>, intake: &mut Intake<'_>) {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = entries.unwrap_or_else(|error| {
        intake.unreadable(&folder.to_string_lossy(), error);
        Vec::new()
    });
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        match fs::metadata(&path) {
            Ok(there) if there.is_file() => files.push(path),
            Ok(there) if there.is_dir() && is_link => intake.pass_over("link to a folder"),
            Ok(there) if there.is_dir() => below(&path, files, intake),
            Ok(_) => intake.pass_over("pipe or device"),
            Err(error) if is_link && error.kind() == ErrorKind::NotFound => intake.pass_over("broken link"),
            Err(error) => intake.unreadable(&path.to_string_lossy(), error),
        }
    }
}

fn one(path: &Path, intake: &mut Intake<'_>) -> io::Result<()> {
    let mut file = File::open(path)?;
    intake.begin(&path.to_string_lossy());
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return intake.end(),
            Ok(length) => intake.take(chunk.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
