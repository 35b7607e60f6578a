//! Samples of documents about the audit log, tokens, the WebSub hub and the installation.

use serde_json::json;

use super::{Document, at, document};
use crate::config::{KeyChange, Setting, settings};
use crate::definitions::Revision;
use crate::delivery::{OutcomeCounts, TransportSnapshot};
use crate::domain::actor::ActorKind;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::digest_scope::DigestScope;
use crate::domain::event::EventKind;
use crate::domain::readership::{DailyReadership, Day};
use crate::domain::role::Role;
use crate::domain::subscription::SubscriptionStatus;
use crate::store::api_tokens::ApiToken;
use crate::store::audit_log;
use crate::store::definitions as store_definitions;
use crate::store::hub_subscriptions::{self, PushState};
use crate::store::subscription_counts;
use crate::store::user_preferences::Preferences;

use crate::store::webhook_log::{self, WebhookState};
use crate::store::{sessions, users};
use crate::wire::audit::AuditEntry;
use crate::wire::definitions::{
    ConfigSetting, Definition, DefinitionVersion, DefinitionVersionDetails, DeletedDefinition,
    Dependents, RestoredDefinition,
};
use crate::wire::feeds::FeedReadersOfDay;
use crate::wire::problem::{FieldError, ProblemDetails};
use crate::wire::statistics::{FeedReadersByDay, Statistics, SubscribersByDay};
use crate::wire::system::{
    Adoption, Backup, ConfigReload, DnsRecord, Finding, Migration, NodeReload,
};
use crate::wire::tokens::{NewToken, RevokedToken, Token};
use crate::wire::transports::Transport;
use crate::wire::users::{PasswordLink, RemovedUser, User, UserSession};
use crate::wire::webhooks::{
    ReplayedEvent, TestedWebhook, Webhook, WebhookAttempt, WebhookDetails,
};
use crate::wire::websub::HubSubscription;

pub(super) fn documents() -> Vec<Document> {
    [changes(), tokens(), users(), problems(), numbers(), system(), webhooks(), definitions()]
        .into_iter()
        .flatten()
        .collect()
}

fn changes() -> Vec<Document> {
    let entry = audit_log::AuditEntry {
        id: 11,
        at: at("2026-09-21T08:00:00Z"),
        actor_kind: ActorKind::Token,
        actor_name: Some("website".to_owned()),
        action: AuditAction::Subscribe,
        object: AuditObject::Subscriber,
        object_id: "5".to_owned(),
        object_name: Some("grace@example.org".to_owned()),
        detail: Some(json!({"digests": ["weekly"]})),
    };
    let subscription = hub_subscriptions::HubSubscription {
        feed: "news".to_owned(),
        format: "atom".to_owned(),
        callback: "https://reader.example.org/push/5d1c?secret=hush".to_owned(),
        expires_at: at("2026-10-01T08:00:00Z"),
        push_state: PushState::Failing { attempts: 2, retry_at: at("2026-09-21T08:10:00Z") },
    };
    vec![document(&AuditEntry::from(&entry)), document(&HubSubscription::from(&subscription))]
}

fn webhooks() -> Vec<Document> {
    let webhook = settings::Webhook {
        name: "intranet".to_owned(),
        former_names: Vec::new(),
        url: "https://hooks.example.edu/courant?key=hush".parse().unwrap(),
        events: vec![EventKind::EditionFinished],
        secret: settings::WebhookSecret(vec![7; 32]),
        previous_secret: None,
    };
    let state = WebhookState {
        name: "intranet".to_owned(),
        url: webhook.url.to_string(),
        failing_since: Some(at("2026-09-16T08:00:00Z")),
        disabled_at: Some(at("2026-09-21T08:00:00Z")),
        reason: Some("it accepted nothing for five days".to_owned()),
    };
    let attempt = webhook_log::WebhookAttempt {
        id: 3,
        event: 12,
        kind: Some(EventKind::EditionFinished),
        at: at("2026-09-21T08:00:00Z"),
        duration_ms: 41,
        status: Some(503),
        error: Some("no response within 10s".to_owned()),
    };
    vec![
        document(&Webhook::new(&webhook, Some(&state), 2)),
        document(&WebhookDetails::new(
            &webhook,
            Some(12),
            Some(json!({"url": "https://hooks.example.edu/courant", "secret": "***"})),
        )),
        document(&WebhookAttempt::from(&attempt)),
        document(&ReplayedEvent { webhook: "intranet".to_owned(), event: "evt_12".to_owned() }),
        document(&TestedWebhook {
            webhook: "intranet".to_owned(),
            accepted: false,
            status: Some(503),
            error: Some("no response within 10s".to_owned()),
        }),
    ]
}

