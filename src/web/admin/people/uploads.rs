//! Files of subscribers that a form uploads, stored in pieces while they arrive.

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use axum::response::Response;

use super::access::require_all_digests;
use super::requests::find_digests;
use crate::subscribers::import::ImportSettings;
use crate::subscribers::import::upload::{Upload, UploadError};
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};

/// Path of the list of imports, to which the form posts a file.
pub(super) const IMPORTS: &str = "/admin/subscribers/import";
/// Maximum length of the name of a digest in bytes.
const MAX_DIGEST_BYTES: usize = 200;

/// `POST /admin/subscribers/import`: stores the file; the field `digest` stands before it.
pub(super) async fn submit(visit: Visit, mut parts: Multipart) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let mut digest = String::new();
    while let Some(mut part) = parts.next_field().await.map_err(|_| WebError::bad_request())? {
        match part.name() {
            Some("digest") => digest = read_text(&mut part).await?,
            Some("file") => return store(&visit, &digest, part).await,
            _ => {}
        }
    }
    Ok(visit.refused(IMPORTS, "import-no-file"))
}

/// Reads a short text of the form.
async fn read_text(part: &mut Field<'_>) -> WebResult<String> {
    let mut text = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|_| WebError::bad_request())? {
        text.extend_from_slice(&chunk);
        if text.len() > MAX_DIGEST_BYTES {
            return Err(WebError::bad_request());
        }
    }
    String::from_utf8(text).map_err(|_| WebError::bad_request())
}

async fn store(visit: &Visit, digest: &str, part: Field<'_>) -> WebResult<Response> {
    find_digests(visit, &[digest.to_owned()])?;
    let name = part.file_name().unwrap_or_default().to_owned();
    let (store, actor, now) = (&visit.app().store, &visit.actor, visit.now);
    let settings = ImportSettings::default();
    let mut upload = Upload::begin(store, digest, &name, &settings, actor, now).await?;
    let id = upload.id();
    if let Err(reason) = receive(&mut upload, part).await {
        upload.cancel(actor, now).await?;
        return Err(reason);
    }
    if upload.complete(false, actor, now).await? {
        Ok(visit.done(&format!("{IMPORTS}/{id}"), "import-uploaded"))
    } else {
        Ok(visit.refused(IMPORTS, "import-no-file"))
    }
}

async fn receive(upload: &mut Upload<'_>, mut file: Field<'_>) -> WebResult<()> {
    while let Some(chunk) = file.chunk().await.map_err(|_| WebError::bad_request())? {
        upload.add(&chunk).await.map_err(|reason| match reason {
            UploadError::TooLarge => WebError::too_large(),
            UploadError::Store(reason) => reason.into(),
        })?;
    }
    Ok(())
}
