//! The list of subscribers: search, filters, columns and the export.

use super::*;

async fn three_people(site: &Site) {
    site.subscriber("ada@example.org", "<b>Ada</b>", "weekly").await;
    site.subscriber_by("ben@example.org", "Ben", "weekly", RequestOrigin::Admin).await;
    site.subscriber("cy@example.org", "Cy", "daily").await;
}

#[tokio::test]
async fn the_list_is_searched_filtered_and_counted_by_its_address() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    assert!(lin.page("/admin/subscribers").await.contains("There are no subscribers yet."));
    three_people(&site).await;
    let all = lin.page("/admin/subscribers").await;
    assert!(all.contains("ada@example.org") && all.contains("3 people"), "{all}");
    assert!(all.contains("&lt;b&gt;Ada&lt;/b&gt;") && !all.contains("<b>Ada"), "a name is escaped");
    assert!(read(&all).contains("Pending <small>1</small>"), "{all}");
    let found = lin.page("/admin/subscribers?q=Cy").await;
    assert!(found.contains("cy@example.org") && !found.contains("ben@example.org"));
    let pending = lin.page("/admin/subscribers?where=status+%3D+%22pending%22").await;
    assert!(pending.contains("ben@example.org") && !pending.contains("cy@example.org"));
    assert!(
        read(&pending).contains("value=\"status = \"pending\"\""),
        "the field shows the filter"
    );
    let nobody = lin.page("/admin/subscribers?q=xyz").await;
    assert!(nobody.contains("Nobody matches."));
    let columns = lin.page("/admin/subscribers?column=timezone").await;
    let table = columns.split("<table").nth(1).unwrap();
    assert!(table.contains("<th>Time zone</th>") && !table.contains("<th>Name</th>"), "{table}");
}

#[tokio::test]
async fn an_error_of_a_filter_names_its_character_and_keeps_the_filter() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let rejected = lin.get("/admin/subscribers?where=language+%3D+%22en%22+and+tagg+%3D+1").await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = read(&rejected.text());
    assert!(page.contains("<code>language = \"en\" and <mark>t</mark>agg = 1</code>"), "{page}");
    assert!(page.contains("value=\"language = \"en\" and tagg = 1\""));
    assert!(page.contains("There is no field or attribute “tagg”. Did you mean “tag”?"), "{page}");
    let path = "/admin/subscribers?where=language+%3D+%22en%22+and+tagg+%3D+1";
    let chinese = lin.in_chinese(path).await;
    assert!(chinese.contains("没有名为“tagg”的字段或属性。您是不是想写“tag”？"), "{chinese}");
    let segment = lin.in_chinese("/admin/segments/new?filter=vip").await;
    assert!(segment.contains("“vip”之后应是比较符"), "{segment}");
}

#[tokio::test]
async fn a_condition_is_added_to_the_filter_without_typing_it() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    three_people(&site).await;
    let page = lin.page("/admin/subscribers").await;
    assert!(page.contains("<option value=\"digest\">digest</option>"), "{page}");
    assert!(!page.contains("name=\"add_test\""), "the field comes first: {page}");
    let begun =
        "/admin/subscribers?where=tag+%3D+%22a%22+or+name+~+%22y%22&add_field=digest&add=field";
    let page = lin.page(begun).await;
    assert!(page.contains("<option value=\"equal\">is</option>"), "{page}");
    assert!(page.contains("<option value=\"daily\">"), "the known values are offered: {page}");
    assert!(!page.contains("<option value=\"contains\">"), "{page}");
    let added = begun.replace("add=field", "add=test&add_test=equal&add_value=daily");
    let to = lin.done_by_get(&added).await;
    let expected = "(tag = \"a\" or name ~ \"y\") and digest = \"daily\"";
    let shown = lin.page(&to).await;
    assert!(read(&shown).contains(&format!("value=\"{expected}\"")), "{to}: {shown}");
    assert!(!to.contains("add"), "a reload adds nothing: {to}");
    assert!(shown.contains("cy@example.org") && !shown.contains("ada@example.org"), "{shown}");
    let wrong = "/admin/subscribers?add_field=created&add_test=less&add_value=yesterday&add=test";
    let page = lin.page(wrong).await;
    assert!(page.contains("“yesterday” is not a date."), "{page}");
    assert!(page.contains("value=\"yesterday\"") && page.contains("type=\"date\""), "{page}");
    let quoted = "/admin/subscribers?add_field=name&add_test=lacks&add_value=%22%5C&add=test";
    let to = lin.done_by_get(quoted).await;
    let shown = read(&lin.page(&to).await);
    assert!(shown.contains("value=\"not name ~ \"\\\"\\\\\"\""), "{shown}");
    let limited = site.user("wu", Role::ListManager, &["weekly"]).await;
    let page = limited.page("/admin/subscribers?add_field=digest&add=field").await;
    assert!(!page.contains("name=\"add_field\""), "{page}");
}

