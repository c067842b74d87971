//! Formats that a report is written in: one model, a writer each.

pub mod asff;
pub mod csv;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod ocsf;
mod prose;
mod unseen;

use crate::page;
use crate::report::CheckReport;
use std::path::{Path, PathBuf};

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Web page.
    Html,
    /// Trailkeeper's own JSON, which a later check compares itself with.
    Json,
    /// Comma-separated values, for spreadsheets.
    Csv,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
    /// AWS Security Finding Format, for Security Hub.
    Asff,
    /// XML of `JUnit`, for CI servers.
    Junit,
    /// Markdown, for comments and wikis.
    Markdown,
}

/// File to write, and its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Format.
    pub format: Format,
    /// File.
    pub file: PathBuf,
}

impl Format {
    /// All formats, by their words on the command line.
    pub const ALL: [(&'static str, Self); 7] = [
        ("html", Self::Html),
        ("json", Self::Json),
        ("csv", Self::Csv),
        ("ocsf", Self::Ocsf),
        ("asff", Self::Asff),
        ("junit", Self::Junit),
        ("md", Self::Markdown),
    ];

    /// Returns the report in this format.
    ///
    /// # Errors
    /// Returns why it cannot be written.
    pub fn render(self, report: &CheckReport) -> Result<String, String> {
        Ok(match self {
            Self::Html => page::render(report)?,
            Self::Json => json::render(report),
            Self::Csv => csv::render(report)?,
            Self::Ocsf => ocsf::render(report),
            Self::Asff => asff::render(report),
            Self::Junit => junit::render(report)?,
            Self::Markdown => markdown::render(report),
        })
    }
}

impl Output {
    /// Parses `html=posture.html,json=findings.json`.
    ///
    /// # Errors
    /// Returns the first item that is not of that form.
    pub fn parse(list: &str) -> Result<Vec<Self>, String> {
        let words = || Format::ALL.map(|(word, _)| word).join(", ");
        let one = |item: &str| {
            let (word, file) = item
                .split_once('=')
                .ok_or_else(|| format!("`{item}` is not of the form FORMAT=FILE, such as html=posture.html"))?;
            let of_word = Format::ALL.into_iter().find(|(it, _)| *it == word);
            let (_, format) = of_word.ok_or_else(|| format!("`{word}` is no format; there are {}", words()))?;
            if file.is_empty() {
                return Err(format!("`{item}` names no file"));
            }
            Ok(Self { format, file: Path::new(file).to_owned() })
        };
        list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(one).collect()
    }
}

/// Returns at most this many characters of a text; what is cut ends in dots.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(2)).chain("..".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{hostile, sample};
    use std::path::Path;

    /// Compares a text with the file that is kept. `UPDATE=1` writes it.
    fn is_kept(name: &str, made: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != made && std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            std::fs::write(&path, made).expect("the file");
            return;
        }
        assert!(kept == made, "{} is not what is made; run with UPDATE=1 and look", path.display());
    }

    #[test]
    fn each_format_is_as_it_was() {
        for (word, format) in Format::ALL {
            is_kept(&format!("sample.{word}"), &format.render(&sample()).expect(word));
            // Other parsers read these, and a browser opens the page.
            is_kept(&format!("hostile.{word}"), &format.render(&hostile()).expect(word));
        }
    }

    #[test]
    fn every_format_tells_every_finding_by_its_id_whoever_chose_the_names() {
        for report in [sample(), hostile()] {
            for (word, format) in Format::ALL {
                let made = format.render(&report).expect(word);
                for finding in &report.findings {
                    let is_told = format != Format::Html && format != Format::Markdown
                        || finding.standing <= crate::finding::Standing::Unknown;
                    assert!(!is_told || made.contains(finding.id.as_str()), "{word} lacks {}", finding.id);
                }
                assert!(!made.contains(['\0', '\u{1b}']), "{word}");
                // For machines, what a call replaces and sets is exactly what it is.
                let is_exact = matches!(format, Format::Json | Format::Ocsf);
                assert!(is_exact || !made.contains(['\u{202e}', '\u{2066}']), "{word}");
            }
        }
    }

    #[test]
    fn files_are_named_by_their_format() {
        let parsed = Output::parse("html=a b.html, json=x=y.json,").expect("outputs");
        let files: Vec<_> = parsed.iter().map(|it| (it.format, it.file.to_str().expect("a name"))).collect();
        assert_eq!(files, [(Format::Html, "a b.html"), (Format::Json, "x=y.json")]);
        for wrong in ["html", "pdf=x", "html="] {
            assert!(Output::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(cut("äbcdef", 4), "äb..");
        assert_eq!(cut("äbcd", 4), "äbcd");
    }
}
