//! The page of one person: history, details, address, subscriptions, suppression and erasure.

use super::*;
use crate::digests;
use crate::domain::attribute::AttributeType;
use crate::store::suppressions::address_hash;

/// Returns the value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_page_shows_subscriptions_earlier_states_messages_and_changes() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let ada = site.subscriber_by("ada@example.org", "", "weekly", RequestOrigin::Admin).await;
    let path = format!("/admin/subscribers/{}", ada.id);
    let page = lin.page(&path).await;
    assert!(page.contains("The week") && page.contains("Pending"), "{page}");
    assert!(page.contains("Request for confirmation"), "the message is listed: {page}");
    assert!(page.contains("/subscriptions/weekly/remind"));
    let end = format!("{path}/subscriptions/weekly/end");
    let back = lin.done(&end, "reason=%3Ci%3Eleft+the+college").await;
    assert_eq!(back, format!("{path}?done=person-ended"));
    let page = lin.page(&back).await;
    assert!(page.contains("The subscription has ended.") && page.contains("Earlier states"));
    assert!(page.contains("Ended by a user: &lt;i&gt;left the college"), "{page}");
    assert!(page.contains("Unsubscribed <span class=\"hint\">lin"), "the log is shown: {page}");
    assert!(site.changes(AuditAction::Unsubscribe, AuditObject::Subscriber).await == 1);
    assert_eq!(lin.get("/admin/subscribers/999").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn details_are_checked_and_a_rejected_form_keeps_what_was_entered() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let ada = site.subscriber("ada@example.org", "Ada", "weekly").await;
    let (attributes, now) = (site.app.store.attributes(), site.app.now());
    attributes.add("year", AttributeType::Number, &Actor::Cli, now).await.unwrap();
    let path = format!("/admin/subscribers/{}", ada.id);
    let version = hidden(&lin.page(&path).await, "version");
    let form = format!("{path}/details");
    let fields = "name=Ada+L&language=klingon!&timezone=Mars&tags=Staff,+VIP&attribute-year=old";
    let rejected = lin.post(&form, &format!("version={version}&{fields}")).await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = rejected.text();
    assert!(page.contains("value=\"Ada L\"") && page.contains("value=\"klingon!\""), "{page}");
    assert!(page.contains("not a language") && page.contains("not a time zone"));
    assert!(page.contains("id=\"attribute-year-error\""), "{page}");
    assert_eq!(site.person("ada@example.org").await.unwrap().name.as_deref(), Some("Ada"));

    let fields = "name=Ada+L&language=zh&timezone=Asia/Shanghai&tags=Staff,+VIP&attribute-year=2";
    lin.done(&form, &format!("version={version}&{fields}")).await;
    let stored = site.person("ada@example.org").await.unwrap();
    assert_eq!((stored.name.as_deref(), stored.language.as_deref()), (Some("Ada L"), Some("zh")));
    assert_eq!(
        (stored.tags.join("+"), stored.attributes["year"].to_string()),
        ("staff+vip".into(), "2".into())
    );
    assert_eq!(site.changes(AuditAction::Change, AuditObject::Subscriber).await, 1);

    let fields = "name=Ada+M&language=zh&timezone=&tags=staff&attribute-year=";
    let outdated = lin.post(&form, &format!("version={version}&{fields}")).await;
    assert_eq!(outdated.status, StatusCode::CONFLICT, "somebody else saved meanwhile");
    let page = outdated.text();
    assert!(page.contains("value=\"Ada M\"") && page.contains("Stored now: Ada L"), "{page}");
    let version = hidden(&page, "version");
    lin.done(&form, &format!("version={version}&{fields}")).await;
    let stored = site.person("ada@example.org").await.unwrap();
    assert_eq!((stored.tags.join("+"), stored.attributes.len()), ("staff".into(), 0));
    assert_eq!((stored.name.as_deref(), stored.timezone), (Some("Ada M"), None));
}

#[tokio::test]
async fn an_address_changes_only_if_it_belongs_to_the_same_person() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let ada = site.subscriber("ada@example.org", "", "weekly").await;
    site.subscriber("ben@example.org", "", "weekly").await;
    let form = format!("/admin/subscribers/{}/address", ada.id);
    for (fields, error) in [
        ("email=nobody&same_person=yes", "not an e-mail address"),
        ("email=ben%40example.org&same_person=yes", "Another subscriber"),
        ("email=ada%40example.net", "belongs to the same person"),
    ] {
        let rejected = lin.post(&form, fields).await;
        assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(rejected.text().contains(error), "{fields}: {}", rejected.text());
    }
    lin.done(&form, "email=ada%40example.net&same_person=yes").await;
    assert_eq!(site.person("ada@example.net").await.unwrap().id, ada.id);
}

