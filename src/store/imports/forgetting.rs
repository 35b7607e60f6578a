//! Removal of personal data from imports: of people who are erased, and of imports that ended long ago.

use super::rows::to_json;
use crate::domain::import_changes::ChangedPerson;
use crate::domain::time::Millis;
use crate::store::db::{Statement, Tx};
use crate::store::operations::Imports;
use crate::store::{StoreError, StoreResult};

static WITH_PERSON: Statement = Statement::new(
    "
    SELECT id, changed_people
      FROM imports
     WHERE changed_people LIKE $pattern",
);

static SET_PEOPLE: Statement =
    Statement::new("UPDATE imports SET changed_people = $people WHERE id = $id");

static CLEAR_OLD: Statement = Statement::new(
    "
    UPDATE imports
       SET changed_people = '[]'
     WHERE finished_at < $before
       AND changed_people <> '[]'",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[&WITH_PERSON, &SET_PEOPLE, &CLEAR_OLD];

/// Removes a person who is erased from the changes that imports show.
pub(in crate::store) async fn forget_person(tx: &mut Tx, subscriber: i64) -> StoreResult<()> {
    // The id is the first key of a person.
    let pattern = format!("%{{\"id\":{subscriber},%");
    let imports: Vec<(i64, String)> = tx
        .query(&WITH_PERSON)
        .bind("pattern", pattern)
        .fetch_with(|row| Ok((row.get("id")?, row.get("changed_people")?)))
        .await?;
    for (id, people) in imports {
        let mut people: Vec<ChangedPerson> = serde_json::from_str(&people).map_err(|_| {
            StoreError::InvalidValue { value: id.to_string(), column: "imports.changed_people" }
        })?;
        people.retain(|person| person.id != subscriber);
        let query = tx.query(&SET_PEOPLE).bind("id", id);
        query.bind("people", to_json(&people)).execute().await?;
    }
    Ok(())
}

impl Imports<'_> {
    /// Deletes the shown changes of imports that ended before a time, because they contain addresses.
    pub async fn delete_old_changes(self, before: Millis) -> StoreResult<u64> {
        self.store.write(&CLEAR_OLD).bind("before", before).execute().await
    }
}
