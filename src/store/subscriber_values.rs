//! Tags and attribute values of subscribers: how they are written, and the columns that read them.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::db::{Row, Statement, Tx};
use super::operations::Subscribers;
use super::{StoreError, StoreResult, attributes};
use crate::domain::actor::Actor;
use crate::domain::attribute::{AttributeType, AttributeValue};
use crate::domain::fold::fold;
use crate::domain::time::Millis;

/// Columns with the tags and the attribute values of the subscriber `p`, as JSON.
pub(super) const VALUE_COLUMNS: &str = "
    (SELECT {json_group t.tag}
       FROM subscriber_tags t
      WHERE t.subscriber_id = p.id) AS tags,
    (SELECT {json_groups v.attribute, a.type, v.text_value, v.rank}
       FROM subscriber_attributes v
       JOIN attributes a ON a.name = v.attribute
      WHERE v.subscriber_id = p.id) AS attributes";

/// Tags and attribute values of the subscriber `p` as one JSON array, with which a delivery is rendered.
pub(super) const FROZEN_VALUES: &str = "'[' ||
    (SELECT {json_group t.tag}
       FROM subscriber_tags t
      WHERE t.subscriber_id = p.id) || ',' ||
    (SELECT {json_groups v.attribute, a.type, v.text_value, v.rank}
       FROM subscriber_attributes v
       JOIN attributes a ON a.name = v.attribute
      WHERE v.subscriber_id = p.id) || ']'";

/// Tags and attribute values that a delivery was frozen with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrozenValues {
    /// Tags in alphabetical order.
    pub tags: Vec<String>,
    /// Values of attributes as JSON, by name.
    pub attributes: BTreeMap<String, Json>,
}

impl FrozenValues {
    /// Reads the values from the payload of a delivery; without one, there are none.
    pub fn parse(payload: Option<&str>) -> StoreResult<Self> {
        let Some(json) = payload else { return Ok(Self::default()) };
        let invalid = || StoreError::InvalidValue {
            value: json.chars().take(80).collect(),
            column: "deliveries.payload",
        };
        let (mut tags, rows): (Vec<String>, Vec<StoredAttribute>) =
            serde_json::from_str(json).map_err(|_| invalid())?;
        tags.sort();
        let values = read_attributes(rows).ok_or_else(invalid)?;
        let attributes = values.into_iter().map(|(name, value)| (name, value.to_json()));
        Ok(Self { tags, attributes: attributes.collect() })
    }
}

/// Name, type, text and rank of an attribute value.
type StoredAttribute = (String, String, Option<String>, Option<i64>);

fn read_attributes(rows: Vec<StoredAttribute>) -> Option<BTreeMap<String, AttributeValue>> {
    let value = |(name, kind, text, rank): StoredAttribute| {
        let kind = AttributeType::parse(&kind)?;
        Some((name, AttributeValue::from_stored(kind, text.as_deref(), rank)?))
    };
    rows.into_iter().map(value).collect()
}

/// Tags and attribute values to add to one subscriber, and those to remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueChanges {
    /// Tags to add, in their stored form.
    pub tags: Vec<String>,
    /// Tags to remove, in their stored form.
    pub removed_tags: Vec<String>,
    /// Values to set, by the name of the attribute.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Names of attributes whose values are removed.
    pub removed_attributes: Vec<String>,
}

