//! Attributes of subscribers: their creation and removal, and values with the type of their attribute.

use std::collections::BTreeMap;

use serde_json::Value;

use super::LineProblem;
use crate::config::Config;
use crate::domain::actor::Actor;
use crate::domain::attribute::{AttributeType, AttributeValue, TypeGuess, validate_name};
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// Attributes of an installation with their types.
#[derive(Debug, Clone, Default)]
pub struct KnownAttributes(BTreeMap<String, AttributeType>);

impl KnownAttributes {
    /// Reads the attributes that exist.
    pub async fn read(store: &Store) -> StoreResult<Self> {
        let all = store.attributes().list().await?;
        Ok(Self(all.into_iter().map(|one| (one.name, one.attribute_type)).collect()))
    }

    /// Returns the type of an attribute, if it exists.
    pub fn type_of(&self, name: &str) -> Option<AttributeType> {
        self.0.get(name).copied()
    }

    /// Returns the names of all attributes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Parses values written as `NAME=VALUE`; the type of a new attribute is that of its value.
    ///
    /// # Errors
    /// One sentence about the first one that is not valid.
    pub fn parse_pairs(
        &self,
        pairs: &[String],
    ) -> Result<BTreeMap<String, AttributeValue>, String> {
        let mut values = BTreeMap::new();
        for pair in pairs {
            let (name, text) = pair.split_once('=').ok_or_else(|| {
                format!(
                    "{pair:?} is not a valid attribute; write NAME=VALUE, for example city=Berlin"
                )
            })?;
            let (name, text) = (name.trim(), text.trim());
            validate_name(name)?;
            let kind = self.type_of(name).unwrap_or_else(|| AttributeType::of_value(text));
            let value = kind.value(text).map_err(|reason| format!("`{name}`: {reason}"))?;
            values.insert(name.to_owned(), value);
        }
        Ok(values)
    }

    /// Parses a value of JSON: a text, a number or a boolean. The type of a new attribute is that of its
    /// value; a text can also be a date.
    ///
    /// # Errors
    /// One sentence if the name or the value is not valid.
    pub fn parse_json(&self, name: &str, value: &Value) -> Result<AttributeValue, String> {
        validate_name(name)?;
        let (text, new_type) = match value {
            Value::String(text) if AttributeType::Date.value(text).is_ok() => {
                (text.clone(), AttributeType::Date)
            }
            Value::String(text) => (text.clone(), AttributeType::Text),
            Value::Number(number) => (number.to_string(), AttributeType::Number),
            Value::Bool(flag) => (flag.to_string(), AttributeType::Boolean),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                return Err("write a text, a number, `true` or `false`".to_owned());
            }
        };
        Ok(self.type_of(name).unwrap_or(new_type).value(&text)?)
    }

    /// Rejects names of attributes that do not exist.
    ///
    /// # Errors
    /// One sentence that lists the existing ones.
    pub fn check_names(&self, names: &[String]) -> Result<(), String> {
        match names.iter().find(|name| !self.0.contains_key(*name)) {
            None => Ok(()),
            Some(unknown) => {
                let known = self.names().collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "none" } else { &known };
                Err(format!("there is no attribute {unknown:?}; existing attributes: {known}"))
            }
        }
    }
}

/// Values of the lines of a file. The type of a new attribute is the most specific one that holds its
/// values in all lines.
#[derive(Debug, Default)]
pub(super) struct FileAttributes {
    known: KnownAttributes,
    guesses: BTreeMap<String, TypeGuess>,
}

impl FileAttributes {
    pub(super) fn new(known: KnownAttributes) -> Self {
        Self { known, guesses: BTreeMap::new() }
    }

    /// Uses the types that an interrupted import decided.
    pub(super) fn use_types(&mut self, types: &BTreeMap<String, AttributeType>) {
        for (name, kind) in types {
            self.known.0.entry(name.clone()).or_insert(*kind);
        }
    }

