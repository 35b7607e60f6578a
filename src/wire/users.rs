//! Documents about users: list, new or changed user, result of removing one.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{sessions, users};

/// User without their secrets.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    /// Unique name of the user.
    pub name: String,
    /// Role of the user, which determines their permissions.
    pub role: String,
    /// Names of the digests that the user may see and change; `null` for all.
    #[schema(required)]
    pub digests: Option<Vec<String>>,
    /// `true` if the user has a password.
    pub has_password: bool,
    /// `true` if the user signs in with a second factor.
    pub has_second_factor: bool,
    /// Time at which the user was added (RFC 3339).
    pub created_at: String,
    /// Time of the last sign-in (RFC 3339); `null` if there was none.
    #[schema(required)]
    pub signed_in_at: Option<String>,
}

impl From<&users::User> for User {
    fn from(user: &users::User) -> Self {
        Self {
            name: user.name.clone(),
            role: user.role.as_str().to_owned(),
            digests: user.digests.names(),
            has_password: user.password_hash.is_some(),
            has_second_factor: user.totp_secret.is_some(),
            created_at: user.created_at.rfc3339(),
            signed_in_at: user.signed_in_at.map(|time| time.rfc3339()),
        }
    }
}

/// Browser in which a user is signed in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserSession {
    /// Id with which the session can be ended; it does not reveal the cookie.
    pub id: String,
    /// Browser and system, as a person knows them.
    pub browser: String,
    /// Time of the sign-in (RFC 3339).
    pub created_at: String,
    /// Time of a request, at most a minute before the last one (RFC 3339).
    pub used_at: String,
}

impl From<&sessions::Session> for UserSession {
    fn from(session: &sessions::Session) -> Self {
        Self {
            id: session.public_id().to_owned(),
            browser: session.browser.clone(),
            created_at: session.created_at.rfc3339(),
            used_at: session.used_at.rfc3339(),
        }
    }
}

/// Link with which a user sets their password. It has no `Debug`, so that no log can contain it.
#[derive(Serialize, ToSchema)]
pub struct PasswordLink {
    /// Name of the user.
    pub name: String,
    /// URL of the page on which the user sets their password, once; it cannot be shown again.
    pub url: String,
    /// Time from which on the link is refused (RFC 3339).
    pub expires_at: String,
}

/// Result of removing a user.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RemovedUser {
    /// Name of the removed user.
    pub name: String,
    /// Always `true`, because removing an unknown user fails.
    pub removed: bool,
}
