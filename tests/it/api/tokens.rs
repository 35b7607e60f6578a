//! Tokens of the API: their roles, lifetimes and last uses.

use axum::http::StatusCode;
use courant::api_tokens::{self, NewToken, TOKEN_BYTES, TokenError};
use courant::domain::actor::Actor;
use courant::domain::digest_scope::DigestScope;
use courant::domain::role::Role;
use courant::domain::time::{HOUR, MINUTE, Millis};

use super::Client;
use crate::support::{World, database_tests};

/// Creates a token that expires and may be limited to digests.
pub(super) async fn create(
    world: &World,
    name: &str,
    role: Role,
    digests: Option<&[&str]>,
    expires_at: Option<Millis>,
) -> Result<String, TokenError> {
    let names = digests.map(|names| names.iter().map(|&name| name.to_owned()).collect());
    let new =
        NewToken { digests: DigestScope::new(names), expires_at, ..NewToken::new(name, role) };
    let mut random = [9; TOKEN_BYTES];
    random[..name.len()].copy_from_slice(name.as_bytes());
    let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
    api_tokens::create_token(store, secret, new, random, &Actor::Cli, world.now()).await
}

database_tests! {
    async fn a_token_is_refused_from_its_time_of_expiry_on_like_a_revoked_one(world) {
        let client = Client::new(world, Role::Admin).await;
        let expires_at = Some(world.now().plus(HOUR));
        let token = create(world, "short", Role::Viewer, None, expires_at).await.unwrap();
        let short = client.with_token(&token);
        world.advance(HOUR - MINUTE);
        assert_eq!(short.get("/api/v1/sources").await.status, StatusCode::OK);
        world.advance(MINUTE);
        let expired = short.get("/api/v1/sources").await;
        assert_eq!(expired.status, StatusCode::UNAUTHORIZED);
        let revoked = client.with_token(&token[..token.len() - 1]).get("/api/v1/sources").await;
        assert_eq!((expired.json, expired.headers.get("www-authenticate")), (revoked.json, revoked.headers.get("www-authenticate")));
        let late = create(world, "late", Role::Viewer, None, expires_at).await.unwrap_err();
        assert!(matches!(late, TokenError::Expired), "{late}");
    }

    async fn the_last_use_of_a_token_is_known_to_a_few_minutes(world) {
        let client = Client::new(world, Role::Viewer).await;
        let last_use = async |world: &World| {
            world.app.store.api_tokens().find("client-viewer").await.unwrap().unwrap().last_used_at
        };
        assert_eq!(last_use(world).await, None);
        let before = world.now();
        client.get("/api/v1/sources").await;
        let first = last_use(world).await.unwrap();
        assert!((before..=world.now()).contains(&first));
        world.advance(2 * MINUTE);
        client.get("/api/v1/sources").await;
        assert_eq!(last_use(world).await, Some(first), "not written with every request");
        world.advance(4 * MINUTE);
        client.get("/api/v1/sources").await;
        assert!(last_use(world).await.unwrap() > first);
    }

    async fn only_editors_and_list_managers_are_limited_to_digests_and_keep_them(world) {
        for (role, is_limitable) in [(Role::Admin, false), (Role::Editor, true), (Role::ListManager, true), (Role::Viewer, false)] {
            let made = create(world, role.as_str(), role, Some(&["weekly", "daily"]), None).await;
            assert_eq!(made.is_ok(), is_limitable, "{role:?}");
        }
        let none = create(world, "none", Role::Editor, Some(&[]), None).await.unwrap_err();
        assert!(matches!(none, TokenError::NoDigest), "{none}");
        let tokens = world.app.store.api_tokens();
        let expected = Some(vec!["daily".to_owned(), "weekly".to_owned()]);
        let found = tokens.find("editor").await.unwrap().unwrap();
        assert_eq!(found.digests.names(), expected);
        let page = tokens.list(&courant::domain::page::PageRequest::first(10)).await.unwrap();
        assert!(page.items.len() == 2 && page.items.iter().all(|token| token.digests.names() == expected));
        assert!(api_tokens::revoke_token(&world.app.store, "editor", &Actor::Cli, world.now()).await.unwrap());
        create(world, "editor", Role::Editor, None, None).await.unwrap();
        assert_eq!(tokens.find("editor").await.unwrap().unwrap().digests, DigestScope::All);
    }

    async fn a_token_follows_its_digest_through_a_rename(world) {
        create(world, "editor", Role::Editor, Some(&["weekly"]), None).await.unwrap();
        let kind = courant::store::renames::RenamedKind::Digest;
        world.rename(kind, "weekly", "news").await;
        let found = world.app.store.api_tokens().find("editor").await.unwrap().unwrap();
        assert_eq!(found.digests.names(), Some(vec!["news".to_owned()]));
    }
}
