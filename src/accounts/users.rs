//! Users: added, changed and removed by an admin; links with which they set their password.

use super::context::AccountContext;
use super::error::AccountError;
use super::passwords::{self, SALT_BYTES};
use super::secrets::{keyed_hash, to_text};
use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::password;
use crate::domain::role::Role;
use crate::domain::slug;
use crate::domain::time::{DAY, Millis, SignedDuration};
use crate::store::StoreResult;
use crate::store::users::{OidcPerson, User, UserChange};

/// Random bytes in a link to set a password.
pub const LINK_BYTES: usize = 32;
/// Time for which a link to set a password is valid.
pub const PASSWORD_LINK_LIFETIME: SignedDuration = DAY;

/// A user to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Unique name of the user.
    pub name: String,
    /// Role that determines the permissions.
    pub role: Role,
    /// Digests that the user may see and change.
    pub digests: DigestScope,
    /// Person of an OpenID provider, who needs no password.
    pub oidc: Option<OidcPerson>,
}

/// Checks that a role can have a scope.
fn check_scope(role: Role, digests: &DigestScope) -> Result<(), AccountError> {
    match digests.names() {
        Some(_) if !role.can_be_limited() => Err(AccountError::NotLimitable(role.as_str())),
        Some(names) if names.is_empty() => Err(AccountError::NoDigest),
        _ => Ok(()),
    }
}

/// Adds a user, with a password if one is given.
///
/// # Errors
/// If the name is not valid or taken, the role cannot be limited, or the password is not accepted.
pub async fn add_user(
    context: AccountContext<'_>,
    new: NewUser,
    password: Option<&str>,
    salt: [u8; SALT_BYTES],
    actor: &Actor,
    now: Millis,
) -> Result<(), AccountError> {
    slug::validate(&new.name).map_err(AccountError::InvalidName)?;
    check_scope(new.role, &new.digests)?;
    let password_hash = match password {
        Some(password) => Some(hash_new(context, password, &new.name, salt).await?),
        None => None,
    };
    let mut user = User::new(new.name, new.role, new.digests, now);
    (user.password_hash, user.oidc) = (password_hash, new.oidc);
    if context.store.users().add(&user, actor).await? {
        Ok(())
    } else {
        Err(AccountError::NameTaken(user.name))
    }
}

/// Returns the hash of a new password, if it is accepted.
async fn hash_new(
    context: AccountContext<'_>,
    password: &str,
    name: &str,
    salt: [u8; SALT_BYTES],
) -> Result<String, AccountError> {
    let password = password::normalize(password);
    password::validate(&password, name)?;
    passwords::hash(password, salt, context.cost).await
}

fn check_change(change: UserChange, name: &str) -> Result<(), AccountError> {
    match change {
        UserChange::Done => Ok(()),
        UserChange::NotFound => Err(AccountError::NotFound(name.to_owned())),
        UserChange::LastAdmin => Err(AccountError::LastAdmin(name.to_owned())),
    }
}

/// Changes role and digests of a user, whose sessions end.
///
/// # Errors
/// If there is no such user, the role cannot be limited, or no admin would remain.
pub async fn set_role(
    context: AccountContext<'_>,
    name: &str,
    role: Role,
    digests: &DigestScope,
    actor: &Actor,
    now: Millis,
) -> Result<(), AccountError> {
    check_scope(role, digests)?;
    check_change(context.store.users().set_role(name, role, digests, actor, now).await?, name)
}

/// Removes a user, whose sessions end.
///
/// # Errors
/// If there is no such user, or no admin would remain.
pub async fn remove_user(
    context: AccountContext<'_>,
    name: &str,
    actor: &Actor,
    now: Millis,
) -> Result<(), AccountError> {
    check_change(context.store.users().remove(name, actor, now).await?, name)
}

/// Returns the hash of a link to set a password.
fn link_hash(context: AccountContext<'_>, token: &str) -> String {
    keyed_hash(context.secret, "password-link", token)
}

/// Creates a link with which a user sets their password, in place of earlier ones, and returns its token.
///
/// # Errors
/// If there is no such user.
pub async fn create_password_link(
    context: AccountContext<'_>,
    name: &str,
    entropy: [u8; LINK_BYTES],
    actor: &Actor,
    now: Millis,
) -> Result<String, AccountError> {
    let token = to_text(&entropy);
    let (hash, expires_at) = (link_hash(context, &token), now.plus(PASSWORD_LINK_LIFETIME));
    let users = context.store.users();
    if users.add_password_link(name, &hash, expires_at, actor, now).await? {
        Ok(token)
    } else {
        Err(AccountError::NotFound(name.to_owned()))
    }
}

/// Returns the name of the user to whom a link belongs, unless it was used or has expired.
pub async fn find_password_link(
    context: AccountContext<'_>,
    token: &str,
    now: Millis,
) -> StoreResult<Option<String>> {
    context.store.users().find_password_link(&link_hash(context, token), now).await
}

/// Sets the password of the user to whom a link belongs; returns `false` if the link was used or has
/// expired.
///
/// # Errors
/// If the password is not accepted; the link can then be used again.
pub async fn set_password_by_link(
    context: AccountContext<'_>,
    token: &str,
    password: &str,
    salt: [u8; SALT_BYTES],
    now: Millis,
) -> Result<bool, AccountError> {
    let Some(name) = find_password_link(context, token, now).await? else { return Ok(false) };
    let hash = hash_new(context, password, &name, salt).await?;
    let users = context.store.users();
    Ok(users.set_password_by_link(&link_hash(context, token), &hash, now).await?)
}

/// Changes the password of a user, whose sessions end. The caller has verified the present one.
///
/// # Errors
/// If the password is not accepted.
pub async fn change_password(
    context: AccountContext<'_>,
    user: &User,
    password: &str,
    salt: [u8; SALT_BYTES],
    now: Millis,
) -> Result<(), AccountError> {
    let hash = hash_new(context, password, &user.name, salt).await?;
    Ok(context.store.users().set_password(&user.name, &hash, &user.actor(), now).await?)
}