fn definitions() -> Vec<Document> {
    let change = KeyChange {
        key: "title".to_owned(),
        before: Some("\"Campus\"".to_owned()),
        after: Some("\"Campus news\"".to_owned()),
    };
    let revision = Revision {
        name: "campus".to_owned(),
        version: store_definitions::DefinitionVersion {
            version: 12,
            body: Some("title = \"Campus news\"\n".to_owned()),
            actor_kind: ActorKind::User,
            actor_name: Some("lin".to_owned()),
            created_at: at("2026-09-21T08:00:00Z"),
        },
        changes: vec![change],
    };
    let dependents = Dependents {
        editions_in_progress: vec![7],
        subscriptions: 120,
        hub_subscriptions: 2,
        aliases: vec!["/rss.xml".to_owned()],
        destinations: vec!["mirror".to_owned()],
    };
    let (kind, name) = ("feed".to_owned(), "campus".to_owned());
    let setting = Setting {
        section: "feeds",
        table: Some("news".to_owned()),
        key: "items".to_owned(),
        value: "50".to_owned(),
        origin: "/etc/courant/config.toml:42".to_owned(),
    };
    vec![
        document(&Definition { kind: kind.clone(), name: name.clone(), version: 12 }),
        document(&DefinitionVersion::from(&revision)),
        document(&DefinitionVersionDetails::from(&revision)),
        document(&dependents),
        document(&DeletedDefinition {
            kind: kind.clone(),
            name: name.clone(),
            version: 14,
            dependents: dependents.clone(),
        }),
        document(&RestoredDefinition { kind, name, version: 13 }),
        document(&ConfigSetting::from(&setting)),
    ]
}

fn tokens() -> Vec<Document> {
    let row = ApiToken {
        name: "website".to_owned(),
        role: Role::Editor,
        digests: DigestScope::new(Some(vec!["weekly".to_owned()])),
        hash: "5d1c".to_owned(),
        created_at: at("2026-09-21T08:00:00Z"),
        expires_at: Some(at("2026-12-20T08:00:00Z")),
        last_used_at: Some(at("2026-09-22T08:00:00Z")),
    };
    vec![
        document(&Token::from(&row)),
        document(&NewToken {
            name: "website".to_owned(),
            role: "editor".to_owned(),
            digests: Some(vec!["weekly".to_owned()]),
            expires_at: Some("2026-12-20T08:00:00Z".to_owned()),
            token: "courant_example".to_owned(),
        }),
        document(&RevokedToken { name: "website".to_owned(), revoked: true }),
    ]
}

