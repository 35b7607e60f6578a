//! `/admin/`: the admin area, its sign-in and the profile of the signed-in user.

mod attention;
mod chart;
mod editions;
mod events;
mod find;
mod home;
mod language;
mod listing;
mod login;
mod nav;
mod oidc;
mod outcome;
mod password;
mod profile;
mod redirect;
mod visit;

use axum::routing::{get, post};

use super::access::{Access, Routes};
use crate::domain::permission::Permission as P;

/// Adds the routes of the admin area, with those of the OpenID provider if one is configured.
pub(super) fn add_routes(routes: Routes, has_oidc: bool) -> Routes {
    let routes = routes
        .add("/admin", Access::SignedIn, get(home::show))
        .add("/admin/", Access::SignedIn, get(home::show))
        .add("/admin/login", Access::Public, get(login::show).post(login::submit))
        .add("/admin/editions", Access::Page(P::ReadContent), get(editions::list))
        .add("/admin/editions/{id}", Access::Page(P::ReadContent), get(editions::show))
        .add(
            "/admin/editions/{id}/{command}",
            Access::Page(P::ControlEditions),
            post(editions::command),
        )
        .add("/admin/events", Access::SignedIn, get(events::stream))
        .add("/admin/find", Access::SignedIn, get(find::show))
        .add("/admin/language", Access::SignedIn, post(language::submit))
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
