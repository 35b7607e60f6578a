//! Idempotency keys of API requests: which request holds a key, whether its effect is committed, and
//! what it was answered.
//!
//! A request claims its key before it changes anything. Each transaction of the store handle of that
//! request marks the key before it commits, so that the mark and the effect are one transaction. The
//! answer is stored afterwards; if the process ends in between, a repeated request learns that the
//! effect took place. A claim without an effect can be taken over once its request must have ended.

use std::sync::Arc;

use super::db::{CommitMark, FromRow, Row, Statement};
use super::operations::IdempotencyKeys;
use super::{Store, StoreResult};
use crate::domain::time::{DAY, MINUTE, Millis, SignedDuration};

/// Time for which a key is remembered.
pub const KEPT_FOR: SignedDuration = DAY;
/// Time after which the request of a claim has ended: its handler is cancelled before.
const ENDED_AFTER: SignedDuration = MINUTE;

/// Request that holds, or wants to hold, a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Kind and name of the actor, since keys of different actors are independent.
    pub actor: String,
    /// Key that the client chose.
    pub key: String,
    /// Hash of method, path and body.
    pub request_hash: String,
    /// Random text that distinguishes this request from others with the key.
    pub claim: String,
}

/// Answer of a request, without headers that each response has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status code of the response.
    pub status: i64,
    /// Value of `Location`, if there was one.
    pub location: Option<String>,
    /// The body as text; empty without one.
    pub body: String,
}

/// Result of claiming a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimResult {
    /// The request holds the key and must be carried out.
    Claimed,
    /// The request was carried out before, with this answer.
    Answered(StoredAnswer),
    /// The request was carried out before, but its answer is not known.
    AnswerLost,
    /// Another request with the key is being carried out.
    Running,
    /// The key belongs to a request with another method, path or body.
    OtherRequest,
}

static DELETE_OLD: Statement =
    Statement::new("DELETE FROM idempotency_keys WHERE claimed_at < $before");

static ADD: Statement = Statement::new(
    "
    INSERT INTO idempotency_keys (actor, key, request_hash, claim, claimed_at)
    VALUES ($actor, $key, $request_hash, $claim, $now)
    ON CONFLICT (actor, key) DO NOTHING",
);

static FIND: Statement = Statement::new(
    "
    SELECT request_hash, claimed_at, has_effect, status, location, body
      FROM idempotency_keys
     WHERE actor = $actor
       AND key = $key",
);

/// Takes over a claim whose request ended without an effect.
static TAKE_OVER: Statement = Statement::new(
    "
    UPDATE idempotency_keys
       SET request_hash = $request_hash,
           claim = $claim,
           claimed_at = $now
     WHERE actor = $actor
       AND key = $key
       AND claimed_at < $before
       AND NOT has_effect
       AND status IS NULL",
);

static MARK: Statement = Statement::new(
    "
    UPDATE idempotency_keys
       SET has_effect = TRUE
     WHERE actor = $actor
       AND key = $key
       AND claim = $claim",
);

static SAVE_ANSWER: Statement = Statement::new(
    "
    UPDATE idempotency_keys
       SET status = $status,
           location = $location,
           body = $body
     WHERE actor = $actor
       AND key = $key
       AND claim = $claim",
);

/// Keeps the key of a request with an effect.
static RELEASE: Statement = Statement::new(
    "
    DELETE FROM idempotency_keys
     WHERE actor = $actor
       AND key = $key
       AND claim = $claim
       AND NOT has_effect",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&DELETE_OLD, &ADD, &FIND, &TAKE_OVER, &MARK, &SAVE_ANSWER, &RELEASE];

/// A key as stored.
struct StoredKey {
    request_hash: String,
    claimed_at: Millis,
    has_effect: bool,
    answer: Option<StoredAnswer>,
}

impl FromRow for StoredKey {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let status: Option<i64> = row.get("status")?;
        let body: Option<String> = row.get("body")?;
        let location: Option<String> = row.get("location")?;
        let answer =
            status.map(|status| StoredAnswer { status, location, body: body.unwrap_or_default() });
        Ok(Self {
            request_hash: row.get("request_hash")?,
            claimed_at: row.time("claimed_at")?,
            has_effect: row.get("has_effect")?,
            answer,
        })
    }
}

