//! Stored state of the people in a slice, from which the changes are decided.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value as Json;

use super::rows::{ImportPerson, ImportSlice};
use crate::domain::attribute::AttributeValue;
use crate::domain::subscription::{CurrentStatus, SubscriptionStatus};
use crate::store::db::{Query, Row, Statement, Tx};
use crate::store::subscriber_values::{self, VALUE_COLUMNS};
use crate::store::suppressions::domain_key;
use crate::store::{Store, StoreResult};

static SUPPRESSED: Statement =
    Statement::new("SELECT hash FROM suppressions WHERE hash IN {json_texts $keys}");

static REQUIRE_OPT_IN: Statement =
    Statement::new("SELECT hash FROM opt_in_required WHERE hash IN {json_texts $hashes}");

static PEOPLE: Statement = Statement::with(
    "
    SELECT p.id, p.address_key, p.name, p.language, p.timezone,
           s.status, s.removal_reason, s.sections, {values}
      FROM subscribers p
      LEFT JOIN subscriptions s ON s.subscriber_id = p.id AND s.digest = $digest
     WHERE p.address_key IN {json_texts $keys}",
    &[("values", VALUE_COLUMNS)],
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[&SUPPRESSED, &REQUIRE_OPT_IN, &PEOPLE];

/// Access to the database inside or outside a transaction.
pub(super) trait Queries {
    fn query(&mut self, statement: &Statement) -> Query<'_>;
}

/// Access to the database outside a transaction.
pub(super) struct Reader<'a>(pub(super) &'a Store);

impl Queries for Reader<'_> {
    fn query(&mut self, statement: &Statement) -> Query<'_> {
        self.0.read(statement)
    }
}

impl Queries for Tx {
    fn query(&mut self, statement: &Statement) -> Query<'_> {
        Self::query(self, statement)
    }
}

/// Stored state of the people in a slice.
#[derive(Debug, Default)]
pub(super) struct CurrentPeople {
    /// Keys of the suppressions that concern them.
    pub(super) suppressed: HashSet<String>,
    /// Addresses that only their owners may subscribe.
    pub(super) opt_in_required: HashSet<String>,
    /// Known people by the normalized form of their address.
    pub(super) people: HashMap<String, CurrentPerson>,
}

impl CurrentPeople {
    /// Returns `true` if the address of a person or its domain is suppressed.
    pub(super) fn is_suppressed(&self, person: &ImportPerson) -> bool {
        self.suppressed.contains(&person.address_hash)
            || self.suppressed.contains(domain_key(&person.address_key))
    }
}

/// A known person with the subscription to the digest.
#[derive(Debug)]
pub(super) struct CurrentPerson {
    pub(super) id: i64,
    pub(super) name: Option<String>,
    pub(super) language: Option<String>,
    pub(super) timezone: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) attributes: BTreeMap<String, AttributeValue>,
    pub(super) subscription: Option<CurrentSubscription>,
}

/// Subscription of a known person.
#[derive(Debug)]
pub(super) struct CurrentSubscription {
    pub(super) status: CurrentStatus,
    pub(super) sections: Vec<String>,
}

/// Reads the state of the people in a slice.
pub(super) async fn read(
    database: &mut impl Queries,
    slice: ImportSlice<'_>,
) -> StoreResult<CurrentPeople> {
    let people = slice.rows.iter().filter_map(|row| row.person.as_ref());
    let (keys, mut hashes): (Vec<String>, Vec<String>) =
        people.map(|person| (person.address_key.clone(), person.address_hash.clone())).unzip();
    hashes.extend(
        slice
            .rows
            .iter()
            .filter(|row| row.person.is_none())
            .filter_map(|row| row.suppression.as_ref().map(|(hash, _)| hash.clone())),
    );
    let mut suppression_keys: BTreeSet<&str> = keys.iter().map(|key| domain_key(key)).collect();
    suppression_keys.extend(hashes.iter().map(String::as_str));
    let suppression_keys = Json::from_iter(suppression_keys).to_string();
    let suppressed: Vec<String> =
        database.query(&SUPPRESSED).bind("keys", &suppression_keys).fetch_scalars().await?;
    let hashes = Json::from(hashes).to_string();
    let opt_in_required: Vec<String> =
        database.query(&REQUIRE_OPT_IN).bind("hashes", &hashes).fetch_scalars().await?;
    let people = database
        .query(&PEOPLE)
        .bind("digest", slice.digest)
        .bind("keys", keys.as_slice())
        .fetch_with(|row| Ok((row.get::<String>("address_key")?, person(row)?)))
        .await?;
    Ok(CurrentPeople {
        suppressed: suppressed.into_iter().collect(),
        opt_in_required: opt_in_required.into_iter().collect(),
        people: people.into_iter().collect(),
    })
}

fn person(row: &Row) -> StoreResult<CurrentPerson> {
    let status: Option<String> = row.get("status")?;
    let subscription = match status {
        None => None,
        Some(_) => Some(CurrentSubscription {
            status: CurrentStatus {
                status: row.enum_value("subscriptions.status", SubscriptionStatus::parse)?,
                removed_by_admin: row.get::<Option<String>>("removal_reason")?.is_some(),
            },
            sections: row.text_list("subscriptions.sections")?,
        }),
    };
    Ok(CurrentPerson {
        id: row.get("id")?,
        name: row.get("name")?,
        language: row.get("language")?,
        timezone: row.get("timezone")?,
        tags: subscriber_values::tags(row)?,
        attributes: subscriber_values::attribute_values(row)?,
        subscription,
    })
}
