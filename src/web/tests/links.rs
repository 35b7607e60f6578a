//! Links of e-mails: only the exact link does what it was made for, and only when a person acts.

use super::*;

/// Signs up one reader and returns the links to confirm and to unsubscribe.
async fn links(site: &Site) -> (String, String) {
    site.post("/subscribe", "address=ada%40example.org&digest=weekly&digest=daily").await;
    let person =
        site.app.store.subscribers().find_by_address("ada@example.org").await.unwrap().unwrap();
    let subscription = site.subscriptions("ada@example.org").await[0].id;
    (
        site.sign(LinkScope::Confirm { subscriber: person.id, delivery: 1 }),
        site.sign(LinkScope::Unsubscribe { subscription, edition: None }),
    )
}

/// Returns `true` if no subscription was confirmed or ended.
async fn nothing_happened(site: &Site) -> bool {
    both_are(&site.subscriptions("ada@example.org").await, SubscriptionStatus::Pending)
}

#[tokio::test]
async fn a_scanner_that_opens_links_in_every_way_changes_nothing() {
    let site = Site::new(false).await;
    let (confirm, unsubscribe) = links(&site).await;
    for path in [format!("/confirm/{confirm}"), format!("/unsubscribe/{unsubscribe}")] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"] {
            for suffix in
                ["", "?action=unsubscribe", "?List-Unsubscribe=One-Click", "/", "?_method=POST"]
            {
                let request = Request::builder()
                    .method(method)
                    .uri(format!("{path}{suffix}"))
                    .header("x-http-method-override", "POST");
                site.send(request, "").await;
                assert!(nothing_happened(&site).await, "{method} {path}{suffix}");
            }
        }
    }
}

#[tokio::test]
async fn shortened_changed_and_misused_links_do_nothing() {
    let site = Site::new(false).await;
    let (confirm, unsubscribe) = links(&site).await;
    let swapped: String = confirm
        .chars()
        .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let mut wrong = vec![
        ("confirm", unsubscribe.clone()),
        ("confirm", swapped),
        ("confirm", format!("{confirm}A")),
        ("confirm", format!("{confirm}%00")),
        ("confirm", format!("{confirm}%20x")),
        ("confirm", format!("{confirm}{confirm}")),
        ("unsubscribe", confirm.clone()),
    ];
    wrong.extend(
        (0..confirm.len() - 1).step_by(5).map(|end| ("confirm", confirm[..end].to_owned())),
    );
    for (page, token) in wrong {
        for body in
            ["", "action=unsubscribe", "List-Unsubscribe=One-Click", "action=undo", "action=all"]
        {
            site.post(&format!("/{page}/{token}"), body).await;
            assert!(nothing_happened(&site).await, "/{page}/{token} {body}");
        }
    }
}

#[tokio::test]
async fn a_slash_or_punctuation_after_a_link_does_not_matter() {
    for end in
        ["/", ".", ")", "%3E", "=", "%20", "%E3%80%82", "?utm_source=mail", "/?utm_source=mail"]
    {
        let site = Site::new(false).await;
        let (confirm, unsubscribe) = links(&site).await;
        let (confirm, unsubscribe) =
            (format!("/confirm/{confirm}{end}"), format!("/unsubscribe/{unsubscribe}{end}"));
        assert_eq!(site.get(&confirm).await.status, StatusCode::OK, "{confirm}");
        assert_eq!(site.get(&unsubscribe).await.status, StatusCode::OK, "{unsubscribe}");
        let answer = site.post(&unsubscribe, "List-Unsubscribe=One-Click").await;
        assert_eq!(answer.status, StatusCode::OK, "{unsubscribe}");
        let status = site.subscriptions("ada@example.org").await[0].status;
        assert_eq!(status, SubscriptionStatus::Unsubscribed, "{unsubscribe}");
    }
}
