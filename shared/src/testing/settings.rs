//! The table in `docs/settings.md`, and the list of them for other languages, from the table of the settings.

use crate::settings::table::{ALL, ReadBy};
use std::fmt::Write as _;

/// What others read: the logger and AWS's SDKs.
const OF_OTHERS: &str = "\
| none | `RUST_LOG` | the log level, such as `trailkeeper=debug` | `trailkeeper=info` |
| none | `AWS_ENDPOINT_URL` | another endpoint for every AWS call | AWS |
";

#[test]
fn the_page_says_of_every_setting_what_the_table_does() {
    let mut table = "| parameter | variable | meaning | default |\n| --- | --- | --- | --- |\n".to_owned();
    for setting in ALL {
        let parameter =
            setting.parameter().map_or_else(|| "set by the stack".to_owned(), |it| format!("`{}`", it.name));
        writeln!(table, "| {parameter} | `{}` | {} | {} |", setting.name, setting.meaning, setting.default)
            .expect("text");
    }
    super::golden::check_sections("docs/settings.md", &[("settings", table + OF_OTHERS)]);
}

/// What tests hold the templates and the pages to.
#[test]
fn the_settings_are_told_to_other_languages() {
    let settings = ALL.iter().map(|setting| {
        let read_by = match setting.read_by {
            ReadBy::All => serde_json::Value::Null,
            ReadBy::Some(functions) => functions.into(),
        };
        let parameter = setting.parameter().map(|it| serde_json::json!({ "name": it.name, "default": it.default }));
        serde_json::json!({ "name": setting.name, "read_by": read_by, "parameter": parameter })
    });
    let settings: Vec<_> = settings.collect();
    let text = serde_json::to_string_pretty(&settings).expect("JSON") + "\n";
    super::golden::check("tests/golden/settings.json", &text);
}
