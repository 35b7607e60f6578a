//! Shortcodes: finds them, parses their attributes, replaces known ones and removes the others.

use std::collections::{BTreeSet, HashMap};

use super::markup::{Lookahead, Token, tag_name, tokenize};
use super::tag_ends::TagEnds;

/// Shortcodes of WordPress itself.
pub(super) const CORE_SHORTCODES: [&str; 7] =
    ["caption", "wp_caption", "gallery", "playlist", "audio", "video", "embed"];

/// Bracketed remarks of writers and transcribers, even on a line of their own.
const EDITORIAL_REMARKS: [&str; 14] = [
    "sic",
    "update",
    "updated",
    "edit",
    "edited",
    "note",
    "redacted",
    "deleted",
    "removed",
    "laughter",
    "applause",
    "music",
    "silence",
    "inaudible",
];

/// A bracketed tag: `[name …]`, `[name … /]` or `[/name]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShortcodeTag<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) name: &'a str,
    pub(super) attributes: &'a str,
    pub(super) closing: bool,
    pub(super) self_closing: bool,
}

/// Returns the length of the name of a shortcode at the start of a text, in bytes. WordPress accepts
/// names in any script and with most punctuation.
pub(super) fn name_length(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || c.is_control() || "[]<>&/=\"'".contains(c))
        .unwrap_or(text.len())
}

/// Returns `true` for a name of the letters that nearly all plugins use.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Returns all bracketed tags of a text that could be shortcodes, in order. Those of plugins may have
/// brackets in quoted attributes; as in WordPress, the first `]` ends its own.
pub(super) fn tags(text: &str) -> Vec<ShortcodeTag<'_>> {
    let mut found = Vec::new();
    let mut close = Lookahead::new(text, "]");
    let mut quoted = TagEnds::new(text);
    let mut at = 0;
    while let Some(start) = text[at..].find('[').map(|next| next + at) {
        at = start + 1;
        let inner = &text[at..];
        let closing = inner.starts_with('/');
        let inner = &inner[usize::from(closing)..];
        let length = name_length(inner);
        let name = &inner[..length];
        let after = inner[length..].chars().next();
        if !name.starts_with(|c: char| c.is_alphanumeric())
            || !after.is_some_and(|c| c == ']' || c == '/' || c.is_whitespace())
        {
            continue;
        }
        let Some(first) = close.next(at) else { break };
        let from = at + usize::from(closing) + length;
        if from > first {
            continue;
        }
        let outside_quotes = if is_core(name) { None } else { quoted.next(from) };
        let end = outside_quotes.unwrap_or(first);
        let attributes = &text[from..end];
        // A bracket inside begins another tag.
        if outside_quotes.is_none() && attributes.contains('[') {
            continue;
        }
        let (attributes, alone) =
            attributes.strip_suffix('/').map_or((attributes, false), |inner| (inner, true));
        found.push(ShortcodeTag {
            start,
            end: end + 1,
            name,
            attributes,
            closing,
            self_closing: alone,
        });
        at = end + 1;
    }
    found
}

pub(super) fn is_core(name: &str) -> bool {
    CORE_SHORTCODES.contains(&name)
}

