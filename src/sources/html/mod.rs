//! Cleaning of an article's texts, done once when the article is normalized; later code relies on
//! it.
//!
//! A body goes through `prepare` (lazy images, embedded players, tracking pixels), `sanitize` (the
//! allow-list, applied to an HTML5 tree) and `tidy` (removal of elements left empty). These steps
//! are repeated until nothing changes, so that cleaning is idempotent.

mod alternatives;
mod amp;
mod elements;
mod forms;
mod formulas;
mod markup;
mod media;
mod prepare;
mod sanitize;
mod srcset;
mod text;
mod tidy;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use url::Url;

use crate::domain::text_repair;
use crate::domain::url::absolute_web_url;
use sanitize::Sanitizer;

pub(crate) use media::{enclosure, image_attributes};
#[cfg(test)]
use text::plain_text;
pub(crate) use text::{plain_title, summary};

/// Maximum number of cleaning rounds before a body is reduced to plain text; ordinary bodies need
/// two.
const MAX_CLEANING_ROUNDS: usize = 5;

/// Maximum length of a body, in bytes; longer ones are reduced to plain text, because the tree of a
/// larger body would need gigabytes of memory.
const MAX_HTML_BYTES: usize = 8 << 20;

/// Returns the body as sanitized HTML5 with absolute URLs; cleaning the result again changes
/// nothing.
///
/// Relative URLs are resolved against `base`; without a base they are removed, and the text of
/// their links stays.
pub(crate) fn clean_body(html: &str, base: Option<&Url>) -> String {
    let sanitizer = Sanitizer::new(base);
    let mut current = text_repair::repair(html).into_owned();
    for _ in 0..MAX_CLEANING_ROUNDS {
        let prepared = prepare::prepare(&current, base);
        if prepared.len() > MAX_HTML_BYTES {
            return text::as_paragraphs(&prepared);
        }
        let next = tidy::tidy(&sanitizer.clean(&prepared));
        // Noncharacters are parse errors in HTML.
        let next: String = text_repair::repair(&next)
            .chars()
            .filter(|&c| !text_repair::is_noncharacter(c))
            .collect();
        if next == current {
            return current;
        }
        current = next;
    }
    text::as_paragraphs(&current)
}

/// Returns an `http` or `https` URL in absolute, percent-encoded form; `None` if it is not valid.
pub(crate) fn absolute_url(url: &str, base: Option<&Url>) -> Option<String> {
    absolute_web_url(&text_repair::repair(url), base)
}
