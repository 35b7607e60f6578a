//! A row of a query or of an imported file, and the article it tells.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::article::{Draft, Enclosure};
use crate::domain::time::Millis;

/// The columns of a row by their names in lower case; null columns are absent.
pub(crate) type Row = BTreeMap<String, String>;

/// Every column the program knows.
pub(crate) const COLUMNS: [&str; 21] = [
    "id",
    "title",
    "url",
    "summary",
    "body_html",
    "section",
    "tags",
    "author",
    "language",
    "image_url",
    "image_alt",
    "image_type",
    "image_width",
    "image_height",
    "enclosure_url",
    "enclosure_type",
    "enclosure_length",
    "published_at",
    "updated_at",
    "translation_of",
    "guid",
];

/// Characters of a value that keep their meaning in a path segment.
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Checks the columns of a query or file: all known, or used in `article_url`, none twice, and the needed ones there.
pub(crate) fn check_columns(
    columns: &[String],
    needed: &[&str],
    article_url: Option<&str>,
) -> Result<(), String> {
    let used = article_url.map(braces).unwrap_or_default();
    for column in columns {
        if !COLUMNS.contains(&column.as_str()) && !used.contains(column) {
            return Err(format!(
                "`{column}` is no column of an article; the known ones are {}",
                COLUMNS.join(", ")
            ));
        }
    }
    if let Some((_, twice)) =
        columns.iter().enumerate().find(|(at, column)| columns[..*at].contains(column))
    {
        return Err(format!(
            "the column `{twice}` is there twice; leave one out, or give it another name"
        ));
    }
    if let Some(missing) = needed.iter().find(|n| !columns.iter().any(|c| c == *n)) {
        return Err(format!(
            "the column `{missing}` is missing; needed: {}; give a column that name (in a query with `AS {missing}`)",
            needed.join(", ")
        ));
    }
    if let Some(missing) = used.iter().find(|u| !columns.contains(u)) {
        return Err(format!("article_url uses {{{missing}}}, but there is no column `{missing}`"));
    }
    Ok(())
}

/// The source's id for a row, if it has one.
pub(crate) fn id(row: &Row) -> Option<String> {
    row.get("id").map(|id| id.trim()).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The article a row tells, or the reason why it tells none.
pub(crate) fn draft(
    row: &Row,
    zone: &TimeZone,
    article_url: Option<&str>,
) -> Result<Draft, String> {
    let text =
        |name: &str| row.get(name).map(|v| v.trim()).filter(|v| !v.is_empty()).map(str::to_owned);
    let time = |name: &str| -> Result<Option<Millis>, String> {
        // The zero date is how MySQL's tables say "never", and 0 how those do that keep epochs.
        let stated = text(name).filter(|v| !v.starts_with("0000-00-00") && v.parse() != Ok(0.0));
        stated
            .map(|v| instant(&v, zone).ok_or_else(|| format!("{name} `{}` is no time", shown(&v))))
            .transpose()
    };
    let Some(source_id) = id(row) else { return Err("it has no id".into()) };
    let Some(published_at) = time("published_at")? else {
        return Err("it has no published_at".into());
    };
    let url = match (text("url"), article_url) {
        (Some(url), _) => Some(url),
        (None, Some(pattern)) => Some(filled(pattern, row)),
        (None, None) => None,
    };
    Ok(Draft {
        source_id,
        guid: text("guid"),
        title: row.get("title").cloned().unwrap_or_default(),
        url,
        summary: text("summary"),
        body_html: row.get("body_html").cloned().unwrap_or_default(),
        sections: list(row.get("section")).unwrap_or_else(|| text("section").into_iter().collect()),
        tags: several(row.get("tags")),
        authors: several(row.get("author")),
        language: text("language"),
        image_url: text("image_url"),
        image_alt: text("image_alt"),
        image_type: text("image_type"),
        image_width: number(row.get("image_width")),
        image_height: number(row.get("image_height")),
        enclosure: text("enclosure_url").map(|url| Enclosure {
            url,
            media_type: text("enclosure_type").unwrap_or_default(),
            length: number(row.get("enclosure_length")).unwrap_or_default(),
        }),
        published_at,
        updated_at: time("updated_at")?,
        translation_of: text("translation_of"),
        notes: Vec::new(),
    })
}

/// An instant from a timestamp with or without a zone, a date, or epoch seconds (milliseconds from eleven digits on).
/// Eight and fourteen digits are a date as it is written where they can be one; a shorter number is no time.
pub(crate) fn instant(text: &str, zone: &TimeZone) -> Option<Millis> {
    let text = text.trim();
    if let Some(civil) = digits_only(text) {
        return zone.to_ambiguous_timestamp(civil).compatible().ok().map(Millis::from);
    }
    if let Ok(number) = text.parse::<f64>() {
        if !number.is_finite() || number.abs() < 1e8 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked against jiff's range below")]
        let ms = if number.abs() >= 1e11 { number as i64 } else { (number * 1000.0) as i64 };
        return Timestamp::from_millisecond(ms).ok().map(Millis::from);
    }
    let iso = text.replacen(' ', "T", 1);
    let iso = iso.replace(' ', "");
    if let Ok(stamp) = iso.parse::<Timestamp>() {
        return Some(Millis::from(stamp));
    }
    let civil =
        iso.parse::<DateTime>().ok().or_else(|| iso.parse::<Date>().ok().map(Date::into))?;
    // Year 0 is MySQL's way of saying "no date".
    if civil.year() < 1 {
        return None;
    }
    zone.to_ambiguous_timestamp(civil).compatible().ok().map(Millis::from)
}

/// `YYYYMMDD` or `YYYYMMDDHHMMSS`.
fn digits_only(text: &str) -> Option<DateTime> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let civil: DateTime = match text.len() {
        8 => Date::strptime("%Y%m%d", text).ok()?.into(),
        14 => DateTime::strptime("%Y%m%d%H%M%S", text).ok()?,
        _ => return None,
    };
    (civil.year() >= 1).then_some(civil)
}

