//! Tokenizes HTML as WordPress does, into tags, comments and text, in linear time for any input.

/// A token of HTML; concatenated tokens are the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text outside any tag.
    Text(&'a str),
    /// From `<` to `>`, or to the end if unclosed.
    Tag(&'a str),
    /// From `<!--` to `-->`, or to the end if unclosed.
    Comment(&'a str),
}

/// Returns the tokens of a text in order.
pub(super) fn tokenize(html: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            found.push(Token::Text(rest));
            break;
        };
        if start > 0 {
            found.push(Token::Text(&rest[..start]));
            rest = &rest[start..];
        }
        let comment = rest.starts_with("<!--");
        let close = if comment { "-->" } else { ">" };
        let end = rest.find(close).map_or(rest.len(), |at| at + close.len());
        found.push(if comment { Token::Comment(&rest[..end]) } else { Token::Tag(&rest[..end]) });
        rest = &rest[end..];
    }
    found
}

/// Returns the name of a tag in lower case, and `true` if it is a closing tag.
pub(super) fn tag_name(tag: &str) -> (String, bool) {
    let inner = tag.strip_prefix('<').unwrap_or(tag);
    let (inner, closing) = inner.strip_prefix('/').map_or((inner, false), |inner| (inner, true));
    let name =
        inner.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>();
    (name.to_ascii_lowercase(), closing)
}

/// Searches for a needle from increasing positions without reading any part twice.
pub(super) struct Lookahead<'a> {
    text: &'a str,
    needle: &'a str,
    known: Option<usize>,
    from: usize,
}

impl<'a> Lookahead<'a> {
    /// Creates a search for `needle` in `text`.
    pub(super) fn new(text: &'a str, needle: &'a str) -> Self {
        Self { text, needle, known: text.find(needle), from: 0 }
    }

    /// Returns the next position of the needle at or after `from`, which must not decrease.
    pub(super) fn next(&mut self, from: usize) -> Option<usize> {
        if self.known.is_some_and(|at| at < from) && from >= self.from {
            self.known =
                self.text.get(from..).and_then(|rest| rest.find(self.needle)).map(|at| at + from);
        }
        self.from = from;
        self.known
    }
}

/// Escapes text for HTML and quoted attributes; existing entities are kept.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in ampersands(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            c => out.push(c),
        }
    }
    out
}

/// Escapes every `&` that does not begin an entity.
pub(super) fn ampersands(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        out.push_str(if begins_entity(rest) { "&" } else { "&#038;" });
    }
    out.push_str(rest);
    out
}

/// Returns `true` if the text after a `&` completes an entity: `#8217;`, `#x2019;`, `amp;`.
fn begins_entity(after: &str) -> bool {
    let window = &after.as_bytes()[..after.len().min(24)];
    let Some(end) = window.iter().position(|b| *b == b';') else {
        return false;
    };
    let body = &window[..end];
    match body {
        [b'#', b'x' | b'X', hex @ ..] => !hex.is_empty() && hex.iter().all(u8::is_ascii_hexdigit),
        [b'#', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        name => {
            (1..=8).contains(&name.len())
                && name.iter().all(|b| b.is_ascii_alphabetic() || (b'1'..=b'4').contains(b))
        }
    }
}

/// Returns the text without tags and comments.
pub(super) fn strip_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let second = rest[1..].chars().next();
        // A "<" not followed by a name, slash or exclamation mark is a character, not a tag.
        if second.is_none_or(|c| c.is_whitespace()) {
            out.push('<');
            rest = &rest[1..];
            continue;
        }
        let close = if rest.starts_with("<!--") { "-->" } else { ">" };
        rest = rest.find(close).map_or("", |end| &rest[end + close.len()..]);
    }
    out.push_str(rest);
    out
}

/// Removes noncharacters from the input, because rendering uses them as placeholders.
pub(super) fn remove_noncharacters(text: &str) -> String {
    text.chars().filter(|c| !('\u{FDD0}'..='\u{FDEF}').contains(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_cut_into_tags_comments_and_text() {
        let cut = tokenize("a<b>c<!-- > -->d<e");
        assert_eq!(
            cut,
            vec![
                Token::Text("a"),
                Token::Tag("<b>"),
                Token::Text("c"),
                Token::Comment("<!-- > -->"),
                Token::Text("d"),
                Token::Tag("<e")
            ]
        );
    }

    #[test]
    fn an_ampersand_is_escaped_once() {
        assert_eq!(ampersands("a & b &amp; c &#8217; &x"), "a &#038; b &amp; c &#8217; &#038;x");
    }

    #[test]
    fn a_lone_less_than_sign_is_not_a_tag() {
        assert_eq!(strip_tags("1 < 2 <b>bold</b><!-- x > y -->"), "1 < 2 bold");
    }
}
