//! Users: their roles, digests, password hashes and links to set a password.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::db::{FromRow, Row, Statement, Tx};
use super::operations::Users;
use super::sessions::end_sessions_of;
use super::user_audit::record_change;
use super::user_preferences::Preferences;
use crate::domain::actor::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::digest_scope::DigestScope;
use crate::domain::page::{Page, PageRequest};
use crate::domain::role::Role;
use crate::domain::time::Millis;

/// A user as stored in the database.
#[derive(Clone)]
pub struct User {
    /// Unique name of the user.
    pub name: String,
    /// Role that determines the permissions.
    pub role: Role,
    /// Digests that the user may see and change.
    pub digests: DigestScope,
    /// Hash of the password in PHC string format; `None` if the user has no password.
    pub password_hash: Option<String>,
    /// Encrypted secret of the second factor; `None` if it is off.
    pub totp_secret: Option<String>,
    /// Encrypted secret of a second factor that its owner has not confirmed yet.
    pub totp_pending: Option<String>,
    /// Person of an OpenID provider; `None` if the user cannot sign in with one.
    pub oidc: Option<OidcPerson>,
    /// Display settings of the user in the admin area.
    pub preferences: Preferences,
    /// Time at which the user was added.
    pub created_at: Millis,
    /// Time of the last sign-in.
    pub signed_in_at: Option<Millis>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("role", &self.role)
            .field("digests", &self.digests)
            .finish_non_exhaustive()
    }
}

impl User {
    /// Creates a user without password and second factor.
    pub fn new(name: String, role: Role, digests: DigestScope, created_at: Millis) -> Self {
        Self {
            name,
            role,
            digests,
            password_hash: None,
            totp_secret: None,
            totp_pending: None,
            oidc: None,
            preferences: Preferences::default(),
            created_at,
            signed_in_at: None,
        }
    }

    /// Returns the user as the actor of a change.
    pub fn actor(&self) -> Actor {
        Actor::User { name: self.name.clone(), role: self.role, digests: self.digests.clone() }
    }
}

/// Person as an OpenID provider identifies them, by issuer and subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcPerson {
    /// Issuer identifier of the provider.
    pub issuer: String,
    /// Identifier of the person at the provider.
    pub subject: String,
}

/// Outcome of a change to a user that may concern the last admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserChange {
    /// The change is stored.
    Done,
    /// There is no user with this name.
    NotFound,
    /// The user is the only admin, which must remain.
    LastAdmin,
}

static ADD: Statement = Statement::new(
    "
    INSERT INTO users (name, role, is_limited, password_hash, oidc_issuer, oidc_subject, created_at)
    VALUES ($name, $role, $is_limited, $password_hash, $oidc_issuer, $oidc_subject, $now)
    ON CONFLICT DO NOTHING",
);

static ADD_DIGEST: Statement =
    Statement::new("INSERT INTO user_digests (user_name, digest) VALUES ($user_name, $digest)");

static REMOVE_DIGESTS: Statement =
    Statement::new("DELETE FROM user_digests WHERE user_name = $user_name");

static SET_ROLE: Statement =
    Statement::new("UPDATE users SET role = $role, is_limited = $is_limited WHERE name = $name");

static REMOVE: Statement = Statement::new("DELETE FROM users WHERE name = $name");

/// Admins, locked so that two changes at the same time cannot remove the last two.
static ADMINS: Statement =
    Statement::new("SELECT name FROM users WHERE role = 'admin' ORDER BY name {lock_rows}");

const COLUMNS: &str =
    "u.name, u.role, u.is_limited, u.password_hash, u.totp_secret, u.totp_pending,
           u.oidc_issuer, u.oidc_subject, u.language, u.timezone, u.has_shortcuts, u.created_at,
           u.signed_in_at";

static LIST: Statement = Statement::with(
    "
    SELECT {columns}
      FROM users u
     WHERE u.created_at < $created_at OR (u.created_at = $created_at AND u.name > $name)
     ORDER BY u.created_at DESC, u.name
     LIMIT $limit",
    &[("columns", COLUMNS)],
);

static DIGESTS_OF: Statement = Statement::new(
    "
    SELECT user_name, digest
      FROM user_digests
     WHERE user_name IN {json_texts $users}",
);

