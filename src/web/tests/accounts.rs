//! Pages with which users sign in and manage their account, and attacks through a browser.

use axum::http::Method;

use super::*;
use crate::accounts::{self, NewUser};
use crate::domain::actor::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::digest_scope::DigestScope;
use crate::domain::page::PageRequest;
use crate::domain::role::Role;
use crate::store::audit_log::AuditEntry;
use crate::web::access::Access;
use crate::web::router::declared_routes;

pub(super) const PASSWORD: &str = "Teekanne-am-Fluss";
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) async fn add(site: &Site, name: &str, role: Role) {
    let new = NewUser { name: name.into(), role, digests: DigestScope::All, oidc: None };
    let (context, now) = (site.app.account_context(), site.app.now());
    accounts::add_user(context, new, Some(PASSWORD), [1; 16], &Actor::Cli, now).await.unwrap();
}

/// Returns `NAME=VALUE` of the cookie that a response sets.
pub(super) fn cookie(response: &TestResponse) -> String {
    response.header(header::SET_COOKIE).split(';').next().unwrap().to_owned()
}

pub(super) async fn get_with(site: &Site, path: &str, cookie: &str) -> TestResponse {
    site.send(Request::get(path).header(header::COOKIE, cookie), "").await
}

pub(super) async fn post_with(site: &Site, path: &str, cookie: &str, body: &str) -> TestResponse {
    let request = Request::post(path).header(header::CONTENT_TYPE, FORM);
    site.send(request.header(header::COOKIE, cookie), body).await
}

pub(super) async fn sign_in(site: &Site, name: &str) -> String {
    let signed_in = site.post("/admin/login", &format!("name={name}&password={PASSWORD}")).await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER, "{}", signed_in.text());
    cookie(&signed_in)
}

async fn refusals(site: &Site) -> Vec<AuditEntry> {
    let page = site.app.store.audit_log().list(&PageRequest::first(100)).await.unwrap();
    page.items.into_iter().filter(|entry| entry.action == AuditAction::RefuseSignIn).collect()
}

/// Returns the check of the newest refusal.
async fn last_refusal(site: &Site) -> String {
    let refusals = refusals(site).await;
    let detail = refusals.first().and_then(|entry| entry.detail.clone()).unwrap_or_default();
    detail["check"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_user_signs_in_sees_the_profile_and_signs_out() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let home = site.get("/admin/").await;
    assert_eq!(
        (home.status, home.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, "/news/admin/login")
    );
    let form = site.get("/admin/login").await;
    assert!(
        form.text().contains("name=\"password\"")
            && form.header(header::CACHE_CONTROL) == "no-store"
    );
    let wrong = site.post("/admin/login", "name=lin&password=a+wrong+password").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("value=\"lin\"") && !wrong.text().contains("a wrong password"));
    assert_eq!(wrong.header(header::SET_COOKIE), "");
    let blocked = site.post("/admin/login", &format!("name=lin&password={PASSWORD}")).await;
    assert_eq!(
        (blocked.status, blocked.header(header::RETRY_AFTER)),
        (StatusCode::TOO_MANY_REQUESTS, "1")
    );
    let unknown = site.post("/admin/login", "name=nobody&password=a+wrong+password").await;
    assert_eq!(unknown.status, wrong.status);
    assert_eq!(unknown.text().replace("nobody", "lin"), wrong.text(), "the answers are the same");

    add(&site, "wu", Role::Admin).await;
    let signed_in = site.post("/admin/login", &format!("name=wu&password={PASSWORD}")).await;
    let set = signed_in.header(header::SET_COOKIE);
    assert!(
        set.starts_with("__Host-courant=") && set.ends_with("; HttpOnly; SameSite=Lax; Secure"),
        "{set}"
    );
    assert!(set.contains("; Path=/;") && !set.contains("Domain"), "{set}");
    assert_eq!(signed_in.header(header::LOCATION), "/news/admin/");
    let session = cookie(&signed_in);
    let profile = get_with(&site, "/admin/profile", &session).await;
    assert_eq!(profile.status, StatusCode::OK);
    assert!(
        profile.text().contains("Administrator")
            && profile.header(header::CACHE_CONTROL) == "no-store"
    );
    assert_eq!(profile.header(header::REFERRER_POLICY), "same-origin");
    let again = get_with(&site, "/admin/login", &session).await;
    assert_eq!(again.header(header::LOCATION), "/news/admin/profile");
    let out = post_with(&site, "/admin/logout", &session, "").await;
    assert!(
        out.header(header::SET_COOKIE).contains("Max-Age=0"),
        "{}",
        out.header(header::SET_COOKIE)
    );
    let after = get_with(&site, "/admin/profile", &session).await;
    assert_eq!(
        after.status,
        StatusCode::SEE_OTHER,
        "a copied cookie opens nothing after the sign-out"
    );
    assert_eq!(last_refusal(&site).await, "session");
}

