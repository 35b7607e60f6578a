//! Cells that spreadsheets would take for a formula.

/// Characters with which a formula may begin, and those that spreadsheets skip before one.
const FORMULA_STARTS: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Returns the text for a cell of an exported file: an apostrophe precedes what could be a formula.
pub(crate) fn escape_formula(text: &str) -> String {
    if text.trim_start_matches('\'').starts_with(FORMULA_STARTS) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Returns the text from which [`escape_formula`] made a cell.
pub(crate) fn unescape_formula(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|text| text.trim_start_matches('\'').starts_with(FORMULA_STARTS))
        .unwrap_or(cell)
}
