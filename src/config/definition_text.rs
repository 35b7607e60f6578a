//! The text of a definition: its former names, its differences from another version, and its table for
//! the config file.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::keys;
use super::quoting::quote_text;
use super::redaction::{HIDDEN, is_secret};
use crate::domain::definition::{Definition, DefinitionKind};

/// Key that lists the former names of a table.
const WAS: &str = "was";

/// Difference between two versions of a definition in one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// Key of the definition.
    pub key: String,
    /// Former value as TOML; `None` if the key was added.
    pub before: Option<String>,
    /// New value as TOML; `None` if the key was removed.
    pub after: Option<String>,
}

/// Returns the former names that the text of a definition lists; none if it is not valid TOML.
pub fn former_names(body: &str) -> Vec<String> {
    let table = body.parse::<toml::Table>().unwrap_or_default();
    let names = table.get(WAS).and_then(toml::Value::as_array).into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Returns the text of a definition with these former names instead of its own; the other lines are
/// unchanged, with their comments.
pub fn with_former_names(body: &str, names: &[String]) -> String {
    let list = toml::Value::from(names.to_vec()).to_string();
    let (table, _) = DeTable::parse_recoverable(body);
    let found = table.get_ref().iter().find(|(key, _)| key.get_ref() == WAS);
    match found.map(|(key, value)| (key.span(), value.span())) {
        Some((_, value)) if !names.is_empty() => {
            let (before, after) = (body.get(..value.start), body.get(value.end..));
            format!("{}{list}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        Some((key, value)) => {
            let line_end = body.get(value.end..).and_then(|rest| rest.find('\n'));
            let rest = line_end.map_or("", |at| body.get(value.end + at + 1..).unwrap_or_default());
            format!("{}{rest}", body.get(..key.start).unwrap_or_default())
        }
        None if names.is_empty() => body.to_owned(),
        None => format!("{WAS} = {list}\n{body}"),
    }
}

/// Returns the keys in which two versions of a definition differ, in alphabetical order; `None` is a
/// version without the definition.
pub fn compare_definitions(before: Option<&str>, after: Option<&str>) -> Vec<KeyChange> {
    let parse = |body: Option<&str>| {
        body.and_then(|body| body.parse::<toml::Table>().ok()).unwrap_or_default()
    };
    let (before, after) = (parse(before), parse(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |key: &String| {
        let (old, new) = (before.get(key), after.get(key));
        (old != new).then(|| KeyChange {
            key: key.clone(),
            before: old.map(|value| shown(key, value)),
            after: new.map(|value| shown(key, value)),
        })
    };
    keys.into_iter().filter_map(change).collect()
}

/// Returns a value as TOML, with a secret hidden.
fn shown(key: &str, value: &toml::Value) -> String {
    if is_secret(key) { HIDDEN.to_owned() } else { value.to_string() }
}

/// Returns the value of a key in a [`KeyChange`] as JSON; `None` for a hidden secret.
pub fn shown_value(text: &str) -> Option<serde_json::Value> {
    let mut table = format!("value = {text}").parse::<toml::Table>().ok()?;
    serde_json::to_value(table.remove("value")?).ok()
}

/// Returns definitions as tables that the config file accepts.
pub fn export_definitions(definitions: &[Definition]) -> String {
    let table = |definition: &Definition| {
        let section = section_of(definition.kind).name;
        let end = if definition.body.ends_with('\n') { "" } else { "\n" };
        format!("[[{section}]]\nname = {}\n{}{end}", quote_text(&definition.name), definition.body)
    };
    definitions.iter().map(table).collect::<Vec<_>>().join("\n")
}

/// Returns the section of the config file that has the tables of a kind of definition.
pub(super) fn section_of(kind: DefinitionKind) -> &'static keys::TableSchema {
    match kind {
        DefinitionKind::Feed => &keys::FEEDS,
        DefinitionKind::Digest => &keys::DIGESTS,
        DefinitionKind::Segment => &keys::SEGMENTS,
        DefinitionKind::Webhook => &keys::WEBHOOKS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn former_names_are_replaced_and_the_other_lines_are_kept() {
        let (one, two) = (names(&["one"]), names(&["one", "two"]));
        for (body, names, expected) in [
            ("# a\nitems = 5\n", &one, "was = [\"one\"]\n# a\nitems = 5\n"),
            (
                "items = 5\nwas = [ 'zero',\n 'y' ] # b\nx = 1\n",
                &two,
                "items = 5\nwas = [\"one\", \"two\"] # b\nx = 1\n",
            ),
            ("items = 5\nwas = ['a'] # b\n# c\n", &Vec::new(), "items = 5\n# c\n"),
            ("was = ['a']", &Vec::new(), ""),
            ("items = 5", &Vec::new(), "items = 5"),
        ] {
            assert_eq!(with_former_names(body, names), expected);
            assert_eq!(former_names(expected), *names);
        }
    }

    #[test]
    fn versions_differ_by_the_values_of_their_keys() {
        let changes = compare_definitions(
            Some("title = 'A' # x\nitems = 5\ntitles = { zh = '新' }\n"),
            Some("items = 5\ntitle = \"B\"\ntags = ['x']\n"),
        );
        let change = |key: &str, before: Option<&str>, after: Option<&str>| KeyChange {
            key: key.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        assert_eq!(
            changes,
            [
                change("tags", None, Some("[\"x\"]")),
                change("title", Some("\"A\""), Some("\"B\"")),
                change("titles", Some("{ zh = \"新\" }"), None),
            ]
        );
        assert_eq!(compare_definitions(Some("a = 1\n"), Some("a = 1 # b\n")), []);
    }
}
