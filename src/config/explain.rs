//! Explains a configuration: the value of each key, and where it is set. Secrets are hidden.

use std::path::Path;

use super::base_dir::BaseDir;
use super::defaults::DEFAULTS;
use super::document::{Document, Spanned, Table, Value};
use super::environment;
use super::error::ConfigError;
use super::error::Diagnostics;
use super::keys::{TABLES, TableSchema};
use super::quoting::quote_text;
use super::redaction::{HIDDEN, is_secret, redact_url};
use crate::domain::definition::Definition;

/// Origin of a setting that is not set.
pub const DEFAULT_ORIGIN: &str = "default";

/// Key of a configuration with its value and where it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name of the section; empty for a key outside of all sections.
    pub section: &'static str,
    /// Name of the table in a list section.
    pub table: Option<String>,
    /// Key in the table.
    pub key: String,
    /// Value as TOML; a secret is hidden.
    pub value: String,
    /// File and line, environment variable, definition in the database, or [`DEFAULT_ORIGIN`].
    pub origin: String,
}

/// Returns the keys of a configuration in the order of its sections; with `defaults`, also the keys that
/// are not set and have the same default in every configuration.
///
/// # Errors
/// If the text is not valid TOML, or a variable cannot be applied.
pub fn explain(
    path: &Path,
    text: &str,
    env: impl Iterator<Item = (String, String)>,
    definitions: &[Definition],
    defaults: bool,
) -> Result<Vec<Setting>, ConfigError> {
    let mut diagnostics = Diagnostics::default();
    let base_dir = BaseDir::from_config_path(path);
    let mut document = Document::read(text, &mut diagnostics);
    environment::apply_overrides(&mut document, env, base_dir.path(), &mut diagnostics);
    for definition in definitions {
        document.add_definition(definition, &mut diagnostics);
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics.into_error(path));
    }
    let mut settings = Vec::new();
    for section in TABLES {
        for table in document.tables(section) {
            add_table(&mut settings, section, table, path);
            if defaults {
                add_defaults(&mut settings, section, table);
            }
        }
    }
    Ok(settings)
}

fn add_table(
    settings: &mut Vec<Setting>,
    section: &'static TableSchema,
    table: &Table,
    path: &Path,
) {
    // In the order of the keys in the documentation.
    for (key, _) in section.keys {
        let Some(entry) = table.entries.get(*key) else { continue };
        settings.push(Setting {
            section: section.name,
            table: table.name().filter(|_| section.is_list).map(str::to_owned),
            key: (*key).to_owned(),
            value: shown(key, entry),
            origin: entry.location.within(path),
        });
    }
}

fn add_defaults(settings: &mut Vec<Setting>, section: &'static TableSchema, table: &Table) {
    let of_section = DEFAULTS.iter().find(|(name, _)| *name == section.name);
    let keys = of_section.map_or(&[][..], |(_, keys)| keys);
    for (key, value) in keys.iter().filter(|(key, _)| !table.entries.contains_key(*key)) {
        settings.push(Setting {
            section: section.name,
            table: table.name().map(str::to_owned),
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            origin: DEFAULT_ORIGIN.to_owned(),
        });
    }
}

/// Returns the value of a key as TOML, with a secret hidden.
fn shown(key: &str, entry: &Spanned) -> String {
    match &entry.value {
        Value::Text(text) if is_secret(key) && !text.is_empty() => HIDDEN.to_owned(),
        Value::Text(text) if key.ends_with("url") => quote_text(&redact_url(text)),
        value => as_toml(value),
    }
}

