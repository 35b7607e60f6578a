//! `/admin/`: signing in, setting a password, and the profile of the signed-in user.

mod login;
mod oidc;
mod password;
mod profile;
mod redirect;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::access::{Access, Routes};
use super::client::ClientInfo;
use super::state::SharedState;
use redirect::see_other;

/// Adds the routes of the admin area, with those of the OpenID provider if one is configured.
pub(super) fn add_routes(routes: Routes, has_oidc: bool) -> Routes {
    let routes = routes
        .add("/admin", Access::SignedIn, get(home))
        .add("/admin/", Access::SignedIn, get(home))
        .add("/admin/login", Access::Public, get(login::show).post(login::submit))
        .add("/admin/logout", Access::SignedIn, post(login::sign_out))
        .add("/admin/password/{token}", Access::Public, get(password::show).post(password::submit))
        .add("/admin/profile", Access::SignedIn, get(profile::show).post(profile::submit));
    if !has_oidc {
        return routes;
    }
    routes.add("/admin/oidc", Access::Public, get(oidc::start)).add(
        "/admin/oidc/callback",
        Access::Public,
        get(oidc::finish),
    )
}

/// `GET /admin/`: leads to the profile.
async fn home(State(web): State<SharedState>, client: ClientInfo) -> Response {
    see_other(&web, &client, "/admin/profile", None)
}
