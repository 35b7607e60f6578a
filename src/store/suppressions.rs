//! Suppressed addresses and domains, which must never receive mail again; addresses are stored as keyed
//! hashes, so that they outlive the erasure of personal data (guarantee 7), domains as `@example.com`.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::StoreResult;
use super::address_rejections;
use super::audit_log::{self, NewAuditEntry};
use super::db::{FromRow, Row, Statement};
use super::operations::Suppressions;
use super::subscribers::Subscriber;
use super::transactional_messages::cancel_to_addresses;
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::page::{Page, PageRequest};
use crate::domain::suppression_target::SuppressionTarget;
use crate::domain::time::Millis;

/// Words for the reasons of suppressions.
pub const SUPPRESSION_REASONS: [&str; 3] = ["admin", "bounce", "complaint"];

/// Suppression of one address or of a domain.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// Keyed hash of the address, or the domain as `@example.com`.
    pub hash: String,
    /// Reason in one word: `admin`, `bounce` or `complaint`.
    pub reason: String,
    /// Time of the suppression.
    pub created_at: Millis,
    /// Address, if a subscriber has it, or the domain as `@example.com`.
    pub address: Option<String>,
    /// Reply for which Courant suppressed the address, while its delivery is stored.
    pub reply: Option<String>,
}

impl Suppression {
    /// Returns `true` if all addresses of a domain are suppressed.
    pub fn is_domain(&self) -> bool {
        self.hash.starts_with('@')
    }
}

/// Returns the key of the suppression of an address or a domain.
pub fn suppression_key(secret: &[u8], target: &SuppressionTarget) -> String {
    match target {
        SuppressionTarget::Address(address) => address_hash(secret, &address.key()),
        SuppressionTarget::Domain(_) => target.to_string(),
    }
}

/// Returns the key of the suppression of the domain of an address.
pub fn domain_key(address: &str) -> &str {
    address.find('@').and_then(|at| address.get(at..)).unwrap_or_default()
}

/// Returns the keyed hash of an address in its normalized form.
pub fn address_hash(secret: &[u8], address_key: &str) -> String {
    AddressHasher::new(secret).hash(address_key)
}

/// Hashes many addresses with one secret, faster than [`address_hash`].
#[derive(Debug, Clone)]
pub struct AddressHasher(Hmac<Sha256>);

impl AddressHasher {
    /// Prepares the secret for the hashes.
    pub fn new(secret: &[u8]) -> Self {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(b"address:");
        Self(mac)
    }

    /// Returns the keyed hash of an address in its normalized form.
    pub fn hash(&self, address_key: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(address_key.as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

static ADD: Statement = Statement::new(
    "
    INSERT INTO suppressions (hash, reason, created_at)
    VALUES ($hash, $reason, $now)
    ON CONFLICT (hash) DO NOTHING",
);

static REMOVE: Statement = Statement::new("DELETE FROM suppressions WHERE hash = $hash");

static REASON: Statement = Statement::new("SELECT reason FROM suppressions WHERE hash = $hash");

const COLUMNS: &str = "x.hash, x.reason, x.created_at,
           CASE WHEN x.hash LIKE '@%' THEN x.hash
                ELSE (SELECT p.address FROM subscribers p WHERE p.address_hash = x.hash)
            END AS address,
           (SELECT d.last_reply FROM deliveries d WHERE d.id = x.delivery_id) AS reply";

static WITH_KEYS: Statement = Statement::with(
    "SELECT {columns} FROM suppressions x WHERE x.hash IN {json_texts $keys}",
    &[("columns", COLUMNS)],
);

static LIST: Statement = Statement::with(
    "
    SELECT {columns}
      FROM suppressions x
     WHERE created_at < $created_at OR (created_at = $created_at AND hash > $hash)
     ORDER BY created_at DESC, hash
     LIMIT $limit",
    &[("columns", COLUMNS)],
);

static COUNT: Statement = Statement::new("SELECT COUNT(*) FROM suppressions");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&ADD, &REMOVE, &REASON, &WITH_KEYS, &LIST, &COUNT];

impl FromRow for Suppression {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            hash: row.get("hash")?,
            reason: row.get("reason")?,
            created_at: row.time("created_at")?,
            address: row.get("address")?,
            reply: row.get("reply")?,
        })
    }
}