#[tokio::test]
async fn a_subscription_begins_with_consent_or_with_a_question() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let ada = site.subscriber("ada@example.org", "", "weekly").await;
    let form = format!("/admin/subscribers/{}/subscribe", ada.id);
    let rejected = lin.post(&form, "digest=daily&status=confirmed&consent=").await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(rejected.text().contains("State how and when the person agreed"));
    assert!(rejected.text().contains("value=\"daily\" checked"), "the choice is kept");
    let asked = lin.done(&form, "digest=daily&status=pending").await;
    assert!(asked.ends_with("done=person-asked"), "{asked}");
    let links = site.subscriptions("ada@example.org").await;
    let statuses: Vec<&str> = links.iter().map(|one| one.status.as_str()).collect();
    assert_eq!(statuses, ["pending", "confirmed"]);
    lin.post("/admin/profile", "action=preferences&timezone=Asia%2FShanghai").await;
    let added = links[0].requested_at.in_zone(&jiff::tz::TimeZone::get("Asia/Shanghai").unwrap());
    let page = lin.page(&format!("/admin/subscribers/{}", ada.id)).await;
    assert!(page.contains(&format!("added in the admin area, {added}<")), "{page}");
    let again = format!("/admin/subscribers/{}/subscriptions/daily/remind", ada.id);
    assert!(lin.done(&again, "").await.ends_with("refused=person-asked-before"));
    let sections = format!("/admin/subscribers/{}/subscriptions/weekly/sections", ada.id);
    lin.done(&sections, "section=Campus&section=Sport").await;
    let links = site.subscriptions("ada@example.org").await;
    assert_eq!(
        (links[1].sections.join("+"), links[1].consent.as_str()),
        ("Campus+Sport".into(), "form")
    );
}

#[tokio::test]
async fn an_address_is_suppressed_allowed_again_and_a_person_erased_after_a_check() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let ada = site.subscriber("ada@example.org", "", "weekly").await;
    let path = format!("/admin/subscribers/{}", ada.id);
    let data = lin.get(&format!("{path}/data.json")).await;
    assert!(data.text().contains("\"consent\": \"form\""), "{}", data.text());
    assert_eq!(site.changes(AuditAction::Export, AuditObject::Subscriber).await, 1);
    lin.done(&format!("{path}/suppression"), "action=suppress").await;
    assert!(lin.page(&path).await.contains("A user suppressed this address"));
    lin.done(&format!("{path}/suppression"), "action=allow").await;
    let hash = address_hash(&site.app.store_identity.secret, "ada@example.org");
    assert_eq!(site.app.store.suppressions().find(&hash).await.unwrap(), None);
    let refused = lin.done(&format!("{path}/erase"), "").await;
    assert!(
        refused.ends_with("refused=person-erase") && site.person("ada@example.org").await.is_some()
    );
    lin.done(&format!("{path}/erase"), "sure=yes").await;
    assert!(site.person("ada@example.org").await.is_none());
    assert_eq!(site.changes(AuditAction::Erase, AuditObject::Subscriber).await, 1);
}

#[tokio::test]
async fn a_user_of_one_digest_changes_its_subscription_but_not_the_person() {
    let site = Site::new(false).await;
    let ada = site.subscriber("ada@example.org", "Ada", "weekly").await;
    site.subscriber("ada@example.org", "Ada", "daily").await;
    let cy = site.subscriber("cy@example.org", "Cy", "daily").await;
    let lin = site.user("lin", Role::ListManager, &["weekly"]).await;
    let path = format!("/admin/subscribers/{}", ada.id);
    let page = lin.page(&path).await;
    assert!(page.contains("The week") && !page.contains("Every morning"), "{page}");
    assert!(page.contains("only what concerns your digests") && !page.contains("/details\""));
    for below in ["details", "address", "erase", "suppression", "subscriptions/daily/end"] {
        let refused = lin.post(&format!("{path}/{below}"), "sure=yes&action=suppress").await;
        assert!(refused.status.is_client_error(), "{below}: {}", refused.status);
    }
    let subscribed = lin.post(&format!("{path}/subscribe"), "digest=daily&status=pending").await;
    assert_eq!(subscribed.status, StatusCode::FORBIDDEN);
    assert_eq!(
        lin.get(&format!("/admin/subscribers/{}", cy.id)).await.status,
        StatusCode::NOT_FOUND
    );
    lin.done(&format!("{path}/subscriptions/weekly/end"), "").await;
    let viewer = site.user("wu", Role::Viewer, &[]).await;
    assert!(!viewer.page(&path).await.contains("<button class=\"danger\""));
    let refused = viewer.post(&format!("{path}/erase"), "sure=yes").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(site.person("ada@example.org").await.is_some());
}

