//! Paused digests: the banner on every page of the admin area, and what public pages say.

use super::accounts::{add, get_with, post_with, sign_in};
use super::admin_digests::limited_user;
use super::*;
use crate::digests::{pause_digest, resume_digest};

async fn pause(site: &Site, digest: &str) {
    let (store, now) = (&site.app.store, site.app.now());
    pause_digest(store, digest, &Actor::Cli, now).await.unwrap().unwrap();
}

#[tokio::test]
async fn every_page_of_the_admin_area_names_a_paused_digest_and_offers_to_resume_it() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let lin = sign_in(&site, "lin").await;
    let button = "action=\"/news/admin/digests/daily/resume\"";
    let pages = ["/admin/", "/admin/articles", "/admin/profile", "/admin/sources"];
    for path in pages {
        assert!(!get_with(&site, path, &lin).await.text().contains(button), "{path}");
    }
    pause(&site, "daily").await;
    for path in pages {
        let page = get_with(&site, path, &lin).await.text();
        assert!(page.contains("has been paused since") && page.contains(button), "{path}: {page}");
        assert_eq!(page.matches("has been paused since").count(), 1, "{path}");
    }
    add(&site, "vic", Role::Viewer).await;
    let vic = sign_in(&site, "vic").await;
    let page = get_with(&site, "/admin/articles", &vic).await.text();
    assert!(page.contains("has been paused since") && !page.contains(button), "{page}");
    let mei = limited_user(&site, "weekly").await;
    let page = get_with(&site, "/admin/articles", &mei).await.text();
    assert!(!page.contains("has been paused since"), "it is not a digest of this user: {page}");
    post_with(&site, "/admin/digests/daily/resume", &lin, "").await;
    assert!(!get_with(&site, "/admin/articles", &lin).await.text().contains(button));
}

#[tokio::test]
async fn the_banner_resumes_all_digests_at_once_if_all_are_paused() {
    let site = Site::new(false).await;
    add(&site, "lin", Role::Editor).await;
    let lin = sign_in(&site, "lin").await;
    for digest in ["weekly", "daily"] {
        pause(&site, digest).await;
    }
    let page = get_with(&site, "/admin/articles", &lin).await.text();
    assert!(page.contains("All digests are paused"), "{page}");
    assert!(page.contains("action=\"/news/admin/resume\"") && !page.contains("daily/resume"));
    let home = get_with(&site, "/admin/", &lin).await.text();
    assert!(!home.contains("class=\"all-good\""), "{home}");
}

#[tokio::test]
async fn public_pages_state_no_date_while_a_digest_is_paused() {
    let site = Site::new(true).await;
    for path in ["/", "/subscribe"] {
        assert!(!site.get(path).await.text().contains("paused"), "{path}");
    }
    assert!(
        site.get("/").await.text().contains("The next digest will be sent in"),
        "the demo counts down"
    );
    pause(&site, "weekly").await;
    pause(&site, "daily").await;
    let home = site.get("/").await.text();
    assert_eq!(home.matches("E-mails are currently paused.").count(), 2, "{home}");
    assert!(home.contains("The digest is currently paused."), "{home}");
    assert!(!home.contains("The next digest"), "{home}");
    let form = site.get("/subscribe").await.text();
    assert_eq!(form.matches("E-mails are currently paused.").count(), 2, "{form}");

    let fields = "address=ada@example.org&language=en&digest=weekly&website=";
    assert_eq!(site.post("/subscribe", fields).await.status, StatusCode::OK);
    let person = site.app.store.subscribers().find_by_address("ada@example.org").await.unwrap();
    let scope = LinkScope::Confirm { subscriber: person.unwrap().id, delivery: 1 };
    let confirm = site.get(&format!("/confirm/{}", site.sign(scope))).await.text();
    assert!(confirm.contains("E-mails are currently paused."), "{confirm}");
    assert!(!confirm.contains("Next edition"), "{confirm}");

    let (store, now) = (&site.app.store, site.app.now());
    resume_digest(store, "weekly", &Actor::Cli, now).await.unwrap().unwrap();
    let home = site.get("/").await.text();
    assert_eq!(home.matches("E-mails are currently paused.").count(), 1, "{home}");
}
