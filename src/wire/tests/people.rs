//! Samples of documents about subscribers, imports, segments, attributes and suppressions.

use serde_json::json;

use super::{Document, at, document, texts};
use crate::domain::attribute::AttributeValue;
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::file_import::RejectedLines;
use crate::domain::import_changes;
use crate::domain::subscriber_import::ImportCounts;
use crate::domain::subscription::SubscriptionStatus;
use crate::store::address_changes::RedirectedMessages;
use crate::store::subscription_history;
use crate::store::subscriptions::RequestResult;
use crate::store::{deliveries, subscribers, suppressions};
use crate::subscribers::import::{FileForm, ImportReport, Preset};
use crate::wire::attributes::{AddedAttribute, Attribute, RemovedAttribute};
use crate::wire::bulk::BulkOperation;
use crate::wire::deliveries::DeliverySummary;
use crate::wire::import_changes::ChangedPerson;
use crate::wire::imports::{
    Import, ImportPreview, ImportedColumn, ImportedFile, PreviewRow, RejectedImportLine,
};
use crate::wire::segments::{Segment, SegmentDetails};
use crate::wire::subscribers::{
    EarlierState, EditedSubscriber, ErasedSubscriber, ImportNumbers, SubscribeResult, Subscriber,
    SubscriberCount, SubscriberHistory, SubscriberImport, UnsubscribeResult,
};
use crate::wire::suppressions::{AddedSuppression, RemovedSuppression, Suppression};

/// Address of the samples.
pub(super) const EMAIL: &str = "grace@example.org";
const HASH: &str = "9f2c4e";

pub(super) fn documents() -> Vec<Document> {
    [subscribers(), imports(), segments_and_attributes(), subscription_results(), suppressions()]
        .into_iter()
        .flatten()
        .collect()
}

fn subscriber() -> Subscriber {
    let row = subscribers::Subscriber {
        id: 5,
        address: EMAIL.to_owned(),
        address_hash: HASH.to_owned(),
        name: Some("Grace Example".to_owned()),
        language: Some("nb".to_owned()),
        timezone: Some("Europe/Oslo".to_owned()),
        tags: texts(&["staff"]),
        attributes: [("city".to_owned(), AttributeValue::Text("Oslo".to_owned()))].into(),
        created_at: at("2026-09-01T12:00:00Z"),
    };
    let subscription = subscribers::Subscription {
        id: 8,
        subscriber_id: 5,
        digest: "weekly".to_owned(),
        status: SubscriptionStatus::Confirmed,
        sections: texts(&["Campus"]),
        status_changed_at: at("2026-09-01T12:30:00Z"),
        requested_at: at("2026-09-01T12:00:00Z"),
        consent: "form of the website".to_owned(),
        removal_reason: Some("left the college".to_owned()),
    };
    Subscriber::new(&row, &[subscription], Some(&suppression()))
}

fn subscribers() -> Vec<Document> {
    let delivery = deliveries::DeliverySummary {
        variant_id: None,
        subject: None,
        digests: Vec::new(),
        edition_id: Some(3),
        kind: DeliveryKind::Edition,
        state: DeliveryState::Sent,
        attempts: 2,
        last_reply: Some("250 2.0.0 accepted".to_owned()),
        created_at: at("2026-09-21T08:00:00Z"),
        ended_at: Some(at("2026-09-21T08:00:02Z")),
    };
    vec![
        document(&subscriber()),
        document(&SubscriberHistory {
            listed: subscriber(),
            history: vec![EarlierState::from(&subscription_history::EarlierState {
                digest: "weekly".to_owned(),
                status: SubscriptionStatus::Unsubscribed,
                since: at("2026-08-01T12:00:00Z"),
                until: at("2026-09-01T12:00:00Z"),
                consent: "form of the open day".to_owned(),
                removal_reason: Some("moved".to_owned()),
            })],
            deliveries: vec![DeliverySummary::from(&delivery)],
        }),
        document(&EditedSubscriber::new(
            subscriber(),
            RedirectedMessages { editions: 2, cancelled_confirmations: 1, confirmations: 1 },
        )),
    ]
}

/// Imports of uploaded files.
fn changed_person() -> import_changes::ChangedPerson {
    let values = vec![
        import_changes::ChangedValue::new("name", Some("Ann"), "Ann Lee"),
        import_changes::ChangedValue::new("attribute city", Some("Köln"), "Bonn"),
    ];
    import_changes::ChangedPerson::new(7, "ann@example.org", values)
}

