//! Problems of filters: each has an English sentence, and a code with values from which pages write it in
//! other languages.

use std::fmt;

use serde::Serialize;

use crate::domain::attribute::{AttributeType, ValueError};
use crate::domain::language::LanguageError;
use crate::domain::nearest::Hint;

/// Problem of a filter, with the values that its sentence names.
#[expect(missing_docs, reason = "the sentence of a variant names its values")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum FilterProblem {
    /// The text is longer than the limit.
    #[error(
        "the filter has {bytes} bytes; at most {limit} are allowed, so move a part of it to a segment"
    )]
    FilterTooLong { bytes: usize, limit: usize },
    /// The filter has more comparisons than the limit.
    #[error("the filter has more than {limit} comparisons; use `in (…)`")]
    TooManyComparisons { limit: usize },
    /// The filter and its segments have more comparisons than the limit.
    #[error("the filter and its segments have more than {limit} comparisons; use `in (…)`")]
    TooManyInSegments { limit: usize },
    /// The filter is nested too deeply.
    #[error("parentheses and `not` are nested more than {limit} times")]
    TooDeep { limit: usize },
    /// A parenthesis ends that did not begin.
    #[error("this `)` closes no parenthesis")]
    ClosesNothing,
    /// A comparison is followed by something else.
    #[error("expected `and`, `or` or the end of the filter, found {found}")]
    ExpectedEnd {
        #[serde(flatten)]
        found: FilterPart,
    },
    /// A comparison in parentheses is followed by something else.
    #[error("expected `and`, `or` or `)`, found {found}")]
    ExpectedClose {
        #[serde(flatten)]
        found: FilterPart,
    },
    /// A comparison begins with something else.
    #[error("expected a field such as `tag`, `not` or a parenthesis, found {found}")]
    ExpectedField {
        #[serde(flatten)]
        found: FilterPart,
    },
    /// A field is followed by something else.
    #[error("expected a comparison after `{field}`, such as =, !=, ~ or in, found {found}")]
    ExpectedComparison {
        field: String,
        #[serde(flatten)]
        found: FilterPart,
    },
    /// The word `is` is followed by something else.
    #[error("expected `empty` or `not empty` after `is`")]
    ExpectedEmpty,
    /// The word `in` is followed by something else.
    #[error("expected a list such as (\"zh\", \"en\") after `in`")]
    ExpectedList,
    /// A value of a list is followed by something else.
    #[error("expected `,` or `)`, found {found}")]
    ExpectedComma {
        #[serde(flatten)]
        found: FilterPart,
    },
    /// A comparison ends with something else.
    #[error("expected a value, found {found}")]
    ExpectedValue {
        #[serde(flatten)]
        found: FilterPart,
    },
    /// A text has no quotation marks.
    #[error("expected a value; put the text in quotation marks: \"{word}\"")]
    UnquotedText { word: String },
    /// An operator of other languages.
    #[error("unknown operator `<>`; write `!=`")]
    UnknownOperator,
    /// A text does not end.
    #[error("a text begins here and has no closing {mark}")]
    UnclosedText { mark: char },
    /// A backslash before another character.
    #[error(
        "a backslash must be followed by a quotation mark or another backslash; write `\\\\` for one backslash"
    )]
    Backslash,
    /// A text contains a control character.
    #[error("a text must not contain control characters or line breaks")]
    ControlCharacter,
    /// A word that begins with a digit.
    #[error(
        "`{text}` is not a valid number; put dates and texts in quotation marks, for example \"2026-11-29\""
    )]
    NotNumber { text: String },
    /// An exclamation mark without an equals sign.
    #[error("`!` must be followed by `=`; to negate, write `not`")]
    LoneExclamation,
    /// Quotation marks of a text processor.
    #[error("`{character}` does not mark a text; use straight quotation marks: \"")]
    OtherQuotationMark { character: char },
    /// A sign that has another form in filters.
    #[error("write `{correct}` instead of `{character}`")]
    OtherSign { character: char, correct: &'static str },
    /// A character that filters do not use.
    #[error("unexpected character {character:?}")]
    UnexpectedCharacter { character: char },
    /// Another name of a field.
    #[error("unknown field `{field}`; write `{correct}`")]
    OtherField { field: String, correct: &'static str },
    /// A field that does not exist.
    #[error(
        "unknown field or attribute `{field}`; {hint}; `courant attributes add {field} --type TYPE` creates an attribute"
    )]
    UnknownField {
        field: String,
        #[serde(flatten)]
        hint: Hint,
    },
    /// A field that cannot be an attribute, in a filter that is checked without the database.
    #[error("{sentence}")]
    AttributeName { sentence: String },
    /// A field that always has a value is tested for one.
    #[error("`{field}` is never empty; compare it with a value")]
    NeverEmpty { field: String },
    /// A part of something that is not a text.
    #[error("`{field}` is not a text, so it cannot be compared with ~; use =")]
    NotText { field: String },
    /// An order of values without one.
    #[error("values of `{field}` have no order; use = or in")]
    NoOrder { field: String },
    /// A part without characters.
    #[error("~ needs a text that is not empty")]
    EmptyPart,
    /// A value that is not a text.
    #[error("`{field}` is compared with texts; put {found} in quotation marks")]
    NotQuoted {
        field: String,
        #[serde(flatten)]
        found: FilterPart,
    },
    /// A value of another type.
    #[error(
        "`{field}` is a {expected}, so it cannot be compared with {found}; write {}", form_of(*.expected)
    )]
    OtherType {
        field: String,
        #[serde(serialize_with = "as_word")]
        expected: AttributeType,
        #[serde(flatten)]
        found: FilterPart,
    },
    /// A digest that does not exist.
    #[error("there is no digest {name:?}; {hint}")]
    UnknownDigest {
        name: String,
        #[serde(flatten)]
        hint: Hint,
    },
    /// A status that does not exist.
    #[error("{name:?} is not a status; {hint}")]
    UnknownStatus {
        name: String,
        #[serde(flatten)]
        hint: Hint,
    },
    /// A segment that does not exist.
    #[error("there is no segment {name:?}; {hint}")]
    UnknownSegment {
        name: String,
        #[serde(flatten)]
        hint: Hint,
    },
    /// A segment, while there are none.
    #[error("there is no segment {name:?}; there are no segments")]
    NoSegments { name: String },
    /// A segment in the filter of a segment.
    #[error("the filter of a segment cannot name segments; repeat the filter")]
    SegmentInSegment,
    /// A segment whose filter is not valid.
    #[error("the segment {name:?}: {sentence}")]
    InvalidSegment { name: String, sentence: String },
    /// A state that may belong to several digests.
    #[error(
        "`{field}` stands beside other fields here, so it is not clear whether it belongs to the compared digest; repeat the comparison of `digest` beside it with `and`"
    )]
    AmbiguousState { field: String },
    /// A value that an attribute cannot have.
    #[error(transparent)]
    #[serde(untagged)]
    Value(#[from] ValueError),
    /// A text that is not a language tag.
    #[error(transparent)]
    #[serde(untagged)]
    Language(#[from] LanguageError),
}

/// Part of a filter that was found instead of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterPart {
    kind: PartKind,
    found: String,
}

/// Kind of a part of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PartKind {
    /// Word or sign of the language.
    Sign,
    /// Text in quotation marks.
    Text,
    /// Number without quotation marks.
    Number,
    /// End of the filter.
    End,
}

impl FilterPart {
    pub(super) fn new(kind: PartKind, found: impl Into<String>) -> Self {
        Self { kind, found: found.into() }
    }
}

impl fmt::Display for FilterPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        match self.kind {
            PartKind::Sign => write!(f, "`{found}`"),
            PartKind::Text => write!(f, "the text {found:?}"),
            PartKind::Number => write!(f, "the number {found}"),
            PartKind::End => f.write_str("the end of the filter"),
        }
    }
}

/// Returns the form of values of a type in filters.
fn form_of(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::Number => "a number without quotation marks, for example 12",
        AttributeType::Date => "a date in quotation marks, for example \"2026-11-29\"",
        AttributeType::Boolean => "true or false, without quotation marks",
        AttributeType::Text => "a text in quotation marks",
    }
}

fn as_word<S: serde::Serializer>(kind: &AttributeType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}
