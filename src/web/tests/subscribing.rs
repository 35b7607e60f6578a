//! Stories of readers: they subscribe, confirm, unsubscribe and undo it.

use super::*;

#[tokio::test]
async fn subscriber_receives_a_link_and_can_confirm() {
    let site = Site::new(false).await;
    let form = site.get("/subscribe?digest=weekly&lang=zh").await;
    assert!(form.status == StatusCode::OK && form.text().contains("value=\"weekly\" checked"));
    let shown = html_escape::decode_html_entities(&form.text()).into_owned();
    assert!(shown.contains("?digest=weekly&lang=en"), "the language switch keeps the digest");

    let sent = site
        .post(
            "/subscribe",
            "address=Ada%40example.org&name=Ada&language=zh&digest=weekly&digest=daily&website=",
        )
        .await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    let person =
        site.app.store.subscribers().find_by_address("ada@example.org").await.unwrap().unwrap();
    let queued = site.app.store.deliveries().to_subscriber(person.id, 9).await.unwrap();
    assert_eq!(
        (queued.len(), queued[0].kind.as_str(), queued[0].state.as_str()),
        (1, "confirmation", "queued")
    );

    let token = site.sign(LinkScope::Confirm { subscriber: person.id, delivery: 1 });
    let question = site.get(&format!("/confirm/{token}")).await;
    assert!(question.text().contains("The week") && question.header("x-robots-tag") == "noindex");
    assert_eq!(
        (question.header(header::REFERRER_POLICY), question.header(header::CACHE_CONTROL)),
        ("no-referrer", "no-store")
    );
    assert!(
        both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Pending),
        "GET must not change anything"
    );
    assert_eq!(site.post(&format!("/confirm/{token}"), "").await.status, StatusCode::OK);
    assert!(both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Confirmed));
}

#[tokio::test]
async fn subscriber_can_unsubscribe_and_undo_for_an_hour() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=daily").await;
    let person =
        site.app.store.subscribers().find_by_address("ada@example.org").await.unwrap().unwrap();
    let token = site.sign(LinkScope::Confirm { subscriber: person.id, delivery: 1 });
    site.post(&format!("/confirm/{token}"), "").await;
    let confirmed = site.subscriptions("ada@example.org").await;
    assert!(both_are(&confirmed, SubscriptionStatus::Confirmed));

    let unsubscribe_link = format!(
        "/unsubscribe/{}",
        site.sign(LinkScope::Unsubscribe { subscription: confirmed[0].id, edition: None })
    );
    assert!(site.get(&unsubscribe_link).await.text().contains("value=\"unsubscribe\""));
    assert!(
        both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Confirmed),
        "GET must not change anything"
    );
    let done = site.post(&unsubscribe_link, "action=unsubscribe").await.text();
    let status_of = async |at: usize| site.subscriptions("ada@example.org").await[at].status;
    assert_eq!(
        (status_of(0).await, status_of(1).await),
        (SubscriptionStatus::Unsubscribed, SubscriptionStatus::Confirmed)
    );

    assert_eq!(
        site.post(&unsubscribe_link, "action=undo").await.status,
        StatusCode::NOT_FOUND,
        "the link in an e-mail cannot undo"
    );
    let undo = format!("/unsubscribe/{}", token_in(&done, "unsubscribe"));
    assert!(site.get(&undo).await.text().contains("value=\"undo\""));
    assert_eq!(site.post(&undo, "action=undo").await.status, StatusCode::OK);
    assert!(both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Confirmed));
    assert_eq!(
        site.post(&undo, "action=undo").await.status,
        StatusCode::NOT_FOUND,
        "the undo works only once"
    );
    assert_eq!(site.post(&unsubscribe_link, "action=all").await.status, StatusCode::OK);
    assert!(both_are(
        &site.subscriptions("ada@example.org").await,
        SubscriptionStatus::Unsubscribed
    ));
    let late = site.sign(LinkScope::Undo {
        subscription: confirmed[0].id,
        unsubscribed_at: site.app.now().plus(-2 * HOUR).0,
    });
    assert_eq!(
        site.post(&format!("/unsubscribe/{late}"), "action=undo").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn one_click_unsubscribe_works_cross_site_in_both_form_encodings() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=daily").await;
    let subscriptions = site.subscriptions("ada@example.org").await;
    let address = |at: usize| {
        format!(
            "/unsubscribe/{}",
            site.sign(LinkScope::Unsubscribe { subscription: subscriptions[at].id, edition: None })
        )
    };
    let foreign = |path: &str| {
        Request::post(path)
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://mail.example")
    };
    let plain =
        foreign(&address(0)).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = site.send(plain, "List-Unsubscribe=One-Click").await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (StatusCode::OK, "You have unsubscribed from Every morning.\n")
    );
    let body = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
    let parts =
        foreign(&address(1)).header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    assert_eq!(site.send(parts, body).await.status, StatusCode::OK);
    assert!(
        site.subscriptions("ada@example.org")
            .await
            .iter()
            .all(|s| s.status == SubscriptionStatus::Unsubscribed)
    );
    let wrong = site.post("/unsubscribe/AAAA", "List-Unsubscribe=One-Click").await;
    assert!(wrong.status == StatusCode::NOT_FOUND && wrong.header("x-robots-tag") == "noindex");
}

#[tokio::test]
async fn unsubscribed_pending_subscription_can_be_neither_undone_nor_confirmed() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=weekly").await;
    let pending = site.subscriptions("ada@example.org").await.remove(0);
    let unsubscribe_link = format!(
        "/unsubscribe/{}",
        site.sign(LinkScope::Unsubscribe { subscription: pending.id, edition: None })
    );
    let done = site.post(&unsubscribe_link, "action=unsubscribe").await;
    assert!(
        done.status == StatusCode::OK && !done.text().contains("value=\"undo\""),
        "{}",
        done.text()
    );
    let confirm_link = format!(
        "/confirm/{}",
        site.sign(LinkScope::Confirm { subscriber: pending.subscriber_id, delivery: 1 })
    );
    assert_eq!(
        site.post(&confirm_link, "").await.status,
        StatusCode::NOT_FOUND,
        "an unsubscribed person cannot confirm"
    );
    assert_eq!(
        site.subscriptions("ada@example.org").await[0].status,
        SubscriptionStatus::Unsubscribed
    );
}

#[tokio::test]
async fn link_of_a_test_mail_works_and_changes_nothing() {
    let site = Site::new(false).await;
    site.post("/subscribe", "address=ada%40example.org&digest=weekly").await;
    let before = site.subscriptions("ada@example.org").await.remove(0);
    let link = format!("/unsubscribe/{}", site.sign(LinkScope::Test { delivery: before.id }));
    let shown = site.get(&link).await;
    assert!(shown.status == StatusCode::OK && shown.text().contains("The unsubscribe link works"));
    for form in ["List-Unsubscribe=One-Click", "action=unsubscribe", "action=all", "action=undo"] {
        assert_eq!(site.post(&link, form).await.status, StatusCode::OK, "{form}");
    }
    let after = site.subscriptions("ada@example.org").await.remove(0);
    assert_eq!((after.status, after.status_changed_at), (before.status, before.status_changed_at));
}
