//! Pages about people: who sees whom, what forms change, and what is kept when they are rejected.

use std::collections::BTreeSet;

use super::*;
use crate::accounts::{self, NewUser};
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::digest_scope::DigestScope;
use crate::domain::page::PageRequest;
use crate::domain::subscription::RequestOrigin;
use crate::store::subscribers::Subscriber;
use crate::subscribers::{self, NewSubscriber};

mod bulk;
mod downloads;
mod imports;
mod list;
mod lists;
mod person;

const PASSWORD: &str = "Teekanne-am-Fluss";
const FORM: &str = "application/x-www-form-urlencoded";

/// Signed-in user of a site.
struct User<'a> {
    site: &'a Site,
    cookie: String,
}

impl User<'_> {
    async fn get(&self, path: &str) -> TestResponse {
        self.site.send(Request::get(path).header(header::COOKIE, &self.cookie), "").await
    }

    /// Returns the page to which another one leads.
    async fn done_by_get(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{path}: {}", response.text());
        response.header(header::LOCATION).trim_start_matches("/news").to_owned()
    }

    /// Returns a page in Chinese.
    async fn in_chinese(&self, path: &str) -> String {
        let request = Request::get(path).header(header::ACCEPT_LANGUAGE, "zh-CN");
        self.site.send(request.header(header::COOKIE, &self.cookie), "").await.text()
    }

    async fn post(&self, path: &str, body: &str) -> TestResponse {
        let request = Request::post(path).header(header::CONTENT_TYPE, FORM);
        self.site.send(request.header(header::COOKIE, &self.cookie), body).await
    }

    /// Returns a page that must exist.
    async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status, StatusCode::OK, "{path}: {}", response.text());
        response.text()
    }

    /// Posts a form that must be accepted; returns where it leads.
    async fn done(&self, path: &str, body: &str) -> String {
        let response = self.post(path, body).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{path}: {}", response.text());
        response.header(header::LOCATION).trim_start_matches("/news").to_owned()
    }
}

impl Site {
    /// Signs in a new user, who sees only these digests if there are any.
    async fn user(&self, name: &str, role: Role, digests: &[&str]) -> User<'_> {
        let names: BTreeSet<String> = digests.iter().map(|name| (*name).to_owned()).collect();
        let digests = if names.is_empty() { DigestScope::All } else { DigestScope::Only(names) };
        let new = NewUser { name: name.into(), role, digests, oidc: None };
        let (context, now) = (self.app.account_context(), self.app.now());
        accounts::add_user(context, new, Some(PASSWORD), [1; 16], &Actor::Cli, now).await.unwrap();
        let signed_in =
            self.post("/admin/login", &format!("name={name}&password={PASSWORD}")).await;
        let cookie = signed_in.header(header::SET_COOKIE).split(';').next().unwrap().to_owned();
        User { site: self, cookie }
    }

    /// Subscribes a person with consent; returns the person.
    async fn subscriber(&self, email: &str, name: &str, digest: &str) -> Subscriber {
        self.subscriber_by(email, name, digest, RequestOrigin::AdminWithConsent).await
    }

    async fn subscriber_by(
        &self,
        email: &str,
        name: &str,
        digest: &str,
        origin: RequestOrigin,
    ) -> Subscriber {
        let person = NewSubscriber {
            email: email.into(),
            name: Some(name.into()).filter(|name: &String| !name.is_empty()),
            ..NewSubscriber::default()
        };
        let digests = subscribers::find_digests(&self.app.config, &[digest.to_owned()]).unwrap();
        let secret = &self.app.store_identity.secret;
        let request = subscribers::validate(&person, &digests, "form", secret).unwrap();
        let (store, now) = (&self.app.store, self.app.now());
        subscribers::apply_requests(store, vec![request], &digests, origin, &Actor::Cli, now)
            .await
            .unwrap();
        self.person(email).await.unwrap()
    }

    async fn person(&self, email: &str) -> Option<Subscriber> {
        self.app.store.subscribers().find_by_address(email).await.unwrap()
    }

    /// Returns the number of changes of a kind that the user `lin` made.
    async fn changes(&self, action: AuditAction, object: AuditObject) -> usize {
        let log = self.app.store.audit_log().list(&PageRequest::first(500)).await.unwrap();
        let is_one = |entry: &&crate::store::audit_log::AuditEntry| {
            entry.action == action
                && entry.object == object
                && entry.actor_name.as_deref() == Some("lin")
        };
        log.items.iter().filter(is_one).count()
    }
}

/// Returns a page as a person reads its texts.
fn read(page: &str) -> String {
    html_escape::decode_html_entities(page).into_owned()
}
