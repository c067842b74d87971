//! Pure modules stay pure: no SDK, no clock, no environment, no runtime.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test from top to bottom")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms where things happen. All others only decide.
const EFFECTS: [&str; 10] = [
    "engine.rs",
    "handle.rs",
    "walk.rs",
    "run.rs",
    "runtime.rs",
    "publish.rs",
    "log.rs",
    "metrics.rs",
    "aws",
    "access/function.rs",
];

/// What only the rooms above may name.
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

/// The code of a file without its tests, which stand at its foot, and without the modules that only tests have.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let only_tests = ["docs.rs", "golden.rs", "laws.rs", "wire.rs"].iter().any(|name| path.ends_with(name));
    if only_tests { String::new() } else { text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned() }
}

#[test]
fn pure_modules_name_no_sdk_no_clock_and_no_environment() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut judged = 0;
    for file in files {
        let name = file.strip_prefix(&root).expect("below src");
        // `aws` at the top is a folder; in a family it is the one file or folder that talks to the SDK.
        let talks = |part: std::path::Component<'_>| ["aws", "aws.rs"].map(OsStr::new).contains(&part.as_os_str());
        let acts = EFFECTS.iter().any(|room| name.starts_with(room)) || name.components().any(talks);
        if !acts {
            judged += 1;
            let code = code(&file);
            let uses = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in uses {
                let found = FORBIDDEN.iter().find(|word| line.contains(*word));
                assert!(found.is_none(), "{}: {line}", name.display());
            }
        }
    }
    assert!(judged > 15, "only {judged} files were looked at");
}
