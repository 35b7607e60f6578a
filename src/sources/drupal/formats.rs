//! Text formats: the filters that Drupal applies to a body before it shows it.

use std::collections::HashMap;

use html_escape::{encode_double_quoted_attribute, encode_text};
use lol_html::html_content::ContentType;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use crate::sources::php::Value;
use crate::sources::wordpress::autop;

/// Drupal's format for texts without one.
const FALLBACK: &str = "plain_text";

/// A filter of a format. Allow-lists are the sanitizer's task, and filters for alignment are not
/// needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    /// Escapes tags so that they become text.
    Escape,
    /// Converts line ends into breaks and paragraphs.
    Breaks,
    /// Converts bare URLs into links.
    Links,
    /// Shows the caption of an image below it.
    Captions,
}

/// The text formats of a site, by name.
#[derive(Debug, Clone)]
pub(super) struct Formats {
    known: HashMap<String, Vec<Filter>>,
    /// `true` if these are the site's own; `false` for those of a standard installation.
    is_from_config: bool,
}

impl Formats {
    /// Reads the formats from the configuration objects `filter.format.NAME`; without any, returns
    /// those of a standard installation.
    pub(super) fn from_config<'c>(config: impl Iterator<Item = &'c Value>) -> Self {
        let known: HashMap<String, Vec<Filter>> = config
            .filter(|format| format.is_truthy("status"))
            .map(|format| (format.text("format").to_owned(), filters(format)))
            .collect();
        if !known.is_empty() {
            return Self { known, is_from_config: true };
        }
        let installed = [
            (FALLBACK, vec![Filter::Escape, Filter::Links, Filter::Breaks]),
            ("restricted_html", vec![Filter::Breaks, Filter::Links]),
        ];
        Self {
            known: installed
                .into_iter()
                .map(|(name, filters)| (name.to_owned(), filters))
                .collect(),
            is_from_config: false,
        }
    }

    /// Returns the text as HTML, not yet sanitized; `None` if its format does not exist, in which
    /// case Drupal shows nothing.
    pub(super) fn html(&self, text: &str, format: &str) -> Option<String> {
        let format = if format.is_empty() { FALLBACK } else { format };
        let unfiltered = [Filter::Captions];
        let filters = match self.known.get(format) {
            Some(filters) => filters.as_slice(),
            None if self.is_from_config => return None,
            None => &unfiltered,
        };
        let mut html = text.to_owned();
        for filter in filters {
            html = match filter {
                Filter::Escape => encode_text(&html).into_owned(),
                Filter::Breaks => autop(&html),
                Filter::Links => link_urls(&html),
                Filter::Captions => add_captions(&html),
            };
        }
        Some(html)
    }
}

/// Returns the enabled filters of a format, ordered by weight.
fn filters(format: &Value) -> Vec<Filter> {
    let mut enabled: Vec<(i64, Filter)> = Vec::new();
    for (name, filter) in format.get("filters").map_or([].as_slice(), Value::entries) {
        let known = match name.as_str() {
            "filter_html_escape" => Filter::Escape,
            "filter_autop" => Filter::Breaks,
            "filter_url" => Filter::Links,
            "filter_caption" => Filter::Captions,
            _ => continue,
        };
        if filter.is_truthy("status") {
            enabled.push((filter.number("weight"), known));
        }
    }
    enabled.sort_by_key(|(weight, _)| *weight);
    enabled.into_iter().map(|(_, filter)| filter).collect()
}

/// Converts bare web URLs outside links and code into links.
fn link_urls(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut inside: Option<&str> = None;
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, after) = if let Some(tag) = rest.strip_prefix('<') {
            rest.split_at(tag.find('>').map_or(rest.len(), |end| end + 2))
        } else {
            rest.split_at(rest.find('<').unwrap_or(rest.len()))
        };
        rest = after;
        let Some(tag) = piece.strip_prefix('<') else {
            if inside.is_some() {
                out.push_str(piece)
            } else {
                link_words(piece, &mut out)
            }
            continue;
        };
        out.push_str(piece);
        let closes = tag.starts_with('/');
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        match inside {
            Some(open) if closes && name.eq_ignore_ascii_case(open) => inside = None,
            None if !closes => {
                inside = ["a", "script", "style", "code", "pre"]
                    .into_iter()
                    .find(|kept| name.eq_ignore_ascii_case(kept))
            }
            _ => {}
        }
    }
    out
}