#[tokio::test]
async fn a_search_for_an_address_leads_to_the_person_except_while_one_types() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let ada = site.subscriber("ada@example.org", "Ada", "weekly").await;
    let found = lin.get("/admin/subscribers?q=Ada%40example.org").await;
    assert_eq!(found.header(header::LOCATION), format!("/news/admin/subscribers/{}", ada.id));
    let request = Request::get("/admin/subscribers?q=ada%40example.org")
        .header(header::COOKIE, &lin.cookie)
        .header("sec-fetch-dest", "empty");
    assert_eq!(site.send(request, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_user_of_one_digest_sees_nobody_else_and_enters_no_filter() {
    let site = Site::new(false).await;
    three_people(&site).await;
    let lin = site.user("lin", Role::ListManager, &["weekly"]).await;
    let page = lin.page("/admin/subscribers").await;
    assert!(page.contains("ada@example.org") && !page.contains("cy@example.org"), "{page}");
    assert!(!page.contains("name=\"where\" type=\"text\"") && !page.contains("name=\"action\""));
    let pending = lin.page("/admin/subscribers?where=status+%3D+%22pending%22").await;
    assert!(pending.contains("ben@example.org") && !pending.contains("cy@example.org"));
    for filter in ["digest+%3D+%22daily%22", "not+digest+%3D+%22daily%22", "name+~+%22a%22"] {
        let refused = lin.get(&format!("/admin/subscribers?where={filter}")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{filter}");
    }
    let other = lin.get("/admin/subscribers?q=cy%40example.org").await;
    assert_eq!(other.status, StatusCode::OK, "the search does not tell that the person exists");
    assert_eq!(lin.get("/admin/subscribers.csv").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_export_has_what_the_list_shows_and_is_recorded() {
    let site = Site::new(false).await;
    three_people(&site).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let csv = lin.get("/admin/subscribers.csv?q=ben").await;
    assert!(csv.text().contains("ben@example.org") && !csv.text().contains("ada@example.org"));
    assert!(csv.text().starts_with("\u{feff}email,"), "Excel recognizes UTF-8: {}", csv.text());
    let name = csv.header(header::CONTENT_DISPOSITION);
    assert!(name.contains("filename=\"subscribers-20"), "{name}");
    assert_eq!(site.changes(AuditAction::Export, AuditObject::Subscriber).await, 1);
    let log = site.app.store.audit_log().list(&PageRequest::first(9)).await.unwrap();
    let entry = log.items.iter().find(|entry| entry.action == AuditAction::Export).unwrap();
    let detail = entry.detail.clone().unwrap();
    assert_eq!((&detail["subscribers"], &detail["filtered"]), (&1.into(), &true.into()));
    let viewer = site.user("wu", Role::Viewer, &[]).await;
    assert_eq!(viewer.get("/admin/subscribers.csv").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn digests_have_their_titles_in_the_language_of_the_user() {
    let titled = "title = \"The week\"\ntitles = { zh = \"一周要闻\" }";
    let config = CONFIG.replace("title = \"The week\"", titled);
    let site = Site::with_config(&config, false, false).await;
    let lin = site.user("lin", Role::Admin, &[]).await;
    lin.done("/admin/language", "language=zh&here=%2Fadmin%2F").await;
    let ada = site.subscriber("ada@example.org", "Ada", "weekly").await;
    site.publish("Open day").await;
    lin.done("/admin/digests/weekly/editions", "recipients=1").await;
    for path in [
        "/admin/subscribers".to_owned(),
        format!("/admin/subscribers/{}", ada.id),
        "/admin/subscribers/new".to_owned(),
        "/admin/subscribers/import".to_owned(),
        "/admin/editions".to_owned(),
        "/admin/editions/1".to_owned(),
        "/admin/users".to_owned(),
        "/admin/".to_owned(),
    ] {
        let page = lin.page(&path).await;
        assert!(page.contains("一周要闻"), "{path}: {page}");
        for label in [">weekly<", ">weekly ", "The week<"] {
            assert!(!page.contains(label), "{path}: {label}: {page}");
        }
    }
}
