//! Conversion of a row of a query or an imported file to an article.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::tz::TimeZone;

use super::list_column::list_in_text;
use super::timestamps::parse_instant;
use super::{article_url, limits, paywall};
use crate::domain::article::{Enclosure, IncomingArticle};
use crate::domain::time::Millis;

/// Columns of a row by name, in lower case; NULL columns are absent.
pub(crate) type Row = BTreeMap<String, String>;

/// Names of all columns of an article.
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

/// Checks that a column is known or used in `article_url`.
pub(crate) fn check_column(column: &str, article_url_pattern: Option<&str>) -> Result<(), String> {
    let is_used = |pattern| article_url::columns(pattern).iter().any(|used| used == column);
    if COLUMNS.contains(&column) || article_url_pattern.is_some_and(is_used) {
        return Ok(());
    }
    Err(format!(
        "`{}` is not an article column; the known columns are {}",
        excerpt(column),
        COLUMNS.join(", ")
    ))
}

/// Checks that the columns of a query contain those that `article_url` uses.
pub(crate) fn check_article_url_columns(
    columns: &[String],
    article_url_pattern: Option<&str>,
) -> Result<(), String> {
    let used = article_url_pattern.map(article_url::columns).unwrap_or_default();
    match used.iter().find(|used| !columns.contains(used)) {
        Some(missing) => {
            Err(format!("article_url uses {{{missing}}}, but there is no column `{missing}`"))
        }
        None => Ok(()),
    }
}

/// Checks the columns of a query or file: each must be known or used in `article_url`, none may
/// occur twice, and the required ones must be present.
pub(crate) fn check_columns(
    columns: &[String],
    required: &[&str],
    article_url_pattern: Option<&str>,
) -> Result<(), String> {
    for column in columns {
        check_column(column, article_url_pattern)?;
    }
    if let Some((_, duplicate)) =
        columns.iter().enumerate().find(|(at, column)| columns[..*at].contains(column))
    {
        return Err(format!("duplicate column `{duplicate}`; remove one, or give it another name"));
    }
    if let Some(missing) = required.iter().find(|n| !columns.iter().any(|c| c == *n)) {
        return Err(format!(
            "the column `{missing}` is missing; required: {}; add it, or rename a column, in a query for example with `{} AS {missing}`",
            required.join(", "),
            usual_name(missing)
        ));
    }
    Ok(())
}

/// Returns the name that other programs often give to a column of an article.
fn usual_name(column: &str) -> &str {
    match column {
        "id" => "number",
        "title" => "headline",
        "published_at" => "posted",
        _ => "x",
    }
}

