//! Links and images whose URL is a shortcode, which only its plugin could replace.

use super::markup::{Token, tag_name, tokenize};

/// Removes the URLs that are shortcodes or dynamic values of Divi, and the images and frames that they belong to. Returns
/// `true` if there were any.
pub(super) fn without_shortcode_urls(html: &str) -> (String, bool) {
    if !html.contains(['[', '%', '@']) {
        return (html.to_owned(), false);
    }
    let mut out = String::with_capacity(html.len());
    let mut has_found = false;
    for token in tokenize(html) {
        match token {
            Token::Tag(tag) if has_shortcode_url(tag) => {
                has_found = true;
                let (name, _) = tag_name(tag);
                if !matches!(name.as_str(), "img" | "iframe" | "embed" | "source") {
                    out.push_str(&format!("<{name}>"));
                }
            }
            Token::Text(text) | Token::Tag(text) | Token::Comment(text) => out.push_str(text),
        }
    }
    (out, has_found)
}

/// Returns `true` if a `href` or `src` of a tag begins with a shortcode, or contains one as a part of
/// the path.
fn has_shortcode_url(tag: &str) -> bool {
    let lower = tag.to_ascii_lowercase().replace("%5b", "[").replace("%5d", "]");
    ["href=", "src="].iter().any(|name| {
        lower.match_indices(name).any(|(at, _)| {
            let is_attribute = lower[..at].ends_with(|c: char| c.is_ascii_whitespace());
            let value = &lower[at + name.len()..];
            let value = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
                _ => value.split([' ', '>']).next().unwrap_or_default(),
            };
            let value = value.trim();
            is_attribute && (value.starts_with("@et-dc@") || contains_shortcode(value))
        })
    })
}

fn contains_shortcode(url: &str) -> bool {
    url.match_indices('[').any(|(at, _)| {
        let inside = &url[at + 1..];
        let length = inside
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(inside.len());
        let (name, after) = inside.split_at(length);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && (after.is_empty()
                || after.starts_with(|c: char| c == ']' || c == '/' || c.is_whitespace()));
        // Brackets in a query, as in `?filter[name]=1`, are part of the URL.
        is_name
            && match url[..at].chars().next_back() {
                None | Some('/' | ':') => true,
                Some('=') => name.contains(['_', '-']),
                _ => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_whose_url_is_a_shortcode_is_not_a_link() {
        for (html, expected) in [
            ("<a class=\"b\" href=\"[home_url]/map\">Map</a>", "<a>Map</a>"),
            ("<a href='http://[domain]/map'>Map</a>", "<a>Map</a>"),
            ("<a href=\"[page id=\"5\"]\">Map</a>", "<a>Map</a>"),
            ("<a href=\"/%5Bhome_url%5D/map\">Map</a>", "<a>Map</a>"),
            ("<img alt=\"A map\" src=\"[theme_url]/map.png\"> x", " x"),
            ("<a href=\"/list?id=[post_id]\">Map</a>", "<a>Map</a>"),
            ("<a href=\"@ET-DC@eyJkeW5hbWljIjp0cnVlfQ==@\">Map</a>", "<a>Map</a>"),
        ] {
            assert_eq!(without_shortcode_urls(html), (expected.to_owned(), true), "{html}");
        }
        for html in [
            "<a href=\"/list?filter[name]=1&amp;x=[y]\">Map</a>",
            "<a href=\"http://[fe80::1]/\">Map</a>",
            "<a title=\"[sic]\" href=\"/\">[home_url]</a>",
        ] {
            assert_eq!(without_shortcode_urls(html), (html.to_owned(), false), "{html}");
        }
    }
}