impl Suppressions<'_> {
    /// Adds the suppression with a key; returns `false` if it existed already.
    pub async fn add(
        self,
        key: &str,
        reason: &str,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<bool> {
        let suppression = (key.to_owned(), reason.to_owned());
        Ok(self.add_all(&[suppression], actor, now).await? == 1)
    }

    /// Adds suppressions, given as pairs of key and reason, in one transaction; returns the number of
    /// those that were not suppressed yet.
    pub async fn add_all(
        self,
        suppressions: &[(String, String)],
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<usize> {
        let (mut tx, mut added) = (self.store.begin().await?, Vec::new());
        for (hash, reason) in suppressions {
            let query = tx.query(&ADD).bind("hash", hash).bind("reason", reason);
            if query.bind("now", now).execute().await? == 0 {
                continue;
            }
            let (action, object) = (AuditAction::Create, AuditObject::Suppression);
            let entry = NewAuditEntry::new(actor, action, object, hash);
            audit_log::record(&mut tx, entry, now).await?;
            added.push(hash.clone());
        }
        if !added.is_empty() {
            cancel_to_addresses(&mut tx, &added, now).await?;
            tx.commit().await?;
        }
        Ok(added.len())
    }

    /// Removes a suppression, and forgets the rejections of the address; returns `true` if there was
    /// one.
    pub async fn remove(self, hash: &str, actor: &Actor, now: Millis) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        if tx.query(&REMOVE).bind("hash", hash).execute().await? == 0 {
            return Ok(false);
        }
        address_rejections::forget_address(&mut tx, hash).await?;
        let entry = NewAuditEntry::new(actor, AuditAction::Delete, AuditObject::Suppression, hash);
        audit_log::record(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns the reason of the suppression with a key, if there is one.
    pub async fn find(self, key: &str) -> StoreResult<Option<String>> {
        self.store.read(&REASON).bind("hash", key).fetch_optional_scalar().await
    }

    /// Returns the suppression that covers an address: its own, or else that of its domain. `hash` is that
    /// of the address.
    pub async fn covering(self, hash: &str, address: &str) -> StoreResult<Option<Suppression>> {
        let keys = [hash.to_owned(), domain_key(address).to_owned()];
        let found = self.with_keys(&keys).await?;
        Ok(found.into_iter().min_by_key(|one| one.hash != hash))
    }

    /// Returns the suppressions with these keys.
    pub async fn with_keys(self, keys: &[String]) -> StoreResult<Vec<Suppression>> {
        self.store.read(&WITH_KEYS).bind("keys", keys).fetch_all().await
    }

    /// Returns the suppressions of these people by the hashes of their addresses: that of the address, or
    /// else that of its domain.
    pub async fn of_people(
        self,
        people: &[Subscriber],
    ) -> StoreResult<HashMap<String, Suppression>> {
        let keys = people.iter().flat_map(|p| [p.address_hash.as_str(), domain_key(&p.address)]);
        let mut keys: Vec<String> = keys.map(str::to_owned).collect();
        keys.sort();
        keys.dedup();
        let found = self.with_keys(&keys).await?.into_iter().map(|one| (one.hash.clone(), one));
        let found: HashMap<String, Suppression> = found.collect();
        let of = |p: &Subscriber| {
            let one = found.get(&p.address_hash).or_else(|| found.get(domain_key(&p.address)))?;
            Some((p.address_hash.clone(), one.clone()))
        };
        Ok(people.iter().filter_map(of).collect())
    }

    /// Returns the suppression of a person: that of the address, or else that of its domain.
    pub async fn of_person(self, person: &Subscriber) -> StoreResult<Option<Suppression>> {
        self.covering(&person.address_hash, &person.address).await
    }

    /// Returns the number of all suppressions.
    pub async fn count(self) -> StoreResult<i64> {
        self.store.read(&COUNT).fetch_scalar().await
    }

    /// Returns a page of the suppressions, newest first.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<Suppression>> {
        let (created_at, hash) = page.key_or((i64::MAX, String::new()))?;
        self.store
            .read(&LIST)
            .bind("created_at", created_at)
            .bind("hash", hash)
            .fetch_page(page, |s: &Suppression| (s.created_at.0, s.hash.clone()))
            .await
    }
}