impl ValueChanges {
    /// Returns `true` if nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

static KNOWN_TAGS: Statement = Statement::new(
    "
    SELECT DISTINCT tag
      FROM subscriber_tags
     ORDER BY tag
     LIMIT $limit",
);

static ADD_TAGS: Statement = Statement::new(
    "
    INSERT INTO subscriber_tags (subscriber_id, tag, tag_key)
    SELECT subscriber_id, tag, tag_key
      FROM {json_rows $rows subscriber_id INTEGER, tag TEXT, tag_key TEXT} AS r
     WHERE TRUE
    ON CONFLICT (subscriber_id, tag) DO NOTHING",
);

static REMOVE_TAGS: Statement = Statement::new(
    "
    DELETE FROM subscriber_tags
     WHERE subscriber_id IN {json_ids $subscribers}
       AND tag IN {json_texts $tags}",
);

static SET_ATTRIBUTES: Statement = Statement::new(
    "
    INSERT INTO subscriber_attributes (subscriber_id, attribute, text_value, text_key, rank)
    SELECT subscriber_id, attribute, text_value, text_key, rank
      FROM {json_rows $rows
            subscriber_id INTEGER, attribute TEXT, text_value TEXT, text_key TEXT, rank INTEGER} AS r
     WHERE TRUE
    ON CONFLICT (subscriber_id, attribute) DO UPDATE
       SET text_value = excluded.text_value,
           text_key = excluded.text_key,
           rank = excluded.rank",
);

static REMOVE_ATTRIBUTES: Statement = Statement::new(
    "
    DELETE FROM subscriber_attributes
     WHERE subscriber_id IN {json_ids $subscribers}
       AND attribute IN {json_texts $attributes}",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&KNOWN_TAGS, &ADD_TAGS, &REMOVE_TAGS, &SET_ATTRIBUTES, &REMOVE_ATTRIBUTES];

/// Applies the changes of each subscriber; attributes that do not exist are created. Returns the number
/// of rows that differ afterwards, at most.
pub(super) async fn save(
    tx: &mut Tx,
    changes: &[(i64, &ValueChanges)],
    actor: &Actor,
    now: Millis,
) -> StoreResult<u64> {
    let mut types: BTreeMap<&str, AttributeType> = BTreeMap::new();
    let (mut tags, mut values) = (Vec::new(), Vec::new());
    let mut changed = 0;
    for (subscriber, change) in changes {
        for tag in &change.tags {
            tags.push(json!({"subscriber_id": subscriber, "tag": tag, "tag_key": fold(tag)}));
        }
        for (name, value) in &change.attributes {
            types.insert(name, value.attribute_type());
            values.push(row_of(*subscriber, name, value));
        }
        changed += remove(tx, *subscriber, change).await?;
    }
    let types: Vec<(&str, AttributeType)> = types.into_iter().collect();
    attributes::ensure(tx, &types, actor, now).await?;
    if !tags.is_empty() {
        changed += tx.query(&ADD_TAGS).bind("rows", Json::from(tags)).execute().await?;
    }
    if !values.is_empty() {
        changed += tx.query(&SET_ATTRIBUTES).bind("rows", Json::from(values)).execute().await?;
    }
    Ok(changed)
}

async fn remove(tx: &mut Tx, subscriber: i64, change: &ValueChanges) -> StoreResult<u64> {
    let (subscribers, mut changed) = ([subscriber], 0);
    if !change.removed_tags.is_empty() {
        let query = tx.query(&REMOVE_TAGS).bind("subscribers", &subscribers[..]);
        changed += query.bind("tags", change.removed_tags.as_slice()).execute().await?;
    }
    if !change.removed_attributes.is_empty() {
        let query = tx.query(&REMOVE_ATTRIBUTES).bind("subscribers", &subscribers[..]);
        let names = change.removed_attributes.as_slice();
        changed += query.bind("attributes", names).execute().await?;
    }
    Ok(changed)
}

fn row_of(subscriber: i64, name: &str, value: &AttributeValue) -> Json {
    let text = match value {
        AttributeValue::Text(text) => Some(text),
        _ => None,
    };
    json!({
        "subscriber_id": subscriber,
        "attribute": name,
        "text_value": text,
        "text_key": text.map(|text| fold(text)),
        "rank": value.rank(),
    })
}

impl Subscribers<'_> {
    /// Returns the tags that subscribers have, in alphabetical order.
    pub async fn known_tags(self, limit: usize) -> StoreResult<Vec<String>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read(&KNOWN_TAGS).bind("limit", limit).fetch_scalars().await
    }
}

/// Reads the tags of a subscriber, in alphabetical order.
pub(super) fn tags(row: &Row) -> StoreResult<Vec<String>> {
    let mut tags = row.text_list("subscriber_tags.tags")?;
    tags.sort();
    Ok(tags)
}

/// Reads the attribute values of a subscriber, by name.
pub(super) fn attribute_values(row: &Row) -> StoreResult<BTreeMap<String, AttributeValue>> {
    let json: String = row.get("attributes")?;
    let invalid = || StoreError::InvalidValue {
        value: json.chars().take(80).collect(),
        column: "subscriber_attributes",
    };
    let rows: Vec<StoredAttribute> = serde_json::from_str(&json).map_err(|_| invalid())?;
    read_attributes(rows).ok_or_else(invalid)
}
