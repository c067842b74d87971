//! Writes the findings as CSV ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)), for spreadsheets.

use crate::summary::Summary;
use std::fmt::Write as _;
use trailkeeper::access::digest::top::Tops;
use trailkeeper::access::report::{AccessFinding, Times};

/// Names of the columns.
pub(crate) const HEAD: &str = "number,severity,kind,operations,bucket,requester,person,account,another_account,requests,\
refused,bytes_sent,first,last,addresses,objects,objects_not_named,example_request_id,example_request";

/// Renders the findings, the worst first, numbered as in the table. What was only counted has no requester.
pub(crate) fn render(summary: &Summary<'_>) -> String {
    let mut text = format!("{HEAD}\r\n");
    for (number, (bucket, finding)) in (1..).zip(summary.findings()) {
        let AccessFinding { kind, severity, operations, who, times, addresses, objects, example, .. } = finding;
        let foreign = who.foreign.map(|foreign| if foreign { "yes" } else { "no" });
        let mut cells = vec![
            number.to_string(),
            severity.as_str().to_owned(),
            kind.as_str().to_owned(),
            operations.as_str().to_owned(),
            bucket.bucket.clone(),
            who.requester.clone(),
            who.person.clone().unwrap_or_default(),
            who.account.clone().unwrap_or_default(),
            foreign.unwrap_or_default().to_owned(),
        ];
        cells.extend(amounts(times));
        cells.extend([values(addresses), values(objects), objects.others.to_string()]);
        cells.push(example.as_ref().map(|it| it.request_id.clone()).unwrap_or_default());
        cells.push(example.as_ref().map(|it| it.request.clone()).unwrap_or_default());
        row(&mut text, &cells);
    }
    for (bucket, rest) in summary.rests() {
        let [severity, kind, operations] = [rest.severity.as_str(), rest.kind.as_str(), rest.operations.as_str()];
        let cells = ["", severity, kind, operations, &bucket.bucket, "(others)", "", "", ""].map(str::to_owned);
        let mut cells = cells.to_vec();
        cells.extend(amounts(&rest.times));
        cells.resize(HEAD.split(',').count(), String::new());
        row(&mut text, &cells);
    }
    text
}

fn amounts(times: &Times) -> [String; 5] {
    let Times { count, refused, bytes, first, last } = times;
    let time = |time: &Option<trailkeeper::access::read::time::Time>| time.map(|it| it.to_string()).unwrap_or_default();
    [count.to_string(), refused.to_string(), bytes.to_string(), time(first), time(last)]
}

fn values(tops: &Tops) -> String {
    tops.top.iter().map(|share| share.value.as_str()).collect::<Vec<_>>().join(" ")
}

fn row(text: &mut String, cells: &[String]) {
    for (place, cell) in cells.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        // Spreadsheets take a cell that begins so for a formula, and callers choose what stands in it.
        let shield = if cell.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
        let cell = format!("{shield}{cell}");
        // Writing to a String cannot fail.
        let _ = if cell.contains([',', '"', '\n', '\r']) {
            write!(text, "{comma}\"{}\"", cell.replace('"', "\"\""))
        } else {
            write!(text, "{comma}{cell}")
        };
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        let mut text = String::new();
        row(&mut text, &["a,b", "say \"x\"", "=1+1", "-2", "plain", ""].map(str::to_owned));
        assert_eq!(text, "\"a,b\",\"say \"\"x\"\"\",'=1+1,'-2,plain,\r\n");
    }
}
