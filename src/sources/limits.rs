//! Limits of the parts of an article, from every source and file.

use crate::domain::article::IncomingArticle;

/// Maximum length of a title in bytes.
const MAX_TITLE_BYTES: usize = 10_000;
/// Maximum length of a summary in bytes.
const MAX_SUMMARY_BYTES: usize = 200_000;
/// Maximum length of a body in bytes; an image in it may be embedded as base64.
const MAX_BODY_BYTES: usize = 32_000_000;
/// Maximum number of `<` and `&` in a body: the memory that HTML takes grows with them.
const MAX_MARKUP_CHARACTERS: usize = 300_000;
/// Maximum number of sections, of tags, and of authors.
const MAX_NAMES: usize = 500;
/// Maximum length of the name of a section, tag or author in bytes; a longer one is no name.
const MAX_NAME_BYTES: usize = 10_000;
/// Maximum length of a URL, a language or another short value in bytes.
const MAX_VALUE_BYTES: usize = 10_000;

/// Maximum number of values in a JSON text or list: each takes more memory than its text.
const MAX_LISTED_VALUES: usize = 100_000;

/// Checks the number of values in a JSON text before it is parsed; the error is the end of a sentence with
/// the number and the limit.
pub(super) fn check_json(text: &str) -> Result<(), String> {
    let (mut values, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' | b'[' | b'{' if !is_quoted => values += 1,
            _ => {}
        }
    }
    check_values(values)
}

/// Checks the number of commas in a text before it is split at them; the error is like that of
/// [`check_json`].
pub(super) fn check_commas(text: &str) -> Result<(), String> {
    check_values(text.matches([',', '，']).count() + 1)
}

fn check_values(values: usize) -> Result<(), String> {
    if values <= MAX_LISTED_VALUES {
        return Ok(());
    }
    Err(format!("has {values} values; the maximum is {MAX_LISTED_VALUES}"))
}

/// Checks the size of each part of an article; the error has the number and the limit.
pub(super) fn check(article: &IncomingArticle) -> Result<(), String> {
    check_bytes("title", &article.title, MAX_TITLE_BYTES)?;
    check_bytes("text", &article.body_html, MAX_BODY_BYTES)?;
    if let Some(summary) = &article.summary {
        check_bytes("summary", summary, MAX_SUMMARY_BYTES)?;
    }
    let marks = article.body_html.bytes().filter(|b| matches!(b, b'<' | b'&')).count();
    if marks > MAX_MARKUP_CHARACTERS {
        return Err(format!(
            "the text contains {marks} tags and character references; the maximum is {MAX_MARKUP_CHARACTERS}"
        ));
    }
    let lists =
        [("section", &article.sections), ("tag", &article.tags), ("author", &article.authors)];
    for (name, list) in lists {
        if list.len() > MAX_NAMES {
            return Err(format!("it has {} {name}s; the maximum is {MAX_NAMES}", list.len()));
        }
        for value in list {
            check_bytes(name, value, MAX_NAME_BYTES)?;
        }
    }
    let enclosure = article.enclosure.as_ref();
    let values = [
        ("URL", &article.url),
        ("language", &article.language),
        ("image_url", &article.image_url),
        ("image_alt", &article.image_alt),
        ("image_type", &article.image_type),
        ("translation_of", &article.translation_of),
        ("enclosure", &enclosure.map(|file| file.url.clone())),
    ];
    for (name, value) in values {
        check_bytes(name, value.as_deref().unwrap_or_default(), MAX_VALUE_BYTES)?;
    }
    Ok(())
}

fn check_bytes(name: &str, text: &str, max: usize) -> Result<(), String> {
    if text.len() <= max {
        return Ok(());
    }
    Err(format!("the {name} is {} bytes long; the maximum is {max}", text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_many_values_are_rejected_before_they_are_parsed() {
        let tags =
            |count: usize| format!("{{\"title\":\"a,b\\\",c\",\"tags\":[{}]}}", "1,".repeat(count));
        assert_eq!(check_json(&tags(99_997)), Ok(()));
        assert_eq!(
            check_json(&tags(99_998)).unwrap_err(),
            "has 100001 values; the maximum is 100000"
        );
        assert_eq!(check_commas(&"a，".repeat(99_999)), Ok(()));
        assert!(check_commas(&"a,".repeat(100_000)).is_err_and(|e| e.contains("100001 values")));
    }

    #[test]
    fn a_part_past_its_limit_is_rejected_with_its_size() {
        let article = |change: fn(&mut IncomingArticle)| {
            let mut article = IncomingArticle::default();
            change(&mut article);
            check(&article).err().unwrap_or_default()
        };
        for (error, expected) in [
            (article(|_| {}), ""),
            (
                article(|a| a.title = "x".repeat(10_001)),
                "the title is 10001 bytes long; the maximum is 10000",
            ),
            (
                article(|a| a.summary = Some("x".repeat(200_001))),
                "the summary is 200001 bytes long; the maximum is 200000",
            ),
            (
                article(|a| a.body_html = "<p>".repeat(300_001)),
                "the text contains 300001 tags and character references; the maximum is 300000",
            ),
            (article(|a| a.body_html = "x".repeat(19_000_000)), ""),
            (
                article(|a| a.body_html = "x".repeat(32_000_001)),
                "the text is 32000001 bytes long; the maximum is 32000000",
            ),
            (article(|a| a.tags = vec!["a".into(); 501]), "it has 501 tags; the maximum is 500"),
            (
                article(|a| a.authors = vec!["x".repeat(10_001)]),
                "the author is 10001 bytes long; the maximum is 10000",
            ),
            (
                article(|a| a.url = Some("x".repeat(10_001))),
                "the URL is 10001 bytes long; the maximum is 10000",
            ),
        ] {
            assert_eq!(error, expected);
        }
    }
}
