//! A very long title, summary or name of an article: mails and pages show its beginning.

use super::*;
use crate::digests::{self, PreviewOptions};

#[tokio::test]
async fn a_title_of_a_megabyte_makes_neither_a_large_mail_nor_a_large_page() {
    let site = Site::new(false).await;
    let now = site.app.now();
    let draft = IncomingArticle {
        source_id: "long".into(),
        title: "word ".repeat(200_000),
        summary: Some("text ".repeat(200_000)),
        body_html: "<p>Text</p>".into(),
        authors: vec!["name ".repeat(10_000); 20],
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
