//! Files of subscribers that a form uploads, stored in pieces while they arrive.

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use axum::response::Response;

use super::access::require_all_digests;
use super::requests::find_digests;
use crate::subscribers::import::ImportSettings;
use crate::subscribers::import::jobs::{self, MAX_UPLOAD_BYTES, PART_BYTES};
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};

/// Path of the list of imports, to which the form posts a file.
pub(super) const IMPORTS: &str = "/admin/subscribers/import";
/// Maximum length of a file name in characters.
const MAX_NAME_CHARS: usize = 200;
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
    let name = part.file_name().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    let (store, actor, now) = (&visit.app().store, &visit.actor, visit.now);
    let settings = ImportSettings::default();
    let job = jobs::begin_upload(store, digest, &name, &settings, actor, now).await?;
    let stored = store_parts(visit, job.id, part).await;
    match stored {
        Ok(bytes) if bytes > 0 => {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            store.imports().complete_upload(job.id, bytes, false).await?;
            Ok(visit.done(&format!("{IMPORTS}/{}", job.id), "import-uploaded"))
        }
        failed => {
            store.imports().cancel(job.id, actor, now).await?;
            failed?;
            Ok(visit.refused(IMPORTS, "import-no-file"))
        }
    }
}

/// Stores a file in pieces; returns its length in bytes.
async fn store_parts(visit: &Visit, id: i64, mut file: Field<'_>) -> WebResult<u64> {
    let imports = visit.app().store.imports();
    let (mut bytes, mut number) = (0_u64, 0);
    let mut part = Vec::with_capacity(PART_BYTES);
    while let Some(chunk) = file.chunk().await.map_err(|_| WebError::bad_request())? {
        bytes += chunk.len() as u64;
        if bytes > MAX_UPLOAD_BYTES {
            return Err(WebError::too_large());
        }
        part.extend_from_slice(&chunk);
        if part.len() >= PART_BYTES {
            let full = std::mem::replace(&mut part, Vec::with_capacity(PART_BYTES));
            imports.add_part(id, number, full).await?;
            number += 1;
        }
    }
    if !part.is_empty() {
        imports.add_part(id, number, part).await?;
    }
    Ok(bytes)
}
