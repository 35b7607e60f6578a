//! Cutting HTML the way WordPress does: tags, comments and the text between, in linear time whatever comes.

/// A stretch of HTML; put together again the pieces are the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text outside of any tag.
    Text(&'a str),
    /// From `<` to `>`, or to the end where it is never closed.
    Tag(&'a str),
    /// From `<!--` to `-->`, or to the end.
    Comment(&'a str),
}

/// The pieces of a text, in order.
pub(super) fn pieces(html: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            found.push(Piece::Text(rest));
            break;
        };
        if start > 0 {
            found.push(Piece::Text(&rest[..start]));
            rest = &rest[start..];
        }
        let comment = rest.starts_with("<!--");
        let close = if comment { "-->" } else { ">" };
        let end = rest.find(close).map_or(rest.len(), |at| at + close.len());
        found.push(if comment { Piece::Comment(&rest[..end]) } else { Piece::Tag(&rest[..end]) });
        rest = &rest[end..];
    }
    found
}

/// A tag's name in lower case, and whether it closes an element.
pub(super) fn tag_name(tag: &str) -> (String, bool) {
    let inner = tag.strip_prefix('<').unwrap_or(tag);
    let (inner, closing) = inner.strip_prefix('/').map_or((inner, false), |inner| (inner, true));
    let name =
        inner.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>();
    (name.to_ascii_lowercase(), closing)
}

/// Looks ahead for a needle from ever later places without reading any stretch twice.
pub(super) struct Ahead<'a> {
    text: &'a str,
    needle: &'a str,
    known: Option<usize>,
    from: usize,
}

impl<'a> Ahead<'a> {
    /// Watches for `needle` in `text`.
    pub(super) fn new(text: &'a str, needle: &'a str) -> Self {
        Self { text, needle, known: text.find(needle), from: 0 }
    }

    /// Where the needle is next found at or behind `from`; `from` may not go back.
    pub(super) fn next(&mut self, from: usize) -> Option<usize> {
        if self.known.is_some_and(|at| at < from) && from >= self.from {
            self.known =
                self.text.get(from..).and_then(|rest| rest.find(self.needle)).map(|at| at + from);
        }
        self.from = from;
        self.known
    }
}

/// Text as it may stand in HTML or in a quoted attribute; entities that are already there stay.
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

/// Every `&` that begins no entity becomes one.
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

/// Whether what follows a `&` makes it an entity: `#8217;`, `#x2019;`, `amp;`.
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

/// The text without tags and comments.
pub(super) fn strip_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let second = rest[1..].chars().next();
        // A "<" that no name, slash or mark follows is a sign, not a tag.
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

/// Noncharacters are used as marks while rendering; none may come in from outside.
pub(super) fn without_marks(text: &str) -> String {
    text.chars().filter(|c| !('\u{FDD0}'..='\u{FDEF}').contains(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_cut_into_tags_comments_and_text() {
        let cut = pieces("a<b>c<!-- > -->d<e");
        assert_eq!(
            cut,
            vec![
                Piece::Text("a"),
                Piece::Tag("<b>"),
                Piece::Text("c"),
                Piece::Comment("<!-- > -->"),
                Piece::Text("d"),
                Piece::Tag("<e")
            ]
        );
    }

    #[test]
    fn an_ampersand_is_escaped_once() {
        assert_eq!(ampersands("a & b &amp; c &#8217; &x"), "a &#038; b &amp; c &#8217; &#038;x");
    }

    #[test]
    fn a_lone_less_than_sign_is_no_tag() {
        assert_eq!(strip_tags("1 < 2 <b>bold</b><!-- x > y -->"), "1 < 2 bold");
    }
}
