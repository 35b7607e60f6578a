//! Whether text is well-formed XML 1.0 with namespaces, judged more strictly than the writers and readers of feeds do.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, escape};

use super::characters::allowed_in_xml;

/// Prefixes that every feed declares in its XML formats, so that what is put into one may use them.
pub const SHARED_PREFIXES: [&str; 2] = ["fh", "media"];

/// Checks one whole document without a document type.
pub fn document(text: &str) -> Result<(), String> {
    let mut walk = Walk::over(text, &[])?;
    let mut roots = 0_usize;
    loop {
        match walk.next()? {
            Some(Event::Eof) if roots == 1 => return Ok(()),
            Some(Event::Eof) => return Err("it has no single root element".to_owned()),
            Some(Event::Start(_) | Event::Empty(_))
                if walk.open.len() + usize::from(walk.was_empty) == 1 =>
            {
                roots += 1
            }
            Some(Event::Text(text)) if walk.open.is_empty() && !text.trim_ascii().is_empty() => {
                return Err("text stands outside its root element".to_owned());
            }
            Some(Event::CData(_) | Event::GeneralRef(_)) if walk.open.is_empty() => {
                return Err("text stands outside its root element".to_owned());
            }
            Some(_) => {}
            None => return Err("it holds a processing instruction or a document type".to_owned()),
        }
    }
}

/// Checks what may stand inside an element that declares these prefixes: elements, text and comments.
pub fn fragment(text: &str, prefixes: &[&str]) -> Result<(), String> {
    let mut walk = Walk::over(text, prefixes)?;
    loop {
        match walk.next()? {
            Some(Event::Eof) => return Ok(()),
            Some(Event::Decl(_)) | None => {
                return Err("it holds a declaration, a processing instruction or a document type"
                    .to_owned());
            }
            Some(_) => {}
        }
    }
}

/// A text being read, with what is open and declared.
struct Walk<'a> {
    reader: Reader<&'a [u8]>,
    /// Prefixes declared outside.
    outside: &'a [&'a str],
    /// For each open element the prefixes that it declares.
    open: Vec<Vec<String>>,
    /// Whether the last element ended where it began.
    was_empty: bool,
}

impl<'a> Walk<'a> {
    fn over(text: &'a str, outside: &'a [&'a str]) -> Result<Self, String> {
        if let Some(c) = text.chars().find(|&c| !allowed_in_xml(c)) {
            return Err(format!(
                "it holds the character U+{:04X}, which XML 1.0 forbids",
                u32::from(c)
            ));
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        Ok(Self { reader, outside, open: Vec::new(), was_empty: false })
    }

    /// The next event, sound in itself; `None` for what has no place in a feed.
    fn next(&mut self) -> Result<Option<Event<'a>>, String> {
        let event = self.reader.read_event().map_err(|e| e.to_string())?;
        self.was_empty = false;
        match &event {
            Event::Start(tag) => {
                let declared = self.tag(tag)?;
                self.open.push(declared);
            }
            Event::Empty(tag) => {
                self.tag(tag)?;
                self.was_empty = true;
            }
            Event::End(_) => {
                self.open.pop();
            }
            Event::Text(text) if text.windows(3).any(|three| three == b"]]>") => {
                return Err("`]]>` stands in its text: write `]]&gt;`".to_owned());
            }
            Event::GeneralRef(reference) => sound_reference(reference)?,
            Event::PI(_) | Event::DocType(_) => return Ok(None),
            Event::Eof if !self.open.is_empty() => {
                return Err("an element in it is not closed".to_owned());
            }
            _ => {}
        }
        Ok(Some(event))
    }

    /// Checks a start tag and gives the prefixes that it declares.
    fn tag(&self, tag: &BytesStart<'_>) -> Result<Vec<String>, String> {
        let mut declared = Vec::new();
        let mut names = vec![text_of(tag.name().0)?];
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let (name, value) = (text_of(attribute.key.0)?, text_of(&attribute.value)?);
            let value = escape::unescape(value).map_err(|e| e.to_string())?;
            if attribute.value.contains(&b'<') || !value.chars().all(allowed_in_xml) {
                return Err(format!(
                    "the value of the attribute `{name}` holds what no attribute may"
                ));
            }
            match name.strip_prefix("xmlns:") {
                Some(prefix)
                    if is_name(prefix) && !prefix.starts_with("xml") && !value.is_empty() =>
                {
                    declared.push(prefix.to_owned())
                }
                Some(_) => return Err(format!("`{name}` declares nothing that can be declared")),
                None if name == "xmlns" => {}
                None => names.push(name),
            }
        }
        if !is_spaced(text_of(tag.attributes_raw())?) {
            return Err(format!("the attributes of `{}` run into each other", names[0]));
        }
        for name in names {
            let (prefix, local) =
                name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
            if !is_name(local) {
                return Err(format!("`{name}` is no name of an element or attribute"));
            }
            let known = |prefix: &str| {
                let here =
                    declared.iter().chain(self.open.iter().flatten()).any(|one| one == prefix);
                here || prefix == "xml" || self.outside.contains(&prefix)
            };
            if let Some(prefix) = prefix.filter(|prefix| !known(prefix)) {
                return Err(format!(
                    "the prefix of `{name}` is not declared: write xmlns:{prefix}=\"…\" on the element"
                ));
            }
        }
        Ok(declared)
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|e| e.to_string())
}

