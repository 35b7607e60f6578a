//! Filters of Ghost's collections, in the part of its filter language (NQL) that decides by tags,
//! authors and flags.

use std::fmt;
use std::str::FromStr;

/// Fields that a filter may test, with Ghost's other names for them.
const FIELDS: [(&str, Field); 14] = [
    ("tag", Field::Tag),
    ("tags", Field::Tag),
    ("tags.slug", Field::Tag),
    ("author", Field::Author),
    ("authors", Field::Author),
    ("authors.slug", Field::Author),
    ("primary_tag", Field::PrimaryTag),
    ("primary_tag.slug", Field::PrimaryTag),
    ("primary_author", Field::PrimaryAuthor),
    ("primary_author.slug", Field::PrimaryAuthor),
    ("featured", Field::Featured),
    ("slug", Field::Slug),
    ("id", Field::Id),
    ("visibility", Field::Visibility),
];
/// Maximum nesting depth of parentheses.
const MAX_DEPTH: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Tag,
    Author,
    PrimaryTag,
    PrimaryAuthor,
    Featured,
    Slug,
    Id,
    Visibility,
}

/// The values of a post that filters test.
#[derive(Debug, Clone, Default)]
pub struct GhostPostValues<'p> {
    /// Slugs of all tags, internal ones included, in the editors' order.
    pub tags: Vec<&'p str>,
    /// Slugs of the authors, in the editors' order.
    pub authors: Vec<&'p str>,
    /// Slug of the first tag; `None` if it is internal or missing.
    pub primary_tag: Option<&'p str>,
    /// `true` if editors marked the post as featured.
    pub is_featured: bool,
    /// Last segment of the post's usual URL.
    pub slug: &'p str,
    /// Ghost's id of the post.
    pub id: &'p str,
    /// Audience of the post: `public`, `members`, `paid` or `tiers`.
    pub visibility: &'p str,
}

/// A parsed filter with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GhostFilter {
    text: String,
    expression: Expression,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    /// `true` if the field has one of the values, or none of them if negated; `None` is `null`.
    Test {
        field: Field,
        is_negated: bool,
        values: Vec<Option<String>>,
    },
}

impl GhostFilter {
    /// Returns `true` if the filter selects a post.
    pub fn matches(&self, post: &GhostPostValues<'_>) -> bool {
        self.expression.matches(post)
    }
}

impl fmt::Display for GhostFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Expression {
    fn matches(&self, post: &GhostPostValues<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(post)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(post)),
            Self::Test { field, is_negated, values } => {
                let own = field.values(post);
                let has = |value: &Option<String>| match value {
                    Some(value) => own.contains(&value.as_str()),
                    None => own.is_empty(),
                };
                values.iter().any(has) != *is_negated
            }
        }
    }
}

impl Field {
    fn values<'p>(self, post: &GhostPostValues<'p>) -> Vec<&'p str> {
        match self {
            Self::Tag => post.tags.clone(),
            Self::Author => post.authors.clone(),
            Self::PrimaryTag => post.primary_tag.into_iter().collect(),
            Self::PrimaryAuthor => post.authors.first().copied().into_iter().collect(),
            Self::Featured => vec![if post.is_featured { "true" } else { "false" }],
            Self::Slug => vec![post.slug],
            Self::Id => vec![post.id],
            Self::Visibility => vec![post.visibility],
        }
    }
}

impl FromStr for GhostFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0 };
        let expression = parser.any(0)?;
        match parser.peek() {
            None => Ok(Self { text: text.to_owned(), expression }),
            Some(_) => Err(parser.error("expected `+`, `,` or the end of the filter")),
        }
    }
}

