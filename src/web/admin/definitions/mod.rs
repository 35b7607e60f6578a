//! Pages that create, change, rename, delete and restore the feeds and digests of the database: one
//! form for both kinds.

mod check;
mod choices;
mod delete;
mod edit;
pub(super) mod fields;
mod form;
mod history;
mod schedule;
mod stored;
mod values;

use axum::Extension;
use axum::routing::{MethodRouter, get, post};

use super::super::access::{Access, Routes};
use super::super::state::SharedState;
use crate::domain::definition::DefinitionKind;

/// Paths of the pages of one kind.
struct Paths {
    new: &'static str,
    edit: &'static str,
    rename: &'static str,
    delete: &'static str,
    history: &'static str,
    restore: &'static str,
}

const DIGESTS: Paths = Paths {
    new: "/admin/digests/new",
    edit: "/admin/digests/{name}/edit",
    rename: "/admin/digests/{name}/rename",
    delete: "/admin/digests/{name}/delete",
    history: "/admin/digests/{name}/history",
    restore: "/admin/digests/{name}/restore",
};

const FEEDS: Paths = Paths {
    new: "/admin/feeds/new",
    edit: "/admin/feeds/{name}/edit",
    rename: "/admin/feeds/{name}/rename",
    delete: "/admin/feeds/{name}/delete",
    history: "/admin/feeds/{name}/history",
    restore: "/admin/feeds/{name}/restore",
};

/// Adds the routes of both kinds.
pub(super) fn add_routes(routes: Routes) -> Routes {
    let routes = add_kind(routes, DefinitionKind::Digest, &DIGESTS);
    add_kind(routes, DefinitionKind::Feed, &FEEDS)
}

fn add_kind(routes: Routes, kind: DefinitionKind, paths: &Paths) -> Routes {
    let of_kind = |methods: MethodRouter<SharedState>| methods.layer(Extension(kind));
    let read = Access::Page(kind.read_permission());
    let write = Access::Page(kind.write_permission());
    routes
        .add(paths.new, write, of_kind(get(edit::show_new).post(edit::create)))
        .add(paths.edit, write, of_kind(get(edit::show).post(edit::change)))
        .add(paths.rename, write, of_kind(post(edit::rename)))
        .add(paths.delete, write, of_kind(get(delete::show).post(delete::submit)))
        .add(paths.history, read, of_kind(get(history::show)))
        .add(paths.restore, write, of_kind(post(history::restore)))
}
