//! Compares files of the repository that are generated from code with the code.

use std::path::{Path, PathBuf};

/// Panics if the file differs from what the code generates. With `UPDATE=1` in the environment, writes it instead.
pub(crate) fn check(file: &str, made: &str) {
    let path = path(file);
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept != made && std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, made).expect("the file can be written");
        return;
    }
    assert!(kept == made, "{file} is not what the code makes; run the test with UPDATE=1 and look at the difference");
}

/// Holds the sections of a file that are made from code, as [`check`] does; the rest of the file is written by hand.
///
/// A section stands between two comments of the file, `Generated, do not edit: <name>` and `End of <name>`.
pub(crate) fn check_sections(file: &str, sections: &[(&str, String)]) {
    let mut whole = std::fs::read_to_string(path(file)).expect(file);
    for (name, made) in sections {
        whole = with_section(&whole, name, made).unwrap_or_else(|| panic!("{file} has no section `{name}`"));
    }
    check(file, &whole);
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

/// Returns the text with one section made anew, or nothing where it has no such section.
fn with_section(text: &str, name: &str, made: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let find = |mark: String| {
        lines.iter().position(|line| {
            let comment = line.trim().trim_end_matches("-->").trim_end();
            comment.strip_suffix(mark.as_str()).is_some_and(|before| ["# ", "<!-- "].contains(&before))
        })
    };
    let start = find(format!("Generated, do not edit: {name}"))?;
    let end = find(format!("End of {name}")).filter(|end| *end > start)?;
    let parts = [&lines[..=start], &made.lines().collect::<Vec<_>>(), &lines[end..]];
    Some(parts.concat().join("\n") + "\n")
}

#[test]
fn a_section_alone_is_made_anew() {
    let text = "by hand\n  # Generated, do not edit: rules\n  old\n  # End of rules\nby hand\n";
    let made = with_section(text, "rules", "  new\n  and more\n").expect("a section");
    assert_eq!(made, text.replace("  old", "  new\n  and more"));
    assert_eq!(with_section(&made, "rules", "  old"), Some(text.to_owned()));
    assert_eq!(with_section(text, "rule", ""), None);
    let page = "<!-- Generated, do not edit: settings -->\n<!-- End of settings -->\n";
    assert!(with_section(page, "settings", "| a |").expect("a section").contains("-->\n| a |\n<!--"));
}
