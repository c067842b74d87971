//! Tables of plain text.

use std::fmt::{self, Write as _};

/// Writes rows below heads: the first column to the left, numbers to the right.
pub(super) fn table<const N: usize>(text: &mut String, heads: [&str; N], rows: Vec<[String; N]>) -> fmt::Result {
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    columns(text, &heads.map(str::to_owned), &rows)
}

pub(super) fn columns(text: &mut String, heads: &[String], rows: &[Vec<String>]) -> fmt::Result {
    let width = |column: usize| {
        let cells = rows.iter().map(Vec::as_slice).chain([heads]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    for row in [heads].into_iter().chain(rows.iter().map(Vec::as_slice)) {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            if column == 0 {
                write!(line, "  {cell:<width$}")?;
            } else {
                write!(line, "  {cell:>width$}")?;
            }
        }
        writeln!(text, "{}", line.trim_end())?;
    }
    Ok(())
}
