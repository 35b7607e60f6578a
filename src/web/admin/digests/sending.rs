//! `POST /admin/digests/NAME/test` and `/editions`: a test mail, and an edition outside of the schedule.

use axum::extract::Path;
use axum::response::Response;

use super::super::visit::Visit;
use super::find;
use super::preview::{
    MAX_UNTYPED_RECIPIENTS, RefusedTest, TESTED, chosen_subscriber, options, render, tested_path,
};
use crate::digests::{self, Prepared};
use crate::domain::address::EmailAddress;
use crate::store::StoreError;
use crate::store::suppressions::address_hash;
use crate::web::error::WebResult;
use crate::web::form::Form;

/// `POST /admin/digests/NAME/test`: queues the mail that the page shows as a test to the address in `to`.
pub(in crate::web::admin) async fn test(
    visit: Visit,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let digest = find(&visit, &app, &name)?;
    let to = form.first("to");
    let Ok(address) = EmailAddress::parse(to) else {
        let error = visit.text("admin-error-address", &[]);
        return render(&visit, &name, Some(RefusedTest { to: to.to_owned(), error })).await;
    };
    let hash = address_hash(&app.store_identity.secret, &address.key());
    let context = app.digest_context();
    let Ok(subscriber) = chosen_subscriber(&visit, &app).await? else {
        return render(&visit, &name, None).await;
    };
    let options = options(&visit, &app, digest, subscriber).await?;
    let error = if app.store.suppressions().covering(&hash, &address.key()).await?.is_some() {
        visit.text("admin-error-suppressed", &[])
    } else {
        match digests::queue_test(context, digest, to, &options, &visit.actor, visit.now).await {
            Ok(_) => {
                return Ok(visit.done(&tested_path(&visit, &name, &address), TESTED));
            }
            Err(error) if error.chain().any(|cause| cause.is::<StoreError>()) => {
                return Err(error.into());
            }
            Err(error) => format!("{error:#}"),
        }
    };
    render(&visit, &name, Some(RefusedTest { to: to.to_owned(), error })).await
}

/// `POST /admin/digests/NAME/editions`: creates an edition now, and leads to its page. `recipients` is
/// the number that the user confirmed.
pub(in crate::web::admin) async fn create_edition(
    visit: Visit,
    Path(name): Path<String>,
    form: Form,
) -> WebResult<Response> {
    let app = visit.newest_app().await?;
    let digest = find(&visit, &app, &name)?;
    let path = format!("/admin/digests/{name}/preview");
    if app.send_block_reason().is_some() {
        return Ok(visit.refused(&path, "edition-blocked"));
    }
    let context = app.digest_context();
    let recipients = digests::audience_size(context, digest).await?;
    let digits: String = form.first("recipients").chars().filter(char::is_ascii_digit).collect();
    if digits.parse::<i64>() != Ok(recipients) {
        let is_typed = recipients > MAX_UNTYPED_RECIPIENTS || !digits.is_empty();
        let key = if is_typed { "edition-recipients" } else { "edition-unconfirmed" };
        return Ok(visit.refused(&path, key));
    }
    let (actor, now) = (&visit.actor, visit.now);
    match digests::create_edition_now(context, digest, now, actor, now).await? {
        Prepared::Created { edition, .. } => {
            Ok(visit.done(&format!("/admin/editions/{edition}"), "edition-created"))
        }
        Prepared::Paused { .. } => Ok(visit.refused(&path, "edition-paused")),
        Prepared::TooFew { .. } => Ok(visit.refused(&path, "edition-few")),
        Prepared::Conflict => Ok(visit.refused(&path, "edition-conflict")),
    }
}