/// Parses attributes: named ones by lower-case name, others by their number.
pub(in crate::sources::wordpress) fn attributes(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut rest = text.trim_start();
    let mut number = 0;
    while let Some(first) = rest.chars().next() {
        let name_length = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-')
            .count();
        let rest_after = rest[name_length..].trim_start();
        let (name, value) = match rest_after.strip_prefix('=') {
            Some(value) if name_length > 0 => {
                (Some(rest[..name_length].to_ascii_lowercase()), value.trim_start())
            }
            _ => (None, rest),
        };
        let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'');
        let closed = quote.and_then(|quote| value[1..].find(quote));
        let (value, tail) = match closed {
            Some(end) => (&value[1..=end], &value[end + 2..]),
            None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        // Consume at least one character, so that the loop ends for any input.
        if tail.len() == rest.len() {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let key = name.unwrap_or_else(|| {
            number += 1;
            (number - 1).to_string()
        });
        found.insert(key, value.to_owned());
        rest = tail.trim_start();
    }
    found
}

/// Returns the replacement for a shortcode's name, attributes and content; `None` keeps it.
pub(super) type Replace<'f> =
    dyn FnMut(&str, &HashMap<String, String>, &str) -> Option<String> + 'f;

/// Replaces the shortcodes with these names by the result of `f`; doubled brackets become single.
pub(super) fn expand(text: &str, names: &[&str], f: &mut Replace<'_>) -> String {
    let all: Vec<ShortcodeTag<'_>> =
        tags(text).into_iter().filter(|tag| names.contains(&tag.name)).collect();
    let mut ends: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, tag) in all.iter().enumerate().filter(|(_, tag)| tag.closing) {
        ends.entry(tag.name).or_default().push(number);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (number, tag) in all.iter().enumerate() {
        if tag.start < at || tag.closing {
            continue;
        }
        let closer = ends
            .get(tag.name)
            .and_then(|ends| ends.get(ends.partition_point(|end| *end < number)))
            .filter(|_| !tag.self_closing)
            .map(|end| &all[*end]);
        let (content, end) =
            closer.map_or(("", tag.end), |closer| (&text[tag.end..closer.start], closer.end));
        if text[..tag.start].ends_with('[') && text[end..].starts_with(']') {
            out.push_str(&text[at..tag.start - 1]);
            out.push_str(&text[tag.start..end]);
            at = end + 1;
            continue;
        }
        let Some(replacement) = f(tag.name, &attributes(tag.attributes), content) else {
            continue;
        };
        out.push_str(&text[at..tag.start]);
        at = end;
        // A shortcode alone in its paragraph replaces the paragraph, but not with a mere link.
        let rest_after = text[at..].trim_start();
        if replacement.starts_with('<')
            && !replacement.starts_with("<a ")
            && out.trim_end().ends_with("<p>")
            && rest_after.starts_with("</p>")
        {
            out.truncate(out.trim_end().len() - 3);
            at = text.len() - rest_after.len() + 4;
        }
        out.push_str(&replacement);
    }
    out.push_str(&text[at..]);
    out
}

/// Returns the ranges of known shortcode tags, including a second pair of brackets around them.
pub(super) fn core_spans(text: &str) -> Vec<(usize, usize)> {
    tags(text)
        .into_iter()
        .filter(|tag| is_core(tag.name))
        .map(|tag| {
            (
                tag.start - usize::from(text[..tag.start].ends_with('[')),
                tag.end + usize::from(text[tag.end..].starts_with(']')),
            )
        })
        .collect()
}

/// Removes the shortcodes of plugins but keeps their content; returns the removed names, too.
pub(super) fn without_plugin_shortcodes(html: &str) -> (String, BTreeSet<String>) {
    let mut dropped: BTreeSet<String> = BTreeSet::new();
    if !html.contains('[') {
        return (html.to_owned(), dropped);
    }
    let all: Vec<ShortcodeTag<'_>> = tags(html);
    let closed: BTreeSet<&str> = all.iter().filter(|tag| tag.closing).map(|tag| tag.name).collect();
    let readable = text_ranges(html);
    let mut out = String::with_capacity(html.len());
    let mut at = 0;
    for tag in &all {
        let place = readable.partition_point(|(start, _)| *start <= tag.start);
        let in_text = place > 0 && readable[place - 1].1 >= tag.start;
        if is_core(tag.name)
            || !in_text
            || tag.start < at
            || !is_plugin_shortcode(html, tag, &closed, &dropped)
        {
            continue;
        }
        dropped.insert(tag.name.to_owned());
        out.push_str(&html[at..tag.start]);
        at = tag.end;
        // Remove a line that contained nothing else.
        let line_start = out.is_empty() || out.ends_with('\n');
        let tail = html[at..].trim_start_matches([' ', '\t', '\r']);
        if line_start && tail.starts_with('\n') {
            at = html.len() - tail.len() + 1;
        }
    }
    out.push_str(&html[at..]);
    (out, dropped)
}

/// Returns `true` for a plugin's shortcode, `false` for other text in brackets, such as [1].
fn is_plugin_shortcode(
    html: &str,
    tag: &ShortcodeTag<'_>,
    closed: &BTreeSet<&str>,
    dropped: &BTreeSet<String>,
) -> bool {
    if html[..tag.start].ends_with('[') || html[tag.end..].starts_with([']', '(']) {
        return false;
    }
    if tag.closing {
        // The text before may have ended with the first page.
        return dropped.contains(tag.name) || tag.name.contains('_');
    }
    let named = tag
        .attributes
        .split(char::is_whitespace)
        .any(|word| word.find('=').is_some_and(|at| at > 0));
    let bare = tag.attributes.trim().is_empty();
    // Remarks in brackets also begin with other letters and numbers.
    if !is_plain(tag.name) {
        return closed.contains(tag.name);
    }
    let has_quotes = tag.attributes.contains('"') && tag.name.contains(['_', '-']);
    let lower = !tag.name.bytes().any(|b| b.is_ascii_uppercase());
    let before = html[..tag.start].trim_end_matches([' ', '\t']);
    let after = html[tag.end..].trim_start_matches([' ', '\t', '\r']);
    let own_line = (before.is_empty() || before.ends_with(['\n', '>']))
        && (after.is_empty() || after.starts_with(['\n', '<']));
    named
        || has_quotes
        || tag.self_closing
        || closed.contains(tag.name)
        || (bare
            && lower
            && tag.name.len() > 2
            && !EDITORIAL_REMARKS.contains(&tag.name)
            && (own_line || tag.name.contains(['_', '-'])))
}

/// Returns the ranges of HTML in which shortcodes are valid: outside tags, comments and code.
pub(super) fn text_ranges(html: &str) -> Vec<(usize, usize)> {
    let (mut found, mut at, mut code) = (Vec::new(), 0, 0_u32);
    for piece in tokenize(html) {
        match piece {
            Token::Text(text) => {
                if code == 0 {
                    found.push((at, at + text.len()));
                }
                at += text.len();
            }
            Token::Comment(comment) => at += comment.len(),
            Token::Tag(tag) => {
                let (name, closing) = tag_name(tag);
                if matches!(name.as_str(), "pre" | "code" | "kbd" | "script" | "style") {
                    code = if closing { code.saturating_sub(1) } else { code.saturating_add(1) };
                }
                at += tag.len();
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_in_every_notation() {
        let found =
            attributes(r#" ids="1,2" Link='file' columns=3 large "https://a.example/b.mp3""#);
        for (name, value) in [
            ("ids", "1,2"),
            ("link", "file"),
            ("columns", "3"),
            ("0", "large"),
            ("1", "https://a.example/b.mp3"),
        ] {
            assert_eq!(found.get(name).map(String::as_str), Some(value), "{name}");
        }
    }

    #[test]
    fn known_shortcodes_are_replaced_and_doubled_brackets_are_not() {
        let mut seen = Vec::new();
        let out = expand(
            "a [gallery ids=\"3\"] [[gallery]] [audio]x[/audio] [sic]",
            &CORE_SHORTCODES,
            &mut |name, _, content| {
                seen.push(format!("{name}:{content}"));
                Some(format!("({name})"))
            },
        );
        assert_eq!(out, "a (gallery) [gallery] (audio) [sic]");
        assert_eq!(seen, ["gallery:", "audio:x"]);
    }

    #[test]
    fn plugin_shortcodes_are_removed_and_their_content_stays() {
        let (out, names) = without_plugin_shortcodes(
            "[vc_row]\n[vc_column width=\"1/2\"]Text[/vc_column]\n[/vc_row]\nMore [sic] and [1] <code>[foo a=1]</code>",
        );
        assert_eq!(out, "Text\nMore [sic] and [1] <code>[foo a=1]</code>");
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["vc_column", "vc_row"]);
        for (written, expected) in [
            ("The [tip title=\"see [2] here\"]vat[/tip] is old.", "The vat is old."),
            ("[map_embed data=\u{201d}[1,2]\u{2033} id=\"7\"] after", " after"),
            ("[ct_text opt='{\"a\":[1]}']Text[/ct_text]", "Text"),
            ("Text[/vc_column][/vc_row]", "Text"),
            ("[note: see [1]] and [1, 2]", "[note: see [1]] and [1, 2]"),
        ] {
            assert_eq!(without_plugin_shortcodes(written).0, expected);
        }
    }
}
