//! Bulk operations: the page that names the number of people, the start, and the progress.

use super::*;
use crate::domain::bulk::BulkOutcome;
use crate::domain::time::SignedDuration;
use crate::store::bulk_jobs::BulkJob;

async fn two_people(site: &Site) -> [i64; 2] {
    let ada = site.subscriber("ada@example.org", "Ada", "weekly").await;
    let ben = site.subscriber("ben@example.org", "Ben", "weekly").await;
    [ada.id, ben.id]
}

/// Returns a bulk operation after its end.
async fn finished(site: &Site, id: i64) -> BulkJob {
    let wait = async {
        loop {
            let job = site.app.store.bulk_jobs().find(id).await.unwrap().unwrap();
            if job.finished_at.is_some() {
                return job;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SignedDuration::from_secs(300).unsigned_abs(), wait).await.unwrap()
}

#[tokio::test]
async fn chosen_people_are_tagged_once_and_the_page_says_how_many() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let [ada, _] = two_people(&site).await;
    let list = lin.page("/admin/subscribers").await;
    assert!(list.contains("all 2 that match") && list.contains("data-all-rows"), "{list}");
    let one = lin.page("/admin/subscribers?q=ada").await;
    assert!(one.contains("the one that matches"), "{one}");
    let nobody = lin.done("/admin/subscribers/bulk", "action=tag&q=x").await;
    assert!(nobody.ends_with("refused=bulk-nobody"), "{nobody}");
    let asked = lin.post("/admin/subscribers/bulk", &format!("action=tag&chosen={ada}")).await;
    let page = asked.text();
    assert!(page.contains("Tag one person") && page.contains("ada@example.org"), "{page}");
    assert!(read(&page).contains("bulk tag --where 'address in (\"ada@example.org\")'"), "{page}");
    let fields = format!("action=tag&count=1&chosen={ada}");
    let start = "/admin/subscribers/bulk/start";
    let rejected = lin.post(start, &format!("{fields}&tag=a,b")).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text().contains("value=\"a,b\"") && rejected.text().contains("Write a tag"));
    let to = lin.done(start, &format!("{fields}&tag=Partner")).await;
    let id: i64 = to.split(['/', '?']).nth(4).unwrap().parse().unwrap();
    let job = finished(&site, id).await;
    assert_eq!((job.total, job.counts.of(BulkOutcome::Changed)), (1, 1));
    assert_eq!(site.person("ada@example.org").await.unwrap().tags, ["partner"]);
    assert!(site.person("ben@example.org").await.unwrap().tags.is_empty());
    assert_eq!(site.changes(AuditAction::Create, AuditObject::BulkJob).await, 1);
    let page = lin.page(&format!("/admin/subscribers/jobs/{id}")).await;
    assert!(page.contains("Tag “partner”") && page.contains("Finished"), "{page}");
    assert!(!page.contains("data-progress") && !page.contains("/resume\""));
    assert!(lin.page("/admin/subscribers/jobs").await.contains("Tag “partner”"));
    let resumed = lin.done(&format!("/admin/subscribers/jobs/{id}/resume"), "").await;
    assert!(resumed.ends_with("refused=bulk-finished"));
}

#[tokio::test]
async fn a_change_of_all_that_match_needs_the_number_that_the_user_saw() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    two_people(&site).await;
    let fields = "action=subscribe&all=yes&q=example.org&digest=daily&consent=paper";
    let asked = lin.post("/admin/subscribers/bulk", fields).await;
    assert!(asked.text().contains("Subscribe 2 people"), "{}", asked.text());
    site.subscriber("cy@example.org", "", "weekly").await;
    let start = "/admin/subscribers/bulk/start";
    let changed = lin.post(start, &format!("{fields}&count=2")).await;
    assert_eq!(changed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        changed.text().contains("there are 3 now") && changed.text().contains("value=\"paper\"")
    );
    let without = lin.post(start, "action=subscribe&all=yes&digest=daily&consent=&count=3").await;
    assert!(without.text().contains("State how and when"), "{}", without.text());
    let to = lin.done(start, &format!("{fields}&count=3")).await;
    let id: i64 = to.split(['/', '?']).nth(4).unwrap().parse().unwrap();
    assert_eq!(finished(&site, id).await.counts.of(BulkOutcome::Changed), 3);
    assert_eq!(site.subscriptions("cy@example.org").await.len(), 2);
}

#[tokio::test]
async fn people_are_erased_only_with_the_box_checked_and_never_by_a_user_of_one_digest() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let [ada, _] = two_people(&site).await;
    let start = "/admin/subscribers/bulk/start";
    let fields = format!("action=erase&count=1&chosen={ada}");
    let rejected = lin.post(start, &fields).await;
    assert!(rejected.text().contains("Check the box first."), "{}", rejected.text());
    let limited = site.user("wu", Role::ListManager, &["weekly"]).await;
    for path in ["/admin/subscribers/bulk", start] {
        let refused = limited.post(path, &format!("{fields}&sure=yes")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(limited.get("/admin/subscribers/jobs").await.status, StatusCode::FORBIDDEN);
    assert!(site.person("ada@example.org").await.is_some());
    let to = lin.done(start, &format!("{fields}&sure=yes")).await;
    let id: i64 = to.split(['/', '?']).nth(4).unwrap().parse().unwrap();
    finished(&site, id).await;
    assert!(site.person("ada@example.org").await.is_none());
    assert!(site.person("ben@example.org").await.is_some());
}
