//! Markdown as GitHub, GitLab and wikis read it: for comments and pages. Nothing that is read in the account is taken for
//! markup.

use super::prose::{beginning, code, plain};
use crate::finding::{Finding, Standing};
use crate::report::{CheckReport, VERSION, asked_by};
use std::fmt::{Result, Write as _};

/// Renders the report.
#[must_use]
pub fn render(report: &CheckReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = whole(&mut text, report);
    text
}

fn whole(text: &mut String, report: &CheckReport) -> Result {
    let accounts: Vec<String> = report.accounts.iter().map(|it| code(&it.id)).collect();
    writeln!(text, "# Trailkeeper: {}\n", plain(&report.conclusion()))?;
    let by = code(&report.by);
    writeln!(text, "Account {}, {}, by {by}, Trailkeeper {VERSION}.\n", accounts.join(", "), report.time())?;
    if let Some(comparison) = &report.comparison {
        writeln!(text, "{}.\n", beginning(&comparison.line()))?;
    }
    for note in &report.notes {
        writeln!(text, "- **Not looked at:** {}", plain(note))?;
    }
    if !report.notes.is_empty() {
        text.push('\n');
    }
    text.push_str(
        "| control | severity | right | wrong | exempt | unknown |\n| --- | --- | ---: | ---: | ---: | ---: |\n",
    );
    for row in report.rows().iter().filter(|row| row.has_any()) {
        let (severity, [right, wrong, exempt, unknown]) =
            (row.about.severity.as_str(), [row.right, row.wrong, row.exempt, row.unknown]);
        writeln!(text, "| {} | {severity} | {right} | {wrong} | {exempt} | {unknown} |", row.control)?;
    }
    for (standing, heading) in [(Standing::Wrong, "What is wrong"), (Standing::Unknown, "What could not be told")] {
        if report.count(standing) > 0 {
            writeln!(text, "\n## {heading}\n")?;
            report.standing(standing).try_for_each(|it| finding(text, report, it))?;
        }
    }
    Ok(())
}

fn finding(text: &mut String, report: &CheckReport, finding: &Finding) -> Result {
    let new = report.comparison.as_ref().map(|it| format!(", {}", it.word(&finding.id))).unwrap_or_default();
    let (severity, control) = (finding.severity.as_str(), finding.control);
    writeln!(text, "- **{control}** ({severity}{new}) {}", code(&finding.resource))?;
    writeln!(text, "  - {}, {}: {}", code(&finding.account), code(&finding.region), plain(&finding.because))?;
    for advice in finding.advice.iter().map(|it| plain(it)).chain(finding.cure().map(|it| plain(&it))) {
        writeln!(text, "  - What to do: {advice}")?;
    }
    for step in &finding.steps {
        writeln!(text, "  - Would be made: {} ({})", plain(&step.summary), plain(&step.action))?;
    }
    if let Some(last) = &finding.last_change {
        let [call, actor, time] = [&last.call, &last.actor, &last.time].map(|it| plain(it));
        writeln!(text, "  - Last changed by {actor}: {call} at {time}")?;
    }
    if let Some(asked) = asked_by(control, report.framework) {
        writeln!(text, "  - Asked for by {}", plain(&asked))?;
    }
    writeln!(text, "  - Id {}", finding.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::hostile;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    #[test]
    fn a_parser_reads_back_the_names_and_no_markup_of_theirs() {
        let report = hostile();
        let made = render(&report);
        let mut said = String::new();
        let mut items = 0;
        for event in Parser::new_ext(&made, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            match event {
                Event::Text(text) | Event::Code(text) => said += &text,
                Event::Start(Tag::Item) => items += 1,
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock | Tag::CodeBlock(_))
                | Event::Html(_)
                | Event::InlineHtml(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_) => panic!("{event:?}"),
                _ => {}
            }
        }
        for finding in report.findings.iter().filter(|it| it.standing <= Standing::Unknown) {
            assert!(said.contains(&*finding.because), "{}", finding.because);
        }
        assert!(items > report.count(Standing::Wrong));
    }
}