fn as_toml(value: &Value) -> String {
    match value {
        Value::Text(text) => quote_text(text),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::List(elements) => {
            let elements: Vec<String> = elements.iter().map(|e| as_toml(&e.value)).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Table(texts) => inline(texts.iter().map(|(key, entry)| (key.as_str(), entry))),
        Value::Tables(tables) => {
            let tables = tables.iter().map(|table| {
                inline(table.entries.iter().map(|(key, entry)| (key.as_str(), entry)))
            });
            format!("[{}]", tables.collect::<Vec<_>>().join(", "))
        }
        Value::Other(what) => format!("<{what}>"),
    }
}

fn inline<'a>(entries: impl Iterator<Item = (&'a str, &'a Spanned)>) -> String {
    let pairs: Vec<String> =
        entries.map(|(key, entry)| format!("{key} = {}", as_toml(&entry.value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;
    use crate::domain::definition::DefinitionKind;

    const FILE: &str = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\npostal_address = \"1 Road\"\n\
        [[sources]]\nname = \"college\"\n[[feeds]]\nname = \"news\"\nprivate = \"0123456789abcdef\"\n\
        [[digests]]\nname = \"weekly\"\nschedule = \"0 8 * * MON\"\nfrom = \"N <n@example.edu>\"\n\
        [[transports]]\nname = \"default\"\nurl = \"smtp://127.0.0.1\"\nusername = \"u\"\npassword = \"hush\"\n\
        [[publish]]\nname = \"cdn\"\nurl = \"file:///srv/feeds\"\n";

    fn settings(defaults: bool) -> Vec<Setting> {
        let variable = ("COURANT__SERVER__LISTEN".to_owned(), "127.0.0.1:9".to_owned());
        let campus = Definition {
            kind: DefinitionKind::Feed,
            name: "campus".into(),
            body: "items = 5\ntitles = { zh = \"校园\" }\n".into(),
        };
        explain(Path::new("/c.toml"), FILE, [variable].into_iter(), &[campus], defaults).unwrap()
    }

    #[test]
    fn each_key_is_shown_with_its_origin_and_without_secrets() {
        let all = settings(true);
        let find = |section: &str, table: Option<&str>, key: &str| {
            let is_it =
                |s: &&Setting| (s.section, s.table.as_deref(), &*s.key) == (section, table, key);
            all.iter().find(is_it).map(|s| (s.value.as_str(), s.origin.as_str()))
        };
        assert_eq!(find("site", None, "title"), Some(("\"T\"", "/c.toml:2")));
        assert_eq!(
            find("server", None, "listen"),
            Some(("\"127.0.0.1:9\"", "COURANT__SERVER__LISTEN"))
        );
        assert_eq!(
            find("feeds", Some("campus"), "items"),
            Some(("5", "feed \"campus\" in the database, line 1"))
        );
        assert_eq!(find("feeds", Some("campus"), "titles").unwrap().0, "{ zh = \"校园\" }");
        assert_eq!(find("feeds", Some("news"), "items"), Some(("50", "default")));
        assert_eq!(find("feeds", Some("news"), "private").unwrap().0, "\"***\"");
        assert!(all.iter().all(|s| !s.value.contains("hush") && !s.value.contains("0123456789")));
        assert!(settings(false).iter().all(|s| s.origin != "default"));
    }

    #[test]
    fn a_default_is_the_value_of_a_key_that_is_not_set() {
        let parse = |text: &str| Config::parse(Path::new("/c.toml"), text, std::iter::empty());
        let without_locations = |config: &Config| {
            let text = format!("{config:?}");
            let mut parts = text.split("location: ");
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |text, part| {
                text + part.split_once(" }").map_or(part, |(_, rest)| rest)
            })
        };
        let expected = without_locations(&parse(FILE).unwrap());
        let mut tables: BTreeMap<&str, &str> = FILE
            .lines()
            .filter(|line| line.starts_with('['))
            .map(|l| (l.trim_matches(['[', ']']), l))
            .collect();
        for name in ["database", "server", "websub"] {
            tables.insert(name, "");
        }
        for (section, keys) in DEFAULTS {
            for (key, value) in *keys {
                let line = format!("{key} = {value}\n");
                let text = match tables[section] {
                    "" => format!("{FILE}[{section}]\n{line}"),
                    // A repeated key is an error, so the file sets none that has a default.
                    header => {
                        FILE.replacen(&format!("{header}\n"), &format!("{header}\n{line}"), 1)
                    }
                };
                let with = parse(&text).unwrap_or_else(|e| panic!("{section}.{key}: {e}"));
                assert_eq!(without_locations(&with), expected, "{section}.{key}");
            }
        }
    }
}