fn link_words(text: &str, out: &mut String) {
    for word in text.split_inclusive(char::is_whitespace) {
        let start = ["http://", "https://", "www."].iter().filter_map(|sign| word.find(sign)).min();
        let bare = start.filter(|at| {
            word[..*at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '/')
        });
        let Some(start) = bare else {
            out.push_str(word);
            continue;
        };
        // An escaped bracket or quotation mark is not part of a URL.
        let end = ["&lt;", "&gt;", "&quot;"]
            .iter()
            .filter_map(|mark| word[start..].find(mark))
            .min()
            .unwrap_or(word.len() - start);
        let url = word[start..start + end]
            .trim_end_matches(|c: char| c.is_whitespace() || ".,:;!?)]'\"".contains(c));
        let scheme = if url.starts_with("www.") { "http://" } else { "" };
        out.push_str(&word[..start]);
        out.push_str(&format!("<a href=\"{scheme}{}\">{url}</a>", url.replace('"', "&quot;")));
        out.push_str(&word[start + url.len()..]);
    }
}

/// Converts images with `data-caption` into figures.
fn add_captions(html: &str) -> String {
    let settings = RewriteStrSettings::new().with_strict(false).append_element_content_handler(
        element!("img[data-caption]", |image| {
            let caption = image.get_attribute("data-caption").unwrap_or_default();
            image.remove_attribute("data-caption");
            // The attribute contains escaped HTML.
            let caption = html_escape::decode_html_entities(&caption).into_owned();
            if !caption.trim().is_empty() {
                image.before("<figure>", ContentType::Html);
                image.after(
                    &format!("<figcaption>{caption}</figcaption></figure>"),
                    ContentType::Html,
                );
            }
            Ok(())
        }),
    );
    rewrite_str(html, settings).unwrap_or_else(|_| html.to_owned())
}

/// Returns a link; URL and text are plain text and are escaped here.
pub(super) fn link(url: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", encode_double_quoted_attribute(url), encode_text(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn own(filters: &str) -> Formats {
        let text = format!(
            "a:3:{{s:6:\"format\";s:3:\"own\";s:6:\"status\";b:1;s:7:\"filters\";a:1:{{{filters}}}}}"
        );
        let value = Value::parse(&text).unwrap();
        Formats::from_config([&value].into_iter())
    }

    #[test]
    fn without_configuration_the_standard_formats_apply() {
        let formats = Formats::from_config(std::iter::empty());
        assert_eq!(
            formats
                .html("1 < 2\nsee https://a.example/x?b=1&c, or www.b.example.\n\nEnd", "")
                .unwrap(),
            "<p>1 &lt; 2<br />\nsee <a href=\"https://a.example/x?b=1&amp;c\">https://a.example/x?b=1&amp;c</a>, or \
             <a href=\"http://www.b.example\">www.b.example</a>.</p>\n<p>End</p>\n"
        );
        assert_eq!(formats.html("<p>a</p>\n\nb", "full_html").unwrap(), "<p>a</p>\n\nb");
        assert_eq!(
            formats
                .html("a\n\n<a href=\"https://a.example\">https://a.example</a>", "restricted_html")
                .unwrap(),
            "<p>a</p>\n<p><a href=\"https://a.example\">https://a.example</a></p>\n"
        );
    }

    #[test]
    fn a_configured_format_applies_its_enabled_filters() {
        let off = own("s:12:\"filter_autop\";a:2:{s:6:\"status\";b:0;s:6:\"weight\";i:0;}");
        assert_eq!(off.html("a\n\nb", "own").unwrap(), "a\n\nb");
        let on = own("s:12:\"filter_autop\";a:2:{s:6:\"status\";b:1;s:6:\"weight\";i:0;}");
        assert_eq!(on.html("a\n\nb", "own").unwrap(), "<p>a</p>\n<p>b</p>\n");
        assert_eq!(on.html("a", "gone"), None, "a missing format shows nothing");
    }

    proptest! {
        #[test]
        fn linking_removes_no_text(text in "(<a href='x'>|</a>|<pre|>|<|https://a\\.example/x|www\\.|&lt;|&gt;| |\n|[.,)\"校]){0,20}") {
            let made = link_urls(&text);
            let bare = made.replace("</a>", "").replace("<a href=\"", "");
            prop_assert!(made.len() >= text.len() && bare.len() <= made.len());
            prop_assert!(text.contains("https://") || text.contains("www.") || made == text);
        }
    }

    #[test]
    fn a_caption_becomes_a_figcaption() {
        let formats = Formats::from_config(std::iter::empty());
        assert_eq!(
            formats.html("<img src=\"/a.png\" data-caption=\"The &lt;em&gt;old&lt;/em&gt; vat\" alt=\"Vat\">", "basic_html").unwrap(),
            "<figure><img src=\"/a.png\" alt=\"Vat\"><figcaption>The <em>old</em> vat</figcaption></figure>"
        );
    }
}
