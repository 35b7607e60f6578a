//! Notes on articles: what a sync or an import changed in them or left out.

use std::collections::HashMap;

use crate::cli::output;

/// Maximum number of articles that a note names.
const MAX_NAMED_ARTICLES: usize = 5;

/// Prints at most `limit` notes on articles; articles with the same note share a line.
pub(crate) fn print_notes(notes: &[(String, String)], limit: usize) -> anyhow::Result<()> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut positions = HashMap::new();
    for (id, note) in notes {
        let position = *positions.entry(note).or_insert(groups.len());
        match groups.get_mut(position) {
            Some((_, ids)) => ids.push(id),
            None => groups.push((note, vec![id])),
        }
    }
    for (note, ids) in groups.iter().take(limit) {
        let named = ids.iter().take(MAX_NAMED_ARTICLES).copied().collect::<Vec<_>>().join(", ");
        let more = match ids.len().saturating_sub(MAX_NAMED_ARTICLES) {
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
