//! Pages of the admin area: what each shows to whom, and what its forms change.

use axum::http::Method;

use super::accounts::{add, cookie, get_with, post_with, sign_in};
use super::*;
use crate::accounts::{self as account_flows, NewUser};
use crate::domain::audit::AuditAction;
use crate::domain::definition::DefinitionKind;
use crate::domain::digest_scope::DigestScope;
use crate::domain::page::PageRequest;
use crate::store::audit_log::AuditEntry;
use crate::web::access::Access;
use crate::web::router::declared_routes;

/// Starts a site with a signed-in user of a role, and returns the cookie of the session.
async fn site_with(role: Role) -> (Site, String) {
    let site = Site::new(false).await;
    add(&site, "lin", role).await;
    let session = sign_in(&site, "lin").await;
    (site, session)
}

async fn newest_entry(site: &Site) -> AuditEntry {
    let page = site.app.store.audit_log().list(&PageRequest::first(1)).await.unwrap();
    page.items.into_iter().next().unwrap()
}

/// Returns the address of a page for which an object exists, or any.
fn sample_path(route: &str) -> String {
    route.replace("{id}", "1").replace("{name}", "college").replace("{command}", "pause")
}

#[tokio::test]
async fn every_page_is_open_exactly_to_the_roles_with_its_permission() {
    let site = Site::new(false).await;
    for (name, role) in [
        ("ada", Role::Admin),
        ("eve", Role::Editor),
        ("lea", Role::ListManager),
        ("vic", Role::Viewer),
    ] {
        add(&site, name, role).await;
        let session = sign_in(&site, name).await;
        for (route, access) in declared_routes(site.app.clone(), None) {
            let Access::Page(permission) = access else { continue };
            let path = sample_path(route);
            for method in [Method::GET, Method::POST] {
                let request = Request::builder().method(method.clone()).uri(&path);
                let request = request.header(header::COOKIE, &session);
                let request =
                    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                let status = site.send(request, "").await.status;
                let is_refused = status == StatusCode::FORBIDDEN;
                let is_other_method = status == StatusCode::METHOD_NOT_ALLOWED;
                assert!(
                    is_refused != role.grants(permission) || is_other_method,
                    "{method} {route} as {role:?}: {status}"
                );
            }
        }
        if role == Role::Admin {
            // The admin has removed nobody and changed nothing that the others need.
            assert_eq!(site.app.store.users().count().await.unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn the_navigation_names_the_sections_that_the_role_may_open() {
    let (site, session) = site_with(Role::Editor).await;
    let home = get_with(&site, "/admin/", &session).await;
    assert_eq!(home.status, StatusCode::OK);
    let html = home.text();
    for path in ["/news/admin/articles", "/news/admin/editions", "/news/admin/sources"] {
        assert!(html.contains(&format!("href=\"{path}\"")), "{path}");
    }
    for path in ["/news/admin/subscribers", "/news/admin/users", "/news/admin/audit"] {
        assert!(!html.contains(&format!("href=\"{path}\"")), "{path}");
    }
    assert!(!html.contains("confirmed now"), "an editor may not read subscribers");
    let policy = home.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
}

#[tokio::test]
async fn pages_lead_to_the_sign_in_without_a_session() {
    let site = Site::new(false).await;
    for path in ["/admin/", "/admin/editions", "/admin/users", "/admin/events"] {
        let response = site.get(path).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(response.header(header::LOCATION), "/news/admin/login");
    }
}

#[tokio::test]
async fn the_language_of_the_user_is_kept_and_the_switch_leads_back() {
    let (site, session) = site_with(Role::Admin).await;
    let body = "language=zh&here=%2Fadmin%2Fsources%3Fx%3D1";
    let switched = post_with(&site, "/admin/language", &session, body).await;
    assert_eq!(switched.status, StatusCode::SEE_OTHER);
    assert_eq!(switched.header(header::LOCATION), "/news/admin/sources?x=1");
    let page = get_with(&site, "/admin/sources", &session).await.text();
    assert!(page.contains("<html lang=\"zh\"") && page.contains("数据源"), "{page}");
    let elsewhere = "language=en&here=https%3A%2F%2Fevil.example%2F";
    let switched = post_with(&site, "/admin/language", &session, elsewhere).await;
    assert_eq!(switched.header(header::LOCATION), "/news/admin/");
    let unknown = post_with(&site, "/admin/language", &session, "language=xx").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn times_are_shown_in_the_zone_of_the_user_with_utc_beside() {
    let (site, session) = site_with(Role::Admin).await;
    site.publish("Open day").await;
    let body = "action=preferences&timezone=Asia%2FShanghai&shortcuts=on";
    let saved = post_with(&site, "/admin/profile", &session, body).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let article = get_with(&site, "/admin/articles", &session).await.text();
    assert!(article.contains("Asia/Shanghai") && article.contains(" UTC\">"), "{article}");
    let wrong = "action=preferences&timezone=Mars";
    let rejected = post_with(&site, "/admin/profile", &session, wrong).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text().contains("This is not a time zone"));
}

#[tokio::test]
async fn a_token_is_created_shown_once_and_revoked() {
    let (site, session) = site_with(Role::Admin).await;
    let bad =
        post_with(&site, "/admin/tokens", &session, "name=My+Site&role=viewer&scope=all").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.text().contains("value=\"My Site\""), "what was entered stays");
    let new = "name=site&role=viewer&scope=all&expires=90d";
    let created = post_with(&site, "/admin/tokens", &session, new).await;
    assert_eq!(created.status, StatusCode::OK);
    assert!(created.text().contains("data-copy=\""), "{}", created.text());
    assert_eq!(newest_entry(&site).await.action, AuditAction::Create);
    let list = get_with(&site, "/admin/tokens", &session).await.text();
    assert!(list.contains("site") && !list.contains("data-copy"), "the secret is shown once");
    let revoked = post_with(&site, "/admin/tokens/site/revoke", &session, "").await;
    assert_eq!(revoked.header(header::LOCATION), "/news/admin/tokens?done=revoked");
    let again = post_with(&site, "/admin/tokens/site/revoke", &session, "").await;
    assert_eq!(again.header(header::LOCATION), "/news/admin/tokens?refused=gone");
}

#[tokio::test]
async fn a_user_is_added_with_a_link_and_the_last_admin_stays() {
    let (site, session) = site_with(Role::Admin).await;
    let body = "name=wu&role=editor&scope=only&digest=weekly";
    let added = post_with(&site, "/admin/users", &session, body).await;
    assert_eq!(added.status, StatusCode::OK);
    assert!(added.text().contains("/news/admin/password/"), "{}", added.text());
    let stored = site.app.store.users().find("wu").await.unwrap().unwrap();
    assert_eq!(stored.digests, DigestScope::new(Some(vec!["weekly".into()])));
    let page = get_with(&site, "/admin/users/wu", &session).await.text();
    assert!(page.contains("<dt>Last sign-in</dt><dd>never"), "{page}");
    let taken = post_with(&site, "/admin/users", &session, body).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    let demoted =
        post_with(&site, "/admin/users/lin/role", &session, "role=viewer&scope=all").await;
    assert_eq!(demoted.status, StatusCode::UNPROCESSABLE_ENTITY);
    let removed = post_with(&site, "/admin/users/lin/remove", &session, "").await;
    assert_eq!(removed.header(header::LOCATION), "/news/admin/users/lin?refused=last-admin");
    let removed = post_with(&site, "/admin/users/wu/remove", &session, "").await;
    assert_eq!(removed.header(header::LOCATION), "/news/admin/users?done=user-removed");
}

#[tokio::test]
async fn nobody_gets_all_digests_without_that_choice() {
    let (site, session) = site_with(Role::Admin).await;
    let form = get_with(&site, "/admin/users", &session).await.text();
    for text in ["May do everything", "Does not see subscribers", "Changes no feed or digest"] {
        assert!(form.contains(text), "{text}: {form}");
    }
    for path in ["/admin/users", "/admin/tokens"] {
        for (choice, error) in [
            ("role=editor&scope=only", "Tick at least one digest"),
            ("role=editor&scope=all&digest=weekly", "but some are ticked"),
            ("role=viewer&scope=only&digest=weekly", "always concerns all digests"),
        ] {
            let rejected = post_with(&site, path, &session, &format!("name=wu&{choice}")).await;
            assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {choice}");
            let html = rejected.text();
            let (_, at_field) = html.split_once("id=\"error-scope\"").unwrap();
            assert!(at_field.contains(error) && html.contains("value=\"wu\""), "{html}");
        }
        let missing = post_with(&site, path, &session, "name=wu&role=editor").await;
        assert_eq!(missing.status, StatusCode::BAD_REQUEST, "{path}");
        let only = "name=wu&role=editor&scope=only&digest=weekly&digest=daily";
        assert_eq!(post_with(&site, path, &session, only).await.status, StatusCode::OK);
        let list = get_with(&site, path, &session).await.text();
        assert!(list.contains("<td>Every morning and The week"), "{path}: {list}");
    }
    let list = get_with(&site, "/admin/users", &session).await.text();
    assert!(list.contains("<td>All digests"), "{list}");
    let page = get_with(&site, "/admin/users/wu", &session).await.text();
    assert!(page.contains("name=\"scope\" value=\"only\" checked"), "{page}");
    assert!(page.contains("name=\"digest\" value=\"weekly\" checked"));
    let none = post_with(&site, "/admin/users/wu/role", &session, "role=editor&scope=only").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text().contains("id=\"error-scope\""));
    let all = post_with(&site, "/admin/users/wu/role", &session, "role=editor&scope=all").await;
    assert_eq!(all.header(header::LOCATION), "/news/admin/users/wu?done=user");
    let stored = site.app.store.users().find("wu").await.unwrap().unwrap();
    assert_eq!(stored.digests, DigestScope::All);
}

#[tokio::test]
async fn all_errors_of_a_new_user_or_token_are_shown_at_once() {
    let (site, session) = site_with(Role::Admin).await;
    for (path, fields) in [
        ("/admin/users", ["name", "scope"].as_slice()),
        ("/admin/tokens", ["name", "expires", "scope"].as_slice()),
    ] {
        let form = "name=&role=editor&scope=only&expires=soon";
        let rejected = post_with(&site, path, &session, form).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
        let html = rejected.text();
        assert!(html.contains("id=\"error-name\">Enter a name.</span>"), "{html}");
        for field in fields {
            assert!(html.contains(&format!("id=\"error-{field}\"")), "{path} {field}: {html}");
        }
    }
}

#[tokio::test]
async fn articles_are_found_by_title_and_shown_with_their_text_in_a_frame_that_runs_nothing() {
    let (site, session) = site_with(Role::Editor).await;
    site.publish("Open <day>").await;
    site.publish("A new workshop").await;
    let found = get_with(&site, "/admin/articles?q=OPEN", &session).await.text();
    assert!(found.contains("Open &lt;day&gt;") && !found.contains("A new workshop"), "{found}");
    let start = found.find("/news/admin/articles/").unwrap();
    let path = found[start..].split('"').next().unwrap().trim_start_matches("/news");
    let page = get_with(&site, path, &session).await;
    assert_eq!(page.status, StatusCode::OK, "{path}");
    assert!(page.text().contains("All news"), "the feed that selects it");
    assert!(page.text().contains("<h2>Text</h2><iframe class=\"mail fitted\""), "{}", page.text());
    let content = get_with(&site, &format!("{path}/content"), &session).await;
    let policy = content.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(
        get_with(&site, "/admin/articles/none", &session).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_user_who_is_limited_to_a_digest_finds_nothing_of_the_others() {
    let site = Site::new(false).await;
    let other = DigestScope::new(Some(vec!["other".into()]));
    let new = NewUser { name: "wu".into(), role: Role::Editor, digests: other, oidc: None };
    let (context, now) = (site.app.account_context(), site.app.now());
    let password = Some("Teekanne-am-Fluss");
    account_flows::add_user(context, new, password, [1; 16], &Actor::Cli, now).await.unwrap();
    let session = sign_in(&site, "wu").await;
    for path in ["/admin/", "/admin/editions", "/admin/find?q=week"] {
        let html = get_with(&site, path, &session).await.text();
        assert!(!html.contains("/admin/digests/weekly"), "{path}");
    }
}

#[tokio::test]
async fn a_page_is_found_by_what_people_do_there() {
    let (site, session) = site_with(Role::Admin).await;
    for (query, path) in [("block", "suppressions"), ("newsletter", "digests"), ("invite", "users")]
    {
        let html = get_with(&site, &format!("/admin/find?q={query}"), &session).await.text();
        let found = html.split("<main").nth(1).unwrap();
        assert!(found.contains(&format!("/news/admin/{path}\"")), "{query}: {found}");
    }
}

#[tokio::test]
async fn expiring_tokens_are_on_the_home_of_those_who_manage_them() {
    let (site, session) = site_with(Role::Admin).await;
    add(&site, "wu", Role::Editor).await;
    let editor = sign_in(&site, "wu").await;
    post_with(&site, "/admin/tokens", &session, "name=hook&role=viewer&scope=all&expires=7d").await;
    let home = get_with(&site, "/admin/", &session).await.text();
    assert!(home.contains("The token hook expires at"), "{home}");
    let home = get_with(&site, "/admin/", &editor).await.text();
    assert!(!home.contains("hook"), "{home}");
}

#[tokio::test]
async fn the_audit_log_is_filtered_by_object_actor_and_time() {
    let (site, session) = site_with(Role::Admin).await;
    post_with(&site, "/admin/tokens", &session, "name=site&role=viewer&scope=all").await;
    let tokens = get_with(&site, "/admin/audit?object=token", &session).await.text();
    assert!(tokens.contains("<small>Token</small> site") && !tokens.contains(">Signed in<"));
    let mine = get_with(&site, "/admin/audit?q=lin", &session).await.text();
    assert!(mine.contains("<small>Token</small> site") && mine.contains("Signed in"), "{mine}");
    let people = get_with(&site, "/admin/audit?by=people", &session).await.text();
    assert!(people.contains("/admin/users/lin") && !people.contains(">Command line<"), "{people}");
    let past = get_with(&site, "/admin/audit?until=2001-09-09", &session).await.text();
    assert!(past.contains("No change is recorded here yet."), "{past}");
    let future = get_with(&site, "/admin/audit?until=2999-12-31", &session).await.text();
    assert!(future.contains("/admin/users/lin") && future.contains("2999-12-31"), "{future}");
    let nobody = get_with(&site, "/admin/audit?q=nobody", &session).await.text();
    assert!(nobody.contains("No change is recorded here yet."));
}

#[tokio::test]
async fn the_audit_log_states_its_details_in_words_with_links_to_the_objects() {
    let (site, session) = site_with(Role::Admin).await;
    let users = "name=wu&role=editor&scope=only&digest=weekly";
    post_with(&site, "/admin/users", &session, users).await;
    post_with(&site, "/admin/users", &session, &users.replace("wu", "gone")).await;
    post_with(&site, "/admin/users/gone/remove", &session, "").await;
    let long = "a long description ".repeat(5);
    let new = "name=campus&title=Campus&items=5";
    post_with(&site, "/admin/feeds/new", &session, new).await;
    let definitions = site.app.store.definitions();
    let version = definitions.newest_version_of(DefinitionKind::Feed, "campus").await.unwrap();
    let change = format!(
        "version={}&title=Campus+life&items=9&description={}",
        version.unwrap(),
        long.trim_end().replace(' ', "+")
    );
    let changed = post_with(&site, "/admin/feeds/campus/edit", &session, &change).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text());
    let digest = "name=month&schedule=0+9+1+*+*&from=News+%3Cnews%40example.edu%3E";
    post_with(&site, "/admin/digests/new", &session, digest).await;
    let html = get_with(&site, "/admin/audit", &session).await.text();
    assert!(!html.contains("{&quot;") && !html.contains("{\""), "no JSON: {html}");
    for text in [
        "<span>Title:</span> Campus → Campus life",
        "<span>Most articles:</span> 5 → 9",
        "<span>Schedule:</span> on the first day of each month at 9:00",
        "<span>Role:</span> Editor",
        "<span>Digests:</span> The week",
        "<span>Created:</span> password link",
        "<small>User</small> <a href=\"/news/admin/users/wu\">wu</a>",
        "<small>User</small> gone",
    ] {
        assert!(html.contains(text), "{text}: {html}");
    }
    let (_, description) = html.split_once("<span>Description:</span> <details><summary>").unwrap();
    let (summary, whole) = description.split_once("</summary>").unwrap();
    assert!(summary.ends_with('…') && whole.contains(long.trim_end()), "{description}");
    assert!(html.contains("/admin/feeds/campus"), "{html}");
}

#[tokio::test]
async fn a_transport_without_errors_says_so() {
    let (site, session) = site_with(Role::Viewer).await;
    let list = get_with(&site, "/admin/transports", &session).await.text();
    assert!(list.contains("<td>none"), "{list}");
}

#[tokio::test]
async fn the_settings_show_their_origin_and_hide_secrets() {
    let (site, session) = site_with(Role::Admin).await;
    let html = get_with(&site, "/admin/settings", &session).await.text();
    let (_, sections) = html.split_once("<h2>[site]</h2>").unwrap();
    let (set, defaults) = sections.split_once("<summary>").unwrap();
    assert!(set.contains("<td>config.toml:") && !set.contains("<td>default"), "{set}");
    assert!(defaults.contains("<td>default"), "{defaults}");
}

#[tokio::test]
async fn one_button_signs_a_visitor_of_the_demo_in_and_exists_nowhere_else() {
    let site = Site::new(true).await;
    assert!(site.get("/").await.text().contains("/news/demo/sign-in"));
    let signed_in = site.post("/demo/sign-in", "").await;
    assert_eq!(signed_in.header(header::LOCATION), "/news/admin/");
    let session = cookie(&signed_in);
    assert_eq!(get_with(&site, "/admin/", &session).await.status, StatusCode::OK);
    let other = Site::new(false).await;
    assert_eq!(other.post("/demo/sign-in", "").await.status, StatusCode::NOT_FOUND);
    assert!(!other.get("/admin/login").await.text().contains("/demo/sign-in"));
}
