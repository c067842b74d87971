//! Splits chunks into lines in constant memory. A line within one chunk is not copied, one that spans chunks is
//! assembled, and one that is longer than S3 could write is skipped.

use super::line::{Line, LineError};
use memchr::memchr;

/// Maximum length of a line in bytes. A key has up to 1,024 bytes, each of which takes up to 5 when encoded twice; S3
/// accepts 8 KB of headers and request lines not much longer. Anything longer was not written by S3, or is meant to
/// fill memory.
pub const LONGEST: usize = 64 * 1024;

/// Why and where a line of a file cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, byte {offset}: {field} {problem}")]
pub struct Malformed {
    /// Line number in the file, from 1.
    pub line: u64,
    /// Offset in the file, in bytes from 0.
    pub offset: u64,
    /// Name of the field.
    pub field: &'static str,
    /// Description of the problem, to follow the name of the field.
    pub problem: &'static str,
}

/// Result of reading one line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are lines, and none is kept")]
pub enum LineRead<'a> {
    /// The line is a request.
    Line(Line<'a>),
    /// The line is empty or consists of spaces.
    Blank,
    /// The line cannot be parsed.
    Malformed(Malformed),
}

/// Splits one file, which arrives in chunks, into lines.
#[derive(Debug, Default)]
pub struct Lines {
    /// Beginning of the line that continues in the next chunk.
    begun: Vec<u8>,
    /// Whether that line is too long and has been reported.
    skipping: bool,
    /// Number of complete lines so far.
    line: u64,
    /// Offset of the current line, in bytes.
    offset: u64,
}

impl Lines {
    /// Reads the lines that end in this chunk.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(&LineRead<'_>)) {
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            let (part, after) = rest.split_at_checked(end).unwrap_or_default();
            self.add(part, true, &mut each);
            rest = after.get(1..).unwrap_or_default();
        }
        if !rest.is_empty() {
            self.add(rest, false, &mut each);
        }
    }

    /// Reads a last line without a line break, and prepares for another file.
    pub fn finish(&mut self, mut each: impl FnMut(&LineRead<'_>)) {
        if !self.begun.is_empty() {
            self.add(&[], true, &mut each);
        }
        *self = Self { begun: std::mem::take(&mut self.begun), ..Self::default() };
    }

    fn add(&mut self, part: &[u8], ends: bool, each: &mut impl FnMut(&LineRead<'_>)) {
        let length = self.begun.len() + part.len();
        if self.skipping {
            self.offset += part.len() as u64;
        } else if length > LONGEST {
            let fault = LineError { at: 0, field: "the line", problem: "is longer than S3 writes" };
            each(&LineRead::Malformed(self.malformed(fault)));
            self.begun.clear();
            (self.skipping, self.offset) = (true, self.offset + length as u64);
        } else if !ends {
            self.begun.extend_from_slice(part);
        } else {
            let begun = std::mem::take(&mut self.begun);
            if begun.is_empty() {
                each(&self.read(part));
            } else {
                let mut whole = begun;
                whole.extend_from_slice(part);
                each(&self.read(&whole));
                whole.clear();
                self.begun = whole;
            }
            self.offset += length as u64;
        }
        if ends {
            (self.skipping, self.line, self.offset) = (false, self.line + 1, self.offset + 1);
        }
    }

    fn read<'a>(&self, line: &'a [u8]) -> LineRead<'a> {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return LineRead::Blank;
        }
        Line::parse(line).map_or_else(|fault| LineRead::Malformed(self.malformed(fault)), LineRead::Line)
    }

    fn malformed(&self, fault: LineError) -> Malformed {
        let LineError { at, field, problem } = fault;
        Malformed { line: self.line + 1, offset: self.offset + at as u64, field, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = concat!(
        "0f9e logs [02/Mar/2026:11:20:48 +0000] 192.0.2.10 - R1 REST.GET.OBJECT a \"GET /a HTTP/1.1\" ",
        "403 AccessDenied 243 - 5 - \"-\" \"x\" - h= - - - logs.s3.amazonaws.com - - -"
    );

    /// Returns one word for each line, read chunk by chunk.
    fn read(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut told) = (Lines::default(), Vec::new());
        let mut tell = |read: &LineRead<'_>| {
            told.push(match read {
                LineRead::Line(line) => format!("{:?}", line.key),
                LineRead::Blank => "blank".to_owned(),
                LineRead::Malformed(fault) => fault.to_string(),
            });
        };
        for chunk in chunks {
            lines.feed(chunk, &mut tell);
        }
        lines.finish(&mut tell);
        told
    }

    #[test]
    fn lines_end_as_on_any_machine_and_the_last_need_not_end() {
        let text = format!("{GOOD}\r\n\n  \r\n{GOOD}\noops\n{GOOD}");
        let told = read(&[text.as_bytes()]);
        let oops = format!("line 5, byte {}: bucket is missing", GOOD.len() * 2 + 12);
        assert_eq!(told, ["Some(\"a\")", "blank", "blank", "Some(\"a\")", &oops, "Some(\"a\")"]);
    }

    #[test]
    fn it_does_not_matter_where_chunks_end() {
        let text = format!("{GOOD}\r\n\n{GOOD}\nan odd line\n{GOOD}\n");
        let whole = read(&[text.as_bytes()]);
        for size in [1, 2, 3, 7, 100, text.len() - 1] {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            assert_eq!(read(&chunks), whole, "{size}");
        }
    }

    #[test]
    fn a_line_without_end_takes_no_memory_and_hides_no_other() {
        let endless = vec![b'x'; LONGEST + 1];
        let mut lines = Lines::default();
        let mut faults = Vec::new();
        for _ in 0..100 {
            lines.feed(&endless, |read| {
                if let LineRead::Malformed(fault) = read {
                    faults.push(*fault);
                }
            });
        }
        assert!(lines.begun.capacity() <= LONGEST);
        let next = endless.len() as u64 * 100 + 1;
        lines.feed(format!("\nodd\n{GOOD}\n").as_bytes(), |read| match read {
            LineRead::Malformed(fault) => faults.push(*fault),
            other => assert!(matches!(other, LineRead::Line(_))),
        });
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let odd = format!("line 2, byte {}: bucket is missing", next + 3);
        assert_eq!(told, ["line 1, byte 0: the line is longer than S3 writes", &odd]);
    }

    #[test]
    fn the_longest_line_is_read_whole_or_in_parts() {
        for (length, is_read) in [(LONGEST, true), (LONGEST + 1, false)] {
            let agent = "u".repeat(length - GOOD.len() + 1);
            let line = GOOD.replace("\"x\"", &format!("\"{agent}\""));
            assert_eq!(line.len(), length);
            for size in [length, 1000] {
                let text = format!("{line}\n{GOOD}\n");
                let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
                let told = read(&chunks);
                assert_eq!((told.len(), told.first().is_some_and(|it| it == "Some(\"a\")")), (2, is_read));
            }
        }
    }

    #[test]
    fn each_file_counts_its_own_lines() {
        let mut lines = Lines::default();
        let mut faults = Vec::new();
        for _ in 0..2 {
            lines.feed(b"\nodd", |_| ());
            lines.finish(|read| {
                if let LineRead::Malformed(fault) = read {
                    faults.push((fault.line, fault.offset));
                }
            });
        }
        assert_eq!(faults, [(2, 4), (2, 4)]);
    }
}
