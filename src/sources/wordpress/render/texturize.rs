//! WordPress's typography: curly quotes, apostrophes, primes, dashes, ellipses, multiplication
//! signs.

use super::markup::{Token, ampersands, remove_noncharacters, tag_name, tokenize};
use super::quotes::{
    APOSTROPHE, CLOSE_DOUBLE, CLOSE_SINGLE, DOUBLE_PRIME, OPEN_DOUBLE, OPEN_SINGLE, PRIME,
};
use super::quotes::{digit, double_quotes, is_space_at, is_space_before, primes, single_quotes};
use super::shortcodes;

/// Elements whose text is not changed.
const VERBATIM: [&str; 6] = ["pre", "code", "kbd", "style", "script", "tt"];

/// Words that begin with an apostrophe rather than a quotation mark.
const APOSTROPHE_WORDS: [&str; 11] = [
    "'tain't", "'twere", "'twas", "'tis", "'twill", "'til", "'bout", "'nuff", "'round", "'cause",
    "'em",
];

/// Applies typography to the text of HTML; tags, comments, shortcodes and verbatim elements are
/// kept.
pub(super) fn texturize(html: &str) -> String {
    let html = remove_noncharacters(html);
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    let mut verbatim: Vec<String> = Vec::new();
    let shortcodes = shortcodes::core_spans(&html);
    let (mut at, mut done) = (0, 0);
    for piece in tokenize(&html) {
        let (Token::Text(whole) | Token::Tag(whole) | Token::Comment(whole)) = piece;
        let end = at + whole.len();
        // The attributes of a shortcode may contain tags; it then spans several tokens.
        let mut from = at.max(done).min(end);
        match piece {
            Token::Comment(_) => out.push_str(&html[from..end]),
            Token::Tag(tag) => {
                out.push_str(&ampersands(&html[from..end]));
                track_verbatim(tag, &mut verbatim);
            }
            Token::Text(_) => {
                let first = shortcodes.partition_point(|span| span.0 < from);
                for (start, stop) in shortcodes[first..].iter().take_while(|span| span.0 < end) {
                    plain(&html[from..*start], &verbatim, &mut out);
                    out.push_str(&html[*start..*stop]);
                    done = *stop;
                    from = done.min(end);
                }
                plain(&html[from..end], &verbatim, &mut out);
            }
        }
        at = end;
    }
    out
}

fn plain(text: &str, verbatim: &[String], out: &mut String) {
    if verbatim.is_empty() && !text.trim().is_empty() {
        out.push_str(&texturize_text(text));
    } else {
        out.push_str(text);
    }
}

/// Updates the stack of open verbatim elements.
fn track_verbatim(tag: &str, open: &mut Vec<String>) {
    let (name, closing) = tag_name(tag);
    if !VERBATIM.contains(&name.as_str()) {
        return;
    }
    if !closing {
        // Only the presence of an open element matters; bound the memory for deeply nested markup.
        if open.len() < 64 {
            open.push(name);
        }
    } else if open.last() == Some(&name) {
        open.pop();
    }
}

/// Applies typography to one piece of plain text.
fn texturize_text(text: &str) -> String {
    let mut text = text
        .replace("...", "&#8230;")
        .replace("``", "&#8220;")
        .replace("''", "&#8221;")
        .replace(" (tm)", " &#8482;");
    if text.contains('\'') {
        for word in APOSTROPHE_WORDS {
            if text.contains(word) {
                text = text.replace(word, &word.replace('\'', "&#8217;"));
            }
        }
    }
    let mut line: Vec<char> = text.chars().collect();
    if line.contains(&'\'') {
        single_quotes(&mut line);
        line = primes(line, '\'', PRIME, OPEN_SINGLE, CLOSE_SINGLE);
    }
    if line.contains(&'"') {
        double_quotes(&mut line);
        line = primes(line, '"', DOUBLE_PRIME, OPEN_DOUBLE, CLOSE_DOUBLE);
    }
    if line.contains(&'-') {
        line = dashes(&line);
    }
    multiplication_signs(&mut line);
    let mut out = String::with_capacity(line.len() * 2);
    for c in line {
        match c {
            OPEN_SINGLE => out.push_str("&#8216;"),
            CLOSE_SINGLE | APOSTROPHE => out.push_str("&#8217;"),
            OPEN_DOUBLE => out.push_str("&#8220;"),
            CLOSE_DOUBLE => out.push_str("&#8221;"),
            PRIME => out.push_str("&#8242;"),
            DOUBLE_PRIME => out.push_str("&#8243;"),
            '\u{FDD9}' => out.push_str("&#8211;"),
            '\u{FDDA}' => out.push_str("&#8212;"),
            '\u{FDDB}' => out.push_str("&#215;"),
            c => out.push(c),
        }
    }
    ampersands(&out)
}

