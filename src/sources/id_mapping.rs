//! Imports a mapping of old to new ids, so that articles keep their permanent ids when the CMS
//! changes.

use std::io::{Read, Seek};
use std::path::Path;

use anyhow::bail;

use crate::config::Config;
use crate::domain::actor::Actor;
use crate::domain::time::Millis;
use crate::fs::CsvFile;
use crate::store::Store;
use crate::store::id_mappings::{MappingLine, MappingResult};

/// Maximum length of an id, in bytes.
const MAX_ID_BYTES: usize = 1000;
/// Column names accepted in the optional header line.
const HEADER_NAMES: [(&str, &str); 4] =
    [("old", "new"), ("old id", "new id"), ("old_id", "new_id"), ("from", "to")];

/// Applies a CSV file of old and new ids; returns the rejected lines and changes nothing if there
/// are any.
pub async fn remap_ids(
    store: &Store,
    config: &Config,
    source: Option<&str>,
    file: &Path,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<Result<MappingResult, Vec<(u64, String)>>> {
    let name = file.display();
    let (mappings, mut rejected) = parse_mappings(&mut CsvFile::open(file)?, source)?;
    let sources: Vec<String> = config.sources.iter().map(|s| s.name.clone()).collect();
    if mappings.is_empty() && rejected.is_empty() {
        bail!(
            "{name}: the file is empty; write one line per article: the old id, a comma, the new id"
        );
    }
    if !rejected.is_empty() {
        // Malformed lines and lines that cannot be applied are reported together.
        rejected.extend(store.id_mappings().find_invalid_lines(&mappings, &sources).await?);
        rejected.sort();
        return Ok(Err(rejected));
    }
    let outcome = store.id_mappings().apply(mappings, &sources, actor, now).await?;
    if let Ok(result) = &outcome {
        for source in &result.sources {
            store.stories().assign(source).await?;
        }
    }
    Ok(outcome)
}

/// Mappings of a file, and its malformed lines with their numbers.
type ParsedMappings = (Vec<MappingLine>, Vec<(u64, String)>);

/// Returns the mappings of a CSV file, and its malformed lines.
fn parse_mappings<R: Read + Seek>(
    file: &mut CsvFile<R>,
    source: Option<&str>,
) -> anyhow::Result<ParsedMappings> {
    let (mut mappings, mut rejected) = (Vec::new(), Vec::new());
    for (number, row) in file.rows()?.enumerate() {
        let row = row?;
        let (line, width) = (row.line, row.fields.len());
        match row.values(width).map_err(String::from).and_then(|fields| parse_pair(&fields)) {
            Ok((old, new)) if number == 0 && is_header(&old, &new) => {}
            Ok((old, new)) => {
                mappings.push(MappingLine { line, old, new, source: source.map(str::to_owned) })
            }
            Err(reason) => rejected.push((line, reason)),
        }
    }
    Ok((mappings, rejected))
}

fn is_header(old: &str, new: &str) -> bool {
    HEADER_NAMES.iter().any(|(o, n)| old.eq_ignore_ascii_case(o) && new.eq_ignore_ascii_case(n))
}

fn parse_pair(fields: &[String]) -> Result<(String, String), String> {
    if fields.iter().any(|f| f.len() > MAX_ID_BYTES || f.contains(['\r', '\n', '\0'])) {
        return Err(format!(
            "an id spans several lines, or is longer than {MAX_ID_BYTES} bytes; check for a missing quotation mark"
        ));
    }
    // Empty cells that spreadsheets write behind the new id.
    let last = fields.iter().rposition(|field| !field.trim().is_empty()).map_or(0, |at| at + 1);
    let mut ids: Vec<String> = Vec::new();
    let mut continues = false;
    for field in &fields[..last.max(2).min(fields.len())] {
        let field = field.trim();
        match ids.last_mut().filter(|_| continues) {
            Some(id) => *id = format!("{id},{field}"),
            None => ids.push(field.to_owned()),
        }
        // A tag URI contains a comma (RFC 4151), which is often left unquoted in files written by
        // hand.
        continues = !continues && field.starts_with("tag:") && !field.contains(',');
    }
    match <[String; 2]>::try_from(ids) {
        Ok([old, _]) if old.is_empty() => Err("the old id is missing".into()),
        Ok([_, new]) if new.is_empty() => Err("the new id is missing".into()),
        Ok([old, new]) => Ok((old, new)),
        Err(ids) => Err(format!(
            "found {} fields, expected an old and a new id; put an id that contains a comma in quotation marks",
            ids.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::fs::RecordLimits;

    fn parse(bytes: &[u8], source: Option<&str>) -> anyhow::Result<ParsedMappings> {
        let limits = RecordLimits::default();
        parse_mappings(&mut CsvFile::new(Cursor::new(bytes), "f".to_owned(), limits)?, source)
    }

    #[test]
    fn header_byte_order_mark_and_blank_lines_are_skipped() {
        let (mappings, rejected) =
            parse("\u{feff}Old ID,New ID\r\n\r\n\"tag:x,2026:a/1\", 7 \r\nb/2,8\r\ntag:x,2026:a/3,tag:x,2026:b/3".as_bytes(), Some("new")).unwrap();
        let parsed: Vec<(u64, &str, &str)> =
            mappings.iter().map(|c| (c.line, c.old.as_str(), c.new.as_str())).collect();
        assert_eq!(
            (parsed, rejected),
            (
                vec![
                    (3, "tag:x,2026:a/1", "7"),
                    (4, "b/2", "8"),
                    (5, "tag:x,2026:a/3", "tag:x,2026:b/3")
                ],
                vec![]
            )
        );
    }

    #[test]
    fn malformed_lines_are_reported_by_number() {
        let file = b"\xEF\xBB\xBFa,1\nb\nc,1,2\n,3\nd,\n\xff,4\n\"e\nf\",5\n";
        let (mappings, rejected) = parse(file, None).unwrap();
        let lines: Vec<u64> = rejected.iter().map(|(line, _)| *line).collect();
        assert_eq!((mappings.len(), lines), (1, vec![2, 3, 4, 5, 6, 7]), "{rejected:?}");
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(bytes in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..200)) {
            let _ = parse(&bytes, None);
        }
    }
}
