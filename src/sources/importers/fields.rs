//! Values that several feed formats write alike: times, media files, texts and URLs.

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

use super::xml::Element;
use super::zone_names::{named_zone, split_zone};
use crate::domain::article::Enclosure;
use crate::domain::media;
use crate::domain::time::Millis;
use crate::sources::timestamps::parse_instant;

/// Parses a time as feeds write it: RFC 822 with any weekday, RFC 3339, or a similar form, with an
/// offset or the name of a zone. `field` names the time in the error.
pub(super) fn parse_time(
    field: &str,
    text: Option<String>,
    zone: &TimeZone,
) -> Result<Option<Millis>, String> {
    let Some(text) = text else { return Ok(None) };
    let time = match parse_instant(&text, zone) {
        Some(at) => Ok(at),
        None => parse_zoned(&text, zone),
    };
    time.map(Some).map_err(|problem| {
        let excerpt: String = text.chars().take(40).collect();
        format!("its {field} `{excerpt}` {problem}")
    })
}

/// Parses a time in the form of RFC 822, or one before the name of a zone; the error is the end of a
/// sentence.
fn parse_zoned(text: &str, zone: &TimeZone) -> Result<Millis, String> {
    const PARSER: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
    let (time, name) = split_zone(text);
    let as_utc = PARSER
        .parse_timestamp(format!("{time} +0000"))
        .ok()
        .or_else(|| parse_instant(time, &TimeZone::UTC).map(Millis::timestamp))
        .ok_or("is not a valid time")?;
    let zone = if name.is_empty() { zone.clone() } else { named_zone(name, zone, as_utc)? };
    let local = TimeZone::UTC.to_datetime(as_utc);
    let at = zone.to_ambiguous_timestamp(local).compatible();
    at.map(Millis::from).map_err(|_| "is not a valid time".to_owned())
}

/// Returns the audio or video file that an element refers to by its attribute `url_attribute`,
/// relative to `base`.
pub(super) fn media_enclosure(
    element: &Element,
    url_attribute: &str,
    base: Option<&str>,
) -> Option<Enclosure> {
    let url = resolve_url(element.attribute(url_attribute)?, base);
    let media_type = playable_type(element.attribute("type").unwrap_or_default(), &url)?;
    // Media RSS calls the length of a file `fileSize`.
    let length = element.attribute("length").or_else(|| element.attribute("fileSize"));
    let length = length.and_then(|length| length.replace(',', "").parse().ok()).unwrap_or_default();
    Some(Enclosure { url, media_type, length })
}

/// Returns the first audio or video file among the Media RSS elements of an item, in groups too; the
/// default of a group precedes its other files.
pub(super) fn media_rss_enclosure(item: &Element, base: Option<&str>) -> Option<Enclosure> {
    let groups = item.children("media:group").flat_map(|group| group.children("media:content"));
    let files: Vec<&Element> = item.children("media:content").chain(groups).collect();
    let is_default = |file: &&&Element| file.attribute("isDefault") == Some("true");
    let enclosure = |file: &&Element| media_enclosure(file, "url", base);
    files.iter().filter(is_default).find_map(enclosure).or_else(|| files.iter().find_map(enclosure))
}

/// Returns the first audio or video file among the alternate enclosures of a podcast episode; the default
/// one precedes the others (Podcasting 2.0, `podcast:alternateEnclosure`).
pub(super) fn alternate_enclosure(item: &Element, base: Option<&str>) -> Option<Enclosure> {
    let all: Vec<&Element> = item.children("podcast:alternateEnclosure").collect();
    let is_default = |one: &&&Element| one.attribute("default") == Some("true");
    let enclosure = |one: &&Element| {
        let mut sources =
            one.children("podcast:source").filter_map(|source| source.attribute("uri"));
        // Other addresses are those of networks that feed readers do not know.
        let is_web = |uri: &&str| uri.starts_with("https://") || uri.starts_with("http://");
        let url = resolve_url(sources.find(is_web)?, base);
        let media_type = playable_type(one.attribute("type").unwrap_or_default(), &url)?;
        let length = one.attribute("length").and_then(|length| length.parse().ok());
        Some(Enclosure { url, media_type, length: length.unwrap_or_default() })
    };
    all.iter().filter(is_default).find_map(enclosure).or_else(|| all.iter().find_map(enclosure))
}

/// Returns the media type of an audio or video file: the declared one, or that of the file name if
/// the declared one says nothing about the content.
pub(super) fn playable_type(declared: &str, url: &str) -> Option<String> {
    let stated = media::essence(declared);
    let is_generic = |stated: &str| {
        matches!(stated, "application/octet-stream" | "binary/octet-stream" | "application/ogg")
    };
    match stated.filter(|stated| !is_generic(stated)) {
        Some(stated) => media::is_playable(&stated).then_some(stated),
        None => media::from_file_name(url)
            .filter(|inferred| media::is_playable(inferred))
            .map(str::to_owned),
    }
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
