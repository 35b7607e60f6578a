//! The pages of segments and of suppressions.

use super::*;

#[tokio::test]
async fn a_segment_is_created_counted_changed_and_deleted() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    site.subscriber("ada@example.org", "Ada", "weekly").await;
    assert!(lin.page("/admin/segments").await.contains("A segment is a filter with a name"));
    let typing = lin.page("/admin/segments/new?filter=name+~+%22ada%22").await;
    assert!(typing.contains("One person"), "the number is shown while one types: {typing}");
    let new = "/admin/segments/new";
    let rejected = lin.post(new, "name=Ada+Fans&title=Fans&filter=name+~+%22ada%22").await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text().contains("value=\"Ada Fans\"") && rejected.text().contains("hyphens."));
    let rejected = lin.post(new, "name=fans&title=Fans&filter=nam+~+%22ada%22").await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text().contains("<mark>n</mark>"), "{}", rejected.text());
    lin.done(new, "name=fans&title=%3Ci%3EFans&filter=name+~+%22ada%22").await;
    assert_eq!(site.changes(AuditAction::Create, AuditObject::Segment).await, 1);
    let list = lin.page("/admin/segments").await;
    assert!(list.contains("&lt;i&gt;Fans") && list.contains(">1</a>"), "{list}");

    let form = lin.page("/admin/segments/fans").await;
    let version =
        form.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let save = "/admin/segments/fans/save";
    lin.done(save, &format!("version={version}&title=Fans&filter=name+~+%22x%22")).await;
    let outdated = lin.post(save, &format!("version={version}&title=F&filter=tag+%3D+1")).await;
    assert_eq!(outdated.status, StatusCode::CONFLICT, "somebody saved meanwhile");
    let page = read(&outdated.text());
    assert!(page.contains("Stored now: name ~ \"x\"") && page.contains("tag = 1"), "{page}");
    let refused = lin.done("/admin/segments/fans/delete", &format!("version={version}")).await;
    assert!(refused.ends_with("refused=segment-changed"), "{refused}");
    let form = lin.page("/admin/segments/fans").await;
    let version =
        form.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    lin.done("/admin/segments/fans/delete", &format!("version={version}")).await;
    assert_eq!(lin.get("/admin/segments/fans").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_filter_of_a_segment_is_built_without_losing_what_was_entered() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let entered = "name=partners&title=Our+partners&filter=language+%3D+%22zh%22";
    let page = lin.page(&format!("/admin/segments/new?{entered}&add_field=tag&add=field")).await;
    assert!(page.contains("formmethod=\"get\" formaction=\"/news/admin/segments/new\""), "{page}");
    assert!(!page.contains("<option value=\"segment\">"), "a segment names no segments: {page}");
    let added = "add_field=tag&add_test=equal&add_value=key+%22partner%22&add=test";
    let page = read(&lin.page(&format!("/admin/segments/new?{entered}&{added}")).await);
    assert!(
        page.contains(">language = \"zh\" and tag = \"key \\\"partner\\\"\"</textarea>"),
        "{page}"
    );
    assert!(
        page.contains("value=\"partners\"") && page.contains("value=\"Our partners\""),
        "{page}"
    );
    let form = "name=partners&title=&filter=language+%3D+%22zh%22&version=";
    lin.done("/admin/segments/new", form).await;
    let version = lin.page("/admin/segments/partners").await;
    let version = version.split("name=\"version\" value=\"").nth(1).unwrap();
    let version = version.split('"').next().unwrap();
    let path = format!("/admin/segments/partners?title=New&filter=vip+%3D+1&version=0&{added}");
    let page = lin.page(&path).await;
    assert!(page.contains("name=\"version\" value=\"0\""), "the version of the form is kept");
    assert!(page.contains("value=\"New\"") && version != "0", "{page}");
}

