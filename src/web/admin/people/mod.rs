//! Pages about people: subscribers with their bulk operations and imports, segments and suppressions.

mod access;
mod bulk;
mod choices;
mod columns;
mod details;
mod download;
mod entered_segment;
mod filter_form;
mod filter_text;
mod import_columns;
mod import_page;
mod imports;
mod jobs;
mod list;
mod new_person;
mod person;
mod person_forms;
mod person_subscriptions;
mod requests;
mod segment_form;
mod segments;
mod selection;
mod states;
mod suppressions;
mod uploads;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
pub(super) use choices::zones;

use crate::domain::permission::Permission as P;
use crate::web::access::{Access, Routes};

/// Access of pages that show people.
const READ: Access = Access::Page(P::ReadSubscribers);
/// Access of pages and forms that change or export people.
const WRITE: Access = Access::Page(P::WriteSubscribers);

/// Adds the routes of the pages about people.
pub(super) fn add_routes(routes: Routes) -> Routes {
    add_lists(add_imports(add_bulk(add_person(routes))))
        .add("/admin/subscribers", READ, get(list::show))
        .add("/admin/subscribers.csv", WRITE, get(download::filtered))
}

fn add_person(routes: Routes) -> Routes {
    routes
        .add("/admin/subscribers/new", WRITE, get(new_person::show).post(new_person::submit))
        .add("/admin/subscribers/{id}", READ, get(person::show))
        .add("/admin/subscribers/{id}/details", WRITE, post(person_forms::save))
        .add("/admin/subscribers/{id}/address", WRITE, post(person_forms::set_address))
        .add("/admin/subscribers/{id}/subscribe", WRITE, post(person_forms::subscribe))
        .add("/admin/subscribers/{id}/suppression", WRITE, post(person_forms::suppress))
        .add("/admin/subscribers/{id}/erase", WRITE, post(person_forms::erase))
        .add("/admin/subscribers/{id}/data.json", WRITE, get(person_forms::data))
        .add(
            "/admin/subscribers/{id}/subscriptions/{digest}/{command}",
            WRITE,
            post(person_forms::change_subscription),
        )
}

fn add_bulk(routes: Routes) -> Routes {
    routes
        .add("/admin/subscribers/bulk", WRITE, post(bulk::prepare))
        .add("/admin/subscribers/bulk/start", WRITE, post(bulk::start))
        .add("/admin/subscribers/jobs", READ, get(jobs::list))
        .add("/admin/subscribers/jobs/{id}", READ, get(jobs::show))
        .add("/admin/subscribers/jobs/{id}/resume", WRITE, post(jobs::resume))
}

fn add_imports(routes: Routes) -> Routes {
    // The handler limits the length of a file.
    let list = get(imports::list).post(uploads::submit).layer(DefaultBodyLimit::disable());
    routes
        .add("/admin/subscribers/import", WRITE, list)
        .add("/admin/subscribers/import/{id}", READ, get(imports::show))
        .add("/admin/subscribers/import/{id}/start", WRITE, post(imports::start))
        .add("/admin/subscribers/import/{id}/cancel", WRITE, post(imports::cancel))
        .add("/admin/subscribers/import/{id}/rejected.csv", READ, get(imports::rejected))
}

fn add_lists(routes: Routes) -> Routes {
    routes
        .add("/admin/segments", READ, get(segments::list))
        .add("/admin/segments/new", WRITE, get(segments::new).post(segment_form::create))
        .add("/admin/segments/{name}", READ, get(segments::show))
        .add("/admin/segments/{name}/save", WRITE, post(segment_form::change))
        .add("/admin/segments/{name}/delete", WRITE, post(segment_form::delete))
        .add("/admin/suppressions", READ, get(suppressions::list))
        .add("/admin/suppressions.csv", WRITE, get(download::suppressions))
        .add("/admin/suppressions/new", WRITE, get(suppressions::new).post(suppressions::create))
        .add("/admin/suppressions/remove", WRITE, post(suppressions::remove))
}