static WITH_NAME: Statement =
    Statement::with("SELECT {columns} FROM users u WHERE u.name = $name", &[("columns", COLUMNS)]);

static OF_PERSON: Statement = Statement::with(
    "SELECT {columns} FROM users u WHERE u.oidc_issuer = $issuer AND u.oidc_subject = $subject",
    &[("columns", COLUMNS)],
);

static COUNT: Statement = Statement::new("SELECT count(*) FROM users");

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &ADD,
    &ADD_DIGEST,
    &REMOVE_DIGESTS,
    &SET_ROLE,
    &REMOVE,
    &ADMINS,
    &LIST,
    &DIGESTS_OF,
    &WITH_NAME,
    &OF_PERSON,
    &COUNT,
];

impl FromRow for User {
    /// A limited user is read without their digests.
    fn from_row(row: &Row) -> StoreResult<Self> {
        let is_limited: bool = row.get("is_limited")?;
        let issuer: Option<String> = row.get("oidc_issuer")?;
        let subject: Option<String> = row.get("oidc_subject")?;
        Ok(Self {
            name: row.get("name")?,
            role: row.enum_value("users.role", Role::parse)?,
            digests: DigestScope::new(is_limited.then(Vec::new)),
            password_hash: row.get("password_hash")?,
            totp_secret: row.get("totp_secret")?,
            totp_pending: row.get("totp_pending")?,
            oidc: issuer.zip(subject).map(|(issuer, subject)| OidcPerson { issuer, subject }),
            preferences: Preferences::from_row(row)?,
            created_at: row.time("created_at")?,
            signed_in_at: row.optional_time("signed_in_at")?,
        })
    }
}

/// Returns role and digests as the details of an audit entry.
fn access_detail(role: Role, digests: &DigestScope) -> Json {
    let mut detail = json!({"role": role.as_str()});
    if let Some(digests) = digests.names() {
        detail["digests"] = digests.into();
    }
    detail
}

async fn add_digests(tx: &mut Tx, name: &str, digests: &DigestScope) -> StoreResult<()> {
    for digest in digests.names().iter().flatten() {
        tx.query(&ADD_DIGEST).bind("user_name", name).bind("digest", digest).execute().await?;
    }
    Ok(())
}

/// Returns `true` if the user is the only admin; locks all admins.
async fn is_last_admin(tx: &mut Tx, name: &str) -> StoreResult<bool> {
    let admins: Vec<String> = tx.query(&ADMINS).fetch_scalars().await?;
    Ok(admins == [name])
}

