//! An import as it is stored, and the audit entries about it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::domain::actor::{Actor, ActorKind};
use crate::domain::attribute::AttributeType;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::import_changes::ChangedPerson;
use crate::domain::subscriber_import::{ImportCounts, ImportState};
use crate::domain::time::Millis;
use crate::store::audit_log::{self, NewAuditEntry};
use crate::store::db::{FromRow, Row, Tx};
use crate::store::{StoreError, StoreResult};

/// An import with its progress.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportJob {
    /// Id of the import.
    pub id: i64,
    /// State of the import.
    pub state: ImportState,
    /// Name of the digest.
    pub digest: String,
    /// Name of the file.
    pub file_name: String,
    /// Identity of the file and the settings on the command line; empty for an uploaded file.
    pub fingerprint: String,
    /// Length of the uploaded file in bytes.
    pub bytes: i64,
    /// Settings of a person as JSON.
    pub settings: Json,
    /// Recognized properties of the file as JSON, once it was checked.
    pub form: Option<Json>,
    /// Number of valid lines, once the file was checked.
    pub valid: i64,
    /// Number of rejected lines.
    pub rejected: i64,
    /// Numbers of lines by outcome: of the whole file after a dry run, otherwise of the stored lines.
    pub counts: ImportCounts,
    /// First known people whose stored values change, or were changed.
    pub changed_people: Vec<ChangedPerson>,
    /// Types of the new attributes of the file.
    pub attribute_types: BTreeMap<String, AttributeType>,
    /// Line up to which the file is stored.
    pub done_through: i64,
    /// Reason for which the import failed, as a sentence.
    pub error: Option<String>,
    /// Code of this reason and its values as JSON, if it is a problem of the file.
    pub error_detail: Option<Json>,
    /// Actor that created the import, without its role.
    pub actor: Actor,
    /// Time of the creation.
    pub created_at: Millis,
    /// Time of the end.
    pub finished_at: Option<Millis>,
}

/// An import to create.
#[derive(Debug, Clone)]
pub struct NewImport<'a> {
    /// First state of the import.
    pub state: ImportState,
    /// Name of the digest.
    pub digest: &'a str,
    /// Name of the file.
    pub file_name: &'a str,
    /// Identity of the file and the settings on the command line; empty for an upload.
    pub fingerprint: &'a str,
    /// Settings of a person as JSON.
    pub settings: &'a Json,
}

/// Result of checking a file.
#[derive(Debug, Clone)]
pub struct CheckedFile<'a> {
    /// Next state of the import.
    pub state: ImportState,
    /// Recognized properties of the file as JSON.
    pub form: &'a Json,
    /// Number of valid lines.
    pub valid: i64,
    /// Number of rejected lines.
    pub rejected: i64,
    /// Numbers of lines by outcome, of a dry run.
    pub counts: ImportCounts,
    /// First known people whose stored values would change, of a dry run.
    pub changed_people: &'a [ChangedPerson],
    /// Types of the new attributes of the file.
    pub attribute_types: &'a BTreeMap<String, AttributeType>,
}

/// Columns of an import, in the order of the table.
pub(super) const COLUMNS: &str =
    "id, state, digest, file_name, fingerprint, bytes, settings, form, valid, rejected,
           counts, changed_people, attribute_types, done_through, error, error_detail,
           actor_kind, actor_name, created_at, finished_at";

impl FromRow for ImportJob {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let types: BTreeMap<String, String> =
            parsed(&row.get::<String>("attribute_types")?, "imports.attribute_types")?;
        let types = types.into_iter().map(|(name, word)| {
            let kind = AttributeType::parse(&word);
            kind.map(|kind| (name, kind))
                .ok_or(StoreError::InvalidValue { value: word, column: "imports.attribute_types" })
        });
        let json = |column: &'static str, name| {
            let text: Option<String> = row.get(column)?;
            text.map(|json| parsed(&json, name)).transpose()
        };
        Ok(Self {
            id: row.get("id")?,
            state: row.enum_value("imports.state", ImportState::parse)?,
            digest: row.get("digest")?,
            file_name: row.get("file_name")?,
            fingerprint: row.get("fingerprint")?,
            bytes: row.get("bytes")?,
            settings: parsed(&row.get::<String>("settings")?, "imports.settings")?,
            form: json("form", "imports.form")?,
            valid: row.get("valid")?,
            rejected: row.get("rejected")?,
            counts: parsed(&row.get::<String>("counts")?, "imports.counts")?,
            changed_people: parsed(
                &row.get::<String>("changed_people")?,
                "imports.changed_people",
            )?,
            attribute_types: types.collect::<StoreResult<_>>()?,
            done_through: row.get("done_through")?,
            error: row.get("error")?,
            error_detail: json("error_detail", "imports.error_detail")?,
            actor: Actor::recorded(
                row.enum_value("imports.actor_kind", ActorKind::parse)?,
                row.get("actor_name")?,
            ),
            created_at: row.time("created_at")?,
            finished_at: row.optional_time("finished_at")?,
        })
    }
}

fn parsed<T: serde::de::DeserializeOwned>(json: &str, column: &'static str) -> StoreResult<T> {
    serde_json::from_str(json)
        .map_err(|_| StoreError::InvalidValue { value: json.chars().take(80).collect(), column })
}

/// Returns the only row of a result.
pub(super) fn first(rows: Vec<ImportJob>) -> StoreResult<ImportJob> {
    rows.into_iter().next().ok_or(StoreError::Sql(sqlx::Error::RowNotFound))
}

/// Records a step of an import, whose id is the object of the entry.
pub(super) async fn record(
    tx: &mut Tx,
    id: i64,
    action: AuditAction,
    detail: Json,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let id = id.to_string();
    let entry = NewAuditEntry::new(actor, action, AuditObject::Import, &id).with(detail);
    audit_log::record(tx, entry, now).await
}
