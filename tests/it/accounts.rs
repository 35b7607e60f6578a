//! Users, sign-ins and sessions, and attacks on them.

use std::sync::atomic::{AtomicU64, Ordering};

use courant::accounts::{
    self, AccountContext, AccountError, Browser, NewSession, NewUser, PasswordCost, SALT_BYTES,
    SIGN_IN_BYTES, SignIn,
};
use courant::domain::actor::Actor;
use courant::domain::audit::AuditAction;
use courant::domain::digest_scope::DigestScope;
use courant::domain::page::PageRequest;
use courant::domain::role::Role;
use courant::domain::time::{DAY, HOUR, Millis, SECOND, SignedDuration};
use courant::store::audit_log::AuditEntry;

use crate::support::{World, database_tests};

mod attacks;
mod oidc;
mod oidc_provider;
mod second_factor;

/// Password of all users of these tests.
const PASSWORD: &str = "Teekanne-am-Fluss";
const BROWSER: Browser<'_> = Browser { description: "Firefox, Linux", session_id: None };

/// Returns the context with cheap password hashes.
fn context(world: &World) -> AccountContext<'_> {
    AccountContext {
        cost: PasswordCost { memory_kib: 64, passes: 1 },
        ..world.app.account_context()
    }
}

fn new_user(name: &str, role: Role) -> NewUser {
    NewUser { name: name.to_owned(), role, digests: DigestScope::All, oidc: None }
}

async fn add(world: &World, name: &str, role: Role) {
    let (user, salt) = (new_user(name, role), [1; SALT_BYTES]);
    accounts::add_user(context(world), user, Some(PASSWORD), salt, &Actor::Cli, world.now())
        .await
        .unwrap();
}

/// Returns other bytes at each call, in place of random ones.
fn unique() -> [u8; SIGN_IN_BYTES] {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    let number = CALLS.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    std::array::from_fn(|at| number[at % number.len()])
}

async fn sign_in_at(world: &World, name: &str, password: &str, now: Millis) -> SignIn {
    accounts::sign_in(context(world), name, password, BROWSER, unique(), now).await.unwrap()
}

async fn sign_in(world: &World, name: &str) -> NewSession {
    match sign_in_at(world, name, PASSWORD, world.now()).await {
        SignIn::Complete(session) => session,
        _ => panic!("{name} cannot sign in"),
    }
}

async fn is_signed_in(world: &World, session: &NewSession, now: Millis) -> bool {
    accounts::authenticate(context(world), &session.id, now).await.unwrap().is_some()
}

async fn entries(world: &World, action: AuditAction) -> Vec<AuditEntry> {
    let page = world.app.store.audit_log().list(&PageRequest::first(1000)).await.unwrap();
    page.items.into_iter().filter(|entry| entry.action == action).collect()
}

