//! Values that several feed formats write alike: times, media files, texts and URLs.

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

use super::xml::Element;
use crate::domain::article::Enclosure;
use crate::domain::time::Millis;
use crate::sources::row::parse_instant;

/// Parses a time as feeds write it: RFC 822 with any weekday, RFC 3339, or a similar form. `field`
/// names the time in the error.
pub(super) fn parse_time(
    field: &str,
    text: Option<String>,
    zone: &TimeZone,
) -> Result<Option<Millis>, String> {
    const PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    let Some(text) = text else { return Ok(None) };
    let named = ["UTC", "Z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .map_or_else(|| text.clone(), |t| format!("{} GMT", t.trim_end()));
    let mail = PARSER.parse_timestamp(&named).ok().map(Millis::from);
    match mail.or_else(|| parse_instant(&text, zone)) {
        Some(at) => Ok(Some(at)),
        None => {
            let excerpt: String = text.chars().take(40).collect();
            Err(format!("its {field} `{excerpt}` is not a valid time"))
        }
    }
}

/// Returns the audio or video file that an element refers to by its attribute `url_attribute`,
/// relative to `base`.
pub(super) fn media_enclosure(
    element: &Element,
    url_attribute: &str,
    base: Option<&str>,
) -> Option<Enclosure> {
    let media_type = element
        .attribute("type")
        .filter(|kind| kind.starts_with("audio/") || kind.starts_with("video/"))?;
    let length =
        element.attribute("length").and_then(|length| length.parse().ok()).unwrap_or_default();
    Some(Enclosure {
        url: resolve_url(element.attribute(url_attribute)?, base),
        media_type: media_type.to_owned(),
        length,
    })
}

/// Returns plain text as HTML with one paragraph per line.
pub(super) fn text_to_paragraphs(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| format!("<p>{}</p>", html_escape::encode_text(line))).collect()
}

/// Resolves a URL against a base URL; returns it unchanged if that is not possible.
pub(super) fn resolve_url(url: &str, base: Option<&str>) -> String {
    let base = base.and_then(|b| url::Url::parse(b).ok());
    base.and_then(|b| b.join(url).ok()).map_or_else(|| url.to_owned(), |u| u.to_string())
}
