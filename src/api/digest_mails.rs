//! `/api/v1/digests/{name}/preview`, `test` and `editions`: the next e-mail of a digest.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::caller::Caller;
use super::definitions::newest_config;
use super::digests::find;
use super::input::{JsonBody, PathParams};
use super::operations::Operations;
use super::output::{ApiResult, created, json};
use super::subscriber_documents::{find_by_email, is_visible};
use crate::app::App;
use crate::digests::{self, NextEdition, Prepared, PreviewContent, PreviewOptions, TestMail};
use crate::domain::address::EmailAddress;
use crate::domain::language;
use crate::domain::permission::Permission;
use crate::domain::time::Millis;
use crate::http::Problem;
use crate::wire::digests::{LeftOutArticles, QueuedTest, RenderedPreview};
use crate::wire::editions::CreatedEdition;

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(preview_digest))
        .add(Permission::ControlEditions, routes!(test_digest))
        .add(Permission::ControlEditions, routes!(create_edition))
}

/// Content of a preview or test e-mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MailContent {
    /// The articles that an edition would contain now.
    #[default]
    Next,
    /// The newest edition as it was rendered.
    Last,
    /// The newest articles, even if they were sent or are too old.
    Sample,
}

impl From<MailContent> for PreviewContent {
    fn from(content: MailContent) -> Self {
        match content {
            MailContent::Next => Self::Next,
            MailContent::Last => Self::Last,
            MailContent::Sample => Self::Sample,
        }
    }
}

/// Choices of a preview.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewRequest {
    /// Address of a subscriber whose name, language and sections apply; needs the permission to read
    /// subscribers.
    #[serde(rename = "as")]
    as_subscriber: Option<String>,
    /// Language tag (RFC 5646); without it that of `as`, else the first of the digest.
    language: Option<String>,
    /// Content of the e-mail.
    #[serde(default)]
    content: MailContent,
}

/// Renders the e-mail of a digest without sending it.
#[utoipa::path(
    post, path = "/api/v1/digests/{name}/preview", tag = "digests", request_body = PreviewRequest,
    params(("name" = String, Path, description = "Name of the digest")),
    responses(
        (status = 200, description = "The rendered e-mail", body = RenderedPreview),
        (status = 409, description = "The content does not exist, or the template fails."),
    )
)]
async fn preview_digest(
    caller: Caller,
    PathParams(name): PathParams<String>,
    JsonBody(new): JsonBody<PreviewRequest>,
) -> ApiResult {
    let app = app_with(&caller).await?;
    let digest = find(&caller, &app.config, &name)?;
    if new.as_subscriber.is_some() && !caller.actor.may(Permission::ReadSubscribers) {
        return Err(Problem::missing_permission(&caller.actor, Permission::ReadSubscribers));
    }
    if let Some(tag) = &new.language {
        language::canonical(tag).map_err(|reason| Problem::invalid_field("/language", reason))?;
    }
    if let Some(address) = &new.as_subscriber {
        EmailAddress::parse(address).map_err(|reason| Problem::invalid_field("/as", reason))?;
        // A person of other digests is as unknown to a limited actor as one who does not exist.
        if let Some(person) = find_by_email(&caller, address).await?
            && !is_visible(&caller, person.id).await?
        {
            let reason = format!("there is no subscriber {address}");
            return Err(Problem::invalid_field("/as", reason));
        }
    }
    let options = PreviewOptions {
        as_subscriber: new.as_subscriber,
        language: new.language,
        content: new.content.into(),
    };
    let preview = digests::preview(app.digest_context(), digest, &options, caller.now).await?;
    json(StatusCode::OK, &RenderedPreview::from(&preview))
}

/// Recipient of a test e-mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TestRequest {
    /// Address that receives the test e-mail.
    to: String,
    /// Content of the e-mail.
    #[serde(default)]
    content: MailContent,
}

/// Queues a test e-mail to any address; creates no edition.
#[utoipa::path(
    post, path = "/api/v1/digests/{name}/test", tag = "digests", request_body = TestRequest,
    params(("name" = String, Path, description = "Name of the digest")),
    responses(
        (status = 202, description = "The e-mail is queued", body = QueuedTest),
        (status = 409, description = "The address is suppressed, or the content does not exist."),
    )
)]
async fn test_digest(
    caller: Caller,
    PathParams(name): PathParams<String>,
    JsonBody(new): JsonBody<TestRequest>,
) -> ApiResult {
    let app = app_with(&caller).await?;
    let digest = find(&caller, &app.config, &name)?;
    EmailAddress::parse(&new.to).map_err(|reason| Problem::invalid_field("/to", reason))?;
    let (content, actor) = (PreviewContent::from(new.content), &caller.actor);
    let TestMail { delivery, stories, left_out } = digests::queue_test(
        app.digest_context(),
        digest,
        &new.to,
        &content.into(),
        actor,
        caller.now,
    )
    .await?;
    let left_out = LeftOutArticles::list(&left_out);
    json(StatusCode::ACCEPTED, &QueuedTest { delivery, articles: stories, left_out })
}

/// Date of an edition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditionRequest {
    /// Date of the edition (RFC 3339); without it now. Articles must be public by then.
    date: Option<String>,
}

/// Creates an edition of a digest now, which is sent like any other.
#[utoipa::path(
    post, path = "/api/v1/digests/{name}/editions", tag = "digests", request_body = EditionRequest,
    params(("name" = String, Path, description = "Name of the digest")),
    responses(
        (status = 201, description = "The edition with its number of deliveries", body = CreatedEdition),
        (status = 409, description = "There are too few articles, the digest is paused, or this database must not send."),
    )
)]
async fn create_edition(
    caller: Caller,
    PathParams(name): PathParams<String>,
    JsonBody(new): JsonBody<EditionRequest>,
) -> ApiResult {
    let app = app_with(&caller).await?;
    let digest = find(&caller, &app.config, &name)?;
    if let Some(reason) = app.send_block_reason() {
        return Err(Problem::conflict(reason));
    }
    let now = caller.now;
    let at = match new.date.as_deref().map(str::parse::<jiff::Timestamp>) {
        None => now,
        Some(Ok(time)) => Millis::from(time),
        Some(Err(reason)) => return Err(Problem::invalid_field("/date", reason.to_string())),
    };
    let context = app.digest_context();
    // Before the edition is created, since its own articles would be among those already sent.
    let NextEdition { left_out, .. } =
        digests::next_edition(context, digest, at.min(now), now).await?;
    match digests::create_edition_now(context, digest, at, &caller.actor, now).await? {
        Prepared::Created { edition, deliveries } => {
            let left_out = LeftOutArticles::list(&left_out);
            let document = CreatedEdition { id: edition, deliveries, left_out };
            created(&format!("../../editions/{edition}"), &document)
        }
        Prepared::TooFew { stories } => Err(Problem::conflict(format!(
            "no edition created: {stories} articles are available, but min_articles is {}",
            digest.min_articles
        ))),
        Prepared::Paused { since } => Err(Problem::conflict(format!(
            "no edition created: the digest has been paused since {}",
            since.rfc3339()
        ))),
        Prepared::Conflict => Err(Problem::conflict(
            "another edition with the same stories was created at the same time; try again",
        )),
    }
}

/// Returns the parts of Courant with the newest configuration.
async fn app_with(caller: &Caller) -> Result<App, Problem> {
    let mut app = caller.app.clone();
    app.config = newest_config(caller).await?;
    Ok(app)
}
