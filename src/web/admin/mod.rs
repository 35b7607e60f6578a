//! `/admin/`: the admin area, its sign-in and the profile of the signed-in user.

mod access_fields;
mod articles;
mod attention;
mod audit;
mod chart;
mod definitions;
mod digests;
mod edition_mails;
mod editions;
mod events;
mod feeds;
mod find;
mod home;
mod language;
mod listing;
mod login;
mod mail_frames;
mod nav;
mod objects;
mod oidc;
mod origin;
mod outcome;
mod password;
mod people;
mod profile;
mod redirect;
mod settings;
mod sources;
mod tokens;
mod transports;
mod users;
mod visit;

use axum::routing::{get, post};

use self::digests::preview;
use super::access::{Access, Routes};
use crate::domain::permission::Permission as P;

/// Adds the routes of the admin area, with those of the OpenID provider if one is configured.
pub(super) fn add_routes(routes: Routes, has_oidc: bool) -> Routes {
    let routes = routes
        .add("/admin", Access::SignedIn, get(home::show))
        .add("/admin/", Access::SignedIn, get(home::show))
        .add("/admin/login", Access::Public, get(login::show).post(login::submit))
        .add("/admin/digests", Access::Page(P::ReadContent), get(digests::list))
        .add("/admin/digests/{name}", Access::Page(P::ReadContent), get(digests::show))
        .add("/admin/digests/{name}/preview", Access::Page(P::ReadContent), get(preview::show))
        .add(
            "/admin/digests/{name}/preview/mail",
            Access::Page(P::ReadContent),
            get(preview::document),
        )
        .add("/admin/digests/{name}/test", Access::Page(P::ControlEditions), post(digests::test))
        .add(
            "/admin/digests/{name}/editions",
            Access::Page(P::ControlEditions),
            post(digests::create_edition),
        )
        .add(
            "/admin/editions/{id}/mails/{variant}",
            Access::Page(P::ReadContent),
            get(edition_mails::show),
        )
        .add(
            "/admin/editions/{id}/mails/{variant}/document",
            Access::Page(P::ReadContent),
            get(edition_mails::document),
        )
        .add("/admin/editions", Access::Page(P::ReadContent), get(editions::list))
        .add("/admin/editions/{id}", Access::Page(P::ReadContent), get(editions::show))
        .add(
            "/admin/editions/{id}/{command}",
            Access::Page(P::ControlEditions),
            post(editions::command),
        )
        .add("/admin/events", Access::SignedIn, get(events::stream))
        .add("/admin/feeds", Access::Page(P::ReadContent), get(feeds::list))
        .add("/admin/feeds/{name}", Access::Page(P::ReadContent), get(feeds::show))
        .add("/admin/find", Access::SignedIn, get(find::show))
        .add("/admin/language", Access::SignedIn, post(language::submit))
        .add("/admin/logout", Access::SignedIn, post(login::sign_out))
        .add("/admin/password/{token}", Access::Public, get(password::show).post(password::submit))
        .add("/admin/articles", Access::Page(P::ReadContent), get(articles::list))
        .add("/admin/articles/{id}", Access::Page(P::ReadContent), get(articles::show))
        .add("/admin/articles/{id}/content", Access::Page(P::ReadContent), get(articles::content))
        .add("/admin/sources", Access::Page(P::ReadContent), get(sources::list))
        .add("/admin/sources/{name}", Access::Page(P::ReadContent), get(sources::show))
        .add("/admin/sources/{name}/sync", Access::Page(P::SyncSources), post(sources::sync))
        .add("/admin/sources/{name}/accept", Access::Page(P::SyncSources), post(sources::accept))
        .add("/admin/transports", Access::Page(P::ReadContent), get(transports::list))
        .add("/admin/transports/{name}", Access::Page(P::ReadContent), get(transports::show))
        .add("/admin/users", Access::Page(P::ManageAccess), get(users::list).post(users::add))
        .add("/admin/users/{name}", Access::Page(P::ManageAccess), get(users::show))
        .add("/admin/users/{name}/role", Access::Page(P::ManageAccess), post(users::set_role))
        .add("/admin/users/{name}/reset", Access::Page(P::ManageAccess), post(users::reset))
        .add("/admin/users/{name}/remove", Access::Page(P::ManageAccess), post(users::remove))
        .add("/admin/tokens", Access::Page(P::ManageAccess), get(tokens::list).post(tokens::create))
        .add("/admin/tokens/{name}/revoke", Access::Page(P::ManageAccess), post(tokens::revoke))
        .add("/admin/audit", Access::Page(P::ReadAudit), get(audit::list))
        .add("/admin/settings", Access::Page(P::ManageSettings), get(settings::show))
        .add("/admin/profile", Access::SignedIn, get(profile::show).post(profile::submit));
    let routes = definitions::add_routes(routes);
    let routes = people::add_routes(routes);
    if !has_oidc {
        return routes;
    }
    routes.add("/admin/oidc", Access::Public, get(oidc::start)).add(
        "/admin/oidc/callback",
        Access::Public,
        get(oidc::finish),
    )
}