#[tokio::test]
async fn over_plain_http_the_cookie_has_no_prefix_and_is_not_secure() {
    let config = CONFIG.replace("https://news.example.edu/news", "http://127.0.0.1:8080");
    let site = Site::with_config(&config, false, false).await;
    add(&site, "lin", Role::Viewer).await;
    let signed_in = site.post("/admin/login", &format!("name=lin&password={PASSWORD}")).await;
    let set = signed_in.header(header::SET_COOKIE);
    assert!(set.starts_with("courant=") && set.ends_with("; HttpOnly; SameSite=Lax"), "{set}");
    assert_eq!(get_with(&site, "/admin/profile", &cookie(&signed_in)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_a_rejected_one_can_be_tried_again() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let (context, now) = (site.app.account_context(), site.app.now());
    let token =
        accounts::create_password_link(context, "lin", [9; 32], &Actor::Cli, now).await.unwrap();
    let path = format!("/admin/password/{token}");
    assert!(site.get(&path).await.text().contains("autocomplete=\"new-password\""));
    for (fields, error) in [
        ("password=short&repeat=short", "at least 12"),
        ("password=Passw0rd%212026&repeat=Passw0rd%212026", "easy to guess"),
        ("password=one+long+phrase+9&repeat=two+long+phrase+9", "not the same"),
    ] {
        let rejected = site.post(&path, fields).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(rejected.text().contains(error), "{}", rejected.text());
    }
    let done = site.post(&path, "password=Bergsee+im+Herbst+3&repeat=Bergsee+im+Herbst+3").await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(site.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.post(&path, "password=x&repeat=x").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get_with(&site, "/admin/profile", &session).await.status, StatusCode::SEE_OTHER);
    let signed_in = site.post("/admin/login", "name=lin&password=Bergsee+im+Herbst+3").await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_needs_the_present_one() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let (own, other) = (sign_in(&site, "lin").await, sign_in(&site, "lin").await);
    let change = |present: &str| {
        format!(
            "action=password&present={present}&password=Bergsee+im+Herbst+3&repeat=Bergsee+im+Herbst+3"
        )
    };
    let wrong = post_with(&site, "/admin/profile", &own, &change("wrong")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unknown = post_with(&site, "/admin/profile", &own, "action=other").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    add(&site, "wu", Role::Editor).await;
    let (own_of_wu, other_of_wu) = (sign_in(&site, "wu").await, sign_in(&site, "wu").await);
    let changed = post_with(&site, "/admin/profile", &own_of_wu, &change(PASSWORD)).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text());
    let new = cookie(&changed);
    assert_eq!(get_with(&site, "/admin/profile", &new).await.status, StatusCode::OK);
    for ended in [&own_of_wu, &other_of_wu] {
        assert_eq!(get_with(&site, "/admin/profile", ended).await.status, StatusCode::SEE_OTHER);
    }
    for still in [&own, &other] {
        assert_eq!(get_with(&site, "/admin/profile", still).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn forms_from_another_site_and_from_a_subdomain_are_refused_and_recorded() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Admin).await;
    let session = sign_in(&site, "lin").await;
    let mut checked = 0;
    for (route, access) in declared_routes(site.app.clone(), None) {
        if access != Access::SignedIn && !route.starts_with("/admin/") {
            continue;
        }
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "https://www.news.example.edu"),
            ("origin", "null"),
        ] {
            let request =
                Request::builder().method(Method::POST).uri(route.replace("{token}", "x"));
            let request = request.header(name, value).header(header::COOKIE, &session);
            let status = site.send(request, "action=end-session").await.status;
            let is_refused =
                matches!(status, StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED);
            assert!(is_refused, "{route} {name}: {value}: {status}");
            checked += usize::from(status == StatusCode::FORBIDDEN);
        }
    }
    assert!(checked >= 15, "{checked}");
    assert_eq!(last_refusal(&site).await, "origin");
    assert_eq!(refusals(&site).await.len(), 1, "a flood is one entry");
    assert_eq!(get_with(&site, "/admin/profile", &session).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_has_the_permissions_of_its_role_as_a_token_has() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Admin).await;
    add(&site, "wu", Role::Viewer).await;
    let (admin, viewer) = (sign_in(&site, "lin").await, sign_in(&site, "wu").await);
    assert_eq!(site.get("/metrics").await.status, StatusCode::UNAUTHORIZED);
    for session in [&admin, &viewer] {
        assert_eq!(get_with(&site, "/metrics", session).await.status, StatusCode::OK);
    }
    let wrong_token = Request::get("/metrics").header(header::AUTHORIZATION, "Bearer courant_x");
    let wrong_token = site.send(wrong_token.header(header::COOKIE, &admin), "").await;
    assert_eq!(
        wrong_token.status,
        StatusCode::UNAUTHORIZED,
        "a token never falls back to the session"
    );
}

#[tokio::test]
async fn the_second_factor_is_set_up_asked_for_and_switched_off_in_the_browser() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Admin).await;
    let session = sign_in(&site, "lin").await;
    let post = async |body: &str| post_with(&site, "/admin/profile", &session, body).await;
    let start = post(&format!("action=start-second-factor&present={PASSWORD}")).await;
    assert_eq!(start.status, StatusCode::SEE_OTHER);
    let profile = get_with(&site, "/admin/profile", &session).await.text();
    assert!(profile.contains("<path d=\"M4,4h1v1h-1z"), "a QR code");
    let wrong = post("action=confirm-second-factor&code=000000").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let secret = profile.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    let app = totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::try_from_base32(secret).unwrap())
        .build()
        .unwrap();
    let code = app.generate(site.app.now().epoch_seconds().unsigned_abs()).to_string();
    let on = post(&format!("action=confirm-second-factor&code={code}")).await.text();
    let codes: Vec<&str> = on.split("<code>").skip(1).map(|c| &c[..11]).collect();
    assert_eq!(codes.len(), 10, "{on}");

    let password = site.post("/admin/login", &format!("name=lin&password={PASSWORD}")).await;
    assert_eq!(password.header(header::LOCATION), "/news/admin/login");
    let waiting = cookie(&password);
    assert_eq!(get_with(&site, "/admin/profile", &waiting).await.status, StatusCode::SEE_OTHER);
    assert!(get_with(&site, "/admin/login", &waiting).await.text().contains("name=\"code\""));
    let done = post_with(&site, "/admin/login", &waiting, &format!("code={}", codes[0])).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let full = cookie(&done);
    assert_ne!(full, waiting, "a rise of power has a new id");
    assert_eq!(get_with(&site, "/admin/profile", &full).await.status, StatusCode::OK);
    assert_eq!(get_with(&site, "/admin/profile", &waiting).await.status, StatusCode::SEE_OTHER);
    let stop = |code: &str| format!("action=stop-second-factor&present={PASSWORD}&code={code}");
    let used = post_with(&site, "/admin/profile", &full, &stop(codes[0])).await;
    assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY);
    let without = format!("action=stop-second-factor&present=wrong&code={}", codes[1]);
    assert_eq!(
        post_with(&site, "/admin/profile", &full, &without).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let user = async || site.app.store.users().find("lin").await.unwrap().unwrap();
    assert!(user().await.totp_secret.is_some());
}

#[tokio::test]
async fn without_the_admin_area_its_addresses_do_not_exist() {
    let config = format!("{CONFIG}\n[admin]\nenabled = false\n");
    let site = Site::with_config(&config, false, false).await;
    for path in ["/admin/", "/admin/login", "/admin/profile"] {
        assert_eq!(site.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_no_browser_of_ours_asked_for_is_refused_and_recorded() {
    let provider = "[admin.oidc]\nissuer = \"http://127.0.0.1:1\"\nclient_id = \"c\"\nclient_secret = \"s\"\nname = \"College login\"\n";
    let site = Site::with_config(&format!("{CONFIG}\n{provider}"), false, false).await;
    assert!(site.get("/admin/login").await.text().contains("Continue with College login"));
    let forged = site.get("/admin/oidc/callback?code=x&state=forged").await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(forged.header(header::SET_COOKIE), "");
    assert_eq!(last_refusal(&site).await, "openid");
    let unreachable = site.get("/admin/oidc").await;
    assert_eq!(unreachable.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(Site::new(false).await.get("/admin/oidc").await.status, StatusCode::NOT_FOUND);
}
