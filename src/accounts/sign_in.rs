//! Signing in: name and password, then the second factor where one is on.

use super::context::AccountContext;
use super::error::AccountError;
use super::passwords::{self, SALT_BYTES, Verification};
use super::second_factor;
use super::secrets::{keyed_hash, to_text};
use super::sessions::{self, SESSION_BYTES};
use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::password;
use crate::domain::role::Role;
use crate::domain::time::Millis;
use crate::store::sessions::Session;
use crate::store::sign_in_failures::Account;
use crate::store::users::User;

/// Random bytes of a sign-in: the id of a session, and the salt of a new hash.
pub const SIGN_IN_BYTES: usize = SESSION_BYTES + SALT_BYTES;
/// Maximum number of characters of a name that is looked up.
const MAX_NAME_LENGTH: usize = 200;

/// Name of the admin of the demo.
const DEMO_USER: &str = "demo";

/// Browser that signs in.
#[derive(Debug, Clone, Copy)]
pub struct Browser<'a> {
    /// Browser and system, as a person knows them.
    pub description: &'a str,
    /// Id of the session in its cookie, which the new session replaces.
    pub session_id: Option<&'a str>,
}

/// Id of a new session, for the cookie.
#[derive(Clone)]
pub struct NewSession {
    /// Random id, which nothing else reveals.
    pub id: String,
}

/// Outcome of a step of signing in.
pub enum SignIn {
    /// The user is signed in.
    Complete(NewSession),
    /// The password is right, and the second factor is missing.
    NeedsCode(NewSession),
    /// Name, password or code are wrong.
    Refused,
    /// Too many attempts: the next one is possible at this time.
    Blocked(Millis),
}

/// Returns the key under which attempts for a name are counted.
fn account_key(context: AccountContext<'_>, purpose: &str, name: &str) -> String {
    keyed_hash(context.secret, purpose, name)
}

/// Verifies name and password, and starts a session. A wrong name has the same outcome as a wrong password,
/// after the same calculation.
///
/// # Errors
/// If the database or a calculation fails.
pub async fn sign_in(
    context: AccountContext<'_>,
    name: &str,
    password: &str,
    browser: Browser<'_>,
    entropy: [u8; SIGN_IN_BYTES],
    now: Millis,
) -> Result<SignIn, AccountError> {
    let name: String = name.trim().to_lowercase().chars().take(MAX_NAME_LENGTH).collect();
    let user = context.store.users().find(&name).await?;
    let (id, salt) = split(entropy);
    match check_password(context, user.as_ref(), &name, password, salt, now).await? {
        Checked::Right => {}
        Checked::Wrong => return Ok(SignIn::Refused),
        Checked::Blocked(until) => return Ok(SignIn::Blocked(until)),
    }
    let Some(user) = user else { return Ok(SignIn::Refused) };
    let needs_code = user.totp_secret.is_some();
    let session = start_session(context, &user, needs_code, "password", browser, id, now).await?;
    Ok(if needs_code { SignIn::NeedsCode(session) } else { SignIn::Complete(session) })
}

/// Verifies the second factor of the user whose password the browser's session proves, and replaces the
/// session by a complete one.
///
/// # Errors
/// If the database or a calculation fails.
pub async fn verify_code(
    context: AccountContext<'_>,
    code: &str,
    browser: Browser<'_>,
    entropy: [u8; SIGN_IN_BYTES],
    now: Millis,
) -> Result<SignIn, AccountError> {
    let Some(session_id) = browser.session_id else { return Ok(SignIn::Refused) };
    let found = sessions::find(context, session_id, now).await?;
    let Some(found) = found.filter(|found| found.session.needs_code) else {
        return Ok(SignIn::Refused);
    };
    let (user, failures) = (found.user, context.store.sign_in_failures());
    let key = account_key(context, "code", &user.name);
    let account = Account { key: &key, user: Some(&user.name), check: "code" };
    if let Some(until) = failures.start_attempt(account, now).await? {
        return Ok(SignIn::Blocked(until));
    }
    let Some(method) = second_factor::verify(context, &user, code, now).await? else {
        failures.refuse(account, now).await?;
        return Ok(SignIn::Refused);
    };
    failures.clear(&key).await?;
    let (id, _) = split(entropy);
    let session = start_session(context, &user, false, method, browser, id, now).await?;
    Ok(SignIn::Complete(session))
}