fn imports() -> Vec<Document> {
    let file = || ImportedFile {
        format: "csv".to_owned(),
        encoding: "GBK".to_owned(),
        delimiter: Some("comma".to_owned()),
        preset: Some("ghost".to_owned()),
        columns: vec![ImportedColumn {
            name: "Stadt".to_owned(),
            meaning: "attribute city".to_owned(),
        }],
    };
    let import = Import {
        id: 3,
        state: "storing",
        digest: "weekly".to_owned(),
        file_name: "people.csv".to_owned(),
        bytes: 52_428,
        status: "confirmed",
        existing: "update",
        language: Some("zh-CN".to_owned()),
        dry_run: false,
        skip_bad: true,
        file: Some(file()),
        valid: 900,
        rejected_lines: 2,
        done_through: 401,
        counts: ImportNumbers::from(&ImportCounts {
            new: 380,
            changed: 20,
            details_changed: 12,
            ..ImportCounts::default()
        }),
        changed_people: vec![ChangedPerson::from(&changed_person())],
        error: Some("the file is empty".to_owned()),
        error_detail: Some(json!({"code": "empty-file"})),
        created_at: "2026-11-22T09:00:00Z".to_owned(),
        finished_at: Some("2026-11-22T09:00:04Z".to_owned()),
    };
    let rows = vec![PreviewRow { line: 2, values: texts(&["Bonn"]) }];
    let rejected = RejectedImportLine {
        line: 7,
        reason: "same address as in line 2".to_owned(),
        detail: json!({"code": "same-address", "line": 2}),
    };
    let preview = ImportPreview { file: file(), rows };
    vec![document(&import), document(&preview), document(&rejected)]
}

fn segments_and_attributes() -> Vec<Document> {
    vec![
        document(&Segment {
            name: "partners".to_owned(),
            title: "Partner institutions".to_owned(),
            filter: "tag = \"partner\"".to_owned(),
            subscribers: 120,
        }),
        document(&SegmentDetails {
            name: "partners".to_owned(),
            title: "Partner institutions".to_owned(),
            filter: "tag = \"partner\"".to_owned(),
            version: Some(12),
            settings: Some(json!({"filter": "tag = \"partner\""})),
        }),
        document(&Attribute {
            name: "city".to_owned(),
            attribute_type: "text".to_owned(),
            subscribers: 120,
            created_at: "2026-09-01T12:00:00Z".to_owned(),
        }),
        document(&AddedAttribute { name: "city".to_owned(), added: true }),
        document(&RemovedAttribute { name: "city".to_owned(), values: 120 }),
    ]
}

fn subscription_results() -> Vec<Document> {
    let result = RequestResult {
        confirmed: 1,
        confirmations_queued: 2,
        unchanged: 3,
        previously_unsubscribed: 4,
        suppressed: false,
    };
    let import = ImportReport {
        valid: 21,
        rejected: RejectedLines {
            first: vec![(7, "the address is not valid".to_owned())],
            count: 101,
        },
        imported: true,
        form: Some(FileForm {
            format: "csv",
            encoding: "UTF-8",
            separator: Some(b'\t'),
            preset: Some(Preset::Ghost),
            columns: Vec::new(),
        }),
        resumed_after: None,
        changed_people: vec![changed_person()],
        counts: ImportCounts {
            new: 9,
            changed: 6,
            unchanged: 1,
            details_changed: 4,
            pending: 6,
            confirmed: 5,
            already_subscribed: 4,
            previously_unsubscribed: 3,
            suppressed: 2,
            other_digests: 8,
            suppressions_added: 1,
        },
    };
    vec![
        document(&SubscribeResult::new(EMAIL, result, texts(&["name: Grace Example (was Grace)"]))),
        document(&UnsubscribeResult { email: EMAIL.to_owned(), digests: 2 }),
        document(&ErasedSubscriber { email: EMAIL.to_owned(), subscriptions: 2, deliveries: 9 }),
        document(&SubscriberImport::from(&import)),
        document(&SubscriberCount { subscribers: 120 }),
        document(&BulkOperation {
            id: 7,
            action: "tag".to_owned(),
            subscribers: 120,
            outcomes: [("changed".to_owned(), 100), ("unchanged".to_owned(), 20)].into(),
            started_at: "2026-09-21T08:00:00Z".to_owned(),
            finished_at: Some("2026-09-21T08:00:02Z".to_owned()),
        }),
    ]
}

fn suppression() -> suppressions::Suppression {
    suppressions::Suppression {
        hash: HASH.to_owned(),
        reason: "bounce".to_owned(),
        created_at: at("2026-09-21T08:00:00Z"),
        address: Some(EMAIL.to_owned()),
        reply: Some("550 5.1.1 user unknown".to_owned()),
    }
}

fn suppressions() -> Vec<Document> {
    vec![
        document(&Suppression::from(&suppression())),
        document(&AddedSuppression { email: EMAIL.to_owned(), added: true }),
        document(&RemovedSuppression { email: EMAIL.to_owned(), removed: true }),
    ]
}
