//! The README's table of controls, held to the registry.

use crate::families::families;

/// Returns what stands in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Returns the rows of the table: the function, its control, and whether that is off until somebody switches it on.
fn rows(section: &str) -> Vec<(&str, &str, bool)> {
    let row = |line| {
        let cells: Vec<&str> = str::split(line, " | ").collect();
        let [function, control, _, _] = cells.as_slice() else { return None };
        // What stands after a semicolon is about other controls of the family.
        let off = control.split(';').next()?.contains("off until");
        Some((code(function).next()?, code(control).next()?, off))
    };
    section.lines().filter_map(row).collect()
}

/// A family has a row for each of its controls; or one for the first, and names all of them in the text.
#[test]
fn the_readme_names_every_control_with_its_family_and_no_other() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(path).expect("the README");
    let section = readme.split("\n## What it watches\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("the section");
    let mut rows = rows(section);
    for family in families() {
        let controls: Vec<_> = family.controls.iter().map(|about| (family.name, about.id, about.opt_in)).collect();
        let (of_family, others) = rows.into_iter().partition::<Vec<_>, _>(|(name, ..)| *name == family.name);
        rows = others;
        if of_family == controls[..1] {
            let first_word = controls[0].1.split_inclusive('-').next().expect("an id");
            // Also in an example of the setting, as `id=mode`.
            let words = code(section).flat_map(|it| it.split(',')).filter_map(|it| it.split('=').next());
            let mut named: Vec<&str> = words.filter(|it| it.starts_with(first_word)).collect();
            let mut ids: Vec<&str> = controls.iter().map(|(_, id, _)| *id).collect();
            named.sort_unstable();
            named.dedup();
            ids.sort_unstable();
            assert_eq!(named, ids, "{}", family.name);
        } else {
            assert_eq!(of_family, controls);
        }
    }
    assert_eq!(rows, [], "functions that are not there");
}
