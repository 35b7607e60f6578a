//! `/api/`: the reference of the API.

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;

use super::api_operations;
use super::client::ClientInfo;
use super::error::WebResult;
use super::state::SharedState;
use crate::templates::pages::ApiPage;

/// `GET /api/`: renders the reference.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
) -> WebResult<Response> {
    web.render(&ApiPage {
        page: web.page_context(&client, &method),
        example: api_operations::general_example(&web.app.config.site.base_url),
        groups: web.api_reference().to_vec(),
    })
    .await
}