database_tests! {
    async fn a_user_sets_a_password_once_with_a_link_of_one_day(world) {
        let (ctx, now) = (context(world), world.now());
        accounts::add_user(ctx, new_user("lin", Role::Admin), None, [1; SALT_BYTES], &Actor::Cli, now).await.unwrap();
        assert!(matches!(sign_in_at(world, "lin", "", now).await, SignIn::Refused));
        let first = accounts::create_password_link(ctx, "lin", [1; 32], &Actor::Cli, now).await.unwrap();
        let second = accounts::create_password_link(ctx, "lin", [2; 32], &Actor::Cli, now).await.unwrap();
        let find = async |token: &str, now| accounts::find_password_link(ctx, token, now).await.unwrap();
        assert_eq!(find(&first, now).await, None, "a new link replaces the old one");
        assert_eq!(find(&second, now.plus(DAY - SECOND)).await.as_deref(), Some("lin"));
        assert_eq!(find(&second, now.plus(DAY)).await, None);
        let set = async |password: &str| accounts::set_password_by_link(ctx, &second, password, [3; SALT_BYTES], now).await;
        assert!(matches!(set("too short").await, Err(AccountError::Password(_))));
        assert!(set(PASSWORD).await.unwrap());
        assert!(!set(PASSWORD).await.unwrap(), "a link works once");
        let later = now.plus(2 * SECOND);
        assert!(matches!(sign_in_at(world, "LIN ", PASSWORD, later).await, SignIn::Complete(_)));
        let missing = accounts::create_password_link(ctx, "nobody", [4; 32], &Actor::Cli, now).await;
        assert!(matches!(missing, Err(AccountError::NotFound(_))));
    }

    async fn the_last_admin_can_be_neither_removed_nor_demoted(world) {
        let (ctx, now, cli) = (context(world), world.now(), &Actor::Cli);
        add(world, "lin", Role::Admin).await;
        add(world, "wu", Role::Admin).await;
        let demote = async |name: &str| accounts::set_role(ctx, name, Role::Viewer, &DigestScope::All, cli, now).await;
        let (one, other) = tokio::join!(demote("lin"), demote("wu"));
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
        let last = if one.is_ok() { "wu" } else { "lin" };
        assert!(matches!(demote(last).await, Err(AccountError::LastAdmin(_))));
        assert!(matches!(accounts::remove_user(ctx, last, cli, now).await, Err(AccountError::LastAdmin(_))));
        assert!(matches!(accounts::remove_user(ctx, "nobody", cli, now).await, Err(AccountError::NotFound(_))));
        let changes = entries(world, AuditAction::Change).await;
        assert_eq!(changes.len(), 1, "refused changes leave no entry: {changes:?}");
    }

    async fn a_user_can_be_limited_to_digests_and_follows_their_new_names(world) {
        let (ctx, now, cli) = (context(world), world.now(), &Actor::Cli);
        let weekly = DigestScope::new(Some(vec!["weekly".to_owned()]));
        let limited = |role| NewUser { digests: weekly.clone(), ..new_user("wu", role) };
        for role in [Role::Admin, Role::Viewer] {
            let refused = accounts::add_user(ctx, limited(role), None, [1; SALT_BYTES], cli, now).await;
            assert!(matches!(refused, Err(AccountError::NotLimitable(_))), "{role:?}");
        }
        accounts::add_user(ctx, limited(Role::Editor), Some(PASSWORD), [1; SALT_BYTES], cli, now).await.unwrap();
        let session = sign_in(world, "wu").await;
        let actor = accounts::authenticate(ctx, &session.id, now).await.unwrap().unwrap().user.actor();
        assert!(actor.digests().contains("weekly") && !actor.digests().contains("daily"));
        let renamed = courant::store::renames::RenamedKind::Digest;
        world.rename(renamed, "weekly", "week").await;
        let user = world.app.store.users().find("wu").await.unwrap().unwrap();
        assert_eq!(user.digests.names(), Some(vec!["week".to_owned()]));
        let listed = world.app.store.users().list(&PageRequest::first(9)).await.unwrap();
        assert_eq!(listed.items[0].digests, user.digests);
    }

    async fn sessions_end_by_time_by_a_change_of_password_or_role_and_by_removal(world) {
        let (ctx, now, cli) = (context(world), world.now(), &Actor::Cli);
        add(world, "lin", Role::Admin).await;
        add(world, "wu", Role::Editor).await;
        let session = sign_in(world, "wu").await;
        assert!(is_signed_in(world, &session, now.plus(11 * HOUR)).await);
        assert!(is_signed_in(world, &session, now.plus(22 * HOUR)).await, "a request extends the idle time");
        assert!(!is_signed_in(world, &session, now.plus(35 * HOUR)).await);
        for hours in (22..30 * 24).step_by(11) {
            assert!(is_signed_in(world, &session, now.plus(SignedDuration::from_hours(hours))).await, "{hours}");
        }
        assert!(!is_signed_in(world, &session, now.plus(30 * DAY + HOUR)).await);

        let session = sign_in(world, "wu").await;
        let user = world.app.store.users().find("wu").await.unwrap().unwrap();
        accounts::change_password(ctx, &user, "another long password 7", [2; SALT_BYTES], now).await.unwrap();
        assert!(!is_signed_in(world, &session, now).await);
        accounts::change_password(ctx, &user, PASSWORD, [2; SALT_BYTES], now).await.unwrap();
        let session = sign_in(world, "wu").await;
        accounts::set_role(ctx, "wu", Role::Viewer, &DigestScope::All, cli, now).await.unwrap();
        assert!(!is_signed_in(world, &session, now).await);
        let session = sign_in(world, "wu").await;
        accounts::set_role(ctx, "wu", Role::Viewer, &DigestScope::All, cli, now).await.unwrap();
        assert!(is_signed_in(world, &session, now).await, "the same role changes nothing");
        accounts::remove_user(ctx, "wu", cli, now).await.unwrap();
        assert!(!is_signed_in(world, &session, now).await);
    }

    async fn sessions_are_listed_and_ended_by_their_owner_only(world) {
        let (ctx, now) = (context(world), world.now());
        add(world, "lin", Role::Admin).await;
        add(world, "wu", Role::Editor).await;
        let (first, second, other) = (sign_in(world, "wu").await, sign_in(world, "wu").await, sign_in(world, "lin").await);
        let users = world.app.store.users();
        let (lin, wu) = (users.find("lin").await.unwrap().unwrap(), users.find("wu").await.unwrap().unwrap());
        let listed = accounts::list_sessions(ctx, &wu, now).await.unwrap();
        assert_eq!(listed.len(), 2);
        assert!(listed.iter().all(|s| s.browser == "Firefox, Linux" && !first.id.contains(s.public_id())));
        let found = accounts::authenticate(ctx, &first.id, now).await.unwrap().unwrap();
        assert!(!accounts::end_session(ctx, &lin, found.session.public_id(), now).await.unwrap());
        assert!(accounts::end_session(ctx, &wu, found.session.public_id(), now).await.unwrap());
        assert!(!is_signed_in(world, &first, now).await);
        assert!(is_signed_in(world, &second, now).await && is_signed_in(world, &other, now).await);
        assert_eq!(entries(world, AuditAction::SignOut).await.len(), 1);
        accounts::delete_expired_sessions(ctx, now.plus(13 * HOUR)).await.unwrap();
        assert!(!is_signed_in(world, &second, now).await, "deleted");
    }

    async fn a_password_hash_of_a_lower_cost_is_replaced_at_the_next_sign_in(world) {
        add(world, "lin", Role::Admin).await;
        let stored = async || world.app.store.users().find("lin").await.unwrap().unwrap().password_hash.unwrap();
        assert!(stored().await.contains("m=64,t=1,"));
        let higher = AccountContext { cost: PasswordCost { memory_kib: 128, passes: 1 }, ..context(world) };
        let signed_in = accounts::sign_in(higher, "lin", PASSWORD, BROWSER, unique(), world.now()).await.unwrap();
        assert!(matches!(signed_in, SignIn::Complete(_)));
        assert!(stored().await.contains("m=128,t=1,"));
        assert_eq!(entries(world, AuditAction::SignIn).await.len(), 1);
    }
}
