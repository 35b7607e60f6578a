//! The form with the details of a person: its fields, their checks, and what others changed meanwhile.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::choices;
use super::requests::split;
use crate::domain::attribute::AttributeType;
use crate::domain::tag;
use crate::store::attributes::Attribute;
use crate::store::subscribers::Subscriber;
use crate::subscribers::NewSubscriber;
use crate::subscribers::changes::SubscriberEdit;
use crate::subscribers::fields::invalid_fields;
use crate::templates::pages::{AttributeField, DetailsForm, TextField};
use crate::web::admin::visit::Visit;
use crate::web::form::Form;

/// Values of the form.
#[derive(Debug, Clone, Default)]
pub(super) struct Details {
    pub(super) name: String,
    pub(super) language: String,
    pub(super) timezone: String,
    pub(super) tags: String,
    pub(super) attributes: BTreeMap<String, String>,
}

/// Sentences about the fields that are not valid, by the name of the field.
pub(super) type Errors = BTreeMap<String, String>;

impl Details {
    /// Returns the stored values.
    pub(super) fn of(person: &Subscriber) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let attributes = person.attributes.iter();
        Self {
            name: text(&person.name),
            language: text(&person.language),
            timezone: text(&person.timezone),
            tags: person.tags.join(", "),
            attributes: attributes.map(|(name, value)| (name.clone(), value.to_string())).collect(),
        }
    }

    /// Reads the submitted values.
    pub(super) fn read(form: &Form, known: &[Attribute]) -> Self {
        let field = |name: &str| form.first(name).to_owned();
        let attributes = known.iter().filter_map(|attribute| {
            let text = form.first_verbatim(&field_of(&attribute.name))?.trim().to_owned();
            Some((attribute.name.clone(), text))
        });
        Self {
            name: field("name"),
            language: field("language"),
            timezone: field("timezone"),
            tags: field("tags"),
            attributes: attributes.collect(),
        }
    }

    /// Returns the change from the stored values to these, or an error for each field that is not valid.
    pub(super) fn edit(
        &self,
        visit: &Visit,
        person: &Subscriber,
        known: &[Attribute],
    ) -> Result<SubscriberEdit, Errors> {
        let mut errors = Errors::new();
        let checked = NewSubscriber {
            email: person.address.clone(),
            language: Some(self.language.clone()),
            timezone: Some(self.timezone.clone()),
            ..NewSubscriber::default()
        };
        for (field, _) in invalid_fields(&checked) {
            errors.insert(field.to_owned(), visit.text(&format!("people-error-{field}"), &[]));
        }
        let tags = tag::normalize_all(&split(&self.tags)).unwrap_or_else(|reason| {
            errors.insert("tags".to_owned(), visit.reason(&reason));
            Vec::new()
        });
        let mut edit = SubscriberEdit {
            name: Some(self.name.clone()),
            language: Some(self.language.clone()),
            timezone: Some(self.timezone.clone()),
            removed_tags: person.tags.iter().filter(|tag| !tags.contains(tag)).cloned().collect(),
            tags,
            ..SubscriberEdit::default()
        };
        for attribute in known {
            let Some(text) = self.attributes.get(&attribute.name) else { continue };
            if text.is_empty() {
                if person.attributes.contains_key(&attribute.name) {
                    edit.removed_attributes.push(attribute.name.clone());
                }
                continue;
            }
            match attribute.attribute_type.value(text) {
                Ok(value) => drop(edit.attributes.insert(attribute.name.clone(), value)),
                Err(reason) => {
                    drop(errors.insert(field_of(&attribute.name), visit.reason(&reason)))
                }
            }
        }
        if errors.is_empty() { Ok(edit) } else { Err(errors) }
    }

    /// Returns the form with these values; `stored` are those of the database if somebody changed them
    /// after the form was loaded.
    pub(super) fn form(
        &self,
        visit: &Visit,
        version: String,
        known: &[Attribute],
        errors: &Errors,
        stored: Option<&Self>,
    ) -> DetailsForm {
        let field = |name: &str, value: &str, now: Option<&str>| TextField {
            value: value.to_owned(),
            error: errors.get(name).cloned(),
            stored: now.filter(|now| *now != value).map(str::to_owned),
        };
        let attributes = known.iter().map(|attribute| {
            let text = |details: &Self| {
                details.attributes.get(&attribute.name).cloned().unwrap_or_default()
            };
            let name = field_of(&attribute.name);
            let now = stored.map(text);
            AttributeField {
                field: field(&name, &text(self), now.as_deref()),
                input: input_type(attribute.attribute_type).to_owned(),
                name,
                label: attribute.name.clone(),
            }
        });
        DetailsForm {
            version,
            name: field("name", &self.name, stored.map(|one| one.name.as_str())),
            language: field("language", &self.language, stored.map(|one| one.language.as_str())),
            languages: choices::languages(visit, &self.language),
            zones: choices::zones(),
            timezone: field("timezone", &self.timezone, stored.map(|one| one.timezone.as_str())),
            tags: field("tags", &self.tags, stored.map(|one| one.tags.as_str())),
            attributes: attributes.collect(),
            is_outdated: stored.is_some(),
        }
    }
}

/// Returns the name of the form field of an attribute.
fn field_of(attribute: &str) -> String {
    format!("attribute-{attribute}")
}

fn input_type(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::Date => "date",
        AttributeType::Boolean => "boolean",
        AttributeType::Text | AttributeType::Number => "text",
    }
}

/// Returns a text that differs as soon as somebody has changed the details of a person.
pub(super) fn version_of(person: &Subscriber) -> String {
    let attributes: BTreeMap<&String, String> =
        person.attributes.iter().map(|(name, value)| (name, value.to_string())).collect();
    let Subscriber { address, name, language, timezone, tags, .. } = person;
    let values = json!([address, name, language, timezone, tags, attributes]);
    hex::encode(&Sha256::digest(values.to_string().as_bytes())[..8])
}
