//! A map of old ids to new ones, so that articles keep their permanent ids when their CMS changes.

use std::path::Path;

use anyhow::{Context, bail};

use super::lines::Lines;
use crate::config::Config;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::adoptions::{Adopted, Claim};

/// Bytes of an id at most.
const LONGEST: usize = 1000;
/// How the first line may name its two columns.
const TITLES: [(&str, &str); 4] =
    [("old", "new"), ("old id", "new id"), ("old_id", "new_id"), ("from", "to")];

/// Carries out a CSV file of old and new ids, or gives the refused lines and changes nothing.
pub async fn adopt(
    store: &Store,
    config: &Config,
    source: Option<&str>,
    file: &Path,
    now: Millis,
) -> anyhow::Result<Result<Adopted, Vec<(u64, String)>>> {
    let name = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
    let (claims, mut refused) = claims(&bytes, source);
    let sources: Vec<String> = config.sources.iter().map(|s| s.name.clone()).collect();
    if claims.is_empty() && refused.is_empty() {
        bail!(
            "{name}: it has no lines; each holds an old id and a new id, with a comma between them"
        );
    }
    if !refused.is_empty() {
        // Lines that can't be read and lines that can't be carried out are told together.
        refused.extend(store.refused_ids(&claims, &sources).await?);
        refused.sort();
        return Ok(Err(refused));
    }
    let done = store.adopt_ids(claims, &sources, now).await?;
    if let Ok(adopted) = &done {
        for source in &adopted.sources {
            store.regroup(source).await?;
        }
    }
    Ok(done)
}

/// The lines of a map, and those that can't be read.
fn claims(bytes: &[u8], source: Option<&str>) -> (Vec<Claim>, Vec<(u64, String)>) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let (mut claims, mut refused) = (Vec::new(), Vec::new());
    let mut record = csv::ByteRecord::new();
    let mut lines = Lines::of(bytes);
    loop {
        let line = lines.of_record(reader.position());
        match reader.read_byte_record(&mut record) {
            Ok(false) => return (claims, refused),
            Ok(true) => {}
            Err(e) => {
                refused.push((line, e.to_string()));
                return (claims, refused);
            }
        }
        match pair(&record) {
            Ok((old, new)) if line == 1 && is_title(&old, &new) => {}
            Ok((old, new)) => {
                claims.push(Claim { line, old, new, source: source.map(str::to_owned) })
            }
            Err(why) => refused.push((line, why)),
        }
    }
}

fn is_title(old: &str, new: &str) -> bool {
    TITLES.iter().any(|(o, n)| old.eq_ignore_ascii_case(o) && new.eq_ignore_ascii_case(n))
}

fn pair(record: &csv::ByteRecord) -> Result<(String, String), String> {
    if record.iter().any(|f| f.len() > LONGEST || f.contains(&b'\n') || f.contains(&0)) {
        return Err(format!(
            "an id goes over several lines, or over {LONGEST} bytes; a quotation mark may be missing"
        ));
    }
    let mut ids: Vec<String> = Vec::new();
    let mut goes_on = false;
    for field in record {
        let field = std::str::from_utf8(field)
            .map_err(|_| "it is not UTF-8; save the file in that encoding".to_owned())?;
        match ids.last_mut().filter(|_| goes_on) {
            Some(id) => *id = format!("{id},{field}"),
            None => ids.push(field.to_owned()),
        }
        // A tag URI has a comma of its own (RFC 4151), which who writes a map by hand will not think of.
        goes_on = !goes_on && field.starts_with("tag:") && !field.contains(',');
    }
    match <[String; 2]>::try_from(ids) {
        Ok([old, _]) if old.is_empty() => Err("it has no old id".into()),
        Ok([_, new]) if new.is_empty() => Err("it has no new id".into()),
        Ok([old, new]) => Ok((old, new)),
        Err(ids) => Err(format!(
            "it has {} fields; it must have an old id and a new id, an id with a comma in quotation marks",
            ids.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_line_a_byte_order_mark_and_blank_lines_are_no_ids() {
        let (claims, refused) =
            claims("\u{feff}Old ID,New ID\r\n\r\n\"tag:x,2026:a/1\", 7 \r\nb/2,8\r\ntag:x,2026:a/3,tag:x,2026:b/3".as_bytes(), Some("new"));
        let told: Vec<(u64, &str, &str)> =
            claims.iter().map(|c| (c.line, c.old.as_str(), c.new.as_str())).collect();
        assert_eq!(
            (told, refused),
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
    fn lines_that_cannot_be_read_are_told_by_number() {
        let (claims, refused) = claims(b"a,1\nb\nc,1,2\n,3\nd,\n\xff,4\n\"e\nf\",5\n", None);
        let lines: Vec<u64> = refused.iter().map(|(line, _)| *line).collect();
        assert_eq!((claims.len(), lines), (1, vec![2, 3, 4, 5, 6, 7]), "{refused:?}");
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_it_stumble(bytes in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..200)) {
            let _ = claims(&bytes, None);
        }
    }
}
