//! What happens to an article's texts once, on arrival: nothing that comes later has to doubt them again.
//!
//! A body goes through four steps: `prepare` (what only whole elements tell: lazy images, embedded players, tracking
//! pixels), `sanitise` (the allow-list, on a real HTML5 tree), `tidy` (what the first two leave empty), and all again
//! until nothing changes, so that cleaning a clean body is a no-op.

mod markup;
mod media;
mod prepare;
mod sanitise;
mod srcset;
mod text;
mod tidy;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use url::Url;

use crate::domain::{characters, link};
use sanitise::Sanitiser;

pub(crate) use media::{enclosure, shown};
#[cfg(test)]
use text::plain_text;
pub(crate) use text::{plain_title, summary};

/// How often a body is cleaned before it counts as one that never settles; ordinary ones settle after the first.
const ROUNDS: usize = 5;

/// Bodies beyond this many bytes are kept as plain text: no article is that long, and a tree of it would cost gigabytes.
const LONGEST: usize = 8 << 20;

/// The body as sanitised HTML5 with absolute addresses; cleaning the result again changes nothing.
///
/// Relative addresses are resolved against `base`; without one they go, and what they linked stays as text.
pub(crate) fn clean_body(html: &str, base: Option<&Url>) -> String {
    let sanitiser = Sanitiser::new(base);
    let mut current = characters::repaired(html).into_owned();
    for _ in 0..ROUNDS {
        let prepared = prepare::prepare(&current, base);
        if prepared.len() > LONGEST {
            return text::as_paragraphs(&prepared);
        }
        let next = tidy::tidy(&sanitiser.clean(&prepared));
        // In HTML the code points that are no characters are faults.
        let next: String = characters::repaired(&next)
            .chars()
            .filter(|&c| !characters::is_noncharacter(c))
            .collect();
        if next == current {
            return current;
        }
        current = next;
    }
    text::as_paragraphs(&current)
}

/// An address of the web (`http`, `https`) as an absolute, percent-encoded URI; `None` if it can't be one.
pub(crate) fn absolute(url: &str, base: Option<&Url>) -> Option<String> {
    link::web_address(&characters::repaired(url), base)
}
