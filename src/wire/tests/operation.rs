//! Samples of documents about the audit log, tokens, the WebSub hub and the installation.

use serde_json::json;

use super::{Document, at, document};
use crate::domain::actor::ActorKind;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::digest_scope::DigestScope;
use crate::domain::role::Role;
use crate::store::api_tokens::ApiToken;
use crate::store::audit_log;
use crate::store::hub_subscriptions::{self, PushState};
use crate::wire::audit::AuditEntry;
use crate::wire::problem::{FieldError, ProblemDetails};
use crate::wire::system::{Adoption, Backup, DnsRecord, Finding, Migration, NodeReload};
use crate::wire::tokens::{NewToken, RevokedToken, Token};
use crate::wire::websub::HubSubscription;

pub(super) fn documents() -> Vec<Document> {
    [changes(), tokens(), problems(), system()].into_iter().flatten().collect()
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
        document(&NodeReload {
            node: "process 4711 on 127.0.0.1:8080".into(),
            error: Some("[server] listen has changed, which needs a restart of Courant".into()),
        }),
        document(&Adoption { base_url: "https://feeds.example.org".to_owned() }),
    ]
}

#[test]
fn a_finding_without_dns_records_lacks_the_key() {
    let (level, text) = ("ok".to_owned(), "database: reachable and up to date".to_owned());
    let json = serde_json::to_value(Finding { level, text, dns_records: None }).unwrap();
    assert_eq!(json, json!({"level": "ok", "text": "database: reachable and up to date"}));
}
