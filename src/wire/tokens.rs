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
    /// Time of creation of the token (RFC 3339).
    pub created_at: String,
}

impl From<&ApiToken> for Token {
    fn from(token: &ApiToken) -> Self {
        Self {
            name: token.name.clone(),
            role: token.role.as_str().to_owned(),
            created_at: token.created_at.rfc3339(),
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
