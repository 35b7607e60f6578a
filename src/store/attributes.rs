//! Attributes of subscribers: their names and types.

use std::collections::BTreeMap;

use serde_json::json;

use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::Attributes;
use super::{StoreError, StoreResult};
use crate::domain::actor::Actor;
use crate::domain::attribute::AttributeType;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::time::Millis;

/// Maximum number of attributes of an installation.
pub const MAX_ATTRIBUTES: usize = 200;
/// Number of values deleted per transaction.
const VALUES_PER_TRANSACTION: i64 = 2_000;

/// An attribute that subscribers can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Name of the attribute.
    pub name: String,
    /// Type of its values.
    pub attribute_type: AttributeType,
    /// Time of creation of the attribute.
    pub created_at: Millis,
}

static LIST: Statement = Statement::new(
    "
    SELECT name, type, created_at
      FROM attributes
     ORDER BY name",
);

static ADD: Statement = Statement::new(
    "
    INSERT INTO attributes (name, type, created_at)
    VALUES ($name, $type, $now)
    ON CONFLICT (name) DO NOTHING",
);

static COUNT: Statement = Statement::new("SELECT COUNT(*) FROM attributes");

static COUNT_VALUES: Statement =
    Statement::new("SELECT COUNT(*) FROM subscriber_attributes WHERE attribute = $name");

static DELETE_VALUES: Statement = Statement::new(
    "
    DELETE FROM subscriber_attributes
     WHERE attribute = $name
       AND subscriber_id IN (
           SELECT subscriber_id
             FROM subscriber_attributes
            WHERE attribute = $name
            LIMIT $limit)",
);

static DELETE: Statement = Statement::new("DELETE FROM attributes WHERE name = $name");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&LIST, &ADD, &COUNT, &COUNT_VALUES, &DELETE_VALUES, &DELETE];

impl FromRow for Attribute {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            name: row.get("name")?,
            attribute_type: row.enum_value("attributes.type", AttributeType::parse)?,
            created_at: row.time("created_at")?,
        })
    }
}

impl Attributes<'_> {
    /// Returns all attributes, ordered by name.
    pub async fn list(self) -> StoreResult<Vec<Attribute>> {
        let mut all: Vec<Attribute> = self.store.read(&LIST).fetch_all().await?;
        // The engines order other letters than those of ASCII differently.
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Returns the type of each attribute, by its name.
    pub async fn types(self) -> StoreResult<BTreeMap<String, AttributeType>> {
        let all = self.list().await?;
        Ok(all.into_iter().map(|one| (one.name, one.attribute_type)).collect())
    }

    /// Returns the number of subscribers that have a value of an attribute.
    pub async fn count_values(self, name: &str) -> StoreResult<i64> {
        self.store.read(&COUNT_VALUES).bind("name", name).fetch_scalar().await
    }

    /// Creates an attribute; returns `false` if there is one of this name.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if there are [`MAX_ATTRIBUTES`] already.
    pub async fn add(
        self,
        name: &str,
        attribute_type: AttributeType,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let is_new = add(&mut tx, name, attribute_type, actor, now).await?;
        tx.commit().await?;
        Ok(is_new)
    }

    /// Deletes an attribute with all of its values, in short transactions, and returns the number of
    /// values; `None` if there is none of this name. After an interruption, the attribute is there with
    /// the rest of its values.
    pub async fn remove(self, name: &str, actor: &Actor, now: Millis) -> StoreResult<Option<u64>> {
        let mut values = 0;
        loop {
            let mut tx = self.store.begin().await?;
            let deleted = tx
                .query(&DELETE_VALUES)
                .bind("name", name)
                .bind("limit", VALUES_PER_TRANSACTION)
                .execute()
                .await?;
            values += deleted;
            if deleted > 0 {
                tx.commit().await?;
                continue;
            }
            if tx.query(&DELETE).bind("name", name).execute().await? == 0 {
                return Ok(None);
            }
            let entry =
                NewAuditEntry::new(actor, AuditAction::Delete, AuditObject::Attribute, name)
                    .with(json!({"values": values}));
            audit_log::record(&mut tx, entry, now).await?;
            tx.commit().await?;
            return Ok(Some(values));
        }
    }
}

/// Creates an attribute in a transaction; returns `false` if there is one of this name.
async fn add(
    tx: &mut Tx,
    name: &str,
    attribute_type: AttributeType,
    actor: &Actor,
    now: Millis,
) -> StoreResult<bool> {
    let added = tx
        .query(&ADD)
        .bind("name", name)
        .bind("type", attribute_type.as_str())
        .bind("now", now)
        .execute()
        .await?;
    if added == 0 {
        return Ok(false);
    }
    let count: i64 = tx.query(&COUNT).fetch_scalar().await?;
    if count > i64::try_from(MAX_ATTRIBUTES).unwrap_or(i64::MAX) {
        return Err(StoreError::Rejected(format!(
            "there are {MAX_ATTRIBUTES} attributes already, so `{name}` was not created; remove one with `courant attributes remove NAME`"
        )));
    }
    let entry = NewAuditEntry::new(actor, AuditAction::Create, AuditObject::Attribute, name)
        .with(json!({"type": attribute_type.as_str()}));
    audit_log::record(tx, entry, now).await?;
    Ok(true)
}

/// Creates those of these attributes that do not exist, in the transaction that stores the first values.
///
/// # Errors
/// [`StoreError::Rejected`] if one exists with another type.
pub(super) async fn ensure(
    tx: &mut Tx,
    attributes: &[(&str, AttributeType)],
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    let known: Vec<Attribute> = tx.query(&LIST).fetch_all().await?;
    for &(name, needed) in attributes {
        match known.iter().find(|attribute| attribute.name == name) {
            Some(found) if found.attribute_type == needed => {}
            Some(found) => {
                return Err(StoreError::Rejected(format!(
                    "the attribute `{name}` has the type {}, not {needed}; run the command again",
                    found.attribute_type
                )));
            }
            None if add(tx, name, needed, actor, now).await? => {}
            None => {
                return Err(StoreError::Rejected(format!(
                    "the attribute `{name}` was created at the same time; run the command again"
                )));
            }
        }
    }
    Ok(())
}
