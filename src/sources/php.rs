//! Parser for PHP's `serialize` format, in which Drupal and WordPress store settings. An object is
//! read as the array of its properties.

/// Maximum nesting depth of arrays.
const MAX_DEPTH: usize = 40;

/// PHP value; arrays keep their order, and their keys are text.
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
    /// Parses a complete serialized value; `None` if it is truncated or contains an unsupported
    /// type.
    pub(super) fn parse(serialized: &str) -> Option<Self> {
        let mut parser = Parser(serialized.as_bytes());
        let value = parser.value(0)?;
        parser.0.is_empty().then_some(value)
    }

    /// Returns the element of an array with this key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Returns the text of an element; empty if it is missing or not text.
    pub(super) fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    /// Returns the elements of an array in order; empty for other values.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Array(entries) => entries,
            _ => &[],
        }
    }

    /// Returns `true` for an array without elements.
    pub(super) fn is_empty_array(&self) -> bool {
        matches!(self, Self::Array(entries) if entries.is_empty())
    }

    /// Returns `true` if the element converts to true in PHP.
    pub(super) fn is_truthy(&self, key: &str) -> bool {
        match self.get(key) {
            Some(Self::Bool(on)) => *on,
            Some(Self::Int(number)) => *number != 0,
            Some(Self::Float(number)) => *number != 0.0,
            Some(Self::Text(text)) => !matches!(text.as_str(), "" | "0"),
            Some(Self::Array(entries)) => !entries.is_empty(),
            Some(Self::Null) | None => false,
        }
    }

    /// Returns an element as an integer; 0 if it is missing or not a number.
    pub(super) fn number(&self, key: &str) -> i64 {
        match self.get(key) {
            Some(Self::Int(number)) => *number,
            Some(Self::Text(text)) => text.trim().parse().unwrap_or_default(),
            _ => 0,
        }
    }
}

/// Recursive-descent parser over the remaining input.
struct Parser<'a>(&'a [u8]);

impl<'a> Parser<'a> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
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
            b'a' => self.entries(depth)?,
            b'O' => {
                self.text()?;
                self.expect(b":")?;
                self.entries(depth)?
            }
            _ => return None,
        })
    }

    /// Parses `COUNT:{…}`, the elements of an array or the properties of an object.
    fn entries(&mut self, depth: usize) -> Option<Value> {
        let count: usize = self.until(b':')?.parse().ok()?;
        self.expect(b"{")?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let key = match self.value(MAX_DEPTH)? {
                // PHP writes `\0*\0name` for a protected property.
                Value::Text(key) => key.rsplit('\0').next().unwrap_or_default().to_owned(),
                Value::Int(key) => key.to_string(),
                _ => return None,
            };
            entries.push((key, self.value(depth + 1)?));
        }
        self.expect(b"}")?;
        Some(Value::Array(entries))
    }

    /// Parses `LENGTH:"TEXT"`, with the length in bytes.
    fn text(&mut self) -> Option<String> {
        let length: usize = self.until(b':')?.parse().ok()?;
        self.expect(b"\"")?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        self.expect(b"\"")?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// Consumes the input up to and including `end`; returns the text before it.
    fn until(&mut self, end: u8) -> Option<&'a str> {
        let at = self.0.iter().position(|byte| *byte == end)?;
        let (text, rest) = self.0.split_at(at);
        self.0 = &rest[1..];
        str::from_utf8(text).ok()
    }

    /// Consumes these bytes; `None` if the input does not start with them.
    fn expect(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the value as PHP's `serialize` writes it.
    fn serialize(value: &Value) -> String {
        match value {
            Value::Null => "N;".to_owned(),
            Value::Bool(on) => format!("b:{};", i32::from(*on)),
            Value::Int(number) => format!("i:{number};"),
            Value::Float(number) => format!("d:{number};"),
            Value::Text(text) => format!("s:{}:\"{text}\";", text.len()),
            Value::Array(entries) => {
                let inside: String = entries
                    .iter()
                    .map(|(key, value)| format!("s:{}:\"{key}\";{}", key.len(), serialize(value)))
                    .collect();
                format!("a:{}:{{{inside}}}", entries.len())
            }
        }
    }

    #[test]
    fn serialized_configuration_is_parsed() {
        let format = "a:3:{s:6:\"format\";s:10:\"plain_text\";s:6:\"status\";b:1;s:7:\"filters\";a:1:{s:12:\"filter_autop\";a:2:{s:6:\"status\";i:1;s:6:\"weight\";i:-5;}}}";
        let value = Value::parse(format).unwrap();
        assert_eq!((value.text("format"), value.is_truthy("status")), ("plain_text", true));
        let (name, filter) = &value.get("filters").unwrap().entries()[0];
        assert_eq!(
            (name.as_str(), filter.is_truthy("status"), filter.number("weight")),
            ("filter_autop", true, -5)
        );
        assert_eq!(Value::parse("a:1:{i:0;s:6:\"校园\";}").unwrap().text("0"), "校园");
        let object = "O:7:\"Section\":1:{s:9:\"\0*\0region\";s:5:\"first\";}";
        assert_eq!(Value::parse(object).unwrap().text("region"), "first");
        for broken in [
            "",
            "a:1:{i:0;",
            "s:9:\"short\";",
            "O:8:\"stdClass\":1:{}",
            "b:1;x",
            "i:1e3;",
            "a:-1:{}",
        ] {
            assert_eq!(Value::parse(broken), None, "{broken}");
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
        fn serialized_values_round_trip(value in values()) {
            prop_assert_eq!(Value::parse(&serialize(&value)), Some(value));
        }

        #[test]
        fn parsing_never_panics(text in "([abdisN][:;]|[0-9]{1,4}|[{}\":;]|\\PC){0,60}") {
            Value::parse(&text);
        }

        #[test]
        fn deep_nesting_does_not_overflow_the_stack(depth in 0_usize..5000) {
            Value::parse(&"a:1:{i:0;".repeat(depth));
        }
    }
}
