//! Notes on articles: what a sync or an import changed in them or left out.

use std::collections::HashMap;

use crate::cli::output;
use crate::sources::ArticleNote;

/// Maximum number of articles that a note names.
const MAX_NAMED_ARTICLES: usize = 5;

/// Prints at most `limit` notes on articles; articles with the same note share a line.
pub(crate) fn print_notes(notes: &[ArticleNote], limit: usize) -> anyhow::Result<()> {
    let mut groups: Vec<(&str, Vec<&ArticleNote>)> = Vec::new();
    let mut positions = HashMap::new();
    for note in notes {
        let position = *positions.entry(&note.note).or_insert(groups.len());
        match groups.get_mut(position) {
            Some((_, articles)) => articles.push(note),
            None => groups.push((&note.note, vec![note])),
        }
    }
    for (note, articles) in groups.iter().take(limit) {
        let named: Vec<String> =
            articles.iter().take(MAX_NAMED_ARTICLES).map(ToString::to_string).collect();
        let named = named.join(", ");
        let more = match articles.len().saturating_sub(MAX_NAMED_ARTICLES) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        output::line(&format!("  note on {named}{more}: {note}"))?;
    }
    if let Some(more @ 1..) = groups.len().checked_sub(limit) {
        let notes = output::pluralize(more, "further note");
        output::line(&format!("  {notes}; --json lists all"))?;
    }
    Ok(())
}
