//! XML of `JUnit`, as CI servers read it: a suite for each control, a test for each resource.
//!
//! What is wrong is a failure, what could not be told an error, what is exempt is skipped. Elements and attributes are
//! those of Ant's task `junit`, in its order.

use crate::finding::{Finding, Standing};
use crate::report::{CheckReport, Row, VERSION};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

type Xml = Writer<Vec<u8>>;

/// Renders the report.
///
/// # Errors
/// Returns why it cannot be written.
pub fn render(report: &CheckReport) -> Result<String, String> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    suites(&mut xml, report).map_err(|error| error.to_string())?;
    String::from_utf8(xml.into_inner()).map(|text| text + "\n").map_err(|error| error.to_string())
}

fn suites(xml: &mut Xml, report: &CheckReport) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let rows: Vec<Row> = report.rows().into_iter().filter(|row| row.has_any() || row.not_applicable > 0).collect();
    xml.create_element("testsuites").write_inner_content(|xml| {
        for (place, row) in rows.iter().enumerate() {
            suite(xml, report, place, row)?;
        }
        if report.notes.is_empty() { Ok(()) } else { unseen(xml, report, rows.len()) }
    })?;
    Ok(())
}

/// Head of a suite: its names, and how many of its tests ended how.
struct Suite<'a> {
    name: &'a str,
    package: &'a str,
    place: usize,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    properties: &'a [(&'a str, &'a str)],
}

impl Suite<'_> {
    /// Writes the suite with its tests.
    fn write(
        &self,
        xml: &mut Xml,
        report: &CheckReport,
        cases: impl FnOnce(&mut Xml) -> io::Result<()>,
    ) -> io::Result<()> {
        let time = report.made.format("%Y-%m-%dT%H:%M:%S").to_string();
        let [id, tests, failures, errors, skipped] =
            [self.place, self.tests, self.failures, self.errors, self.skipped].map(|it| it.to_string());
        let suite = xml.create_element("testsuite").with_attributes([
            ("name", self.name),
            ("package", self.package),
            ("id", id.as_str()),
            ("hostname", "localhost"),
            ("timestamp", time.as_str()),
            ("tests", tests.as_str()),
            ("failures", failures.as_str()),
            ("errors", errors.as_str()),
            ("skipped", skipped.as_str()),
            ("time", "0"),
        ]);
        suite.write_inner_content(|xml| {
            let properties = xml.create_element("properties");
            if self.properties.is_empty() {
                properties.write_empty()?;
            } else {
                properties.write_inner_content(|xml| {
                    for (name, value) in self.properties {
                        let property = xml.create_element("property");
                        property.with_attributes([("name", *name), ("value", *value)]).write_empty()?;
                    }
                    Ok(())
                })?;
            }
            cases(xml)?;
            xml.create_element("system-out").write_empty()?;
            xml.create_element("system-err").write_empty()?;
            Ok(())
        })?;
        Ok(())
    }
}

/// Writes what was not looked at: an error each, so that whoever reads the file alone hears of it.
fn unseen(xml: &mut Xml, report: &CheckReport, place: usize) -> io::Result<()> {
    let (name, package, count) = ("not-looked-at", "trailkeeper", report.notes.len());
    let suite = Suite { name, package, place, tests: count, failures: 0, errors: count, skipped: 0, properties: &[] };
    suite.write(xml, report, |xml| {
        for (number, note) in (1..).zip(&report.notes) {
            let (name, note) = (format!("not looked at {number}"), sound(note));
            let case = xml.create_element("testcase").with_attributes([
                ("name", name.as_str()),
                ("classname", "trailkeeper.not-looked-at"),
                ("time", "0"),
            ]);
            case.write_inner_content(|xml| {
                let inner =
                    xml.create_element("error").with_attributes([("message", note.as_str()), ("type", "unknown")]);
                inner.write_text_content(BytesText::new(&note))?;
                Ok(())
            })?;
        }
        Ok(())
    })
}

fn suite(xml: &mut Xml, report: &CheckReport, place: usize, row: &Row) -> io::Result<()> {
    let cases: Vec<&Finding> = report.findings.iter().filter(|it| it.control == row.control).collect();
    let suite = Suite {
        name: row.control,
        package: row.family,
        place,
        tests: cases.len(),
        failures: row.wrong,
        errors: row.unknown,
        skipped: row.exempt + row.not_applicable,
        properties: &[("trailkeeper", VERSION), ("title", row.about.title)],
    };
    suite.write(xml, report, |xml| cases.iter().try_for_each(|it| case(xml, it)))
}