/// Recursive-descent parser; `at` is a byte offset.
struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    /// Parses alternatives, separated by commas.
    fn any(&mut self, depth: usize) -> Result<Expression, String> {
        let mut parts = vec![self.all(depth)?];
        while self.accept(',') {
            parts.push(self.all(depth)?);
        }
        Ok(Expression::Any(parts))
    }

    /// Parses conditions that all must hold, separated by `+`.
    fn all(&mut self, depth: usize) -> Result<Expression, String> {
        let mut parts = vec![self.one(depth)?];
        while self.accept('+') {
            parts.push(self.one(depth)?);
        }
        Ok(Expression::All(parts))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err(self.error("parentheses are nested too deeply"));
        }
        if self.accept('(') {
            let inside = self.any(depth + 1)?;
            self.expect(')')?;
            return Ok(inside);
        }
        let field = self.field()?;
        self.expect(':')?;
        let is_negated = self.accept('-');
        let mut values = Vec::new();
        if self.accept('[') {
            values.push(self.value(field)?);
            while self.accept(',') {
                values.push(self.value(field)?);
            }
            self.expect(']')?;
        } else {
            values.push(self.value(field)?);
        }
        Ok(Expression::Test { field, is_negated, values })
    }

    fn field(&mut self) -> Result<Field, String> {
        self.peek();
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        let name = &rest[..end.unwrap_or(rest.len())];
        let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) else {
            return Err(self.error(
                "expected tag, author, primary_tag, primary_author, featured, slug, id or visibility",
            ));
        };
        self.at += name.len();
        Ok(*field)
    }

    /// Parses a word or a quoted text; the word `null` is `None`.
    fn value(&mut self, field: Field) -> Result<Option<String>, String> {
        self.peek();
        let start = self.at;
        let quote = self.text[start..].chars().next().filter(|c| matches!(c, '\'' | '"'));
        self.at += usize::from(quote.is_some());
        let (mut value, mut is_closed) = (String::new(), quote.is_none());
        while let Some(c) = self.text[self.at..].chars().next() {
            let ends = c.is_whitespace() || "+,()[]'\"<>=~:".contains(c);
            match quote {
                Some(quote) if c == quote => {
                    self.at += 1;
                    is_closed = true;
                    break;
                }
                None if ends => break,
                _ => {}
            }
            self.at += c.len_utf8();
            // A backslash precedes a character that would otherwise end the value.
            let escaped = self.text[self.at..].chars().next().filter(|_| c == '\\');
            self.at += escaped.map_or(0, char::len_utf8);
            value.push(escaped.unwrap_or(c));
        }
        let is_flag = matches!(value.as_str(), "true" | "false");
        let problem = if !is_closed {
            "this quotation mark is not closed"
        } else if value.is_empty() {
            "expected a value; only `-` may precede it"
        } else if field == Field::Featured && !is_flag {
            "expected true or false"
        } else {
            return Ok((quote.is_some() || value != "null").then_some(value));
        };
        self.at = start;
        Err(self.error(problem))
    }

    /// Skips spaces, and returns the next character.
    fn peek(&mut self) -> Option<char> {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest.chars().next()
    }

    fn accept(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        self.at += if is_next { wanted.len_utf8() } else { 0 };
        is_next
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.accept(wanted) { Ok(()) } else { Err(self.error(&format!("expected `{wanted}`"))) }
    }

    fn error(&self, problem: &str) -> String {
        let position = self.text[..self.at].chars().count() + 1;
        format!("`{}`, character {position}: {problem}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn selects(filter: &str) -> bool {
        let post = GhostPostValues {
            tags: vec!["radio", "hash-long", "news"],
            authors: vec!["mei", "tom"],
            primary_tag: Some("radio"),
            is_featured: true,
            slug: "open-day",
            id: "6b02",
            visibility: "public",
        };
        filter.parse::<GhostFilter>().unwrap_or_else(|e| panic!("{e}")).matches(&post)
    }

    #[test]
    fn a_filter_selects_the_posts_that_ghost_selects() {
        for filter in [
            "tag:news",
            "tags:hash-long",
            "tag:-video",
            "tag:[video,news]",
            "tag:-[video,photo]",
            "primary_tag:radio+featured:true",
            "primary_tag:news,author:tom",
            "(tag:video,tag:news)+primary_author:mei",
            "tag:video+tag:photo,slug:'open-day'",
            " featured:-false + visibility:\"public\" ",
            "primary_tag:-null",
        ] {
            assert!(selects(filter), "{filter}");
        }
        for filter in [
            "tag:video",
            "tag:-radio",
            "primary_tag:news",
            "primary_author:tom",
            "featured:false",
            "tag:-[video,news]",
            "tag:news+(tag:video,author:ann)",
            "tag:null",
        ] {
            assert!(!selects(filter), "{filter}");
        }
    }

    #[test]
    fn a_filter_that_is_not_understood_is_rejected_with_its_position() {
        for (filter, position) in [
            ("", 1),
            ("tag:", 5),
            ("tag:news+title:x", 10),
            ("tag:~'radio'", 5),
            ("published_at:>2020", 1),
            ("featured:yes", 10),
            ("tag:'校园'+tag:'open", 14),
            ("(tag:a,tag:b", 13),
            ("tag:a tag:b", 7),
            ("tag:[a,b", 9),
            ("tag:--a,", 9),
        ] {
            let error = filter.parse::<GhostFilter>().unwrap_err();
            assert!(error.contains(&format!("character {position}:")), "{filter}: {error}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "(tag:|featured:|[-+,()'\\[\\]\\\\]|校|true|null){0,20}") {
            text.parse::<GhostFilter>().ok();
        }
    }
}