    /// Returns the values of a line. Those of a new attribute are texts until [`Self::decide_types`].
    ///
    /// # Errors
    /// The first value that its attribute cannot have.
    pub(super) fn values(
        &mut self,
        texts: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, AttributeValue>, LineProblem> {
        let mut values = BTreeMap::new();
        for (name, text) in texts {
            let kind = self.known.type_of(name);
            let value = kind.unwrap_or(AttributeType::Text).value(text);
            let value = value
                .map_err(|problem| LineProblem::Attribute { attribute: name.clone(), problem })?;
            values.insert(name.clone(), value);
            if kind.is_none() {
                self.guesses.entry(name.clone()).or_default().add(text);
            }
        }
        Ok(values)
    }

    /// Gives each new attribute its type, once all lines were read, and returns the types of the new ones.
    pub(super) fn decide_types(&mut self) -> BTreeMap<String, AttributeType> {
        let guesses = std::mem::take(&mut self.guesses);
        let types: BTreeMap<String, AttributeType> =
            guesses.into_iter().map(|(name, guess)| (name, guess.result())).collect();
        self.known.0.extend(types.clone());
        types
    }
}

/// Creates an attribute; returns `false` if it exists with this type.
///
/// # Errors
/// One sentence if the name is not valid, or if the attribute has another type.
pub async fn add(
    store: &Store,
    name: &str,
    kind: AttributeType,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<Result<bool, String>> {
    if let Err(reason) = validate_name(name) {
        return Ok(Err(reason));
    }
    if store.attributes().add(name, kind, actor, now).await? {
        return Ok(Ok(true));
    }
    let existing = KnownAttributes::read(store).await?.type_of(name);
    Ok(match existing.filter(|existing| *existing != kind) {
        None => Ok(false),
        Some(existing) => Err(format!(
            "the attribute `{name}` has the type {existing}; to change it, run `courant attributes remove {name}`, which deletes its values, and add it again"
        )),
    })
}

/// Deletes an attribute with all of its values. Returns their number.
///
/// # Errors
/// One sentence if there is no such attribute, or if a filter of the configuration uses it.
pub async fn remove(
    store: &Store,
    config: &Config,
    name: &str,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<Result<u64, String>> {
    if let [first, ..] = config.filters_with_attribute(name).as_slice() {
        return Ok(Err(format!("{first} uses the attribute `{name}`; change its filter first")));
    }
    let removed = store.attributes().remove(name, actor, now).await?;
    Ok(removed.ok_or_else(|| {
        format!("there is no attribute {name:?}; `courant attributes list` lists them")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_value_of_json_has_the_type_of_its_attribute_or_its_own() {
        let known = KnownAttributes([("city".to_owned(), AttributeType::Text)].into());
        let parse = |name: &str, value: Value| known.parse_json(name, &value);
        assert_eq!(parse("city", 12.into()), Ok(AttributeValue::Text("12".to_owned())));
        for (value, kind) in [
            (Value::from("12"), AttributeType::Text),
            (Value::from("2026-11-29"), AttributeType::Date),
            (Value::from(12.5), AttributeType::Number),
            (Value::from(true), AttributeType::Boolean),
        ] {
            assert_eq!(parse("new", value).unwrap().attribute_type(), kind);
        }
        for invalid in [Value::Null, Value::from(vec![1]), Value::from(1e30), Value::from("")] {
            assert!(parse("new", invalid.clone()).is_err(), "{invalid}");
        }
        assert!(parse("not a name", 1.into()).is_err());
    }

    #[test]
    fn a_new_attribute_of_a_file_gets_the_type_that_holds_all_lines() {
        let known = KnownAttributes([("city".to_owned(), AttributeType::Text)].into());
        let mut file = FileAttributes::new(known);
        for line in [[("city", "1"), ("age", "7")], [("city", "2"), ("age", "8.5")]] {
            file.values(&texts(&line)).unwrap();
        }
        file.decide_types();
        let values = file.values(&texts(&[("city", "1"), ("age", "8.5")])).unwrap();
        assert_eq!(values["city"], AttributeValue::Text("1".to_owned()));
        assert_eq!(values["age"].attribute_type(), AttributeType::Number);
    }
}
