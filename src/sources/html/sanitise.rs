//! The allow-list: which elements and attributes of an article a reader's program gets to see.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::srcset;
use crate::domain::link;

/// Elements that stay. Whatever else is dropped but for its content.
const ELEMENTS: &str = "a abbr address article aside audio b bdi big blockquote br caption cite code col colgroup dd \
    del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark nav ol p \
    picture pre q rp rt ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th \
    thead time tr u ul var video";

/// Elements that go with all they hold.
const DROPPED_WHOLE: &str = "applet button canvas datalist frameset head iframe math noembed noframes noscript object \
    optgroup option plaintext script select style svg template textarea title xml xmp";

/// Attributes by element; `lang`, `dir` and `title` stay on all.
const ATTRIBUTES: &[(&str, &str)] = &[
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

/// Cleans bodies of one article, whose addresses are resolved against one base.
pub(super) struct Sanitiser(Builder<'static>);

impl Sanitiser {
    pub(super) fn new(base: Option<&Url>) -> Self {
        let base = base.cloned();
        let mut builder = Builder::empty();
        builder
            .tags(words(ELEMENTS))
            .clean_content_tags(words(DROPPED_WHOLE))
            .tag_attributes(
                ATTRIBUTES
                    .iter()
                    .map(|&(tag, names)| (tag, words(names)))
                    .collect::<HashMap<_, _>>(),
            )
            .generic_attributes(words("dir lang title"))
            .url_schemes(words("http https mailto"))
            // The filter below makes every address absolute, also where ammonia does not look (srcset, cite).
            .url_relative(UrlRelative::PassThrough)
            .link_rel(None)
            .set_tag_attribute_value("audio", "controls", "")
            .set_tag_attribute_value("video", "controls", "")
            .attribute_filter(move |_, name, value| kept(name, value, base.as_ref()));
        Self(builder)
    }

    /// The HTML with nothing in it but what the lists allow, as an HTML5 writer writes it.
    pub(super) fn clean(&self, html: &str) -> String {
        self.0.clean(html).to_string()
    }
}

fn words(list: &'static str) -> HashSet<&'static str> {
    list.split_whitespace().collect()
}

/// What becomes of an attribute that the lists allow; `None` drops it.
fn kept<'v>(name: &str, value: &'v str, base: Option<&Url>) -> Option<Cow<'v, str>> {
    match name {
        "href" | "cite" => link::link_address(value, base).map(Cow::Owned),
        "src" | "poster" => link::web_address(value, base).map(Cow::Owned),
        "srcset" => {
            srcset::rewritten(value, |address| link::web_address(address, base)).map(Cow::Owned)
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

/// A plain number or percentage: a table of a billion columns would stop some readers.
fn is_size(value: &str) -> bool {
    let digits = value.strip_suffix('%').unwrap_or(value);
    (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_language(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 35
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
