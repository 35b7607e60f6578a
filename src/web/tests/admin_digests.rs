//! Stories about the pages of digests in the admin area: list, page, preview, test and edition.

use super::accounts::{PASSWORD, add, get_with, post_with, sign_in};
use super::*;
use crate::accounts::{self, NewUser};
use crate::domain::audit::AuditAction;
use crate::domain::digest_scope::DigestScope;
use crate::domain::page::PageRequest;

/// Adds a user who is limited to one digest, and signs in.
pub(super) async fn limited_user(site: &Site, digest: &str) -> String {
    let digests = DigestScope::Only([digest.to_owned()].into_iter().collect());
    let new = NewUser { name: "mei".into(), role: Role::Editor, digests, oidc: None };
    let (context, now) = (site.app.account_context(), site.app.now());
    accounts::add_user(context, new, Some(PASSWORD), [1; 16], &Actor::Cli, now).await.unwrap();
    sign_in(site, "mei").await
}

/// Subscribes people to the weekly digest, who confirm at once.
async fn subscribe(site: &Site, addresses: &[&str]) {
    let store = &site.app.store;
    for (address, delivery) in addresses.iter().zip(1..) {
        let form = format!("address={address}&language=en&digest=weekly&website=");
        assert_eq!(site.post("/subscribe", &form).await.status, StatusCode::OK);
        let person = store.subscribers().find_by_address(address).await.unwrap().unwrap().id;
        let token = site.sign(LinkScope::Confirm { subscriber: person, delivery });
        assert_eq!(site.post(&format!("/confirm/{token}"), "").await.status, StatusCode::OK);
    }
}

async fn editions(site: &Site) -> usize {
    site.app.store.editions().list(&PageRequest::first(9)).await.unwrap().items.len()
}

#[tokio::test]
async fn the_list_and_the_page_of_a_digest_show_what_comes_next() {
    let site = Site::new(false).await;
    site.publish_in("Campus", "Open <day>").await;
    add(&site, "lin", Role::Viewer).await;
    let session = sign_in(&site, "lin").await;
    let list = get_with(&site, "/admin/digests", &session).await;
    assert_eq!(list.status, StatusCode::OK);
    let text = list.text();
    assert!(text.contains("every Monday at 8:00") && text.contains("config.toml:15"), "{text}");
    assert!(text.contains("/news/admin/digests/daily") && !text.contains("/admin/digests/new"));
    let page = get_with(&site, "/admin/digests/weekly", &session).await.text();
    assert!(page.contains("Open &lt;day&gt;") && !page.contains("Open <day>"));
    assert_eq!(page.matches("<table class=\"calendar\">").count(), 3);
    assert!(!page.contains("/weekly/edit"), "the config file defines it");
    let unknown = get_with(&site, "/admin/digests/other", &session).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_calendar_names_the_days_of_the_week_from_monday_in_the_language_of_the_user() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Viewer).await;
    let session = sign_in(&site, "lin").await;
    for (language, first, last) in [
        ("en", "Mo Monday", "Su Sunday"),
        ("zh", "一 周一", "日 周日"),
        ("zh-hant", "一 週一", "日 週日"),
    ] {
        let switch = format!("language={language}&here=%2Fadmin%2F");
        let switched = post_with(&site, "/admin/language", &session, &switch).await;
        assert_eq!(switched.status, StatusCode::SEE_OTHER);
        let page = get_with(&site, "/admin/digests/weekly", &session).await.text();
        let heads: Vec<&str> = page.split("<th scope=\"col\">").skip(1).collect();
        let heads: Vec<String> = heads
            .iter()
            .filter_map(|rest| rest.split_once("</span></th>"))
            .map(|(head, _)| {
                head.replace("<span aria-hidden=\"true\">", "")
                    .replace("</span><span class=\"visually-hidden\">", " ")
            })
            .collect();
        assert_eq!(heads.len(), 21, "three months: {page}");
        assert_eq!((heads[0].as_str(), heads[6].as_str()), (first, last));
    }
}

