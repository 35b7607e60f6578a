//! The longest title, summary and names that an article may have: e-mails and pages show their
//! beginnings.

use super::*;
use crate::digests::{self, PreviewOptions};

#[tokio::test]
async fn the_longest_texts_make_neither_a_large_mail_nor_a_large_page() {
    let site = Site::new(false).await;
    let now = site.app.now();
    let draft = IncomingArticle {
        source_id: "long".into(),
        title: "word ".repeat(1_990),
        summary: Some("text ".repeat(39_000)),
        body_html: "<p>Text</p>".into(),
        authors: vec!["name ".repeat(1_990); 20],
        published_at: now,
        ..IncomingArticle::default()
    };
    let (store, config) = (&site.app.store, &site.app.config);
    import::upsert_articles(store, config, "college", vec![draft], now).await.unwrap();
    cache::refresh_due(store, config, &site.app.feed_cache, now).await.unwrap();
    let page = site.get("/feeds/news").await;
    assert!(page.status == StatusCode::OK && page.body.len() < 30_000, "{}", page.body.len());
    let digest = &site.app.config.digests[0];
    let (context, options) = (site.app.digest_context(), PreviewOptions::default());
    let preview = digests::preview(context, digest, &options, now).await.unwrap();
    assert_eq!(preview.stories, 1);
    assert!(preview.message.len() < 60_000, "{}", preview.message.len());
    assert!(preview.mail.subject.len() < 2_000, "{}", preview.mail.subject.len());
}
