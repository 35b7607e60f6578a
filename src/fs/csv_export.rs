//! Exports as CSV that are read piece by piece, so that memory does not grow with the file.

use std::io::Write;

use super::csv_file::escape_formula;

/// Export whose lines are read piece by piece, so that they can be sent while they are read.
pub(crate) trait CsvExport: Send {
    /// Returns the next lines, the first time after the header; `None` at the end.
    fn next_piece(&mut self) -> impl Future<Output = anyhow::Result<Option<Vec<u8>>>> + Send;
}

/// Returns rows as lines of CSV; an apostrophe precedes each cell that a spreadsheet would take for a formula.
pub(crate) fn csv_lines<R>(rows: impl IntoIterator<Item = R>) -> anyhow::Result<Vec<u8>>
where
    R: IntoIterator<Item: AsRef<str>>,
{
    let mut csv = csv::Writer::from_writer(Vec::new());
    for row in rows {
        csv.write_record(row.into_iter().map(|cell| escape_formula(cell.as_ref())))?;
    }
    csv.into_inner().map_err(|e| anyhow::anyhow!("cannot write CSV: {}", e.error()))
}

/// Reads an export to its end and writes all of its lines.
pub(crate) async fn write_csv(
    mut export: impl CsvExport,
    mut out: impl Write,
) -> anyhow::Result<()> {
    while let Some(piece) = export.next_piece().await? {
        out.write_all(&piece)?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_an_export_is_guarded() {
        let lines = csv_lines([["=1+1", "a,b"], ["@example.org", "plain"]]).unwrap();
        assert_eq!(String::from_utf8(lines).unwrap(), "'=1+1,\"a,b\"\n'@example.org,plain\n");
        assert_eq!(csv_lines(Vec::<Vec<String>>::new()).unwrap(), b"");
    }
}
