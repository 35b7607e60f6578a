//! Pages that exist only in the demo: the mailbox, the publishing form, the sample college's articles with
//! their pictures, and the sign-in without a password.

mod article;
mod mailbox;
mod picture;
mod publish;
mod sign_in;

use axum::routing::{get, post};

use super::access::{Access, Routes};

/// Adds the routes of the demo.
pub(super) fn add_routes(routes: Routes) -> Routes {
    routes
        .add("/mailbox", Access::Public, get(mailbox::list))
        .add("/mailbox/{id}", Access::Public, get(mailbox::show))
        .add("/mailbox.json", Access::Public, get(mailbox::json))
        .add("/demo/publish", Access::Public, get(publish::show).post(publish::submit))
        .add("/demo/sign-in", Access::Public, post(sign_in::submit))
        .add("/demo/articles/{id}", Access::Public, get(article::show))
        .add("/demo/pictures/{name}", Access::Public, get(picture::show))
}
