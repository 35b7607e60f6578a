//! Documents about tokens: list, new token, result of revoking one.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::api_tokens::ApiToken;

/// Token without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Token {
    /// Unique name of the token.
    pub name: String,
    /// Role of the token, which determines its permissions.
    pub role: String,
    /// Digests that the token may see and change; `null` for all.
    #[schema(required)]
    pub digests: Option<Vec<String>>,
    /// Time of creation of the token (RFC 3339).
    pub created_at: String,
    /// Time from which on the token is refused (RFC 3339); `null` if it does not expire.
    #[schema(required)]
    pub expires_at: Option<String>,
    /// Time of a use, at most five minutes before the last one (RFC 3339); `null` if there was none.
    #[schema(required)]
    pub last_used_at: Option<String>,
}

impl From<&ApiToken> for Token {
    fn from(token: &ApiToken) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role.as_str().to_owned(),
            digests: token.digests.names(),
            created_at: token.created_at.rfc3339(),
            expires_at: token.expires_at.map(|t| t.rfc3339()),
            last_used_at: token.last_used_at.map(|t| t.rfc3339()),
        }
    }
}

/// New token with its secret. It has no `Debug`, so that no log can contain the secret.
#[derive(Serialize, ToSchema)]
pub struct NewToken {
    /// Unique name of the token.
    pub name: String,
    /// Role of the token, which determines its permissions.
    pub role: String,
    /// Digests that the token may see and change; `null` for all.
    #[schema(required)]
    pub digests: Option<Vec<String>>,
    /// Time from which on the token is refused (RFC 3339); `null` if it does not expire.
    #[schema(required)]
    pub expires_at: Option<String>,
    /// Secret that the client sends; it cannot be shown again.
    pub token: String,
}

/// Result of revoking a token.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RevokedToken {
    /// Name of the revoked token.
    pub name: String,
    /// Always `true`, because revoking an unknown token fails.
    pub revoked: bool,
}
