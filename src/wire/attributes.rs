//! Documents about the attributes of subscribers.

use serde::Serialize;
use utoipa::ToSchema;

/// Attribute that subscribers can have.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Attribute {
    /// Name of the attribute, as filters and templates use it.
    pub name: String,
    /// Type of its values: `text`, `number`, `date` or `boolean`.
    #[serde(rename = "type")]
    pub attribute_type: String,
    /// Number of subscribers that have a value.
    pub subscribers: i64,
    /// Time of creation of the attribute (RFC 3339).
    pub created_at: String,
}

/// Result of creating an attribute.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AddedAttribute {
    /// Name of the attribute.
    pub name: String,
    /// `false` if it existed already, with the same type.
    pub added: bool,
}

/// Result of deleting an attribute with its values.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RemovedAttribute {
    /// Name of the attribute.
    pub name: String,
    /// Number of subscribers whose value was deleted.
    pub values: u64,
}