#[tokio::test]
async fn a_limited_user_sees_only_their_digest() {
    let site = Site::new(false).await;
    let session = limited_user(&site, "daily").await;
    let list = get_with(&site, "/admin/digests", &session).await.text();
    assert!(list.contains("/admin/digests/daily") && !list.contains("/admin/digests/weekly"));
    for path in ["weekly", "weekly/preview", "weekly/preview/mail"] {
        let hidden = get_with(&site, &format!("/admin/digests/{path}"), &session).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, form) in [("test", "to=a%40example.org"), ("editions", "recipients=0")] {
        let path = format!("/admin/digests/weekly/{path}");
        let refused = post_with(&site, &path, &session, form).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_preview_is_a_sandboxed_document_with_its_own_policy() {
    let site = Site::new(false).await;
    site.publish("Open day").await;
    add(&site, "lin", Role::Admin).await;
    let session = sign_in(&site, "lin").await;
    let page = get_with(&site, "/admin/digests/weekly/preview?language=zh", &session).await;
    let text = html_escape::decode_html_entities(&page.text()).into_owned();
    let src = text.split("src=\"/news/admin/digests/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(src, "weekly/preview/mail?language=zh&mode=light");
    let mail = get_with(&site, &format!("/admin/digests/{src}"), &session).await;
    let policy = mail.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("; sandbox") && !policy.contains("script-src"), "{policy}");
    assert!(mail.text().contains("Open day") && mail.text().contains("lang=\"zh"));
    assert!(!mail.text().contains("prefers-color-scheme: dark"));
    let source = get_with(&site, "/admin/digests/weekly/preview?part=source", &session).await;
    assert!(source.text().contains("List-Unsubscribe"), "{}", source.text());
    let nobody = "/admin/digests/weekly/preview?as=nobody%40example.org";
    let nobody = get_with(&site, nobody, &session).await.text();
    assert!(nobody.contains("No subscriber has this address."), "{nobody}");
}

#[tokio::test]
async fn a_preview_without_waiting_stories_shows_a_sample_unless_the_next_edition_is_chosen() {
    let site = Site::new(false).await;
    site.publish("Open day").await;
    subscribe(&site, &["ada@example.org"]).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let path = "/admin/digests/weekly/preview";
    let notice = "No story waits for the next edition.";
    let page = get_with(&site, path, &session).await.text();
    assert!(page.contains("It has one article.") && !page.contains(notice), "{page}");
    post_with(&site, "/admin/digests/weekly/editions", &session, "recipients=1").await;
    let page = get_with(&site, path, &session).await.text();
    assert!(page.contains("It has one article.") && page.contains(notice), "{page}");
    assert!(page.contains("<option value=\"sample\" selected>"), "{page}");
    let mail = get_with(&site, &format!("{path}/mail"), &session).await.text();
    assert!(mail.contains("Open day"), "{mail}");
    let page = get_with(&site, &format!("{path}?content=next"), &session).await.text();
    assert!(page.contains("It has no article.") && !page.contains(notice), "{page}");
}

#[tokio::test]
async fn a_test_mail_is_queued_once_and_a_wrong_address_is_kept() {
    let site = Site::new(false).await;
    site.publish("Open day").await;
    add(&site, "lin", Role::Editor).await;
    add(&site, "wu", Role::Viewer).await;
    let (session, viewer) = (sign_in(&site, "lin").await, sign_in(&site, "wu").await);
    let path = "/admin/digests/weekly/test";
    let refused = post_with(&site, path, &viewer, "to=a%40example.org").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let wrong = post_with(&site, path, &session, "to=%3Cb%3E").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("value=\"&lt;b&gt;\""), "{}", wrong.text());
    let choices = "content=sample&language=zh&width=phone&mode=dark";
    let preview = format!("/admin/digests/weekly/preview?{choices}");
    let page = get_with(&site, &preview, &session).await.text();
    let page = html_escape::decode_html_entities(&page);
    assert!(page.contains(&format!("action=\"/news{path}?{choices}\"")), "{page}");
    let path = format!("{path}?{choices}");
    let done = post_with(&site, &path, &session, "to=lin%40example.org").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let location = done.header(header::LOCATION).trim_start_matches("/news");
    assert_eq!(location, format!("{preview}&to=lin%40example.org&done=digest-test"));
    let page = get_with(&site, location, &session).await.text();
    assert!(page.contains("The test to lin@example.org is queued"), "{page}");
    assert!(page.contains("required value=\"lin@example.org\""), "{page}");
    let forged = location.replace("lin%40example.org", "Call+us");
    let page = get_with(&site, &forged, &session).await.text();
    assert!(page.contains("The test is queued") && !page.contains("Call us"), "{page}");
    let log = site.app.store.audit_log().list(&PageRequest::first(100)).await.unwrap();
    let tests = log.items.iter().filter(|entry| entry.action == AuditAction::Test).count();
    assert_eq!(tests, 1);
}

#[tokio::test]
async fn an_edition_for_nobody_cannot_be_created_from_the_preview() {
    let site = Site::new(false).await;
    site.publish("Open day").await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let page = get_with(&site, "/admin/digests/weekly/preview", &session).await.text();
    assert!(page.contains("Nobody would receive it"), "{page}");
    assert!(page.contains(" disabled ") && !page.contains("/weekly/editions\""), "{page}");
}

#[tokio::test]
async fn an_edition_is_created_once_with_the_confirmed_number_of_recipients() {
    let site = Site::new(false).await;
    site.publish("Open day").await;
    subscribe(&site, &["ada@example.org", "bob@example.org"]).await;
    add(&site, "lin", Role::Editor).await;
    let session = sign_in(&site, "lin").await;
    let page = get_with(&site, "/admin/digests/weekly/preview", &session).await.text();
    assert!(page.contains("name=\"recipients\" value=\"2\" required"), "{page}");
    let path = "/admin/digests/weekly/editions";
    for (form, key) in [("", "edition-unconfirmed"), ("recipients=3", "edition-recipients")] {
        let refused = post_with(&site, path, &session, form).await;
        assert!(refused.header(header::LOCATION).ends_with(&format!("refused={key}")));
    }
    assert_eq!(editions(&site).await, 0);
    let created = post_with(&site, path, &session, "recipients=2").await;
    let location = created.header(header::LOCATION).to_owned();
    assert!(location.starts_with("/news/admin/editions/1?"), "{location}");
    let again = post_with(&site, path, &session, "recipients=2").await;
    assert!(again.header(header::LOCATION).ends_with("refused=edition-few"));
    assert_eq!(editions(&site).await, 1);

    let edition = get_with(&site, "/admin/editions/1", &session).await.text();
    assert!(edition.contains("\">English</a> <small>"), "the language comes first: {edition}");
    let mail = edition.split("/news/admin/editions/1/mails/").nth(1).unwrap();
    let variant = mail.split('"').next().unwrap();
    let path = format!("/admin/editions/1/mails/{variant}");
    let shown = get_with(&site, &path, &session).await.text();
    assert!(shown.contains("<iframe") && shown.contains("Open day"), "{shown}");
    let document = get_with(&site, &format!("{path}/document"), &session).await;
    assert!(document.header(header::CONTENT_SECURITY_POLICY).ends_with("; sandbox"));
    assert!(document.text().contains("reader@example.org"));
    let mei = limited_user(&site, "daily").await;
    for path in [path.clone(), format!("{path}/document")] {
        assert_eq!(get_with(&site, &path, &mei).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn everything_is_paused_at_once_and_resumed_and_a_limited_user_reaches_only_their_digest() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    add(&site, "wu", Role::Viewer).await;
    let (session, viewer) = (sign_in(&site, "lin").await, sign_in(&site, "wu").await);
    let mei = limited_user(&site, "daily").await;
    let paused = async || {
        let paused = site.app.store.digests().paused().await.unwrap();
        paused.into_keys().collect::<Vec<_>>()
    };
    for path in ["/admin/pause", "/admin/resume", "/admin/digests/weekly/pause"] {
        assert_eq!(post_with(&site, path, &viewer, "").await.status, StatusCode::FORBIDDEN);
    }
    let hidden = post_with(&site, "/admin/digests/weekly/pause", &mei, "").await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    let list = get_with(&site, "/admin/digests", &mei).await.text();
    assert!(list.contains("Pause my digests") && !list.contains("Pause everything"), "{list}");
    let own = post_with(&site, "/admin/pause", &mei, "").await;
    assert!(own.header(header::LOCATION).ends_with("?done=own-digests-paused"));
    assert_eq!(paused().await, ["daily"]);
    let done = post_with(&site, "/admin/pause", &session, "").await;
    assert!(done.header(header::LOCATION).ends_with("/admin/digests?done=digests-paused"));
    assert_eq!(paused().await, ["daily", "weekly"]);

    let list = get_with(&site, "/admin/digests", &session).await.text();
    assert!(list.contains("Resume everything") && !list.contains("Pause everything"), "{list}");
    let home = get_with(&site, "/admin/", &session).await.text();
    assert!(home.contains("All digests are paused"), "{home}");
    let preview = "class=\"button secondary\" href=\"/news/admin/digests/weekly/preview\"";
    let page = get_with(&site, "/admin/digests/weekly", &session).await.text();
    assert!(page.contains("Paused since") && page.contains("/weekly/resume"), "{page}");
    assert!(page.contains(preview), "only the button that resumes is prominent: {page}");
    let path = "/admin/digests/weekly/pause";
    let again = post_with(&site, path, &session, "").await;
    assert!(again.header(header::LOCATION).ends_with("?refused=digest-paused"));
    let path = "/admin/digests/weekly/resume";
    let one = post_with(&site, path, &session, "").await;
    assert!(one.header(header::LOCATION).ends_with("?done=digest-resumed"));
    assert_eq!(paused().await, ["daily"]);
    post_with(&site, "/admin/resume", &session, "").await;
    assert_eq!(paused().await, Vec::<String>::new());
}
