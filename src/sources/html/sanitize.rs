//! Allow-list of the elements and attributes in published articles.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::srcset;
use crate::domain::url::{absolute_link_url, absolute_web_url};

/// Allowed elements; all others are unwrapped.
const ALLOWED_ELEMENTS: &str = "a abbr address article aside audio b bdi big blockquote br caption cite code col colgroup dd \
    del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark nav ol p \
    picture pre q rp rt ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th \
    thead time tr u ul var video";

/// Elements that are removed with their content.
const ELEMENTS_DROPPED_WITH_CONTENT: &str = "applet button datalist frameset head iframe math noembed noframes noscript object \
    optgroup option plaintext script select style svg template textarea title xml xmp";

/// Allowed attributes by element; `lang`, `dir` and `title` are allowed on all.
const ALLOWED_ATTRIBUTES: &[(&str, &str)] = &[
    ("a", "href hreflang"),
    ("audio", "controls src"),
    ("blockquote", "cite"),
    ("col", "span"),
    ("colgroup", "span"),
    ("del", "cite datetime"),
    ("details", "open"),
    ("div", "align"),
    ("img", "alt height sizes src srcset width"),
    ("ins", "cite datetime"),
    ("li", "value"),
    ("ol", "reversed start type"),
    ("p", "align"),
    ("q", "cite"),
    ("source", "media sizes src srcset type"),
    ("td", "align colspan rowspan"),
    ("th", "align colspan rowspan scope"),
    ("time", "datetime"),
    ("video", "controls height poster src width"),
];

/// First byte of the characters from U+0080 to U+00BF. The serializer searches the rest of a text
/// again after each of them, because it escapes one of them, the no-break space.
const LATIN_1_BYTE: u8 = 0xC2;

/// Form in which the serializer writes the no-break space.
const NO_BREAK_SPACE: &str = "&nbsp;";

/// Number of these characters above which noncharacters stand for them while HTML is cleaned, so that
/// this takes linear time.
const MAX_SLOW_CHARACTERS: usize = 2_000;

/// First of the 32 noncharacters that stand for the characters from U+00A0 to U+00BF.
const FIRST_PLACEHOLDER: u32 = 0xFDD0;

/// Sanitizer for the texts of one article, whose URLs are resolved against one base.
pub(super) struct Sanitizer(Builder<'static>);

impl Sanitizer {
    pub(super) fn new(base: Option<&Url>) -> Self {
        let base = base.cloned();
        let mut builder = Builder::empty();
        builder
            .tags(word_set(ALLOWED_ELEMENTS))
            .clean_content_tags(word_set(ELEMENTS_DROPPED_WITH_CONTENT))
            .tag_attributes(
                ALLOWED_ATTRIBUTES
                    .iter()
                    .map(|&(tag, names)| (tag, word_set(names)))
                    .collect::<HashMap<_, _>>(),
            )
            .generic_attributes(word_set("dir lang title"))
            .url_schemes(word_set("http https mailto"))
            // The filter below makes every URL absolute, also in attributes that ammonia ignores
            // (srcset, cite).
            .url_relative(UrlRelative::PassThrough)
            .link_rel(None)
            .set_tag_attribute_value("audio", "controls", "")
            .set_tag_attribute_value("video", "controls", "")
            .attribute_filter(move |_, name, value| filter_attribute(name, value, base.as_ref()));
        Self(builder)
    }

    /// Returns the HTML reduced to the allowed elements and attributes, serialized as HTML5.
    pub(super) fn clean(&self, html: &str) -> String {
        let slow = html.bytes().filter(|byte| *byte == LATIN_1_BYTE).count()
            + html.matches(NO_BREAK_SPACE).count();
        if slow <= MAX_SLOW_CHARACTERS {
            return self.0.clean(html).to_string();
        }
        let decoded = html.replace(NO_BREAK_SPACE, "\u{a0}");
        let cleaned = self.0.clean(&decoded.chars().filter_map(to_placeholder).collect::<String>());
        let mut out = String::with_capacity(html.len());
        for c in cleaned.to_string().chars() {
            match from_placeholder(c) {
                '\u{a0}' => out.push_str(NO_BREAK_SPACE),
                c => out.push(c),
            }
        }
        out
    }
}

/// Returns the placeholder of a character whose encoding begins with [`LATIN_1_BYTE`], and other
/// characters unchanged; `None` for those that are placeholders.
fn to_placeholder(c: char) -> Option<char> {
    match c {
        '\u{a0}'..='\u{bf}' => char::from_u32(u32::from(c) - 0xa0 + FIRST_PLACEHOLDER),
        '\u{fdd0}'..='\u{fdef}' => None,
        c => Some(c),
    }
}

/// Returns the character that a placeholder stands for, and other characters unchanged.
fn from_placeholder(c: char) -> char {
    match c {
        '\u{fdd0}'..='\u{fdef}' => {
            char::from_u32(u32::from(c) - FIRST_PLACEHOLDER + 0xa0).unwrap_or(c)
        }
        c => c,
    }
}

/// Returns an attribute value without placeholders.
fn without_placeholders(value: &str) -> Cow<'_, str> {
    if value.is_ascii() {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.chars().map(from_placeholder).collect())
}

/// Returns the words of a space-separated list.
fn word_set(list: &'static str) -> HashSet<&'static str> {
    list.split_whitespace().collect()
}

/// Returns the new value of an allowed attribute; `None` removes it.
fn filter_attribute<'v>(name: &str, value: &'v str, base: Option<&Url>) -> Option<Cow<'v, str>> {
    match name {
        "href" | "cite" => absolute_link_url(&without_placeholders(value), base).map(Cow::Owned),
        "src" | "poster" => absolute_web_url(&without_placeholders(value), base).map(Cow::Owned),
        "srcset" => {
            let value = without_placeholders(value);
            srcset::rewrite(&value, |url| absolute_web_url(url, base)).map(Cow::Owned)
        }
        "width" | "height" | "colspan" | "rowspan" | "span" => {
            is_size(value).then_some(Cow::Borrowed(value))
        }
        "align" => {
            matches!(value, "left" | "right" | "center" | "justify").then_some(Cow::Borrowed(value))
        }
        "dir" => matches!(value, "ltr" | "rtl" | "auto").then_some(Cow::Borrowed(value)),
        "lang" | "hreflang" => is_language(value).then_some(Cow::Borrowed(value)),
        _ => Some(Cow::Borrowed(value)),
    }
}

/// Returns `true` for a number or percentage of at most four digits: a table of a billion columns
/// would hang some feed readers.
fn is_size(value: &str) -> bool {
    let digits = value.strip_suffix('%').unwrap_or(value);
    (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Returns `true` if the value has the characters and length of a language tag.
fn is_language(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 35
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
