//! Documents of the commands that check, copy, migrate and adopt an installation.

use serde::Serialize;
use utoipa::ToSchema;

use crate::mail::dkim;
use crate::store::reloads::ReloadResult;

/// Finding of a check of the installation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Finding {
    /// Severity of the finding: `ok`, `warning` or `error`.
    pub level: String,
    /// The finding as a sentence.
    pub text: String,
    /// DNS records that the finding asks for; absent if it asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_records: Option<Vec<DnsRecord>>,
}

/// TXT record to publish in the DNS.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DnsRecord {
    /// Complete name of the record without a final dot.
    pub name: String,
    /// Text of the record, which may exceed 255 characters.
    pub value: String,
}

impl From<&dkim::DnsRecord> for DnsRecord {
    fn from(record: &dkim::DnsRecord) -> Self {
        Self { name: record.name.clone(), value: record.value.clone() }
    }
}

/// Result of writing a copy of the database.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Backup {
    /// Path of the written file.
    pub file: String,
}

/// Result of migrating the database schema.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Migration {
    /// Always `true`, because a failed migration ends the command.
    pub up_to_date: bool,
}

/// Answer of one server to a request to reload its configuration.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NodeReload {
    /// Process that answered, with its listen address.
    pub node: String,
    /// Reason why its old configuration stays in force; null if the new one is.
    #[schema(required)]
    pub error: Option<String>,
}

impl From<&ReloadResult> for NodeReload {
    fn from(result: &ReloadResult) -> Self {
        Self { node: result.node.clone(), error: result.error.clone() }
    }
}

/// Reload of the configuration with the results of the servers so far.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConfigReload {
    /// Id of the reload.
    pub id: i64,
    /// Time of the request (RFC 3339).
    pub requested_at: String,
    /// Results of the servers that have answered, earliest first.
    pub nodes: Vec<NodeReload>,
}

/// Result of adopting a copied database.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Adoption {
    /// Base URL under which the database sends now.
    pub base_url: String,
}
