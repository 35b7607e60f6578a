//! Samples of documents about articles, sources and feeds.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Document, at, document, texts};
use crate::domain::article;
use crate::domain::readership::{DailyReadership, Day};
use crate::domain::selection::TermKind;
use crate::domain::site_urls::SiteUrls;
use crate::publishing;
use crate::sources;
use crate::sources::import::FileImport;
use crate::store::id_mappings::MappingResult;
use crate::store::terms::Term;
use crate::wire::articles::{Article, ArticleSummary, IdRemapping};
use crate::wire::feeds::{
    Feed, FeedBuild, FeedDetails, FeedReaders, FeedReadersOfDay, FeedUrls, OnDemandFeed,
    PublishReport,
};
use crate::wire::sources::{
    ArticleImport, ArticleNote, QueuedSync, RejectedArticle, SampleArticle, Source,
    SourceInspection, SyncReport,
};

pub(super) fn documents() -> Vec<Document> {
    [articles(), sources(), feeds()].into_iter().flatten().collect()
}

fn article() -> article::Article {
    article::Article {
        row_id: 7,
        guid: "tag:news.example.org,2026:website/42".to_owned(),
        source: "website".to_owned(),
        source_id: "42".to_owned(),
        title: "The library opens on Sundays".to_owned(),
        url: Some("https://news.example.org/library".to_owned()),
        summary: "From October, readers can borrow books on Sundays.".to_owned(),
        body_html: "<p>From October, readers can borrow books on Sundays.</p>".to_owned(),
        sections: texts(&["Campus", "Library"]),
        tags: texts(&["books"]),
        authors: texts(&["Ada Example"]),
        language: "en".to_owned(),
        image_url: Some("https://news.example.org/library.jpg".to_owned()),
        image_alt: Some("The reading room".to_owned()),
        image_type: Some("image/jpeg".to_owned()),
        image_width: Some(1200),
        image_height: Some(800),
        enclosure: Some(article::Enclosure {
            url: "https://news.example.org/library.mp3".to_owned(),
            media_type: "audio/mpeg".to_owned(),
            length: 4_200_000,
        }),
        published_at: at("2026-09-21T08:00:00Z"),
        updated_at: at("2026-09-22T09:30:00Z"),
        first_seen_at: at("2026-09-21T08:00:30Z"),
        story: 7,
        removed_at: Some(at("2026-11-01T00:00:00Z")),
    }
}

fn articles() -> Vec<Document> {
    let translations = texts(&["tag:news.example.org,2026:website/43"]);
    let remapping = MappingResult { mapped: 40, pending: 2, unchanged: 1, sources: Vec::new() };
    vec![
        document(&ArticleSummary::from(&article())),
        document(&Article::new(&article(), translations)),
        document(&IdRemapping::from(&remapping)),
    ]
}

fn sync_report() -> sources::SyncReport {
    sources::SyncReport {
        source: "website".to_owned(),
        added: 12,
        scheduled: 1,
        changed: 3,
        removed: 2,
        blocked_removals: 60,
        rejected: vec![("44".to_owned(), "the title is empty".to_owned())],
        new_note_count: 1,
        notes: vec![sources::ArticleNote {
            id: "45".to_owned(),
            title: "The new reading room".to_owned(),
            note: "the gallery cannot be shown".to_owned(),
        }],
        ..sources::SyncReport::default()
    }
}

fn counts(all: &[(&str, usize)]) -> BTreeMap<String, usize> {
    all.iter().map(|&(name, n)| (name.to_owned(), n)).collect()
}

pub(super) fn source() -> Source {
    Source {
        name: "website".to_owned(),
        kind: "wordpress".to_owned(),
        succeeded_at: Some("2026-09-21T08:00:00Z".to_owned()),
        full_sync_at: Some("2026-09-21T03:00:00Z".to_owned()),
        failures: 2,
        failing_since: Some("2026-09-21T08:10:00Z".to_owned()),
        rejected: 1,
        blocked_removals: 60,
        error: Some("cannot connect to db.example.org".to_owned()),
    }
}

fn sources() -> Vec<Document> {
    let left_out = counts(&[("page", 5)]);
    vec![
        document(&source()),
        document(&QueuedSync { source: "website".to_owned(), state: "queued".to_owned() }),
        document(&SyncReport::from(&sync_report())),
        document(&ArticleImport::from(&FileImport {
            report: sync_report(),
            left_out: left_out.clone(),
        })),
        document(&SourceInspection {
            name: "website".to_owned(),
            kind: "wordpress".to_owned(),
            location: Some("mysql://db.example.org/wordpress".to_owned()),
            facts: [("time_zone".to_owned(), "Europe/Oslo".to_owned())].into(),
            public: 120,
            scheduled: 1,
            known: 100,
            left_out,
            rejected: vec![RejectedArticle {
                id: "44".to_owned(),
                reason: "the title is empty".to_owned(),
            }],
            notes: vec![ArticleNote {
                id: "45".to_owned(),
                title: "The new reading room".to_owned(),
                note: "the gallery cannot be shown".to_owned(),
            }],
            languages: counts(&[("en", 90), ("nb", 30)]),
            sections: counts(&[("Campus", 80), ("Library", 40)]),
            samples: vec![SampleArticle::from(&article())],
        }),
    ]
}

fn feed(site: SiteUrls<'_>) -> Feed {
    Feed {
        name: "news".to_owned(),
        title: "News of the college".to_owned(),
        titles: [("no".to_owned(), "Nytt fra skolen".to_owned())].into(),
        items: 20,
        private: true,
        urls: FeedUrls::new(site, "news"),
    }
}

fn feeds() -> Vec<Document> {
    let site = SiteUrls("https://feeds.example.org");
    let term = Term { term: "campus".to_owned(), name: "Campus".to_owned(), articles: 80 };
    let day = DailyReadership { direct: 30, via_aggregators: 12, requests: 400, not_modified: 360 };
    let report = publishing::PublishReport {
        uploaded: texts(&["feeds/news.rss"]),
        deleted: texts(&["feeds/old.rss"]),
        up_to_date: 12,
        pending: 1,
        error: Some("the bucket rejected feeds/news.atom".to_owned()),
    };
    vec![
        document(&feed(site)),
        document(&FeedDetails {
            listed: feed(site),
            version: Some(12),
            settings: Some(json!({"items": 20})),
        }),
        document(&OnDemandFeed::new(
            TermKind::Section,
            &term,
            FeedUrls::new(site, "section/campus"),
        )),
        document(&FeedReaders {
            feed: "news".to_owned(),
            today: 20,
            yesterday: 42,
            median: 40,
            days: 7,
            requests: 2800,
            not_modified: 2500,
        }),
        document(&FeedReadersOfDay::new(Day::containing(at("2026-09-21T08:00:00Z")), day)),
        document(&PublishReport::new("website", &report)),
        document(&FeedBuild { directory: "/srv/www".to_owned(), files: 7 }),
    ]
}
