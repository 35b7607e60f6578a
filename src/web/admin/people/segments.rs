//! `/admin/segments`: the named filters with the numbers of their people.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded::Serializer;

use super::access::require_all_digests;
use super::entered_segment::EnteredSegment;
use super::filter_form::{Builder, FilterUse};
use super::selection::filter_field;
use crate::config::{Config, Segment};
use crate::domain::definition::DefinitionKind;
use crate::domain::filter::{self, FilterError, quoted};
use crate::domain::permission::Permission;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::subscribers::segments::count_subscribers;
use crate::templates::pages::{SegmentPage, SegmentRow, SegmentsPage, TextField};
use crate::web::admin::nav::Section;
use crate::web::admin::visit::Visit;
use crate::web::error::{WebError, WebResult};

/// `GET /admin/segments`: all segments.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let config = newest_config(&visit).await?;
    let mut frame = visit.frame(Section::Segments, vec![visit.crumb(Section::Home)]);
    frame.command = Some("courant segments list".to_owned());
    frame.call = Some("GET /api/v1/segments".to_owned());
    let mut segments = Vec::new();
    for segment in &config.segments {
        let count = count_subscribers(&visit.app().store, &config, segment).await;
        let filter = format!("segment = {}", quoted(&segment.name));
        let query = Serializer::new(String::new()).append_pair("where", &filter).finish();
        segments.push(SegmentRow {
            name: segment.name.clone(),
            title: segment.title.clone(),
            filter: segment.filter.text.clone(),
            error: count.as_ref().err().map(|reason| count_error(&visit, reason)),
            count: count.unwrap_or_default(),
            people_url: visit.url(&format!("/admin/subscribers?{query}")),
            used_by: dependent_titles(&visit, &config, &segment.name),
        });
    }
    let may_change = visit.may(Permission::WriteSubscribers);
    visit.render(&SegmentsPage { frame, segments, may_change }).await
}

/// Returns the reason for which the people of a segment cannot be counted.
fn count_error(visit: &Visit, error: &anyhow::Error) -> String {
    match error.downcast_ref::<FilterError>() {
        Some(invalid) => visit.reason(&invalid.problem),
        None => format!("{error:#}"),
    }
}

/// Returns the configuration with the newest definitions.
pub(super) async fn newest_config(visit: &Visit) -> WebResult<Arc<Config>> {
    Ok(visit.app().newest_config().await.map_err(anyhow::Error::from)?)
}

/// Returns the names of the digests whose audience names a segment.
pub(super) fn dependents(config: &Config, name: &str) -> Vec<String> {
    let names_it = |text: &str| match filter::parse(text) {
        Ok(Some(expression)) => expression.texts_of("segment").contains(&name),
        Ok(None) | Err(_) => false,
    };
    let digests = config.digests.iter().filter(|digest| names_it(&digest.audience.text));
    digests.map(|digest| digest.name.clone()).collect()
}

/// Returns the titles of the digests whose audience names a segment.
fn dependent_titles(visit: &Visit, config: &Config, name: &str) -> Vec<String> {
    let names = dependents(config, name).into_iter();
    names.map(|name| visit.digest_title_in(config, &name)).collect()
}

/// `GET /admin/segments/new`: the form for a segment; `filter` shows the number of its people.
pub(super) async fn new(visit: Visit) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let field = |name: &str| visit.param(name).unwrap_or_default().to_owned();
    let entered = EnteredSegment {
        name: field("name"),
        title: field("title"),
        filter: field("filter"),
        ..EnteredSegment::default()
    };
    render(&visit, StatusCode::OK, None, entered).await
}

/// `GET /admin/segments/NAME`: the form of a segment; `filter` shows the number of people of another filter.
pub(super) async fn show(visit: Visit, Path(name): Path<String>) -> WebResult<Response> {
    require_all_digests(&visit)?;
    let (segment, version) = find(&visit, &name).await?;
    let param = |name: &str| visit.client.query_param(name).map(str::to_owned);
    let (title, filter) = (param("title"), param("filter"));
    let current = version.map(|version| version.to_string());
    let entered = EnteredSegment {
        name: segment.name.clone(),
        title: title.unwrap_or_else(|| match segment.title == segment.name {
            true => String::new(),
            false => segment.title.clone(),
        }),
        filter: filter.unwrap_or_else(|| segment.filter.text.clone()),
        // The form that adds a comparison keeps the version from which it began.
        version: param("version").or(current).unwrap_or_default(),
        ..EnteredSegment::default()
    };
    render(&visit, StatusCode::OK, Some((segment, version)), entered).await
}

