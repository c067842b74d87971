//! Replays the files of a folder and prints the report as JSON: `replay_folder FOLDER [text|html]`. For `make bench`, which
//! compiles no SDK for it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use trailkeeper_replay::read::{name::FileKind, read};
use trailkeeper_replay::{Assumptions, Intake, Page, Sources, text::text};

fn main() -> io::Result<()> {
    let folder =
        std::env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: replay_folder FOLDER [text|html]"))?;
    let mut files = Vec::new();
    below(Path::new(&folder), &mut files)?;
    let (mut intake, mut sources) = (Intake::new(Assumptions::default()), Sources::default());
    for file in files {
        if FileKind::of(&file.to_string_lossy()) == FileKind::Records {
            let outcome = read(File::open(&file)?, &mut |head, json| intake.take(head, json));
            sources.files += 1;
            sources.malformed += outcome.malformed;
        }
    }
    let report = intake.finish(sources);
    match std::env::args().nth(2).as_deref() {
        Some("text") => print!("{}", text(&report)),
        Some("html") => println!("{}", Page::of(&report, "now").html().map_err(io::Error::other)?),
        _ => println!("{}", serde_json::to_string(&report)?),
    }
    Ok(())
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        if entry.file_type()?.is_dir() { below(&entry.path(), files)? } else { files.push(entry.path()) }
    }
    Ok(())
}
