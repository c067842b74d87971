//! Rules for the crate as a whole: its rooms have an order, and pure rooms stay pure, without SDK, clock, environment
//! or runtime.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test from top to bottom")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of the crate in order: none imports a later one.
const ROOMS: [&str; 13] = [
    "model",
    "documents",
    "managed",
    "settings",
    "exemption",
    "event",
    "family",
    "report",
    "reconcile",
    "handle",
    "aws",
    "families",
    "lambda",
];

/// Rooms with side effects. All others only decide.
const EFFECTS: [&str; 5] = ["access/function", "aws", "handle", "lambda", "reconcile/mod.rs"];

/// Words that only those rooms may contain.
const FORBIDDEN: [&str; 10] = [
    "aws_sdk_",
    "aws_config",
    "aws_smithy",
    "lambda_runtime",
    "tokio",
    "std::env",
    "SystemTime",
    "Instant",
    "Utc",
    "std::fs",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { sources(&path, found) } else { found.push(path) }
    }
}

/// Returns the code of a file without comments and without tests, which are at its end or in a folder of their own.
fn code(path: &Path) -> String {
    let only_tests = path.components().any(|part| ["testing", "tests"].map(OsStr::new).contains(&part.as_os_str()));
    let text = if only_tests { String::new() } else { fs::read_to_string(path).expect("a source file") };
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Returns each file below `src`, by its path from there, with its code.
fn crate_code() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let below = |file: &PathBuf| file.strip_prefix(&root).expect("below src").to_owned();
    files.iter().map(|file| (below(file), code(&root.join(below(file))))).collect()
}

#[test]
fn no_room_imports_a_later_one() {
    let rooms = [&ROOMS[..], &["access"]].concat();
    let mut arrows = 0;
    for (file, code) in crate_code() {
        let Some(room) = file.components().next().and_then(|part| part.as_os_str().to_str()) else { continue };
        if ["lib.rs", "testing"].contains(&room) {
            continue;
        }
        let place = rooms.iter().position(|it| *it == room);
        let place = place.unwrap_or_else(|| panic!("{room} is a new room: give it its place in ROOMS and in lib.rs"));
        for (at, other) in rooms.iter().enumerate() {
            let imports = code.contains(&format!("crate::{other}::"));
            arrows += usize::from(imports && at != place);
            assert!(!imports || at <= place, "{} imports the later room {other}", file.display());
        }
    }
    assert!(arrows > 300, "only {arrows} imports were looked at");
}

/// Modules that families offer to one another.
const DOORS: [&str; 1] = ["bucket::grants"];

#[test]
fn a_family_imports_another_only_through_its_door() {
    let mut imports = 0;
    for (file, code) in crate_code() {
        let Ok(inside) = file.strip_prefix("families") else { continue };
        let family = inside.components().next().and_then(|part| part.as_os_str().to_str()).expect("a name");
        for path in code.split("crate::families::").skip(1) {
            let other = path.split(':').next().unwrap_or_default();
            let foreign = other.chars().all(|c| c.is_ascii_lowercase()) && other != family && path.contains("::");
            imports += usize::from(foreign);
            let door = DOORS.iter().any(|door| path.starts_with(door));
            assert!(!foreign || door, "{} reaches into the family {other}", file.display());
        }
    }
    assert!(imports > 3, "only {imports} imports were looked at");
}

#[test]
fn pure_modules_name_no_sdk_no_clock_and_no_environment() {
    let mut judged = 0;
    for (file, code) in crate_code() {
        // `aws` is a room at the top level; in a family it is the one file or folder that talks to the SDK.
        let talks = |part: std::path::Component<'_>| ["aws", "aws.rs"].map(OsStr::new).contains(&part.as_os_str());
        let acts = EFFECTS.iter().any(|room| file.starts_with(room)) || file.components().any(talks);
        if !acts {
            judged += 1;
            for line in code.lines() {
                let found = FORBIDDEN.iter().find(|word| line.contains(*word));
                assert!(found.is_none(), "{}: {line}", file.display());
            }
        }
    }
    assert!(judged > 100, "only {judged} files were looked at");
}
