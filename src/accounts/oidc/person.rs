//! The user whom an ID token identifies: found, added, or given another role.

use serde_json::Value;

use super::error::OidcError;
use super::id_token::Claims;
use super::provider::OidcProvider;
use crate::accounts::context::AccountContext;
use crate::accounts::error::AccountError;
use crate::accounts::passwords::SALT_BYTES;
use crate::accounts::users::{NewUser, add_user, set_role};
use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::role::Role;
use crate::domain::slug;
use crate::domain::time::Millis;
use crate::store::users::{OidcPerson, User};

/// Maximum number of names that are tried for a new user.
const MAX_NAMES: u32 = 100;
/// Maximum number of letters of a name that is derived from a claim.
const MAX_DERIVED_LENGTH: usize = 48;

/// Returns the user of a person, who is identified by issuer and subject only. A new one is added.
pub(super) async fn find_or_add(
    context: AccountContext<'_>,
    provider: &OidcProvider,
    claims: &Claims,
    now: Millis,
) -> Result<User, OidcError> {
    check_domain(provider, claims)?;
    let issuer = provider.settings.issuer.clone();
    let person = OidcPerson { issuer, subject: claims.sub.clone() };
    let role = role_in_claims(provider, claims);
    let users = context.store.users();
    match users.find_person(&person).await? {
        Some(user) => match role.filter(|role| *role != user.role) {
            Some(role) => change_role(context, user, role, now).await?,
            None => return Ok(user),
        },
        None => {
            let role = role.unwrap_or(provider.settings.default_role);
            add(context, &person, &name_for(claims), role, now).await?;
        }
    }
    let user = users.find_person(&person).await?;
    user.ok_or(OidcError::Refused("the user was removed during the sign-in"))
}

/// Checks that the address is verified and of an allowed domain, if any are configured.
fn check_domain(provider: &OidcProvider, claims: &Claims) -> Result<(), OidcError> {
    let allowed = &provider.settings.allowed_domains;
    if allowed.is_empty() {
        return Ok(());
    }
    let email = claims.email.as_deref().filter(|_| claims.email_verified).unwrap_or_default();
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
    if allowed.contains(&domain) {
        Ok(())
    } else {
        Err(OidcError::Refused("the person has no verified address of an allowed domain"))
    }
}

/// Returns the most powerful role in the configured claim, a text or a list of texts.
fn role_in_claims(provider: &OidcProvider, claims: &Claims) -> Option<Role> {
    let claim = claims.others.get(provider.settings.role_claim.as_deref()?)?;
    let words: Vec<&str> = match claim {
        Value::String(word) => vec![word],
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    Role::ALL.into_iter().find(|role| words.contains(&role.as_str()))
}

/// Gives a user another role; the last admin remains one.
async fn change_role(
    context: AccountContext<'_>,
    user: User,
    role: Role,
    now: Millis,
) -> Result<(), OidcError> {
    let digests = if role.can_be_limited() { user.digests } else { DigestScope::All };
    match set_role(context, &user.name, role, &digests, &Actor::System, now).await {
        Ok(()) | Err(AccountError::LastAdmin(_)) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Adds a user under the first of some similar names that is free.
async fn add(
    context: AccountContext<'_>,
    person: &OidcPerson,
    name: &str,
    role: Role,
    now: Millis,
) -> Result<(), OidcError> {
    for number in 1..=MAX_NAMES {
        let name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
        let digests = DigestScope::All;
        let new = NewUser { name, role, digests, oidc: Some(person.clone()) };
        match add_user(context, new, None, [0; SALT_BYTES], &Actor::System, now).await {
            Ok(()) => return Ok(()),
            Err(AccountError::NameTaken(_)) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Err(OidcError::Refused("all similar names of users are taken"))
}

/// Returns a valid name from the claims, `user` if there is none.
fn name_for(claims: &Claims) -> String {
    let email = claims.email.as_deref().and_then(|email| email.split('@').next());
    let text = claims.preferred_username.as_deref().or(email).unwrap_or_default();
    let text: String = text.split('@').next().unwrap_or_default().to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined: String =
        words.collect::<Vec<_>>().join("-").chars().take(MAX_DERIVED_LENGTH).collect();
    let name = joined.trim_end_matches('-');
    if slug::validate(name).is_ok() { name.to_owned() } else { "user".to_owned() }
}
