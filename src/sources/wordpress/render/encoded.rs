//! HTML that page builders store as base64 inside a shortcode.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::markup::strip_tags;
use super::shortcodes;

/// Shortcodes of page builders that enclose encoded HTML.
const ENCODED_HTML: [&str; 4] =
    ["vc_raw_html", "fusion_code", "fusion_syntax_highlighter", "tatsu_code"];

/// Minimum length of an enclosed word that may be base64, in bytes.
const MIN_BASE64_BYTES: usize = 24;

/// Decodes the HTML that page builders store encoded, and removes other enclosed base64.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains("[/") {
        return Cow::Borrowed(text);
    }
    let tags = shortcodes::tags(text);
    let mut out = String::new();
    let mut at = 0;
    for (opening, closing) in tags.iter().zip(tags.iter().skip(1)) {
        if opening.closing || !closing.closing || opening.name != closing.name {
            continue;
        }
        let enclosed = &text[opening.end..closing.start];
        let Some(bytes) = base64_bytes(enclosed) else { continue };
        out.push_str(&text[at..opening.end]);
        if ENCODED_HTML.contains(&opening.name) {
            out.push_str(&html(bytes));
        }
        at = closing.start;
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// Removes what page builders replace when they show a page: the encoded names of dynamic values of
/// Divi, and the settings of Thrive Architect.
pub(super) fn without_dynamic_values(text: &str) -> Cow<'_, str> {
    match without_settings(text) {
        Cow::Borrowed(text) => without_encoded_names(text),
        Cow::Owned(text) => Cow::Owned(without_encoded_names(&text).into_owned()),
    }
}

/// Removes the settings between two marks, as in `__CONFIG_name__{…}__CONFIG_name__`.
fn without_settings(text: &str) -> Cow<'_, str> {
    const START: &str = "__CONFIG_";
    if !text.contains(START) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        out.push_str(&rest[..start]);
        let name = rest[start + START.len()..].find("__").map(|length| START.len() + length + 2);
        let mark = name.map(|length| &rest[start..start + length]);
        let end = mark.and_then(|mark| {
            let inside = start + mark.len();
            Some(inside + rest[inside..].find(mark)? + mark.len())
        });
        let Some(end) = end else {
            rest = &rest[start..];
            break;
        };
        rest = &rest[end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn without_encoded_names(text: &str) -> Cow<'_, str> {
    const START: &str = "@ET-DC@";
    if !text.contains(START) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(START);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let length = part.bytes().take_while(|b| is_base64(*b)).count();
        out.push_str(part[length..].strip_prefix('@').unwrap_or(&part[length..]));
    }
    Cow::Owned(out)
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"+/=".contains(&b)
}

/// Returns the decoded form of text that is one word of base64; `None` for other text.
fn base64_bytes(enclosed: &str) -> Option<Vec<u8>> {
    // Editors wrap the word in a paragraph.
    if enclosed.len() < MIN_BASE64_BYTES || enclosed.trim().contains(' ') && !enclosed.contains('<')
    {
        return None;
    }
    let word: String = strip_tags(enclosed).split_whitespace().collect();
    let has = |accepts: fn(&u8) -> bool| word.as_bytes().iter().any(accepts);
    let is_mixed = has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && (has(u8::is_ascii_digit) || word.ends_with('='));
    if word.len() < MIN_BASE64_BYTES || !is_mixed || !word.bytes().all(is_base64) {
        return None;
    }
    STANDARD.decode(&word).ok()
}

/// Returns decoded bytes as HTML, without a second encoding for URLs; empty if they are not text.
fn html(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).unwrap_or_default();
    if text.starts_with('%') || !text.contains(' ') && text.contains("%20") {
        return percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(html: &str) -> String {
        STANDARD.encode(html)
    }

    #[test]
    fn encoded_html_is_decoded_and_other_base64_is_removed() {
        let plain = encoded("<p>Lectures begin at nine.</p>");
        let url = encoded("%3Cp%3ELectures%20begin%20at%20nine.%3C%2Fp%3E");
        let expected =
            |name: &str| format!("A[{name} id=\"1\"]<p>Lectures begin at nine.</p>[/{name}]B");
        for (name, word) in [("fusion_code", &plain), ("vc_raw_html", &url)] {
            assert_eq!(decode(&format!("A[{name} id=\"1\"]{word}[/{name}]B")), expected(name));
            assert_eq!(
                decode(&format!("A[{name} id=\"1\"]<p>{word}</p>\n[/{name}]B")),
                expected(name)
            );
        }
        let script = format!("A[vc_raw_js]{url}[/vc_raw_js]B");
        assert_eq!(decode(&script), "A[vc_raw_js][/vc_raw_js]B");
    }

    #[test]
    fn dynamic_values_of_divi_are_removed() {
        let value = "@ET-DC@eyJkeW5hbWljIjp0cnVlLCJjb250ZW50IjoicG9zdF90aXRsZSJ9@";
        let text = format!("By {value}, me@a.example {value}");
        assert_eq!(without_dynamic_values(&text), "By , me@a.example ");
    }

    #[test]
    fn settings_of_thrive_architect_are_removed() {
        let text =
            "A__CONFIG_colors_palette__{\"a\":1}__CONFIG_colors_palette__B __CONFIG_open__ C";
        assert_eq!(without_dynamic_values(text), "AB __CONFIG_open__ C");
    }

    #[test]
    fn words_and_plain_html_are_kept() {
        for text in [
            "[vc_raw_html]<p>Plain HTML stays.</p>[/vc_raw_html]",
            "[b]Donaudampfschifffahrtsgesellschaft[/b]",
            "[url]https://college.example/2026/a-long-address[/url]",
            "[/b] and [b]",
        ] {
            assert_eq!(decode(text), text);
        }
    }
}