/// Replaces hyphens that represent dashes; `xn--` in domain names is kept.
fn dashes(line: &[char]) -> Vec<char> {
    const EN: char = '\u{FDD9}';
    const EM: char = '\u{FDDA}';
    let mut out = Vec::with_capacity(line.len());
    let mut i = 0;
    while i < line.len() {
        if line[i] != '-' {
            out.push(line[i]);
            i += 1;
            continue;
        }
        let run = line[i..].iter().take_while(|c| **c == '-').count();
        let (mut left, free) = (
            run,
            (i == 0 || is_space_before(line, i))
                && (i + run >= line.len() || is_space_at(line, i + run)),
        );
        let domain = i >= 2 && line[i - 2] == 'x' && line[i - 1] == 'n';
        while left >= 3 {
            out.push(EM);
            left -= 3;
        }
        match left {
            2 if run == 2 && free => out.push(EM),
            2 if run == 2 && domain => out.extend(['-', '-']),
            2 => out.push(EN),
            1 if run == 1 && free => out.push(EN),
            1 => out.push('-'),
            _ => {}
        }
        i += run;
    }
    out
}

/// Replaces the x between two numbers with a multiplication sign, but not in 0x1F.
fn multiplication_signs(line: &mut [char]) {
    let word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let number = |c: char| c.is_ascii_digit() || ".,".contains(c);
    if !line
        .windows(3)
        .any(|three| three[1] == 'x' && three[0].is_ascii_digit() && three[2].is_ascii_digit())
    {
        return;
    }
    let mut i = 0;
    while i < line.len() {
        if !line[i].is_ascii_digit() || (i > 0 && word(&line[i - 1])) {
            i += 1;
            continue;
        }
        let end = (i + 1..line.len()).find(|k| !number(line[*k])).unwrap_or(line.len());
        let lone_zero = line[i] == '0' && end == i + 1;
        if !lone_zero && line.get(end) == Some(&'x') && digit(line, end + 1) {
            let stop = (end + 2..line.len()).find(|k| !number(line[*k])).unwrap_or(line.len());
            // The second number ends at a word boundary: before a letter, only the part up to a
            // full stop or comma counts.
            let ends = |k: &usize| line[k - 1].is_ascii_digit() != line.get(*k).is_some_and(word);
            match (end + 2..=stop).rev().find(ends) {
                Some(last) => {
                    line[end] = '\u{FDDB}';
                    i = last;
                }
                None => i = stop,
            }
        } else {
            i = end.max(i + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::texturize;

    fn shown(text: &str) -> String {
        html_escape::decode_html_entities(&texturize(text)).into_owned()
    }

    #[test]
    fn quotation_marks_open_and_close() {
        assert_eq!(
            shown(r#"She said "come in" and 'sit down'."#),
            "She said “come in” and ‘sit down’."
        );
        assert_eq!(shown(r#"("Yes," he said)"#), "(“Yes,” he said)");
        assert_eq!(shown(r#""'Nested' quotes""#), "“‘Nested’ quotes”");
    }

    #[test]
    fn apostrophes_and_years_are_not_quotations() {
        assert_eq!(
            shown("Don't forget '99 and the '80s, 'tis fun"),
            "Don’t forget ’99 and the ’80s, ’tis fun"
        );
    }

    #[test]
    fn feet_and_inches_get_primes() {
        assert_eq!(shown(r#"12' x 3" and 6'2" tall"#), "12′ x 3″ and 6’2″ tall");
    }

    #[test]
    fn dashes_ellipses_and_multiplication_signs_are_converted() {
        assert_eq!(
            shown("a - b -- c---d 1--2... 3x4 0x1F xn--a"),
            "a – b — c—d 1–2… 3×4 0x1F xn--a"
        );
    }

    #[test]
    fn code_and_attributes_are_unchanged() {
        let html = r#"<a title="it's">x</a><code>"a" -- 'b'</code>"#;
        assert_eq!(texturize(html), html);
    }
}
