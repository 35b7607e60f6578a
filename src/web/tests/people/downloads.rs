//! Files that the pages of editions and suppressions offer.

use super::*;
use crate::digests;

/// Creates an edition of the weekly digest.
async fn create_edition(site: &Site) {
    let (context, now) = (site.app.digest_context(), site.app.now());
    let digest = digests::find_digest(&site.app.config, "weekly").unwrap();
    digests::create_edition_now(context, digest, now, &Actor::Cli, now).await.unwrap();
}

#[tokio::test]
async fn the_recipients_that_an_edition_lists_are_downloaded_by_those_who_may_export() {
    let site = Site::new(false).await;
    site.publish_in("Campus", "Open day").await;
    site.subscriber("ada@example.org", "=Ada", "weekly").await;
    create_edition(&site).await;
    let lin = site.user("lin", Role::ListManager, &["weekly"]).await;
    let page = lin.page("/admin/editions/1").await;
    let path = "/admin/editions/1/recipients.csv";
    assert!(page.contains(&format!("href=\"/news{path}\" download")), "{page}");
    let file = lin.get(path).await;
    let columns = "email,name,state,attempts,answer,ended_at";
    assert_eq!(file.text(), format!("\u{feff}{columns}\nada@example.org,'=Ada,queued,0,,\n"));
    assert!(file.header(header::CONTENT_DISPOSITION).contains("edition-1.csv"));

    let queued = lin.page("/admin/editions/1?state=queued").await;
    assert!(read(&queued).contains(&format!("{path}?state=queued\" download")), "{queued}");
    let failed = lin.get(&format!("{path}?state=failed")).await.text();
    assert_eq!(failed, format!("\u{feff}{columns}\n"));
    let not_sent = lin.get(&format!("{path}?state=not_sent")).await;
    assert!(not_sent.header(header::CONTENT_DISPOSITION).contains("edition-1-not_sent.csv"));
    assert_eq!(not_sent.text(), failed, "the message still waits");
    let unknown = lin.get(&format!("{path}?state=nobody")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "it exports nothing instead of everything");
    assert_eq!(site.changes(AuditAction::Export, AuditObject::Edition).await, 3);

    let viewer = site.user("wu", Role::Viewer, &[]).await;
    assert!(!viewer.page("/admin/editions/1").await.contains("recipients.csv"));
    let daily = site.user("mei", Role::ListManager, &["daily"]).await;
    for (user, status) in [(&viewer, StatusCode::FORBIDDEN), (&daily, StatusCode::NOT_FOUND)] {
        assert_eq!(user.get(path).await.status, status);
    }
    assert_eq!(site.changes(AuditAction::Export, AuditObject::Edition).await, 3);
}

#[tokio::test]
async fn suppressions_are_downloaded_by_those_who_may_change_them() {
    let site = Site::new(false).await;
    let ada = site.subscriber("ada@example.org", "", "weekly").await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let path = "/admin/suppressions.csv";
    assert!(!lin.page("/admin/suppressions").await.contains(path), "there are none");
    lin.done(&format!("/admin/subscribers/{}/suppression", ada.id), "action=suppress").await;
    let page = lin.page("/admin/suppressions").await;
    assert!(page.contains(&format!("href=\"/news{path}\" download")), "{page}");
    let file = lin.get(path).await.text();
    assert!(file.starts_with("\u{feff}email,reason,since,reply,hash\nada@example.org,"), "{file}");
    let found = lin.page("/admin/suppressions?q=ada@example.org").await;
    assert!(found.contains("ada@example.org") && !found.contains(path), "it would export all");
    assert_eq!(site.changes(AuditAction::Export, AuditObject::Suppression).await, 1);
    let viewer = site.user("wu", Role::Viewer, &[]).await;
    assert!(!viewer.page("/admin/suppressions").await.contains(path));
    let limited = site.user("mei", Role::ListManager, &["weekly"]).await;
    for user in [viewer, limited] {
        assert_eq!(user.get(path).await.status, StatusCode::FORBIDDEN);
    }
}
