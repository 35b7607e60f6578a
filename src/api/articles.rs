//! `/api/v1/articles`: the mirrored articles.

use axum::http::HeaderMap;
use utoipa_axum::routes;

use super::caller::Caller;
use super::input::PathParams;
use super::operations::Operations;
use super::output::{ApiResult, resource};
use super::paging::{ItemPage, ListQuery, NoFilter, PageParams};
use crate::domain::permission::Permission;
use crate::http::Problem;
use crate::wire::articles::{Article, ArticleSummary};

/// Adds the operations of this file.
pub(super) fn add_operations(operations: Operations) -> Operations {
    operations
        .add(Permission::ReadContent, routes!(list_articles))
        .add(Permission::ReadContent, routes!(show_article))
}

/// Lists public articles, newest first.
#[utoipa::path(
    get, path = "/api/v1/articles", tag = "articles", params(PageParams),
    responses((status = 200, description = "Page of the articles", body = ItemPage<ArticleSummary>))
)]
async fn list_articles(caller: Caller, list: ListQuery<NoFilter>) -> ApiResult {
    let page = caller.app.store.articles().list(caller.now, &list.page).await?;
    list.respond(page, |article| ArticleSummary::from(&article))
}

/// Shows an article with its texts.
///
/// The id is percent-encoded: its slashes are `%2F`.
#[utoipa::path(
    get, path = "/api/v1/articles/{id}", tag = "articles",
    params(("id" = String, Path, description = "Permanent id, SOURCE/ID, or id in its source")),
    responses((status = 200, description = "The article", body = Article))
)]
async fn show_article(
    caller: Caller,
    headers: HeaderMap,
    PathParams(id): PathParams<String>,
) -> ApiResult {
    let store = &caller.app.store;
    let article = store.articles().find(&id).await?;
    let Some(article) = article else {
        return Err(Problem::not_found(format!("there is no article {id:?}")));
    };
    let members = store.stories().members(&[article.story], caller.now).await?;
    let others = members.into_iter().map(|member| member.guid).filter(|id| *id != article.guid);
    resource(&headers, &Article::new(&article, others.collect()))
}