/// Verifies the password of a signed-in user before a change that needs it. The attempts count together
/// with those to sign in.
///
/// # Errors
/// If the database or a calculation fails.
pub async fn confirm_password(
    context: AccountContext<'_>,
    user: &User,
    password: &str,
    salt: [u8; SALT_BYTES],
    now: Millis,
) -> Result<bool, AccountError> {
    let checked = check_password(context, Some(user), &user.name, password, salt, now).await?;
    Ok(matches!(checked, Checked::Right))
}

/// Starts a session after a change that ended all sessions of a user, for the browser that made it.
///
/// # Errors
/// If the database fails.
pub async fn continue_session(
    context: AccountContext<'_>,
    user: &User,
    browser: Browser<'_>,
    id: [u8; SESSION_BYTES],
    now: Millis,
) -> Result<NewSession, AccountError> {
    start_session(context, user, false, "new_password", browser, id, now).await
}

/// Signs a visitor of the demo in as its admin, who has no password and is added at the first sign-in.
///
/// # Errors
/// If the database fails.
pub async fn sign_in_to_demo(
    context: AccountContext<'_>,
    browser: Browser<'_>,
    entropy: [u8; SIGN_IN_BYTES],
    now: Millis,
) -> Result<NewSession, AccountError> {
    let (id, _) = split(entropy);
    let admin = User::new(DEMO_USER.to_owned(), Role::Admin, DigestScope::All, now);
    context.store.users().add(&admin, &Actor::System).await?;
    start_session(context, &admin, false, "demo", browser, id, now).await
}

enum Checked {
    Right,
    Wrong,
    Blocked(Millis),
}

/// Counts an attempt and verifies a password; a right one forgets the earlier attempts.
async fn check_password(
    context: AccountContext<'_>,
    user: Option<&User>,
    name: &str,
    password: &str,
    salt: [u8; SALT_BYTES],
    now: Millis,
) -> Result<Checked, AccountError> {
    let failures = context.store.sign_in_failures();
    let key = account_key(context, "password", name);
    let user_name = user.map(|user| user.name.as_str());
    let account = Account { key: &key, user: user_name, check: "password" };
    if let Some(until) = failures.start_attempt(account, now).await? {
        return Ok(Checked::Blocked(until));
    }
    let password = password::normalize(password);
    let stored = user.and_then(|user| user.password_hash.clone());
    let verified = passwords::verify(password.clone(), stored.clone(), context.cost).await?;
    let Verification::Matches { is_outdated } = verified else {
        failures.refuse(account, now).await?;
        return Ok(Checked::Wrong);
    };
    failures.clear(&key).await?;
    if let Some(old_hash) = stored.filter(|_| is_outdated) {
        let new_hash = passwords::hash(password, salt, context.cost).await?;
        context.store.users().replace_password_hash(name, &old_hash, &new_hash).await?;
    }
    Ok(Checked::Right)
}

fn split(entropy: [u8; SIGN_IN_BYTES]) -> ([u8; SESSION_BYTES], [u8; SALT_BYTES]) {
    let id = std::array::from_fn(|at| entropy[at]);
    (id, std::array::from_fn(|at| entropy[SESSION_BYTES + at]))
}

/// Stores a new session in place of the one of the browser.
pub(super) async fn start_session(
    context: AccountContext<'_>,
    user: &User,
    needs_code: bool,
    method: &str,
    browser: Browser<'_>,
    id: [u8; SESSION_BYTES],
    now: Millis,
) -> Result<NewSession, AccountError> {
    let id = to_text(&id);
    let session = Session {
        hash: context.session_hash(&id),
        user_name: user.name.clone(),
        needs_code,
        browser: browser.description.to_owned(),
        created_at: now,
        used_at: now,
    };
    let replaced = browser.session_id.map(|id| context.session_hash(id));
    let sessions = context.store.sessions();
    sessions.start(&session, replaced.as_deref(), method, &user.actor()).await?;
    Ok(NewSession { id })
}
