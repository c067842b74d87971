//! The pages for users, held to the registry.

use crate::families::families;
use std::collections::BTreeSet;

fn page(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(path).expect(name)
}

/// Returns what stands in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_readme_has_a_row_for_each_family_and_no_other() {
    let readme = page("README.md");
    let section = readme.split("\n## What it watches\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = section.expect("the section").lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut rows: Vec<&str> = rows.collect();
    let mut names: Vec<&str> = families().iter().map(|family| family.name).collect();
    rows.sort_unstable();
    names.sort_unstable();
    assert_eq!(rows, names);
}

/// A name ends with `*` where it stands for all that begin so.
#[test]
fn the_page_about_terraform_has_every_control_once() {
    let text = page("docs/terraform.md");
    let firsts = text.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let firsts: Vec<String> = firsts.map(|cell| format!("`{cell}")).collect();
    let named: Vec<&str> = firsts.iter().flat_map(|cell| code(cell)).collect();
    let ids = || families().into_iter().flat_map(|family| family.controls).map(|about| about.id);
    let stands_for = |name: &str, id: &str| name.strip_suffix('*').map_or(name == id, |start| id.starts_with(start));
    for id in ids() {
        let rows = named.iter().filter(|name| stands_for(name, id)).count();
        assert_eq!(rows, 1, "{id}");
    }
    let unknown: BTreeSet<_> = named.iter().filter(|name| !ids().any(|id| stands_for(name, id))).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_page_about_alarms_names_every_control_of_them() {
    let text = page("docs/alarms.md");
    let list = text.split("\nThe controls: ").nth(1).expect("the list");
    let named: Vec<&str> = code(list).collect();
    let monitoring = families().into_iter().find(|family| family.name == "monitoring").expect("the family");
    let ids: Vec<&str> = monitoring.controls.iter().map(|about| about.id).collect();
    assert_eq!(named, ids);
}