#[tokio::test]
async fn a_new_person_is_added_and_a_rejected_form_is_kept() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    let form = "/admin/subscribers/new";
    assert!(lin.page(form).await.contains("name=\"email\""));
    let rejected = lin.post(form, "email=dora%40&digest=weekly&name=Dora").await;
    assert_eq!(rejected.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        rejected.text().contains("value=\"Dora\"") && rejected.text().contains("not an e-mail")
    );
    let to = lin
        .done(form, "email=dora%40example.org&digest=weekly&name=Dora&tags=Staff&status=pending")
        .await;
    let dora = site.person("dora@example.org").await.unwrap();
    assert_eq!(to, format!("/admin/subscribers/{}?done=person-asked", dora.id));
    assert_eq!((dora.name.as_deref(), dora.tags.join(",")), (Some("Dora"), "staff".to_owned()));
}

#[tokio::test]
async fn the_messages_of_a_person_are_named_by_their_subjects() {
    let site = Site::new(false).await;
    let lin = site.user("lin", Role::Admin, &[]).await;
    site.publish("Open <day>").await;
    let ada = site.subscriber("ada@example.org", "Ada", "weekly").await;
    lin.done("/admin/digests/weekly/editions", "recipients=1").await;
    let store = &site.app.store;
    let path = format!("/admin/subscribers/{}", ada.id);
    let page = lin.page(&path).await;
    let deliveries = store.deliveries().to_subscriber(ada.id, 9).await.unwrap();
    let (subject, variant) =
        (deliveries[0].subject.clone().unwrap(), deliveries[0].variant_id.unwrap());
    let link = format!("/admin/editions/1/mails/{variant}\">{subject}</a>");
    assert!(read(&page).contains(&link), "{link}: {page}");
    assert!(lin.page(&format!("/admin/editions/1/mails/{variant}")).await.contains("<iframe"));
    let ben = site.subscriber_by("ben@example.org", "", "weekly", RequestOrigin::Admin).await;
    let page = lin.page(&format!("/admin/subscribers/{}", ben.id)).await;
    assert!(page.contains("Request for confirmation: "), "{page}");
    let secret = &site.app.store_identity.secret;
    let address = crate::domain::address::EmailAddress::parse("ben@example.org").unwrap();
    subscribers::suppress(store, secret, &address.into(), &Actor::Cli, site.app.now())
        .await
        .unwrap();
    let path = format!("/admin/subscribers/{}", ben.id);
    assert!(lin.page(&path).await.contains("Not sent: the address was suppressed before."));
    assert!(lin.in_chinese(&path).await.contains("未发送：该地址此前已列入禁发名单。"));
}

#[tokio::test]
async fn the_pages_of_an_edition_and_of_a_person_say_why_the_person_did_not_get_it() {
    let site = Site::new(false).await;
    site.publish_in("Campus", "Open day").await;
    let lin = site.user("lin", Role::ListManager, &[]).await;
    site.subscriber("ada@example.org", "", "weekly").await;
    let ben = site.subscriber_by("ben@example.org", "", "weekly", RequestOrigin::Admin).await;
    let (context, now) = (site.app.digest_context(), site.app.now());
    let digest = digests::find_digest(&site.app.config, "weekly").unwrap();
    digests::create_edition_now(context, digest, now, &Actor::Cli, now).await.unwrap();

    let page = lin.page("/admin/editions/1").await;
    assert!(page.contains("One person had not confirmed the subscription yet."), "{page}");
    for (address, answer) in [
        ("ben@example.org", "was not confirmed yet when the edition was created"),
        ("ada@example.org", "The message to this person waits to be sent."),
        ("eva@example.org", "This address has no subscription to the digest."),
        ("eva", "This is not an e-mail address."),
    ] {
        let page = lin.page(&format!("/admin/editions/1?address={address}")).await;
        assert!(page.contains(answer), "{address}: {page}");
    }
    let person = lin.page(&format!("/admin/subscribers/{}", ben.id)).await;
    assert!(person.contains("Last edition, 1:"), "{person}");
    assert!(person.contains("was not confirmed yet when the edition was created"), "{person}");
    let chinese = lin.in_chinese("/admin/editions/1?address=ben@example.org").await;
    assert!(chinese.contains("尚未确认。") && chinese.contains("1 人当时尚未确认订阅。"));
    let editor = site.user("eve", Role::Editor, &[]).await;
    let page = editor.page("/admin/editions/1?address=ben@example.org").await;
    assert!(page.contains("One person had not confirmed"), "numbers name nobody");
    assert!(
        !page.contains("name=\"address\"") && !page.contains("not confirmed yet when"),
        "{page}"
    );
}