fn case(xml: &mut Xml, finding: &Finding) -> io::Result<()> {
    let name = sound(&format!("{} {}", finding.resource, finding.id));
    let because = sound(&finding.because);
    let class = sound(&format!("{}.{}.{}", finding.account, finding.region, finding.control));
    let case = xml.create_element("testcase").with_attributes([
        ("name", name.as_str()),
        ("classname", class.as_str()),
        ("time", "0"),
    ]);
    let told = sound(&told(finding));
    let element = match finding.standing {
        Standing::Right => {
            case.write_empty()?;
            return Ok(());
        }
        Standing::Wrong => "failure",
        Standing::Unknown => "error",
        Standing::Exempt | Standing::NotApplicable => "skipped",
    };
    case.write_inner_content(|xml| {
        let inner = xml.create_element(element);
        let inner = match element {
            "skipped" => inner.with_attribute(("message", because.as_str())),
            _ => inner.with_attributes([("message", because.as_str()), ("type", finding.severity.as_str())]),
        };
        inner.write_text_content(BytesText::new(&told))?;
        Ok(())
    })?;
    Ok(())
}

/// Returns what is said of a finding, a line for each thing.
fn told(finding: &Finding) -> String {
    let mut lines = vec![finding.id.to_string(), finding.because.to_string()];
    lines.extend(finding.advice.as_ref().map(|it| format!("What to do: {it}")));
    lines.extend(finding.cure().map(|it| format!("What to do: {it}")));
    lines.extend(finding.steps.iter().map(|it| format!("Would be made: {} ({})", it.summary, it.action)));
    lines.join("\n")
}

/// Returns a text without characters that no XML may contain ([XML 1.0], Char), and with single spaces, as attributes of
/// tokens have them.
///
/// [XML 1.0]: https://www.w3.org/TR/xml/#charsets
fn sound(text: &str) -> String {
    let fits = |c: &char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.trim().chars().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::hostile;
    use quick_xml::Reader;
    use std::collections::BTreeMap;

    #[test]
    fn a_parser_reads_back_each_finding_whoever_chose_the_names() {
        let report = hostile();
        let made = render(&report).expect("XML");
        assert!(!made.contains(['\u{fffe}', '\u{ffff}']));
        let mut reader = Reader::from_str(&made);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut names = Vec::new();
        let mut attributes = std::collections::BTreeSet::new();
        loop {
            match reader.read_event().expect("sound XML") {
                Event::Start(it) | Event::Empty(it) => {
                    attributes.extend(it.attributes().map(|one| one.expect("an attribute").key.as_ref().to_owned()));
                    let name = it.name().as_ref().to_owned();
                    if name == "testcase" {
                        let of = it.try_get_attribute("name").expect("an attribute").expect("a name");
                        let value = of.normalized_value(quick_xml::XmlVersion::Implicit1_0);
                        names.push(value.expect("text").into_owned());
                    }
                    *seen.entry(name).or_default() += 1;
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let known = [
            "error",
            "failure",
            "properties",
            "property",
            "skipped",
            "system-err",
            "system-out",
            "testcase",
            "testsuite",
            "testsuites",
        ];
        assert_eq!(seen.keys().map(String::as_str).collect::<Vec<_>>(), known);
        let cases = report.findings.len() + report.notes.len();
        assert_eq!((seen["testcase"], seen["failure"]), (cases, report.count(Standing::Wrong)));
        let known = [
            "classname",
            "errors",
            "failures",
            "hostname",
            "id",
            "message",
            "name",
            "package",
            "skipped",
            "tests",
            "time",
            "timestamp",
            "type",
            "value",
        ];
        assert_eq!(attributes.iter().map(String::as_str).collect::<Vec<_>>(), known);
        assert_eq!(names.iter().filter(|name| name.starts_with("not looked at")).count(), report.notes.len());
        for finding in &report.findings {
            assert!(names.contains(&sound(&format!("{} {}", finding.resource, finding.id))), "{}", finding.resource);
        }
    }
}
