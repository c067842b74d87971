//! Rules for the crate as a whole: its rooms have an order, and pure rooms stay pure, without SDK, clock, environment
//! or runtime.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test from top to bottom")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of the crate in order: none imports a later one.
const ROOMS: [&str; 17] = [
    "model",
    "frameworks",
    "documents",
    "managed",
    "settings",
    "record",
    "exemption",
    "event",
    "family",
    "ledger",
    "report",
    "reconcile",
    "handle",
    "aws",
    "families",
    "undo",
    "lambda",
];

/// Rooms with side effects. All others only decide.
const EFFECTS: [&str; 7] =
    ["access/function", "aws", "guard/function", "handle", "lambda", "reconcile/mod.rs", "reconcile/pen.rs"];

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
    "Utc::now",
    "std::fs",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension() == Some(OsStr::new("rs")) {
            found.push(path);
        }
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

/// Returns the rooms that a file names: by `crate::room`, in a group behind `crate::`, or by `super` as often as it takes
/// to leave its own.
fn imports<'a>(file: &Path, code: &'a str) -> BTreeSet<&'a str> {
    let word = |text: &'a str| text.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default();
    let mut found = BTreeSet::new();
    let depth = file.components().count() - usize::from(file.ends_with("mod.rs"));
    let out = "super::".repeat(depth);
    for path in code.split("crate::").skip(1).chain(code.split(out.as_str()).skip(1)) {
        match path.strip_prefix('{') {
            Some(group) => {
                found.extend(group.split('}').next().unwrap_or_default().split(',').map(|it| word(it.trim())));
            }
            None => {
                found.insert(word(path));
            }
        }
    }
    found
}

#[test]
fn every_way_to_name_a_room_is_seen() {
    let seen = |file: &str, code: &'static str| imports(Path::new(file), code).into_iter().collect::<Vec<_>>();
    assert_eq!(seen("model/seen.rs", "use crate::event::Event;"), ["event"]);
    assert_eq!(seen("model/seen.rs", "use crate::{event, handle::walk};"), ["event", "handle"]);
    assert_eq!(seen("model/seen.rs", "use super::super::lambda;"), ["lambda"]);
    assert_eq!(seen("model/mod.rs", "use super::event::Event;"), ["event"]);
    assert_eq!(seen("model/seen.rs", "use super::place::Place;"), Vec::<&str>::new());
}

#[test]
fn no_room_imports_a_later_one() {
    let rooms = [&ROOMS[..], &["access", "guard"]].concat();
    let mut arrows = 0;
    for (file, code) in crate_code() {
        let Some(room) = file.components().next().and_then(|part| part.as_os_str().to_str()) else { continue };
        if ["lib.rs", "testing"].contains(&room) {
            continue;
        }
        let place = rooms.iter().position(|it| *it == room);
        let place = place.unwrap_or_else(|| panic!("{room} is a new room: give it its place in ROOMS and in lib.rs"));
        for (at, other) in rooms.iter().enumerate() {
            let imports = imports(&file, &code).contains(*other);
            arrows += usize::from(imports && at != place);
            assert!(!imports || at <= place, "{} imports the later room {other}", file.display());
        }
    }
    assert!(arrows > 300, "only {arrows} imports were looked at");
}

/// Names that a family, or a function, has once each: the room tells them apart.
const ONE_FOR_EACH: [&str; 4] = ["Answer", "Io", "Step", "View"];

#[test]
fn a_type_name_has_one_meaning() {
    let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (file, code) in crate_code() {
        for line in code.lines() {
            let line = line.trim_start();
            let visible = ["pub ", "pub(crate) ", "pub(super) "].iter().find_map(|it| line.strip_prefix(it));
            let Some((kind, rest)) = visible.unwrap_or(line).split_once(' ') else { continue };
            let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            let is_type =
                ["struct", "enum", "trait"].contains(&kind) && name.starts_with(|c: char| c.is_ascii_uppercase());
            if is_type && !ONE_FOR_EACH.contains(&name) {
                let other = seen.insert(name.to_owned(), file.clone());
                assert!(
                    other.is_none(),
                    "{name} is in {} and in {}",
                    other.unwrap_or_default().display(),
                    file.display()
                );
            }
        }
    }
    assert!(seen.len() > 150, "only {} types were looked at", seen.len());
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