/// Returns a segment with the number of its version; `None` if the config file defines it.
pub(super) async fn find(visit: &Visit, name: &str) -> WebResult<(Segment, Option<i64>)> {
    let config = newest_config(visit).await?;
    let segment = config.segments.iter().find(|segment| segment.name == name).cloned();
    let segment = segment.ok_or_else(WebError::not_found)?;
    let definitions = visit.app().store.definitions();
    let newest = definitions.newest_version_of(DefinitionKind::Segment, name).await?;
    let version = match newest {
        Some(version) => definitions.find_version(version).await?.map(|_| version),
        None => None,
    };
    Ok((segment, version))
}

/// Returns the number of people whom the filter of a segment selects, or the error of the filter.
async fn count(
    visit: &Visit,
    config: &Config,
    text: &str,
) -> WebResult<Result<Option<i64>, FilterError>> {
    if text.trim().is_empty() {
        return Ok(Ok(None));
    }
    let store = &visit.app().store;
    let names = config.filter_names(Some(store.attributes().types().await?));
    Ok(match filter::compile_segment(text, &names) {
        Ok(condition) => {
            let query = SubscriberQuery::of(condition);
            Ok(Some(store.subscribers().count_matching(&query).await?))
        }
        Err(error) => Err(error),
    })
}

/// Renders the form of a segment; `stored` is what it replaces.
pub(super) async fn render(
    visit: &Visit,
    status: StatusCode,
    stored: Option<(Segment, Option<i64>)>,
    mut entered: EnteredSegment,
) -> WebResult<Response> {
    let config = newest_config(visit).await?;
    let mut builder = Builder::of_address(visit, FilterUse::Segment).await?;
    if let Some(filter) = builder.filter_with_test(&entered.filter) {
        entered.filter = filter;
    }
    let crumbs = vec![visit.crumb(Section::Home), visit.crumb(Section::Segments)];
    let mut frame = visit.frame(Section::Segments, crumbs);
    let counted = count(visit, &config, &entered.filter).await?;
    let is_in_file = stored.as_ref().is_some_and(|(_, version)| version.is_none());
    let segment = stored.map(|(segment, _)| segment);
    let name = segment.as_ref().map(|segment| segment.name.clone());
    let (command, call) = match &name {
        Some(name) => {
            (format!("courant segments show {name}"), format!("GET /api/v1/segments/{name}"))
        }
        None => ("courant segments add NAME".to_owned(), "POST /api/v1/segments".to_owned()),
    };
    (frame.command, frame.call) = (Some(command), Some(call));
    let line = name.as_ref().filter(|_| is_in_file);
    let line = line.and_then(|name| config.line_in_file(DefinitionKind::Segment, name));
    let newer = |now: &str, value: &str| {
        Some(now.to_owned()).filter(|now| entered.is_outdated && now != value)
    };
    let page = SegmentPage {
        frame,
        is_new: name.is_none(),
        old_name: name.clone().unwrap_or_default(),
        name: TextField {
            value: entered.name.clone(),
            error: entered.error_of("name"),
            stored: None,
        },
        title: TextField {
            value: entered.title.clone(),
            error: entered.error_of("title"),
            stored: segment.as_ref().and_then(|one| newer(&one.title, &entered.title)),
        },
        filter_form: builder.form(visit, &config).await?,
        filter: filter_field(visit, &entered.filter, counted.as_ref().err()),
        // The field already shows an error of the filter itself.
        filter_error: entered.error_of("filter").filter(|_| counted.is_ok()),
        filter_stored: segment.as_ref().and_then(|one| newer(&one.filter.text, &entered.filter)),
        count: counted.ok().flatten(),
        version: entered.version.clone(),
        is_outdated: entered.is_outdated,
        file_line: line.map(|line| format!("{}:{line}", config.path.display())),
        may_change: visit.may(Permission::WriteSubscribers) && !is_in_file,
        used_by: name.map(|name| dependent_titles(visit, &config, &name)).unwrap_or_default(),
    };
    visit.render_as(status, &page).await
}
