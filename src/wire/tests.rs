//! Tests of the documents: snapshots of samples, and schemas that list the same keys.

mod content;
mod mailing;
mod operation;
mod people;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::time::Millis;

/// Sample of a document that the command line prints, with the schemas of its type.
struct Document {
    /// Name of the type, which is also that of its schema.
    name: String,
    /// The sample as JSON, with a value in every field.
    json: Value,
    schemas: BTreeMap<String, Value>,
}

/// Returns a sample with the schemas of its type and of the types inside it.
fn document<T: Serialize + ToSchema>(sample: &T) -> Document {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    let schemas = schemas.into_iter().map(|(name, s)| (name, serde_json::to_value(s).unwrap()));
    Document {
        name: T::name().into_owned(),
        json: serde_json::to_value(sample).unwrap(),
        schemas: schemas.collect(),
    }
}

fn documents() -> Vec<Document> {
    [content::documents(), mailing::documents(), operation::documents(), people::documents()]
        .into_iter()
        .flatten()
        .collect()
}

fn at(text: &str) -> Millis {
    Millis::from(text.parse::<jiff::Timestamp>().unwrap())
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|&text| text.to_owned()).collect()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire")
}

/// Returns the path of the snapshot of a type: `ArticleSummary` is in `article_summary.json`.
fn snapshot(name: &str) -> PathBuf {
    let mut file = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !file.is_empty() {
            file.push('_');
        }
        file.extend(c.to_lowercase());
    }
    directory().join(format!("snapshots/{file}.json"))
}

const HOW_TO_UPDATE: &str = "if the change is intended, run \
     `COURANT_TEST_UPDATE=1 cargo test --lib wire`, review the diff, and mention it in CHANGELOG.md";

#[test]
fn a_document_equals_its_snapshot() {
    for Document { name, json, .. } in documents() {
        let file = snapshot(&name);
        let text = serde_json::to_string_pretty(&json).unwrap() + "\n";
        if std::env::var("COURANT_TEST_UPDATE").is_ok_and(|v| v == "1") {
            std::fs::write(&file, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, expected, "{} differs; {HOW_TO_UPDATE}", file.display());
    }
}

#[test]
fn a_snapshot_belongs_to_a_document() {
    let used: BTreeSet<PathBuf> = documents().iter().map(|d| snapshot(&d.name)).collect();
    let found: BTreeSet<PathBuf> = std::fs::read_dir(directory().join("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let unused: Vec<_> = found.difference(&used).collect();
    assert!(unused.is_empty(), "delete the snapshots of no document: {unused:?}");
}

#[test]
fn a_schema_lists_exactly_the_keys_of_its_document() {
    for document in documents() {
        let schema = &document.schemas[&document.name];
        compare(&document.name, &document.json, schema, &document.schemas);
    }
}

/// Keys that are absent if they have no value.
const OPTIONAL_KEYS: [&str; 1] = ["dns_records"];

/// Objects whose keys differ: details of an action, values that admins choose, and settings of a
/// definition.
const FREE_OBJECTS: [&str; 11] = [
    "AuditEntry.detail",
    "EditedSubscriber.attributes",
    "Subscriber.attributes",
    "SubscriberHistory.attributes",
    "FeedDetails.settings",
    "DigestDetails.settings",
    "SegmentDetails.settings",
    "WebhookDetails.settings",
    "DefinitionVersionDetails.settings",
    "Import.error_detail",
    "RejectedImportLine.detail",
];

/// Compares the keys of a sample with those of its schema, and does the same for all values.
fn compare(path: &str, sample: &Value, schema: &Value, schemas: &BTreeMap<String, Value>) {
    match sample {
        Value::Null => panic!("{path} has no value in the sample"),
        Value::Array(items) => {
            assert!(!items.is_empty(), "{path} is empty in the sample");
            for item in items {
                compare(&format!("{path}[]"), item, &schema["items"], schemas);
            }
        }
        Value::Object(fields) => {
            let (properties, required) = keys(schema, schemas);
            if properties.is_empty() {
                // Counts by name and details of changes have free keys.
                let is_free =
                    schema.get("additionalProperties").is_some() || FREE_OBJECTS.contains(&path);
                assert!(is_free, "{path} has no properties in the schema: {schema}");
                return;
            }
            assert!(fields.keys().eq(properties.keys()), "{path}: {fields:?}, {properties:?}");
            let printed = fields.keys().filter(|key| !OPTIONAL_KEYS.contains(&key.as_str()));
            assert!(printed.eq(&required), "{path}: a key that is never absent is required");
            for (key, value) in fields {
                compare(&format!("{path}.{key}"), value, &properties[key], schemas);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Returns the properties of an object schema with their schemas, and the required ones. They may
/// be behind references, and in several parts if the type has a flattened field.
fn keys(
    schema: &Value,
    schemas: &BTreeMap<String, Value>,
) -> (BTreeMap<String, Value>, BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return keys(&schemas[reference.rsplit('/').next().unwrap_or_default()], schemas);
    }
    let of = |name: &str| schema[name].as_array().into_iter().flatten();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut all: (BTreeMap<_, _>, BTreeSet<_>) = (
        properties.map(|(key, value)| (key.clone(), value.clone())).collect(),
        of("required").filter_map(|key| key.as_str().map(str::to_owned)).collect(),
    );
    for part in of("allOf").chain(of("oneOf")) {
        let (properties, required) = keys(part, schemas);
        all.0.extend(properties);
        all.1.extend(required);
    }
    all
}

#[test]
fn a_struct_is_part_of_a_document_and_has_a_name_of_its_own() {
    let known: BTreeSet<String> =
        documents().into_iter().flat_map(|d| d.schemas.into_keys()).collect();
    let mut declared = BTreeSet::new();
    for entry in std::fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.ends_with("tests.rs") {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let Some(rest) = line.strip_prefix("pub struct ") else { continue };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            assert!(declared.insert(name.clone()), "two structs have the name {name}");
        }
    }
    assert_eq!(declared, known, "add a sample of each document to tests/");
}
