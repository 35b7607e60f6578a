//! Well-formedness checks for XML 1.0 with namespaces, stricter than common feed writers and
//! readers.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, escape};

use super::text_repair::is_xml_char;

/// Namespace prefixes that every feed declares, so that custom XML may use them.
pub const SHARED_PREFIXES: [&str; 2] = ["fh", "media"];

/// Checks a complete document without a document type declaration.
pub fn validate_document(text: &str) -> Result<(), String> {
    let mut validator = Validator::new(text, &[])?;
    let mut roots = 0_usize;
    loop {
        match validator.next()? {
            Some(Event::Eof) if roots == 1 => return Ok(()),
            Some(Event::Eof) => {
                return Err("the document does not have exactly one root element".to_owned());
            }
            Some(Event::Start(_) | Event::Empty(_))
                if validator.open.len() + usize::from(validator.was_empty) == 1 =>
            {
                roots += 1
            }
            Some(Event::Text(text))
                if validator.open.is_empty() && !text.trim_ascii().is_empty() =>
            {
                return Err("text outside the root element".to_owned());
            }
            Some(Event::CData(_) | Event::GeneralRef(_)) if validator.open.is_empty() => {
                return Err("text outside the root element".to_owned());
            }
            Some(_) => {}
            None => {
                return Err("processing instructions and document types are not allowed".to_owned());
            }
        }
    }
}

/// Checks the content of an element that declares `prefixes`: elements, text and comments.
pub fn validate_fragment(text: &str, prefixes: &[&str]) -> Result<(), String> {
    let mut validator = Validator::new(text, prefixes)?;
    loop {
        match validator.next()? {
            Some(Event::Eof) => return Ok(()),
            Some(Event::Decl(_)) | None => {
                return Err(
                    "declarations, processing instructions and document types are not allowed"
                        .to_owned(),
                );
            }
            Some(_) => {}
        }
    }
}

/// Event reader that tracks open elements and declared prefixes.
struct Validator<'a> {
    reader: Reader<&'a [u8]>,
    /// Prefixes declared by the surrounding element.
    outer_prefixes: &'a [&'a str],
    /// Prefixes that each open element declares.
    open: Vec<Vec<String>>,
    /// `true` if the last event was an empty-element tag.
    was_empty: bool,
}

impl<'a> Validator<'a> {
    fn new(text: &'a str, outside: &'a [&'a str]) -> Result<Self, String> {
        if let Some(c) = text.chars().find(|&c| !is_xml_char(c)) {
            return Err(format!("the character U+{:04X} is forbidden in XML 1.0", u32::from(c)));
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        Ok(Self { reader, outer_prefixes: outside, open: Vec::new(), was_empty: false })
    }

    /// Returns the next valid event, or `None` for one that is not allowed in a feed.
    fn next(&mut self) -> Result<Option<Event<'a>>, String> {
        let event = self.reader.read_event().map_err(|e| e.to_string())?;
        self.was_empty = false;
        match &event {
            Event::Start(tag) => {
                let declared = self.check_tag(tag)?;
                self.open.push(declared);
            }
            Event::Empty(tag) => {
                self.check_tag(tag)?;
                self.was_empty = true;
            }
            Event::End(_) => {
                self.open.pop();
            }
            Event::Text(text) if text.windows(3).any(|three| three == b"]]>") => {
                return Err("`]]>` is not allowed in text; write `]]&gt;`".to_owned());
            }
            Event::GeneralRef(reference) => check_reference(reference)?,
            Event::PI(_) | Event::DocType(_) => return Ok(None),
            Event::Eof if !self.open.is_empty() => {
                return Err("an element is not closed".to_owned());
            }
            _ => {}
        }
        Ok(Some(event))
    }

    /// Checks a start tag and returns the prefixes that it declares.
    fn check_tag(&self, tag: &BytesStart<'_>) -> Result<Vec<String>, String> {
        let mut declared = Vec::new();
        let mut names = vec![text_of(tag.name().0)?];
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let (name, value) = (text_of(attribute.key.0)?, text_of(&attribute.value)?);
            let value = escape::unescape(value).map_err(|e| e.to_string())?;
            if attribute.value.contains(&b'<') || !value.chars().all(is_xml_char) {
                return Err(format!(
                    "the value of the attribute `{name}` contains a forbidden character"
                ));
            }
            match name.strip_prefix("xmlns:") {
                Some(prefix)
                    if is_name(prefix) && !prefix.starts_with("xml") && !value.is_empty() =>
                {
                    declared.push(prefix.to_owned())
                }
                Some(_) => return Err(format!("`{name}` is not a valid namespace declaration")),
                None if name == "xmlns" => {}
                None => names.push(name),
            }
        }
        if !has_space_after_values(text_of(tag.attributes_raw())?) {
            return Err(format!("white space is missing between the attributes of `{}`", names[0]));
        }
        for name in names {
            let (prefix, local) =
                name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
            if !is_name(local) {
                return Err(format!("`{name}` is not a valid element or attribute name"));
            }
            let known = |prefix: &str| {
                let here =
                    declared.iter().chain(self.open.iter().flatten()).any(|one| one == prefix);
                here || prefix == "xml" || self.outer_prefixes.contains(&prefix)
            };
            if let Some(prefix) = prefix.filter(|prefix| !known(prefix)) {
                return Err(format!(
                    "the prefix of `{name}` is not declared; write xmlns:{prefix}=\"…\" on the element"
                ));
            }
        }
        Ok(declared)
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|e| e.to_string())
}

