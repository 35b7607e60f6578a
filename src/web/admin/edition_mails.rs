//! `/admin/editions/ID/mails/VARIANT`: a mail as it was sent, with the values of a sample person.

use axum::extract::Path;
use axum::response::Response;

use super::digests::size_text;
use super::mail_frames::{frame_document, mail_view};
use super::nav::Section;
use super::visit::Visit;
use crate::digests::{self, MailSize};
use crate::templates::RenderedMail;
use crate::templates::pages::{Chip, Crumb, EditionMailPage, EditionVariant};
use crate::web::error::{WebError, WebResult};

/// `GET /admin/editions/ID/mails/VARIANT`: the mail in a frame.
pub(super) async fn show(
    visit: Visit,
    Path((id, variant)): Path<(i64, i64)>,
) -> WebResult<Response> {
    let edition = visit.find_edition(id).await?;
    let (shown, chips, mail) = read(&visit, id, variant).await?;
    let title = visit.edition_title(&edition.digest, &edition.title);
    let values = [("title", title.as_str().into()), ("id", id.into())];
    let text = visit.text("admin-edition-title", &values);
    let own = Crumb { text, url: visit.url(&format!("/admin/editions/{id}")) };
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Editions), own];
    let mut frame = visit.frame(Section::Editions, crumbs);
    frame.command = Some(format!("courant digests preview {} --edition {id}", edition.digest));
    let document = visit.url(&format!("/admin/editions/{id}/mails/{variant}/document"));
    let size = MailSize { html_bytes: mail.html.len(), unlisted_count: 0 };
    visit
        .render(&EditionMailPage {
            frame,
            id,
            title,
            variant: shown,
            chips,
            size: size_text(&visit, size),
            mail: mail_view(&visit, &mail, &mail.html, document),
        })
        .await
}

/// `GET /admin/editions/ID/mails/VARIANT/document`: the document in the frame.
pub(super) async fn document(
    visit: Visit,
    Path((id, variant)): Path<(i64, i64)>,
) -> WebResult<Response> {
    visit.find_edition(id).await?;
    let (_, _, mail) = read(&visit, id, variant).await?;
    Ok(frame_document(&visit, &mail.html))
}

/// Returns a variant of an edition, the links to all of them, and the mail.
async fn read(
    visit: &Visit,
    id: i64,
    wanted: i64,
) -> WebResult<(EditionVariant, Vec<Chip>, RenderedMail)> {
    let variants = visit.app().store.editions().variants(id).await?;
    let shown = |sections: &str, language: &str, subject: &str, id| EditionVariant {
        id,
        language: visit.app().templates.language_name(language),
        subject: subject.to_owned(),
        sections: visit.section_titles(sections),
    };
    let mut chips = Vec::new();
    for (sections, variant) in &variants {
        let one = shown(sections, &variant.language, &variant.subject, variant.id);
        let names = visit.app().templates.join(&visit.client.language, &one.sections);
        let text =
            if names.is_empty() { one.language } else { format!("{} · {names}", one.language) };
        chips.push(Chip {
            text,
            count: None,
            url: visit.url(&format!("/admin/editions/{id}/mails/{}", variant.id)),
            is_current: variant.id == wanted,
        });
    }
    if chips.len() < 2 {
        chips.clear();
    }
    let found = variants.into_iter().find(|(_, variant)| variant.id == wanted);
    let (sections, variant) = found.ok_or_else(WebError::not_found)?;
    let mail = digests::sample_of_variant(visit.app().digest_context(), &variant).await?;
    Ok((shown(&sections, &variant.language, &mail.subject, variant.id), chips, mail))
}
