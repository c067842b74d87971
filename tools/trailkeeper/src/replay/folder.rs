//! Reads CloudTrail's files from disk.

use super::taking::{Taking, words};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Reads a file, or all files below a folder. Links to folders are not followed, since they may form a loop.
pub(super) fn read(path: &Path, taking: &mut Taking) {
    let before = taking.so_far();
    if path.is_dir() {
        below(path, taking);
        taking.closed(&path.to_string_lossy(), before, "there are no files of CloudTrail's in this folder");
    } else {
        one(path, taking);
    }
}

fn below(folder: &Path, taking: &mut Taking) {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return taking.unread(&folder.to_string_lossy(), &words(&error)),
    };
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => below(&path, taking),
            Ok(_) if path.is_file() => {
                if taking.wants(&path.to_string_lossy()) {
                    one(&path, taking);
                }
            }
            Ok(_) => *taking.sources.passed_over.entry("links, pipes and devices".to_owned()).or_default() += 1,
            Err(error) => taking.unread(&path.to_string_lossy(), &words(&error)),
        }
    }
}

fn one(path: &Path, taking: &mut Taking) {
    let name = path.to_string_lossy();
    match File::open(path) {
        Ok(file) => taking.take(&name, file, None),
        Err(error) => taking.unread(&name, &words(&error)),
    }
}
