//! Samples of documents about digests, editions and deliveries.

use serde_json::json;

use super::people::EMAIL;
use super::{Document, at, document, texts};
use crate::delivery::Report;
use crate::domain::delivery::DeliveryState;
use crate::domain::edition;
use crate::domain::edition::EditionState;
use crate::store::transport_failures::TransportFailure;
use crate::store::{edition_deliveries, editions};
use crate::wire::articles::ArticleTitle;
use crate::wire::deliveries::DeliveryReport;
use crate::wire::digests::{
    Digest, DigestDetails, DigestPause, DigestPreview, LeftOutArticles, QueuedTest,
    RenderedPreview, UpcomingEditions,
};
use crate::wire::editions::{
    CreatedEdition, Edition, EditionArticles, EditionContents, EditionDelivery, EditionReception,
    NotAddressedSubscribers,
};
use crate::wire::status::{Attention, RelayFailure, Status, TransportQueue};

pub(super) fn documents() -> Vec<Document> {
    digests().into_iter().chain(editions()).collect()
}

fn titles() -> Vec<ArticleTitle> {
    vec![ArticleTitle {
        id: "tag:news.example.org,2026:website/42".to_owned(),
        title: "The library opens on Sundays".to_owned(),
    }]
}

fn left_out() -> Vec<LeftOutArticles> {
    vec![LeftOutArticles { reason: "max_age".to_owned(), articles: 55 }]
}

fn digest() -> Digest {
    Digest {
        name: "weekly".to_owned(),
        title: "The week at the college".to_owned(),
        titles: [("no".to_owned(), "Uken på skolen".to_owned())].into(),
        description: Some("News of the week".to_owned()),
        descriptions: [("no".to_owned(), "Nytt fra uken".to_owned())].into(),
        schedule: "0 8 * * 1".to_owned(),
        timezone: Some("Europe/Oslo".to_owned()),
        next: Some("2026-09-28T06:00:00Z".to_owned()),
        paused_since: Some("2026-09-22T09:30:00Z".to_owned()),
        subscriptions: [("confirmed".to_owned(), 250), ("pending".to_owned(), 3)].into(),
    }
}

fn digests() -> Vec<Document> {
    vec![
        document(&digest()),
        document(&UpcomingEditions {
            digest: "weekly".to_owned(),
            pending: Some("2026-09-21T06:00:00Z".to_owned()),
            paused_since: Some("2026-09-22T09:30:00Z".to_owned()),
            dates: texts(&["2026-09-28T06:00:00Z", "2026-10-05T06:00:00Z"]),
            articles: titles(),
            subscribers: 250,
            html_bytes: 9_120,
            unlisted_count: 0,
            left_out: left_out(),
        }),
        document(&DigestPause {
            digest: "weekly".to_owned(),
            paused_since: Some("2026-09-22T09:30:00Z".to_owned()),
            editions: vec![41],
        }),
        document(&DigestPreview {
            directory: "/tmp/preview".to_owned(),
            articles: 5,
            subscribers: 250,
            html_bytes: 14_210,
            unlisted_count: 0,
            left_out: left_out(),
        }),
        document(&DigestDetails {
            name: "weekly".to_owned(),
            title: "The week at the college".to_owned(),
            description: Some("News of the week".to_owned()),
            schedule: "0 8 * * 1".to_owned(),
            timezone: Some("Europe/Oslo".to_owned()),
            version: Some(12),
            settings: Some(json!({"schedule": "0 8 * * 1"})),
        }),
        document(&RenderedPreview {
            subject: "The week at the college".to_owned(),
            html: "<p>The library opens on Sundays</p>".to_owned(),
            text: "The library opens on Sundays".to_owned(),
            message: "Subject: The week at the college".to_owned(),
            articles: 5,
            html_bytes: 14_210,
            unlisted_count: 0,
            left_out: left_out(),
        }),
        document(&QueuedTest { delivery: 9, articles: 5, left_out: left_out() }),
    ]
}

pub(super) fn edition() -> Edition {
    let row = editions::Edition {
        id: 3,
        digest: "weekly".to_owned(),
        state: EditionState::Paused,
        scheduled_for: at("2026-09-21T06:00:00Z"),
        created_at: at("2026-09-21T06:00:01Z"),
        finished_at: Some(at("2026-09-21T06:05:00Z")),
        transport: "relay".to_owned(),
        title: "The week at the college".to_owned(),
        sender: "news@example.org".to_owned(),
        reply_to: None,
        note: Some("paused after 50 failures".to_owned()),
        follows_pause: false,
        unsubscribed: 7,
    };
    let counts = edition::DeliveryCounts {
        queued: 1,
        sending: 2,
        sent: 240,
        failed: 3,
        held: 4,
        cancelled: 5,
        bounced: 6,
    };
    Edition::new(&row, counts)
}

fn editions() -> Vec<Document> {
    let report = Report { sent: 240, failed: 3, deferred: 2, held: 4, error: None };
    vec![
        document(&edition()),
        document(&EditionArticles {
            listed: edition(),
            articles: titles(),
            not_addressed: not_addressed(),
        }),
        document(&EditionContents {
            listed: edition(),
            articles: titles(),
            not_addressed: not_addressed(),
            not_sent: vec![failed_delivery()],
        }),
        document(&EditionReception {
            edition: 3,
            email: EMAIL.to_owned(),
            delivery: Some(failed_delivery()),
            reason: Some("paused".to_owned()),
            since: Some("2026-09-18T06:00:00Z".to_owned()),
            explanation: "the subscription was paused when the edition was created".to_owned(),
        }),
        document(&CreatedEdition { id: 3, deliveries: 261, left_out: left_out() }),
        document(&Status {
            version: "0.1.0".to_owned(),
            attention: vec![Attention {
                kind: "transport".to_owned(),
                name: Some("default".to_owned()),
                text: "failed 2 times since 2026-09-21 10:00: cannot reach the relay".to_owned(),
                since: Some("2026-09-21T08:00:00Z".to_owned()),
            }],
            sources: vec![super::content::source()],
            feeds: 4,
            digests: vec![digest()],
            open_editions: vec![edition()],
            transports: vec![TransportQueue {
                name: "default".to_owned(),
                waiting: 12,
                failure: Some(RelayFailure::from(&TransportFailure {
                    transport: "default".to_owned(),
                    failures: 2,
                    error: "cannot reach the relay".to_owned(),
                    since: at("2026-09-21T08:00:00Z"),
                    retry_at: at("2026-09-21T08:00:03Z"),
                })),
            }],
            waiting: 12,
        }),
        document(&DeliveryReport::new(&report, 2)),
    ]
}

fn not_addressed() -> Vec<NotAddressedSubscribers> {
    vec![NotAddressedSubscribers { reason: "no_story".to_owned(), subscribers: 12 }]
}

fn failed_delivery() -> EditionDelivery {
    EditionDelivery::from(&edition_deliveries::EditionDelivery {
        id: 17,
        address: EMAIL.to_owned(),
        name: Some("Grace Example".to_owned()),
        state: DeliveryState::Failed,
        attempts: 2,
        last_reply: Some("550 5.1.1 user unknown".to_owned()),
        ended_at: Some(at("2026-09-21T08:00:00Z")),
    })
}