/// Returns the source's id of a row, if it has one.
pub(crate) fn source_id(row: &Row) -> Option<String> {
    row.get("id").map(|id| id.trim()).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// Parses the time in a column; `None` if it means "never".
fn parse_time(name: &str, value: &str, zone: &TimeZone) -> Result<Option<Millis>, String> {
    // MySQL's zero date means "never", and so does 0 in a column of epoch seconds.
    if value.starts_with("0000-00-00") || value.parse() == Ok(0.0) {
        return Ok(None);
    }
    parse_instant(value, zone).map(Some).ok_or_else(|| {
        let value = excerpt(value);
        format!("{name} `{value}` is not a valid time; write for example 2026-09-21 08:00")
    })
}

/// Converts a row to an article; the error is the reason why it cannot be one.
pub(crate) fn parse_article(
    row: &Row,
    zone: &TimeZone,
    article_url_pattern: Option<&str>,
) -> Result<IncomingArticle, String> {
    let text =
        |name: &str| row.get(name).map(|v| v.trim()).filter(|v| !v.is_empty()).map(str::to_owned);
    let time = |name: &str| text(name).map_or(Ok(None), |value| parse_time(name, &value, zone));
    let list = |name: &str| {
        let value = row.get(name).map(String::as_str).unwrap_or_default();
        list_in_text(value).map_err(|problem| format!("`{name}` {problem}"))
    };
    let several = |name: &str| match list(name)? {
        Some(values) => Ok(values),
        None => split_at_commas(row.get(name)).map_err(|problem| format!("`{name}` {problem}")),
    };
    let Some(source_id) = source_id(row) else { return Err("it has no id".into()) };
    let Some(published_at) = time("published_at")? else {
        return Err("it has no published_at".into());
    };
    let url = match (text("url"), article_url_pattern) {
        (Some(url), _) => Some(url),
        (None, Some(pattern)) => Some(article_url::fill(pattern, |name| {
            // The first of several sections is the most important one.
            match row.get(name).and_then(|value| list_in_text(value).ok().flatten()) {
                Some(list) => list.into_iter().next(),
                None => text(name),
            }
        })?),
        (None, None) => None,
    };
    let (body_html, notes) = public_body(row);
    Ok(IncomingArticle {
        source_id,
        guid: text("guid"),
        title: row.get("title").cloned().unwrap_or_default(),
        url,
        summary: text("summary"),
        body_html,
        sections: list("section")?.unwrap_or_else(|| text("section").into_iter().collect()),
        tags: several("tags")?,
        authors: several("author")?,
        language: text("language"),
        image_url: text("image_url"),
        image_alt: text("image_alt"),
        image_type: text("image_type"),
        image_width: parse_number(row.get("image_width")),
        image_height: parse_number(row.get("image_height")),
        enclosure: text("enclosure_url").map(|url| Enclosure {
            url,
            media_type: text("enclosure_type").unwrap_or_default(),
            length: parse_number(row.get("enclosure_length")).unwrap_or_default(),
        }),
        published_at,
        updated_at: time("updated_at")?,
        translation_of: text("translation_of"),
        notes,
    })
}

/// Returns the part of the body that visitors see, with a note if it is not the whole.
fn public_body(row: &Row) -> (String, Vec<String>) {
    let body = row.get("body_html").map(String::as_str).unwrap_or_default();
    match paywall::start(body) {
        Some(end) => (body[..end].to_owned(), vec![paywall::NOTE.to_owned()]),
        None => (body.to_owned(), Vec::new()),
    }
}

/// Parses a number; an invalid one counts as absent.
fn parse_number<N: FromStr>(value: Option<&String>) -> Option<N> {
    value?.trim().parse().ok()
}

/// Splits a text at its commas; fails if it has too many.
fn split_at_commas(value: Option<&String>) -> Result<Vec<String>, String> {
    let Some(value) = value else { return Ok(Vec::new()) };
    limits::check_commas(value)?;
    let values = value.split([',', '，']).map(str::trim).filter(|v| !v.is_empty());
    Ok(values.map(str::to_owned).collect())
}

/// Returns the first 40 characters of a value, for a message.
fn excerpt(value: &str) -> String {
    value.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_column_is_named_in_short() {
        let problem = check_column(&"x".repeat(100_000), None).unwrap_err();
        assert!(problem.starts_with("`xxx") && problem.len() < 1_000, "{problem}");
    }

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").unwrap()
    }

    #[test]
    fn zero_in_updated_at_means_never() {
        let row = |updated: &str| -> Row {
            [("id", "7"), ("published_at", "1788000000"), ("updated_at", updated)]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into()
        };
        assert_eq!(parse_article(&row("0"), &shanghai(), None).unwrap().updated_at, None);
        assert!(
            parse_article(&row("25920000"), &shanghai(), None)
                .is_err_and(|e| e.contains("is not a valid time"))
        );
    }

    #[test]
    fn json_lists_are_split_and_zero_dates_mean_never() {
        let row: Row = [
            ("id", "7"),
            ("published_at", "2026-09-01"),
            ("updated_at", "0000-00-00 00:00:00"),
            ("tags", r#"["a, b", "c"]"#),
            ("author", "[a, b"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        let draft = parse_article(&row, &shanghai(), None).unwrap();
        assert_eq!(
            (draft.tags, draft.authors, draft.updated_at),
            (vec!["a, b".into(), "c".into()], vec!["[a".into(), "b".into()], None)
        );
    }

    #[test]
    fn a_body_ends_at_a_paywall_and_the_article_says_so() {
        let row: Row = [
            ("id", "1"),
            ("published_at", "2026-09-21"),
            ("body_html", "<p>For all.</p><!-- paywall --><p>For those who pay.</p>"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let article = parse_article(&row, &shanghai(), None).unwrap();
        assert_eq!(article.body_html, "<p>For all.</p>");
        assert_eq!(article.notes, ["The text behind a paywall was left out."]);
    }

    #[test]
    fn article_url_uses_the_first_of_several_values() {
        let row = |section: &str| -> Row {
            [("id", "7"), ("published_at", "2026-09-01"), ("section", section)]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into()
        };
        let url = |section: &str| {
            parse_article(&row(section), &shanghai(), Some("https://x.example/{section}/{id}.html"))
                .map(|article| article.url.unwrap_or_default())
        };
        for section in [r#"["xin wen","Sport"]"#, " xin wen "] {
            assert_eq!(url(section).as_deref(), Ok("https://x.example/xin%20wen/7.html"));
        }
        for empty in ["[]", " "] {
            assert!(url(empty).is_err_and(|e| e.contains("`section` is empty")), "{empty}");
        }
    }

    #[test]
    fn unknown_and_duplicate_columns_are_rejected_unless_article_url_uses_them() {
        let columns = ["id", "title", "published_at", "path"].map(str::to_owned);
        assert!(
            check_columns(&columns, &["id"], None)
                .is_err_and(|e| e.contains("`path`") && e.contains("translation_of"))
        );
        assert!(check_columns(&columns, &["id"], Some("https://x.example/{path}")).is_ok());
        let twice = ["id", "title", "id"].map(str::to_owned);
        assert!(
            check_columns(&twice, &["id"], None)
                .is_err_and(|e| e.contains("duplicate column `id`"))
        );
        assert!(
            check_columns(&columns, &["id", "guid"], Some("{path}"))
                .is_err_and(|e| e.contains("`guid` is missing"))
        );
        assert!(
            check_columns(&columns[..2], &["id", "published_at"], None)
                .is_err_and(|e| e.ends_with("for example with `posted AS published_at`"))
        );
    }
}
