//! What PHP's `serialize` wrote, in which Drupal and WordPress keep settings; objects are not read.

/// Arrays within arrays beyond this many are refused.
const DEEPEST: usize = 40;

/// A value; arrays keep their order, and their keys as text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Array(Vec<(String, Value)>),
}

impl Value {
    /// Reads the whole of a text; `None` where it is cut, or holds what is not read.
    pub(super) fn read(serialized: &str) -> Option<Self> {
        let mut reader = Reader(serialized.as_bytes());
        let value = reader.value(0)?;
        reader.0.is_empty().then_some(value)
    }

    /// An array's element.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// An element's text, empty where there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    /// An array's elements in their order; none of any other value.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Array(entries) => entries,
            _ => &[],
        }
    }

    /// Whether an element counts as true for PHP.
    pub(super) fn is_on(&self, key: &str) -> bool {
        match self.get(key) {
            Some(Self::Bool(on)) => *on,
            Some(Self::Int(number)) => *number != 0,
            Some(Self::Float(number)) => *number != 0.0,
            Some(Self::Text(text)) => !matches!(text.as_str(), "" | "0"),
            Some(Self::Array(entries)) => !entries.is_empty(),
            Some(Self::Null) | None => false,
        }
    }

    /// An element as a whole number, 0 where it is none.
    pub(super) fn number(&self, key: &str) -> i64 {
        match self.get(key) {
            Some(Self::Int(number)) => *number,
            Some(Self::Text(text)) => text.trim().parse().unwrap_or_default(),
            _ => 0,
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        let kind = *self.0.first()?;
        if kind == b'N' {
            self.expect(b"N;")?;
            return Some(Value::Null);
        }
        self.expect(&[kind, b':'])?;
        Some(match kind {
            b'b' => Value::Bool(self.until(b';')? == "1"),
            b'i' => Value::Int(self.until(b';')?.parse().ok()?),
            b'd' => Value::Float(self.until(b';')?.parse().ok()?),
            b's' => {
                let text = Value::Text(self.text()?);
                self.expect(b";")?;
                text
            }
            b'a' => {
                let count: usize = self.until(b':')?.parse().ok()?;
                self.expect(b"{")?;
                let mut entries = Vec::new();
                for _ in 0..count {
                    let key = match self.value(DEEPEST)? {
                        Value::Text(key) => key,
                        Value::Int(key) => key.to_string(),
                        _ => return None,
                    };
                    entries.push((key, self.value(depth + 1)?));
                }
                self.expect(b"}")?;
                Value::Array(entries)
            }
            _ => return None,
        })
    }

    /// A text in quotes with its length in bytes before it.
    fn text(&mut self) -> Option<String> {
        let length: usize = self.until(b':')?.parse().ok()?;
        self.expect(b"\"")?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        self.expect(b"\"")?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    fn until(&mut self, end: u8) -> Option<&'a str> {
        let at = self.0.iter().position(|byte| *byte == end)?;
        let (text, rest) = self.0.split_at(at);
        self.0 = &rest[1..];
        str::from_utf8(text).ok()
    }

    fn expect(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The value as PHP would write it.
    fn written(value: &Value) -> String {
        match value {
            Value::Null => "N;".to_owned(),
            Value::Bool(on) => format!("b:{};", i32::from(*on)),
            Value::Int(number) => format!("i:{number};"),
            Value::Float(number) => format!("d:{number};"),
            Value::Text(text) => format!("s:{}:\"{text}\";", text.len()),
            Value::Array(entries) => {
                let inside: String = entries
                    .iter()
                    .map(|(key, value)| format!("s:{}:\"{key}\";{}", key.len(), written(value)))
                    .collect();
                format!("a:{}:{{{inside}}}", entries.len())
            }
        }
    }

    #[test]
    fn a_configuration_is_read() {
        let format = "a:3:{s:6:\"format\";s:10:\"plain_text\";s:6:\"status\";b:1;s:7:\"filters\";a:1:{s:12:\"filter_autop\";a:2:{s:6:\"status\";i:1;s:6:\"weight\";i:-5;}}}";
        let value = Value::read(format).unwrap();
        assert_eq!((value.text("format"), value.is_on("status")), ("plain_text", true));
        let (name, filter) = &value.get("filters").unwrap().entries()[0];
        assert_eq!(
            (name.as_str(), filter.is_on("status"), filter.number("weight")),
            ("filter_autop", true, -5)
        );
        assert_eq!(Value::read("a:1:{i:0;s:6:\"校园\";}").unwrap().text("0"), "校园");
        for broken in [
            "",
            "a:1:{i:0;",
            "s:9:\"short\";",
            "O:8:\"stdClass\":0:{}",
            "b:1;x",
            "i:1e3;",
            "a:-1:{}",
        ] {
            assert_eq!(Value::read(broken), None, "{broken}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            "\\PC{0,9}".prop_map(Value::Text)
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop::collection::vec(("[a-z\"]{1,4}", inner), 0..5).prop_map(Value::Array)
        })
    }

    proptest! {
        #[test]
        fn what_php_writes_is_read_back(value in values()) {
            prop_assert_eq!(Value::read(&written(&value)), Some(value));
        }

        #[test]
        fn no_text_can_do_harm(text in "([abdisN][:;]|[0-9]{1,4}|[{}\":;]|\\PC){0,60}") {
            Value::read(&text);
        }

        #[test]
        fn arrays_in_arrays_end_somewhere(depth in 0_usize..5000) {
            Value::read(&"a:1:{i:0;".repeat(depth));
        }
    }
}