/// A reference to a character that XML allows, or one of the five names it knows.
fn sound_reference(reference: &BytesRef<'_>) -> Result<(), String> {
    let name = text_of(reference)?;
    let is_sound = match reference.resolve_char_ref().map_err(|e| e.to_string())? {
        Some(c) => allowed_in_xml(c),
        None => escape::resolve_xml_entity(name).is_some(),
    };
    if is_sound {
        Ok(())
    } else {
        Err(format!("`&{name};` means nothing in XML: write the character itself"))
    }
}

/// A name without a colon; of the signs beyond letters and digits, those in use.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

/// Whether white space follows each value.
fn is_spaced(attributes: &str) -> bool {
    let mut quote = None;
    let mut chars = attributes.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if c == open => {
                quote = None;
                if chars.peek().is_some_and(|next| !next.is_ascii_whitespace()) {
                    return false;
                }
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_well_formed_passes() {
        for sound in [
            "",
            "<follow_challenge><feedId>1</feedId><userId>2</userId></follow_challenge>",
            "<x:a xmlns:x='urn:x' x:b=\"1 &amp; 2\"><x:c/></x:a>",
            "<media:rating>nonadult</media:rating><!-- why --> and text &lt; &#x4E2D;<![CDATA[<b>]]>",
            "<a xml:lang='zh'/>",
        ] {
            assert_eq!(fragment(sound, &SHARED_PREFIXES), Ok(()), "{sound}");
        }
        assert_eq!(document("<?xml version=\"1.0\"?>\n<a><b/></a>\n"), Ok(()));
    }

    #[test]
    fn what_is_not_gets_a_sentence() {
        for broken in [
            "<a>",
            "</a>",
            "<a></b>",
            "<a b=1/>",
            "<a b='1' b='2'/>",
            "<a b='1'c='2'/>",
            "<a b='<'/>",
            "<a b='&nbsp;'/>",
            "<a b='&#8;'/>",
            "&nbsp;",
            "&#8;",
            "a & b",
            "]]>",
            "<x:a/>",
            "<a xmlns:x='u'/><x:b/>",
            "<a:b:c xmlns:a='u'/>",
            "<1a/>",
            "<a xmlns:x=''/>",
            "<?xml version='1.0'?><a/>",
            "<?php ?>",
            "<!DOCTYPE a><a/>",
            "<!-- a -- b -->",
            "<![CDATA[",
            "\u{8}",
            "<a",
        ] {
            assert!(fragment(broken, &SHARED_PREFIXES).is_err(), "{broken}");
        }
        for broken in ["", "text", "<a/><b/>", "<a/>text", "<a/>&amp;", "<media:a/>"] {
            assert!(document(broken).is_err(), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_is_read_by_another_parser(pieces in proptest::collection::vec(prop_oneof![
            prop::sample::select(vec!["<a>", "</a>", "<b c='", "'", "\"", "/>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&#65;", "&", "x", " ", "xmlns:p='u'", "<p:a", ">", "="]).prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ], 0..10)) {
            let text = pieces.concat();
            if fragment(&text, &[]).is_ok() {
                let whole = format!("<root>{text}</root>");
                prop_assert!(roxmltree::Document::parse(&whole).is_ok(), "{whole}");
            }
        }
    }
}