impl IdempotencyKeys<'_> {
    /// Claims a key for a request, or returns the state of the request that holds it.
    pub async fn claim(self, request: &ClaimRequest, now: Millis) -> StoreResult<ClaimResult> {
        let ClaimRequest { actor, key, request_hash, claim } = request;
        let mut tx = self.store.begin().await?;
        tx.query(&DELETE_OLD).bind("before", now.plus(-KEPT_FOR)).execute().await?;
        let added = tx
            .query(&ADD)
            .bind("actor", actor)
            .bind("key", key)
            .bind("request_hash", request_hash)
            .bind("claim", claim)
            .bind("now", now)
            .execute()
            .await?;
        if added == 1 {
            tx.commit().await?;
            return Ok(ClaimResult::Claimed);
        }
        let found: Option<StoredKey> =
            tx.query(&FIND).bind("actor", actor).bind("key", key).fetch_optional().await?;
        // Released by its request in the meantime; the client repeats the request.
        let Some(found) = found else { return Ok(ClaimResult::Running) };
        if found.request_hash != *request_hash {
            return Ok(ClaimResult::OtherRequest);
        }
        let has_ended = found.claimed_at < now.plus(-ENDED_AFTER);
        match found {
            StoredKey { answer: Some(answer), .. } => Ok(ClaimResult::Answered(answer)),
            StoredKey { has_effect: true, .. } if has_ended => Ok(ClaimResult::AnswerLost),
            StoredKey { has_effect: true, .. } => Ok(ClaimResult::Running),
            StoredKey { has_effect: false, .. } => {
                let taken = tx
                    .query(&TAKE_OVER)
                    .bind("request_hash", request_hash)
                    .bind("claim", claim)
                    .bind("now", now)
                    .bind("actor", actor)
                    .bind("key", key)
                    .bind("before", now.plus(-ENDED_AFTER))
                    .execute()
                    .await?;
                tx.commit().await?;
                Ok(if taken == 1 { ClaimResult::Claimed } else { ClaimResult::Running })
            }
        }
    }

    /// Stores the answer of a request that holds its key.
    pub async fn save_answer(
        self,
        request: &ClaimRequest,
        answer: &StoredAnswer,
    ) -> StoreResult<()> {
        self.store
            .write(&SAVE_ANSWER)
            .bind("status", answer.status)
            .bind("location", &answer.location)
            .bind("body", &answer.body)
            .bind("actor", &request.actor)
            .bind("key", &request.key)
            .bind("claim", &request.claim)
            .execute()
            .await
            .map(drop)
    }

    /// Gives a key back that a request without an effect held.
    pub async fn release(self, request: &ClaimRequest) -> StoreResult<()> {
        self.store
            .write(&RELEASE)
            .bind("actor", &request.actor)
            .bind("key", &request.key)
            .bind("claim", &request.claim)
            .execute()
            .await
            .map(drop)
    }
}

impl Store {
    /// Returns the same store for a request that holds an idempotency key: its transactions mark the
    /// key, and fail once another request has taken it over.
    #[must_use]
    pub fn for_request(&self, request: &ClaimRequest) -> Self {
        let values = vec![
            ("actor", request.actor.clone().into()),
            ("key", request.key.clone().into()),
            ("claim", request.claim.clone().into()),
        ];
        let failure = "another request with the same Idempotency-Key took over";
        let mark = Arc::new(CommitMark::new(&MARK, values, failure));
        Self { commit_mark: Some(mark), ..self.clone() }
    }

    /// Returns `true` if a transaction of a request that holds an idempotency key was committed.
    pub fn has_effect(&self) -> bool {
        self.commit_mark.as_ref().is_some_and(|mark| mark.is_committed())
    }
}
