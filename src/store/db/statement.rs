//! Statements: SQL with named parameters and named fragments, assembled once for each engine.

use std::sync::{Arc, OnceLock};

use super::Engine;
use crate::store::dialect;

/// Deepest nesting of fragments; a fragment that contains itself ends there.
const MAX_DEPTH: usize = 8;

/// One SQL statement of the program, written once for both engines.
///
/// `$name` is a parameter, bound by its name. `{name}` is a fragment: one of the statement's own,
/// or one that depends on the engine ([`dialect::expand`]), such as `{now}` or `{json_ids $ids}`.
/// Neither is replaced inside a quoted text. Comments (`-- …`) are removed.
#[derive(Debug)]
pub(crate) struct Statement {
    text: &'static str,
    fragments: &'static [(&'static str, &'static str)],
    assembled: [OnceLock<Arc<AssembledStatement>>; 2],
}

/// A statement as it is sent to one engine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AssembledStatement {
    /// SQL with the parameters `$1`, `$2`, …
    pub(super) sql: Arc<str>,
    /// Names of the parameters, in the order of their numbers.
    pub(super) parameters: Vec<String>,
    /// `true` if PostgreSQL plans each execution for its values.
    pub(super) is_planned_for_values: bool,
}

impl Statement {
    /// Creates a statement without fragments of its own.
    pub(crate) const fn new(text: &'static str) -> Self {
        Self::with(text, &[])
    }

    /// Creates a statement with fragments: pairs of a name and SQL, which may itself contain
    /// parameters and fragments.
    pub(crate) const fn with(
        text: &'static str,
        fragments: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { text, fragments, assembled: [const { OnceLock::new() }; 2] }
    }

    /// Returns the statement for an engine, assembled by the first call.
    pub(super) fn for_engine(&self, engine: Engine) -> Arc<AssembledStatement> {
        let slot = &self.assembled[engine as usize];
        Arc::clone(
            slot.get_or_init(|| {
                Arc::new(AssembledStatement::new(engine, self.text, self.fragments))
            }),
        )
    }

    /// Returns the statement that shows how SQLite runs this one, a step per row in `detail`.
    #[cfg(test)]
    pub(crate) fn explained(&self) -> Arc<AssembledStatement> {
        let text = format!("EXPLAIN QUERY PLAN {}", self.text);
        Arc::new(AssembledStatement::new(Engine::Sqlite, &text, self.fragments))
    }
}

impl AssembledStatement {
    /// Assembles SQL whose text depends on values that are known only at run time, such as the
    /// number of terms of a selection.
    pub(crate) fn new(engine: Engine, text: &str, fragments: &[(&str, &str)]) -> Self {
        let mut assembler =
            Assembler { engine, fragments, sql: String::new(), parameters: Vec::new() };
        assembler.append(text, 0);
        Self {
            sql: assembler.sql.trim_end().into(),
            parameters: assembler.parameters,
            is_planned_for_values: false,
        }
    }

    /// Lets PostgreSQL plan each execution for its values, for statements whose best plan depends on them:
    /// a plan for any text cannot use an index of trigrams.
    pub(crate) fn planned_for_values(self) -> Self {
        Self { is_planned_for_values: true, ..self }
    }
}

struct Assembler<'a> {
    engine: Engine,
    fragments: &'a [(&'a str, &'a str)],
    sql: String,
    parameters: Vec<String>,
}

impl Assembler<'_> {
    fn append(&mut self, text: &str, depth: usize) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let taken = match c {
                '\'' | '"' => self.append_quoted(rest, c),
                '$' => self.append_parameter(rest),
                '{' => self.append_fragment(rest, depth),
                '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
                c if c.is_whitespace() => self.append_space(c),
                c => self.append_char(c),
            };
            rest = &rest[taken..];
        }
    }

    fn append_char(&mut self, c: char) -> usize {
        self.sql.push(c);
        c.len_utf8()
    }

    /// Appends one space for any run of white space, so that the layout of a statement is not sent.
    fn append_space(&mut self, c: char) -> usize {
        if !self.sql.is_empty() && !self.sql.ends_with([' ', '(']) {
            self.sql.push(' ');
        }
        c.len_utf8()
    }

    fn append_quoted(&mut self, rest: &str, quote: char) -> usize {
        let length = rest[1..].find(quote).map_or(rest.len(), |end| end + 2);
        self.sql.push_str(&rest[..length]);
        length
    }

    fn append_parameter(&mut self, rest: &str) -> usize {
        let name: &str = &rest[1..];
        let length =
            name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        let name = &name[..length];
        let index = self.parameters.iter().position(|known| known == name).unwrap_or_else(|| {
            self.parameters.push(name.to_owned());
            self.parameters.len() - 1
        });
        self.sql.push_str(&format!("${}", index + 1));
        1 + length
    }

    fn append_fragment(&mut self, rest: &str, depth: usize) -> usize {
        let Some(end) = rest.find('}').filter(|_| depth < MAX_DEPTH) else {
            return self.append_char('{');
        };
        let name = &rest[1..end];
        let own = self.fragments.iter().find(|(known, _)| *known == name);
        match own.map(|(_, text)| (*text).to_owned()).or_else(|| dialect::expand(self.engine, name))
        {
            Some(text) => self.append(&text, depth + 1),
            // The database reports the unknown fragment as a syntax error.
            None => self.sql.push_str(&rest[..=end]),
        }
        end + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assemble(text: &str, fragments: &[(&str, &str)]) -> (String, Vec<String>) {
        let assembled = AssembledStatement::new(Engine::Sqlite, text, fragments);
        (assembled.sql.to_string(), assembled.parameters)
    }

    #[test]
    fn parameters_are_numbered_in_the_order_of_their_first_use() {
        let (sql, parameters) =
            assemble("UPDATE t SET a = $value, b = $other WHERE a <> $value AND id = $id", &[]);
        assert_eq!(sql, "UPDATE t SET a = $1, b = $2 WHERE a <> $1 AND id = $3");
        assert_eq!(parameters, ["value", "other", "id"]);
    }

    #[test]
    fn fragments_may_contain_parameters_and_fragments() {
        let fragments =
            [("free", "(lease_until < {now_ms} AND node <> $node)"), ("now_ms", "$now")];
        let (sql, parameters) = assemble("SELECT id FROM t WHERE {free} AND n = $now", &fragments);
        assert_eq!(sql, "SELECT id FROM t WHERE (lease_until < $1 AND node <> $2) AND n = $1");
        assert_eq!(parameters, ["now", "node"]);
    }

    #[test]
    fn quoted_texts_are_kept_and_layout_and_comments_are_removed() {
        let (sql, parameters) = assemble(
            "\n    SELECT '$.name', \"{x}\",   'it''s  $5'  -- the reader's $name\n      FROM (\n  t )\n",
            &[],
        );
        assert_eq!(sql, "SELECT '$.name', \"{x}\", 'it''s  $5' FROM (t )");
        assert!(parameters.is_empty());
    }

    #[test]
    fn an_unknown_fragment_and_an_endless_one_are_left_for_the_database_to_reject() {
        assert_eq!(assemble("SELECT {unknown}", &[]).0, "SELECT {unknown}");
        let (sql, _) = assemble("SELECT {a}", &[("a", "1 + {a}")]);
        assert!(sql.ends_with("{a}"), "{sql}");
    }
}
