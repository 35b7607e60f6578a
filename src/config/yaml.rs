//! YAML documents as trees whose nodes know their lines, for files of other programs.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Largest depth of nested mappings and sequences.
const MAX_DEPTH: usize = 32;

/// Problem of a document with its line, counted from one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct YamlError {
    pub(super) line: usize,
    pub(super) reason: String,
}

/// Value of a document with its line, counted from one.
#[derive(Debug)]
pub(super) struct Node {
    line: usize,
    value: Value,
}

#[derive(Debug)]
enum Value {
    /// Text; a plain one may mean null.
    Scalar {
        text: String,
        is_plain: bool,
    },
    Mapping(Vec<(Key, Node)>),
    Sequence,
}

/// Key of a mapping.
#[derive(Debug)]
pub(super) struct Key(String);

impl Key {
    /// Returns the text of the key.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl Node {
    /// Returns a problem of this node.
    pub(super) fn error(&self, reason: &str) -> YamlError {
        YamlError { line: self.line, reason: reason.to_owned() }
    }

    /// Returns the entries of a mapping, in their order.
    pub(super) fn entries(&self) -> Option<&[(Key, Self)]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            Value::Scalar { .. } | Value::Sequence => None,
        }
    }

    /// Returns an entry of a mapping by its key.
    pub(super) fn entry(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|(name, _)| name.0 == key).map(|(_, node)| node)
    }

    /// Returns the text of a scalar that is not null.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Returns `true` for an absent value, `~` and `null` without quotes.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, is_plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Collection that is not complete yet.
struct Open {
    line: usize,
    /// Entries of a mapping; `None` for a sequence.
    entries: Option<Vec<(Key, Node)>>,
    /// Key whose value follows.
    key: Option<Key>,
}

/// Parses one document; an empty text is null.
pub(super) fn parse(text: &str) -> Result<Node, YamlError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError {
            line: error.marker().line(),
            reason: format!("not valid YAML: {}", error.info()),
        })?;
        builder.add(event, span.start.line())?;
    }
    Ok(builder
        .root
        .unwrap_or(Node { line: 1, value: Value::Scalar { text: String::new(), is_plain: true } }))
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
}

impl Builder {
    fn add(&mut self, event: Event<'_>, line: usize) -> Result<(), YamlError> {
        let error = |reason: &str| Err(YamlError { line, reason: reason.to_owned() });
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                error("a second document begins; keep one of them")
            }
            Event::Alias(_) => error("aliases (*name) are not supported; repeat the value"),
            Event::Scalar(text, style, ..) => {
                let is_plain = style == ScalarStyle::Plain;
                self.complete(Node {
                    line,
                    value: Value::Scalar { text: text.into_owned(), is_plain },
                })
            }
            Event::MappingStart(..) | Event::SequenceStart(..) if self.open.len() >= MAX_DEPTH => {
                error("values are nested too deeply")
            }
            Event::MappingStart(..) => {
                self.open.push(Open { line, entries: Some(Vec::new()), key: None });
                Ok(())
            }
            Event::SequenceStart(..) => {
                self.open.push(Open { line, entries: None, key: None });
                Ok(())
            }
            Event::MappingEnd | Event::SequenceEnd => match self.open.pop() {
                Some(Open { line, entries, .. }) => {
                    let value = entries.map_or(Value::Sequence, Value::Mapping);
                    self.complete(Node { line, value })
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Adds a complete value to the collection that contains it.
    fn complete(&mut self, node: Node) -> Result<(), YamlError> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        let Some(entries) = &mut open.entries else { return Ok(()) };
        if let Some(key) = open.key.take() {
            entries.push((key, node));
            return Ok(());
        }
        let line = node.line;
        let Value::Scalar { text, .. } = node.value else {
            return Err(YamlError { line, reason: "a key must be a text".to_owned() });
        };
        if entries.iter().any(|(key, _)| key.0 == text) {
            return Err(YamlError { line, reason: format!("`{text}` occurs more than once") });
        }
        open.key = Some(Key(text));
        Ok(())
    }
}
