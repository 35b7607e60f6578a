//! Text split at its placeholders, with the escaping that each value needs.

use super::escape::EscapeContext;
use super::html;
use crate::mail::payload::Placeholders;

/// Value that a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder {
    Name,
    Address,
    UnsubscribeUrl,
}

/// Values of one recipient; the name is a single line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) unsubscribe_url: &'a str,
}

impl<'a> Values<'a> {
    pub(super) fn get(self, placeholder: Placeholder) -> &'a str {
        match placeholder {
            Placeholder::Name => self.name,
            Placeholder::Address => self.address,
            Placeholder::UnsubscribeUrl => self.unsubscribe_url,
        }
    }
}

/// Text split into literals and placeholders. Placeholder `i` stands between the literals `i` and
/// `i + 1`; literals may be empty.
#[derive(Debug, Clone)]
pub(super) struct Segments<'a> {
    pub(super) literals: Vec<&'a str>,
    pub(super) placeholders: Vec<(Placeholder, EscapeContext)>,
}

impl<'a> Segments<'a> {
    /// Splits a subject or a plain text part.
    pub(super) fn plain(text: &'a str, placeholders: &Placeholders) -> Self {
        Self::split(
            text,
            find_placeholders(text, placeholders)
                .into_iter()
                .map(|found| (found, EscapeContext::Plain)),
        )
    }

    /// Splits HTML that was serialized by the inliner.
    pub(super) fn html(html: &'a str, placeholders: &Placeholders) -> Self {
        let found = find_placeholders(html, placeholders);
        let contexts =
            html::escape_contexts(html, &found.iter().map(|(at, ..)| *at).collect::<Vec<_>>());
        Self::split(html, found.into_iter().zip(contexts))
    }

    fn split(
        text: &'a str,
        found: impl Iterator<Item = ((usize, usize, Placeholder), EscapeContext)>,
    ) -> Self {
        let (mut literals, mut placeholders, mut from) = (Vec::new(), Vec::new(), 0);
        for ((at, length, placeholder), context) in found {
            literals.push(&text[from..at]);
            placeholders.push((placeholder, context));
            from = at + length;
        }
        literals.push(&text[from..]);
        Self { literals, placeholders }
    }

    /// Returns the text with its placeholders replaced by escaped values.
    pub(super) fn fill(&self, values: Values<'_>) -> String {
        let mut text = self.literals[0].to_owned();
        for ((placeholder, context), literal) in self.placeholders.iter().zip(&self.literals[1..]) {
            text.push_str(&context.escape(values.get(*placeholder)));
            text.push_str(literal);
        }
        text
    }
}

/// Returns offset, length and kind of each placeholder, in ascending order.
fn find_placeholders(text: &str, placeholders: &Placeholders) -> Vec<(usize, usize, Placeholder)> {
    let kinds = [
        (&placeholders.name, Placeholder::Name),
        (&placeholders.address, Placeholder::Address),
        (&placeholders.unsubscribe_url, Placeholder::UnsubscribeUrl),
    ];
    let mut found: Vec<_> = kinds
        .iter()
        .flat_map(|(marker, placeholder)| {
            text.match_indices(marker.as_str()).map(|(at, marker)| (at, marker.len(), *placeholder))
        })
        .collect();
    found.sort_by_key(|(at, ..)| *at);
    found
}
