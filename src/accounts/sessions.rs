//! Sessions: a random id in a cookie, of which the database has a keyed hash.

use super::context::AccountContext;
use super::secrets::keyed_hash;
use crate::domain::actor::Actor;
use crate::domain::time::{MINUTE, Millis, SignedDuration};
use crate::store::StoreResult;
use crate::store::sessions::{Session, SessionLimits};
use crate::store::sign_in_failures::Account;
use crate::store::users::User;

/// Random bytes in the id of a session.
pub const SESSION_BYTES: usize = 32;
/// Time within which the second factor must follow the password.
const CODE_WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// Interval at which the use of a session is recorded.
const RECORDED_EVERY: SignedDuration = MINUTE;

/// User of a request with their session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// User who signed in.
    pub user: User,
    /// Session of the request.
    pub session: Session,
}

impl AccountContext<'_> {
    /// Returns the keyed hash of the id in a cookie.
    pub(super) fn session_hash(&self, id: &str) -> String {
        keyed_hash(self.secret, "session", id)
    }

    fn limits(&self, now: Millis) -> SessionLimits {
        SessionLimits {
            created_after: now.plus(-self.session_max),
            used_after: now.plus(-self.session_idle),
            waiting_after: now.plus(-CODE_WITHIN),
        }
    }
}

/// Returns the session with the id in a cookie that is not over, complete or not.
pub(super) async fn find(
    context: AccountContext<'_>,
    id: &str,
    now: Millis,
) -> StoreResult<Option<SignedIn>> {
    let found = context.store.sessions().find(&context.session_hash(id)).await?;
    let limits = context.limits(now);
    let is_valid = |session: &Session| {
        session.created_at > limits.created_after
            && session.used_at > limits.used_after
            && (!session.needs_code || session.created_at > limits.waiting_after)
    };
    let Some(session) = found.filter(is_valid) else { return Ok(None) };
    let user = context.store.users().find(&session.user_name).await?;
    Ok(user.map(|user| SignedIn { user, session }))
}

/// Returns the user of the session with the id in a cookie, and records its use every minute.
pub async fn authenticate(
    context: AccountContext<'_>,
    id: &str,
    now: Millis,
) -> StoreResult<Option<SignedIn>> {
    let found = find(context, id, now).await?.filter(|found| !found.session.needs_code);
    if let Some(SignedIn { session, .. }) = &found
        && !(session.used_at <= now && now.since(session.used_at) < RECORDED_EVERY)
        && let Err(reason) = context.store.sessions().touch(&session.hash, now).await
    {
        // A database that accepts no writes can still be read.
        tracing::debug!("cannot record the use of a session: {reason}");
    }
    Ok(found)
}

/// Returns `true` if the session with the id in a cookie waits for the second factor.
pub async fn waits_for_code(
    context: AccountContext<'_>,
    id: &str,
    now: Millis,
) -> StoreResult<bool> {
    Ok(find(context, id, now).await?.is_some_and(|found| found.session.needs_code))
}

/// Returns the sessions of a user, the last used one first.
pub async fn list_sessions(
    context: AccountContext<'_>,
    user: &User,
    now: Millis,
) -> StoreResult<Vec<Session>> {
    context.store.sessions().list(&user.name, context.limits(now)).await
}

/// Ends a session of a user by its public id, for the user; returns `true` if it existed.
pub async fn end_session(
    context: AccountContext<'_>,
    user: &User,
    public_id: &str,
    now: Millis,
) -> StoreResult<bool> {
    end_session_of(context, &user.name, public_id, &user.actor(), now).await
}

/// Ends a session of a user by its public id, for any actor; returns `true` if it existed.
pub async fn end_session_of(
    context: AccountContext<'_>,
    name: &str,
    public_id: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<bool> {
    context.store.sessions().end(name, public_id, actor, now).await
}

/// Ends all sessions of a user; returns their number.
pub async fn end_all_sessions(
    context: AccountContext<'_>,
    name: &str,
    actor: &Actor,
    now: Millis,
) -> StoreResult<u64> {
    context.store.sessions().end_all(name, actor, now).await
}

/// Deletes the sessions that are over; returns their number.
pub async fn delete_expired_sessions(context: AccountContext<'_>, now: Millis) -> StoreResult<u64> {
    context.store.sessions().delete_expired(context.limits(now)).await
}

/// Records in the audit log that a request was refused, with at most one entry per check and ten minutes.
pub async fn record_refusal(
    context: AccountContext<'_>,
    check: &'static str,
    now: Millis,
) -> StoreResult<()> {
    context.store.sign_in_failures().refuse(Account { key: check, user: None, check }, now).await
}
