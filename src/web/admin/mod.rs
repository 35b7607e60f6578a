//! `/admin/`: the admin area, its sign-in and the profile of the signed-in user.

mod access_fields;
mod article_frame;
mod articles;
mod attention;
mod audit;
mod audit_details;
mod chart;
mod definitions;
mod digests;
mod edition_access;
mod edition_mails;
mod edition_recipients;
mod editions;
mod events;
mod feeds;
mod find;
mod home;
mod language;
mod listing;
mod login;
mod mail_frames;
mod name_error;
mod nav;
mod objects;
mod oidc;
mod origin;
mod outcome;
mod password;
mod people;
mod profile;
mod reasons;
mod receptions;
mod redirect;
mod setting_words;
mod settings;
mod sources;
mod titles;
mod tokens;
mod transports;
mod users;
mod visit;
mod webhooks;

use axum::routing::{get, post};

use self::digests::preview;
use super::access::{Access, Routes};
use crate::domain::permission::Permission as P;

/// Permission of the pages that show content.
const READ: Access = Access::Page(P::ReadContent);
/// Permission of the forms that control editions.
const CONTROL: Access = Access::Page(P::ControlEditions);
/// Access of files with addresses.
const EXPORT: Access = Access::Page(P::WriteSubscribers);
/// Permission of the pages for users and tokens.
const MANAGE_ACCESS: Access = Access::Page(P::ManageAccess);
/// Permission of the pages for webhooks and settings.
const MANAGE_SETTINGS: Access = Access::Page(P::ManageSettings);

/// Adds the routes of the admin area, with those of the OpenID provider if one is configured.
pub(super) fn add_routes(routes: Routes, has_oidc: bool) -> Routes {
    let routes = add_account_routes(routes, has_oidc);
    let routes = add_operation_routes(add_content_routes(routes));
    people::add_routes(definitions::add_routes(routes))
}

/// Adds the sign-in, the profile, and what every signed-in user may open.
fn add_account_routes(routes: Routes, has_oidc: bool) -> Routes {
    let routes = routes
        .add("/admin", Access::SignedIn, get(home::show))
        .add("/admin/", Access::SignedIn, get(home::show))
        .add("/admin/login", Access::Public, get(login::show).post(login::submit))
        .add("/admin/password/{token}", Access::Public, get(password::show).post(password::submit))
        .add("/admin/logout", Access::SignedIn, post(login::sign_out))
        .add("/admin/profile", Access::SignedIn, get(profile::show).post(profile::submit))
        .add("/admin/language", Access::SignedIn, post(language::submit))
        .add("/admin/events", Access::SignedIn, get(events::stream))
        .add("/admin/find", Access::SignedIn, get(find::show));
    if !has_oidc {
        return routes;
    }
    routes.add("/admin/oidc", Access::Public, get(oidc::start)).add(
        "/admin/oidc/callback",
        Access::Public,
        get(oidc::finish),
    )
}

/// Adds the pages for articles, feeds, digests and editions.
fn add_content_routes(routes: Routes) -> Routes {
    routes
        .add("/admin/articles", READ, get(articles::list))
        .add("/admin/articles/{id}", READ, get(articles::show))
        .add("/admin/articles/{id}/content", READ, get(articles::content))
        .add("/admin/feeds", READ, get(feeds::list))
        .add("/admin/feeds/{name}", READ, get(feeds::show))
        .add("/admin/digests", READ, get(digests::list))
        .add("/admin/digests/{name}", READ, get(digests::show))
        .add("/admin/digests/{name}/preview", READ, get(preview::show))
        .add("/admin/digests/{name}/preview/mail", READ, get(preview::document))
        .add("/admin/digests/{name}/test", CONTROL, post(digests::test))
        .add("/admin/digests/{name}/editions", CONTROL, post(digests::create_edition))
        .add("/admin/digests/{name}/pause", CONTROL, post(digests::pause))
        .add("/admin/digests/{name}/resume", CONTROL, post(digests::resume))
        .add("/admin/pause", CONTROL, post(digests::pause_every))
        .add("/admin/resume", CONTROL, post(digests::resume_every))
        .add("/admin/editions", READ, get(editions::list))
        .add("/admin/editions/{id}", READ, get(editions::show))
        .add("/admin/editions/{id}/recipients.csv", EXPORT, get(edition_recipients::download))
        .add("/admin/editions/{id}/{command}", CONTROL, post(editions::command))
        .add("/admin/editions/{id}/mails/{variant}", READ, get(edition_mails::show))
        .add("/admin/editions/{id}/mails/{variant}/document", READ, get(edition_mails::document))
}

/// Adds the pages for sources, transports, webhooks, users, tokens, the audit log and the settings.
fn add_operation_routes(routes: Routes) -> Routes {
    let users = get(users::list).post(users::add);
    let tokens = get(tokens::list).post(tokens::create);
    routes
        .add("/admin/sources", READ, get(sources::list))
        .add("/admin/sources/{name}", READ, get(sources::show))
        .add("/admin/sources/{name}/sync", Access::Page(P::SyncSources), post(sources::sync))
        .add("/admin/sources/{name}/accept", Access::Page(P::SyncSources), post(sources::accept))
        .add("/admin/transports", READ, get(transports::list))
        .add("/admin/transports/{name}", READ, get(transports::show))
        .add("/admin/webhooks", MANAGE_SETTINGS, get(webhooks::list))
        .add("/admin/webhooks/{name}", MANAGE_SETTINGS, get(webhooks::show))
        .add("/admin/webhooks/{name}/test", MANAGE_SETTINGS, post(webhooks::test))
        .add("/admin/webhooks/{name}/enable", MANAGE_SETTINGS, post(webhooks::enable))
        .add("/admin/webhooks/{name}/replay", MANAGE_SETTINGS, post(webhooks::replay))
        .add("/admin/users", MANAGE_ACCESS, users)
        .add("/admin/users/{name}", MANAGE_ACCESS, get(users::show))
        .add("/admin/users/{name}/role", MANAGE_ACCESS, post(users::set_role))
        .add("/admin/users/{name}/reset", MANAGE_ACCESS, post(users::reset))
        .add("/admin/users/{name}/remove", MANAGE_ACCESS, post(users::remove))
        .add("/admin/tokens", MANAGE_ACCESS, tokens)
        .add("/admin/tokens/{name}/revoke", MANAGE_ACCESS, post(tokens::revoke))
        .add("/admin/audit", Access::Page(P::ReadAudit), get(audit::list))
        .add("/admin/settings", MANAGE_SETTINGS, get(settings::show))
}