#[tokio::test]
async fn a_segment_of_the_file_or_of_a_digest_stays() {
    let config = CONFIG.replace(
        "[[digests]]\nname = \"daily\"",
        "[[segments]]\nname = \"staff\"\nfilter = 'tag = \"staff\"'\n[[digests]]\nname = \"daily\"\naudience = 'segment = \"staff\"'",
    );
    let site = Site::with_config(&config, false, false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let page = lin.page("/admin/segments/staff").await;
    assert!(
        page.contains("defines this segment") && page.contains("Used by: Every morning"),
        "{page}"
    );
    let refused = lin.done("/admin/segments/staff/delete", "version=").await;
    assert!(refused.ends_with("refused=segment-used"), "{refused}");
    let refused = lin.done("/admin/segments/staff/save", "version=&filter=tag+%3D+%22x%22").await;
    assert!(refused.ends_with("refused=segment-in-file"), "{refused}");
}

#[tokio::test]
async fn an_address_is_suppressed_found_and_removed() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let path = "/admin/suppressions";
    assert!(lin.page(path).await.contains("No address is suppressed."));
    let rejected = lin.post("/admin/suppressions/new", "email=example.org").await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text().contains("value=\"example.org\""), "{}", rejected.text());
    let added = lin.done("/admin/suppressions/new", "email=Eve%40example.org").await;
    assert!(lin.page(&added).await.contains("address not stored"), "only a hash is stored");
    let again = lin.done("/admin/suppressions/new", "email=eve%40example.org").await;
    assert!(again.ends_with("refused=suppression-known"));
    let none = lin.page("/admin/suppressions?q=bob%40example.org").await;
    assert!(none.contains("bob@example.org is not suppressed."), "{none}");
    let offered = read(&none);
    let (_, offer) = offered.split_once("<br><a class=\"button secondary\" href=\"/news").unwrap();
    let form = lin.page(offer.split('"').next().unwrap()).await;
    assert!(form.contains("required value=\"bob@example.org\""), "{form}");
    let found = lin.page("/admin/suppressions?q=eve%40example.org").await;
    let hash = found.split("name=\"hash\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    lin.done("/admin/suppressions/remove", &format!("hash={hash}")).await;
    assert!(lin.page(path).await.contains("No address is suppressed."));
    assert_eq!(site.changes(AuditAction::Create, AuditObject::Suppression).await, 1);
    assert_eq!(site.changes(AuditAction::Delete, AuditObject::Suppression).await, 1);
}

#[tokio::test]
async fn a_suppressed_domain_is_shown_with_its_people_who_cannot_be_allowed_alone() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let ada = site.subscriber("ada@example.org", "Ada", "weekly").await;
    lin.done("/admin/suppressions/new", "email=%40Example.org").await;
    assert!(lin.page("/admin/suppressions").await.contains("<td>@example.org</td>"));
    let found = lin.page("/admin/suppressions?q=eve%40example.org").await;
    assert!(found.contains("<td>@example.org</td>"), "the domain covers the address");
    let person = format!("/admin/subscribers/{}", ada.id);
    let page = lin.page(&person).await;
    assert!(page.contains("Every address at @example.org is suppressed"), "{page}");
    assert!(
        page.contains("/admin/suppressions?q&#x3D;@example.org")
            || page.contains("/admin/suppressions?q=@example.org"),
        "{page}"
    );
    assert!(!page.contains("value=\"allow\""), "the button would do nothing");
    let allowed = lin.done(&format!("{person}/suppression"), "action=allow").await;
    assert!(allowed.ends_with("refused=person-domain-suppressed"), "{allowed}");
    lin.done("/admin/suppressions/remove", "hash=%40example.org").await;
    assert!(lin.page("/admin/suppressions").await.contains("No address is suppressed."));
}

#[tokio::test]
async fn segments_and_suppressions_are_not_for_users_of_one_digest_or_without_permission() {
    let site = Site::new(false).await;
    let limited = site.user("lin", Role::ListManager, &["weekly"]).await;
    let editor = site.user("wu", Role::Editor, &[]).await;
    let viewer = site.user("kim", Role::Viewer, &[]).await;
    for path in
        ["/admin/segments", "/admin/segments/new", "/admin/suppressions", "/admin/suppressions/new"]
    {
        assert_eq!(limited.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(editor.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let links = ["\"/news/admin/segments\"", "\"/news/admin/suppressions\""];
    let (hidden, shown) = (limited.page("/admin/").await, viewer.page("/admin/").await);
    assert!(links.iter().all(|link| !hidden.contains(link)), "{hidden}");
    assert!(links.iter().all(|link| shown.contains(link)), "{shown}");
    assert!(!viewer.page("/admin/suppressions").await.contains("/suppressions/new"));
    let refused = viewer.post("/admin/suppressions/new", "email=eve%40example.org").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