/// A JSON list of texts, as arrays and JSON columns hold several values, whatever stands in each.
fn list(value: Option<&String>) -> Option<Vec<String>> {
    serde_json::from_str(value?).ok()
}

/// A size; what is none is as good as not told.
fn number<N: FromStr>(value: Option<&String>) -> Option<N> {
    value?.trim().parse().ok()
}

fn several(value: Option<&String>) -> Vec<String> {
    if let Some(list) = list(value) {
        return list;
    }
    let Some(value) = value else { return Vec::new() };
    value.split([',', '，']).map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
}

fn braces(pattern: &str) -> Vec<String> {
    pattern
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.trim().to_lowercase())
        .collect()
}

fn filled(pattern: &str, row: &Row) -> String {
    let mut parts = pattern.split('{');
    let mut url = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((name, rest)) => {
                let value = row.get(&name.trim().to_lowercase()).map_or("", String::as_str);
                url.extend(utf8_percent_encode(value, SEGMENT));
                url += rest;
            }
            None => {
                url.push('{');
                url += part;
            }
        }
    }
    url
}

fn shown(value: &str) -> String {
    value.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    #[test]
    fn a_time_without_a_zone_is_read_in_the_source_s_zone() {
        let expected = instant("2026-09-21T08:40:00Z", &TimeZone::UTC);
        assert!(expected.is_some());
        for text in [
            "2026-09-21 16:40:00",
            "2026-09-21T16:40:00",
            "2026-09-21 08:40:00+00",
            "2026-09-21 16:40:00+08:00",
            "1790152800",
        ] {
            let found = instant(text, &shanghai());
            if text != "1790152800" {
                assert_eq!(found, expected, "{text}");
            } else {
                assert!(found.is_some());
            }
        }
    }

    #[test]
    fn a_date_of_digits_alone_is_a_date() {
        assert_eq!(instant("20260921", &shanghai()), instant("2026-09-21", &shanghai()));
        assert_eq!(
            instant("20260921164000", &shanghai()),
            instant("2026-09-21T08:40:00Z", &TimeZone::UTC)
        );
        assert_eq!(instant("1790152800000", &shanghai()), instant("1790152800", &shanghai()));
        for text in ["2026", "202609", "20261345", "00000000", "0", "-1", "260921"] {
            assert_eq!(instant(text, &shanghai()), None, "{text}");
        }
    }

    #[test]
    fn zero_dates_and_nonsense_are_no_times() {
        for text in ["0000-00-00 00:00:00", "soon", "", "NaN", "1e300", "2026-13-01"] {
            assert_eq!(instant(text, &shanghai()), None, "{text}");
        }
    }

    #[test]
    fn zero_means_never() {
        let row = |updated: &str| -> Row {
            [("id", "7"), ("published_at", "1788000000"), ("updated_at", updated)]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into()
        };
        assert_eq!(draft(&row("0"), &shanghai(), None).unwrap().updated_at, None);
        assert!(
            draft(&row("25920000"), &shanghai(), None).is_err_and(|e| e.contains("is no time"))
        );
    }

    #[test]
    fn a_json_list_holds_several_and_a_zero_date_means_never() {
        let row: Row = [
            ("id", "7"),
            ("published_at", "2026-09-01"),
            ("updated_at", "0000-00-00 00:00:00"),
            ("tags", r#"["a, b", "c"]"#),
            ("author", "[a, b"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        let draft = draft(&row, &shanghai(), None).unwrap();
        assert_eq!(
            (draft.tags, draft.authors, draft.updated_at),
            (vec!["a, b".into(), "c".into()], vec!["[a".into(), "b".into()], None)
        );
    }

    #[test]
    fn an_address_is_made_of_the_row_s_columns() {
        let row: Row =
            [("id", "7"), ("path", "xin wen")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        assert_eq!(
            filled("https://x.example/{path}/{id}.html", &row),
            "https://x.example/xin%20wen/7.html"
        );
    }

    #[test]
    fn a_column_that_is_unknown_or_there_twice_is_refused_unless_the_address_uses_it() {
        let columns = ["id", "title", "published_at", "path"].map(str::to_owned);
        assert!(
            check_columns(&columns, &["id"], None)
                .is_err_and(|e| e.contains("`path`") && e.contains("translation_of"))
        );
        assert!(check_columns(&columns, &["id"], Some("https://x.example/{path}")).is_ok());
        let twice = ["id", "title", "id"].map(str::to_owned);
        assert!(
            check_columns(&twice, &["id"], None).is_err_and(|e| e.contains("`id` is there twice"))
        );
        assert!(
            check_columns(&columns, &["id", "guid"], Some("{path}"))
                .is_err_and(|e| e.contains("`guid` is missing"))
        );
    }
}
