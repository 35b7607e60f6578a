//! Formulas of Jetpack: `$latex …$` and `[latex]…[/latex]`, which become their text in TeX.

use html_escape::{decode_html_entities, encode_text};

use super::shortcodes::{expand, text_ranges};

/// Start of a formula in dollar signs.
const START: &str = "$latex";

/// Replaces formulas with their TeX as code, in which typography changes nothing.
pub(super) fn with_tex(text: &str) -> String {
    if !text.to_ascii_lowercase().contains("latex") {
        return text.to_owned();
    }
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in text_ranges(text) {
        out.push_str(&text[at..start]);
        out.push_str(&dollar_formulas(&text[start..end]));
        at = end;
    }
    out.push_str(&text[at..]);
    expand(&out, &["latex"], &mut |_, _, tex| Some(code(tex)).filter(|_| !tex.is_empty()))
}

/// Replaces the formulas in dollar signs of a text without tags.
fn dollar_formulas(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut out, mut at) = (String::new(), 0);
    while let Some(start) = lower[at..].find(START).map(|next| next + at) {
        let inner = start + START.len();
        let begins = text[inner..].starts_with(|c: char| c == '=' || c.is_whitespace());
        let end = if begins { end_of_formula(text, inner) } else { None };
        let Some(end) = end else {
            out.push_str(&text[at..inner]);
            at = inner;
            continue;
        };
        out.push_str(&text[at..start]);
        let tex = text[inner..end].strip_prefix('=').unwrap_or(&text[inner..end]);
        out.push_str(&code(tex));
        at = end + 1;
    }
    out.push_str(&text[at..]);
    out
}

/// Returns the position of the next dollar sign that no backslash escapes.
fn end_of_formula(text: &str, from: usize) -> Option<usize> {
    let mut dollars = text[from..].match_indices('$').map(|(position, _)| position + from);
    let escapes = |at: usize| text[from..at].bytes().rev().take_while(|b| *b == b'\\').count();
    let end = dollars.find(|at| escapes(*at) % 2 == 0)?;
    (!text[from..end].trim_matches(['=', ' ', '\n', '\r', '\t']).is_empty()).then_some(end)
}

/// Returns TeX as an element, without Jetpack's parameters for colours and size.
fn code(tex: &str) -> String {
    let tex = decode_html_entities(tex);
    let is_parameter = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or_default();
        let is_color = value.len() == 6 && value.bytes().all(|b| b.is_ascii_hexdigit());
        let is_size = value.parse::<i8>().is_ok();
        matches!(name, "fg" | "bg") && is_color || name == "s" && is_size
    };
    let mut rest = tex.trim();
    while let Some((before, _)) =
        rest.rsplit_once('&').filter(|(_, last)| is_parameter(last.trim()))
    {
        rest = before.trim_end();
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    format!("<code>{}</code>", encode_text(&words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_their_tex_and_other_dollars_stay() {
        for (written, expected) in [
            ("If $latex E = mc^2$, then", "If <code>E = mc^2</code>, then"),
            ("$latex=[a, b]&amp;s=2&amp;fg=ff0000$", "<code>[a, b]</code>"),
            ("$LaTeX a &lt; b &#038; c\n\\$ $ for $5", "<code>a &lt; b &amp; c \\$</code> for $5"),
            ("[latex s=4]\\sum_i x_i[/latex]", "<code>\\sum_i x_i</code>"),
            ("[latex][a, b][/latex]", "<code>[a, b]</code>"),
            ("$latexmk and $5, $latex $", "$latexmk and $5, $latex $"),
            (
                "<code>$latex x$</code> <a title=\"$latex y$\">z</a>",
                "<code>$latex x$</code> <a title=\"$latex y$\">z</a>",
            ),
            ("$latex never ends", "$latex never ends"),
        ] {
            assert_eq!(with_tex(written), expected);
        }
    }
}