/// Accepts references to allowed characters and the five predefined entities.
fn check_reference(reference: &BytesRef<'_>) -> Result<(), String> {
    let name = text_of(reference)?;
    let is_valid = match reference.resolve_char_ref().map_err(|e| e.to_string())? {
        Some(c) => is_xml_char(c),
        None => escape::resolve_xml_entity(name).is_some(),
    };
    if is_valid {
        Ok(())
    } else {
        Err(format!("`&{name};` is not a valid XML entity; write the character itself"))
    }
}

/// Returns `true` for a name without a colon; of the other name characters only the common ones are
/// accepted.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

/// Returns `true` if white space follows each attribute value.
fn has_space_after_values(attributes: &str) -> bool {
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
    fn well_formed_xml_is_accepted() {
        for valid in [
            "",
            "<follow_challenge><feedId>1</feedId><userId>2</userId></follow_challenge>",
            "<x:a xmlns:x='urn:x' x:b=\"1 &amp; 2\"><x:c/></x:a>",
            "<media:rating>nonadult</media:rating><!-- why --> and text &lt; &#x4E2D;<![CDATA[<b>]]>",
            "<a xml:lang='zh'/>",
        ] {
            assert_eq!(validate_fragment(valid, &SHARED_PREFIXES), Ok(()), "{valid}");
        }
        assert_eq!(validate_document("<?xml version=\"1.0\"?>\n<a><b/></a>\n"), Ok(()));
    }

    #[test]
    fn malformed_xml_is_rejected() {
        for invalid in [
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
            assert!(validate_fragment(invalid, &SHARED_PREFIXES).is_err(), "{invalid}");
        }
        for invalid in ["", "text", "<a/><b/>", "<a/>text", "<a/>&amp;", "<media:a/>"] {
            assert!(validate_document(invalid).is_err(), "{invalid}");
        }
    }

    proptest! {
        #[test]
        fn accepted_xml_is_accepted_by_another_parser(pieces in proptest::collection::vec(prop_oneof![
            prop::sample::select(vec!["<a>", "</a>", "<b c='", "'", "\"", "/>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&#65;", "&", "x", " ", "xmlns:p='u'", "<p:a", ">", "="]).prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ], 0..10)) {
            let text = pieces.concat();
            if validate_fragment(&text, &[]).is_ok() {
                let whole = format!("<root>{text}</root>");
                prop_assert!(roxmltree::Document::parse(&whole).is_ok(), "{whole}");
            }
        }
    }
}
