//! Shortening of bare URLs in plain text, which make a line wider than the screen of a phone.

use std::borrow::Cow;

/// Maximum length of a URL that stays as it is, in bytes.
const MAX_URL_BYTES: usize = 40;

/// Beginnings of a bare URL.
const BEGINNINGS: [&str; 3] = ["https://", "http://", "www."];

/// Replaces each bare URL longer than 40 bytes by its host, with an ellipsis for the rest:
/// `news.example.edu/…`. Punctuation after a URL stays.
pub fn abbreviate_urls(text: &str) -> Cow<'_, str> {
    if !BEGINNINGS.iter().any(|beginning| text.contains(beginning)) {
        return Cow::Borrowed(text);
    }
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = next_url(text.len() - rest.len(), text) {
        let url = url_at(&text[start..]);
        short.push_str(&text[text.len() - rest.len()..start]);
        if url.len() > MAX_URL_BYTES {
            short.push_str(host_of(url));
            short.push_str(if url.trim_end_matches('/').ends_with(host_of(url)) {
                ""
            } else {
                "/…"
            });
        } else {
            short.push_str(url);
        }
        rest = &text[start + url.len()..];
    }
    short.push_str(rest);
    Cow::Owned(short)
}

/// Returns the offset of the first URL at or after `from`; a URL does not begin inside a word.
fn next_url(from: usize, text: &str) -> Option<usize> {
    let after = |beginning: &str| {
        text[from..].match_indices(beginning).map(|(at, _)| from + at).find(|&at| {
            !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "-_./@".contains(c))
        })
    };
    BEGINNINGS.iter().filter_map(|beginning| after(beginning)).min()
}

/// Returns the URL at the start of a text, without the punctuation after it.
fn url_at(text: &str) -> &str {
    let in_url = |c: char| c.is_ascii_graphic() && !"<>\"`{}|\\^".contains(c);
    let end = text.find(|c| !in_url(c)).unwrap_or(text.len());
    let url = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', ']']);
    // A parenthesis that the URL itself opens belongs to it.
    let closing = &text[url.len()..end];
    let is_open = url.matches('(').count() > url.matches(')').count();
    if is_open && closing.starts_with(')') { &text[..=url.len()] } else { url }
}

/// Returns the host of a URL, without scheme, port and user.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    // The colons of an IPv6 address are between brackets.
    let end = host.find(']').map_or_else(|| host.find(':'), |bracket| Some(bracket + 1));
    &host[..end.unwrap_or(host.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_urls_are_replaced_by_their_host_and_an_ellipsis() {
        let long = "https://tiles.example.org/kiln/2026/09/first-firing.html?utm_source=newsletter";
        for (text, expected) in [
            (format!("See {long} today"), "See tiles.example.org/… today"),
            (format!("See {long}."), "See tiles.example.org/…."),
            (format!("({long})"), "(tiles.example.org/…)"),
            (format!("详情见{long}，欢迎报名。"), "详情见tiles.example.org/…，欢迎报名。"),
            (format!("{long} {long}"), "tiles.example.org/… tiles.example.org/…"),
            (format!("www.tiles.example.org/kiln/{}", "a".repeat(60)), "www.tiles.example.org/…"),
            (format!("https://me:pw@a.example:8080/{}", "x".repeat(90)), "a.example/…"),
            (format!("https://[2001:db8::1]:8080/{}", "x".repeat(90)), "[2001:db8::1]/…"),
            (
                format!("https://{}.example/", "x".repeat(40)),
                &format!("{}.example", "x".repeat(40)),
            ),
            (format!("https://a.example?q={}", "x".repeat(90)), "a.example/…"),
            (format!("https://w.example/Kiln_({})) x", "a".repeat(60)), "w.example/…) x"),
        ] {
            assert_eq!(abbreviate_urls(&text), expected, "{text}");
        }
    }

    #[test]
    fn short_urls_and_texts_without_urls_stay() {
        for text in [
            "",
            "No URL, but https in a sentence and www alone",
            "See https://tiles.example.org/kiln for more.",
            "write to us@www.example.org",
            "http:// and https://",
        ] {
            assert_eq!(abbreviate_urls(text), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_accepted(text in "(https://|www\\.|\\PC|[a-z/.()?#]{0,50}){0,12}") {
            let short = abbreviate_urls(&text);
            proptest::prop_assert!(short.chars().count() <= text.chars().count(), "{text} {short}");
        }
    }
}
