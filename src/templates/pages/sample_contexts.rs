//! Sample values of the context common to all pages, in English and Chinese.

use super::context::{Alternate, LanguageLink, PageContext};
use crate::templates::mail::sample_site;

/// Returns the common context of a page in a language.
pub(super) fn page(language: &str, demo: bool) -> PageContext {
    let link = |code: &str, name: &str| LanguageLink {
        code: code.into(),
        name: name.into(),
        url: format!("?lang={code}"),
        current: language.starts_with(code),
    };
    PageContext {
        language: language.into(),
        site_title: sample_site().title,
        logo: demo.then(|| "https://www.example.edu/logo.png".into()),
        icon: "/favicon.svg".into(),
        accent_url: demo.then(|| "/assets/accent.css?v=00aa55".into()),
        description: "News of the college".into(),
        canonical_url: demo.then(|| "https://news.example.edu/".into()),
        image: demo.then(|| "https://www.example.edu/logo.png".into()),
        base: String::new(),
        languages: vec![link("en", "English"), link("zh", "中文")],
        lang_query: if demo { String::new() } else { "?lang=zh".into() },
        demo,
        alternates: if demo { alternates() } else { Vec::new() },
    }
}

/// Returns the feeds that a page announces.
pub(super) fn alternates() -> Vec<Alternate> {
    let one = |format: &str, kind: &str| Alternate {
        format: format.to_uppercase(),
        media_type: kind.into(),
        title: format!("College news ({format})"),
        href: format!("https://news.example.edu/feeds/news.{format}"),
    };
    vec![
        one("rss", "application/rss+xml"),
        one("atom", "application/atom+xml"),
        one("json", "application/feed+json"),
    ]
}

/// Returns the same sample in English and in Chinese.
pub(super) fn both<V>(make: impl Fn(PageContext) -> V) -> Vec<V> {
    vec![make(page("en", true)), make(page("zh-CN", false))]
}