impl Users<'_> {
    /// Stores a user; returns `false` if the name or the OpenID person is taken.
    pub async fn add(self, user: &User, actor: &Actor) -> StoreResult<bool> {
        let mut tx = self.store.begin().await?;
        let (issuer, subject) = match &user.oidc {
            Some(person) => (Some(person.issuer.as_str()), Some(person.subject.as_str())),
            None => (None, None),
        };
        let added = tx
            .query(&ADD)
            .bind("name", &user.name)
            .bind("role", user.role.as_str())
            .bind("is_limited", user.digests != DigestScope::All)
            .bind("password_hash", &user.password_hash)
            .bind("oidc_issuer", issuer)
            .bind("oidc_subject", subject)
            .bind("now", user.created_at)
            .execute()
            .await?;
        if added == 0 {
            return Ok(false);
        }
        add_digests(&mut tx, &user.name, &user.digests).await?;
        let detail = access_detail(user.role, &user.digests);
        let action = AuditAction::Create;
        record_change(&mut tx, &user.name, action, detail, actor, user.created_at).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Changes role and digests of a user, and ends the sessions if they differ from the present ones.
    pub async fn set_role(
        self,
        name: &str,
        role: Role,
        digests: &DigestScope,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<UserChange> {
        let mut tx = self.store.begin().await?;
        // Locks the admins before the user is read.
        let is_last_admin = is_last_admin(&mut tx, name).await?;
        let Some(user) = find_in(&mut tx, name).await? else { return Ok(UserChange::NotFound) };
        if (user.role, &user.digests) == (role, digests) {
            return Ok(UserChange::Done);
        }
        if is_last_admin && role != Role::Admin {
            return Ok(UserChange::LastAdmin);
        }
        tx.query(&SET_ROLE)
            .bind("name", name)
            .bind("role", role.as_str())
            .bind("is_limited", *digests != DigestScope::All)
            .execute()
            .await?;
        tx.query(&REMOVE_DIGESTS).bind("user_name", name).execute().await?;
        add_digests(&mut tx, name, digests).await?;
        end_sessions_of(&mut tx, name).await?;
        let detail = access_detail(role, digests);
        record_change(&mut tx, name, AuditAction::Change, detail, actor, now).await?;
        tx.commit().await?;
        Ok(UserChange::Done)
    }

    /// Removes a user with their sessions, links and recovery codes.
    pub async fn remove(self, name: &str, actor: &Actor, now: Millis) -> StoreResult<UserChange> {
        let mut tx = self.store.begin().await?;
        if is_last_admin(&mut tx, name).await? {
            return Ok(UserChange::LastAdmin);
        }
        if tx.query(&REMOVE).bind("name", name).execute().await? == 0 {
            return Ok(UserChange::NotFound);
        }
        record_change(&mut tx, name, AuditAction::Delete, Json::Null, actor, now).await?;
        tx.commit().await?;
        Ok(UserChange::Done)
    }

    /// Returns a page of the users, newest first.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<User>> {
        let (created_at, name) = page.key_or((i64::MAX, String::new()))?;
        let mut users = self
            .store
            .read(&LIST)
            .bind("created_at", created_at)
            .bind("name", name)
            .fetch_page(page, |u: &User| (u.created_at.0, u.name.clone()))
            .await?;
        self.read_digests(&mut users.items).await?;
        Ok(users)
    }

    /// Returns the user with this name.
    pub async fn find(self, name: &str) -> StoreResult<Option<User>> {
        self.with_digests(self.store.read(&WITH_NAME).bind("name", name).fetch_all().await?).await
    }

    /// Returns the user who is this person of an OpenID provider.
    pub async fn find_person(self, person: &OidcPerson) -> StoreResult<Option<User>> {
        let query = self.store.read(&OF_PERSON).bind("issuer", &person.issuer);
        self.with_digests(query.bind("subject", &person.subject).fetch_all().await?).await
    }

    /// Returns the number of users.
    pub async fn count(self) -> StoreResult<i64> {
        self.store.read(&COUNT).fetch_scalar().await
    }

    async fn with_digests(self, mut users: Vec<User>) -> StoreResult<Option<User>> {
        self.read_digests(&mut users).await?;
        Ok(users.pop())
    }

    async fn read_digests(self, users: &mut [User]) -> StoreResult<()> {
        let limited = users.iter().filter(|user| user.digests != DigestScope::All);
        let names: Vec<String> = limited.map(|user| user.name.clone()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let query = self.store.read(&DIGESTS_OF).bind("users", names.as_slice());
        set_digests(users, query.fetch_with(user_and_digest).await?);
        Ok(())
    }
}

fn user_and_digest(row: &Row) -> StoreResult<(String, String)> {
    Ok((row.get("user_name")?, row.get("digest")?))
}

/// Adds digests to the limited users to whom they belong.
fn set_digests(users: &mut [User], digests: Vec<(String, String)>) {
    let mut by_name: HashMap<String, &mut User> =
        users.iter_mut().map(|user| (user.name.clone(), user)).collect();
    for (name, digest) in digests {
        if let Some(User { digests: DigestScope::Only(names), .. }) = by_name.get_mut(&name) {
            names.insert(digest);
        }
    }
}

/// Returns the user with this name, as the transaction sees them.
pub(super) async fn find_in(tx: &mut Tx, name: &str) -> StoreResult<Option<User>> {
    let mut users: Vec<User> = tx.query(&WITH_NAME).bind("name", name).fetch_all().await?;
    let names = vec![name.to_owned()];
    let query = tx.query(&DIGESTS_OF).bind("users", names.as_slice());
    set_digests(&mut users, query.fetch_with(user_and_digest).await?);
    Ok(users.pop())
}