fn numbers() -> Vec<Document> {
    let snapshot = TransportSnapshot {
        name: "default".to_owned(),
        outcomes: OutcomeCounts { sent: 240, failed: 3, ..OutcomeCounts::default() },
        sent_last_minute: 60,
        queued: 2,
        relay_failures: 1,
        relay_error: Some("the relay refused the connection".to_owned()),
        backoff_until: Some(at("2026-09-21T08:01:00Z")),
        rate_limited_until: Some(at("2026-09-21T08:02:00Z")),
        blocked_domain_keys: Vec::new(),
    };
    let day = Day::containing(at("2026-09-21T08:00:00Z"));
    let readers = FeedReadersByDay {
        feed: "news".to_owned(),
        days: vec![FeedReadersOfDay::new(day, DailyReadership::default())],
    };
    let confirmed =
        subscription_counts::ConfirmedOfDay { day, subscribers: 120, begun: 3, ended: 1 };
    let subscriptions = subscription_counts::SubscriptionsOfDay {
        day,
        digest: "weekly".to_owned(),
        status: SubscriptionStatus::Confirmed,
        subscriptions: 12,
    };
    vec![
        document(&Transport::new("default", 12, Some(&snapshot))),
        document(&Statistics {
            days: 30,
            subscribers: vec![SubscribersByDay {
                digest: "weekly".to_owned(),
                days: vec![(&confirmed).into()],
            }],
            subscriptions: vec![(&subscriptions).into()],
            editions: vec![super::mailing::edition()],
            readers: vec![readers],
        }),
    ]
}

fn problems() -> Vec<Document> {
    vec![document(&ProblemDetails {
        kind: "about:blank".to_owned(),
        title: "Unprocessable Entity".to_owned(),
        status: 422,
        detail: "the request has 1 invalid field".to_owned(),
        errors: vec![FieldError {
            pointer: "/email".to_owned(),
            detail: "the address has no domain".to_owned(),
        }],
    })]
}

fn users() -> Vec<Document> {
    let row = users::User {
        name: "lin".to_owned(),
        role: Role::Editor,
        digests: DigestScope::new(Some(vec!["weekly".to_owned()])),
        password_hash: Some("$argon2id$".to_owned()),
        totp_secret: None,
        totp_pending: None,
        oidc: None,
        preferences: Preferences::default(),
        created_at: at("2026-09-21T08:00:00Z"),
        signed_in_at: Some(at("2026-09-22T08:00:00Z")),
    };
    vec![
        document(&User::from(&row)),
        document(&PasswordLink {
            name: "lin".to_owned(),
            url: "https://news.example.org/admin/password/example".to_owned(),
            expires_at: "2026-09-22T08:00:00Z".to_owned(),
        }),
        document(&UserSession::from(&sessions::Session {
            hash: "5d1cf0a7b3e94c2d8f6a".to_owned(),
            user_name: "lin".to_owned(),
            needs_code: false,
            browser: "Firefox, Linux".to_owned(),
            created_at: at("2026-09-21T08:00:00Z"),
            used_at: at("2026-09-22T08:00:00Z"),
        })),
        document(&RemovedUser { name: "lin".to_owned(), removed: true }),
    ]
}

fn system() -> Vec<Document> {
    vec![
        document(&Finding {
            level: "ok".to_owned(),
            text: "transport relay: signs with 1 key (DKIM); publish these DNS TXT records:"
                .to_owned(),
            dns_records: Some(vec![DnsRecord {
                name: "s1._domainkey.example.org".to_owned(),
                value: "v=DKIM1; k=ed25519; p=ZXhhbXBsZQ==".to_owned(),
            }]),
        }),
        document(&Backup { file: "/var/backups/courant.db".to_owned() }),
        document(&Migration { up_to_date: true }),
        document(&node_reload()),
        document(&ConfigReload {
            id: 3,
            requested_at: "2026-09-21T08:00:00Z".to_owned(),
            nodes: vec![node_reload()],
        }),
        document(&Adoption { base_url: "https://feeds.example.org".to_owned() }),
    ]
}

fn node_reload() -> NodeReload {
    NodeReload {
        node: "process 4711 on 127.0.0.1:8080".into(),
        error: Some("[server] listen has changed, which needs a restart of Courant".into()),
    }
}

#[test]
fn a_finding_without_dns_records_lacks_the_key() {
    let (level, text) = ("ok".to_owned(), "database: reachable and up to date".to_owned());
    let json = serde_json::to_value(Finding { level, text, dns_records: None }).unwrap();
    assert_eq!(json, json!({"level": "ok", "text": "database: reachable and up to date"}));
}
