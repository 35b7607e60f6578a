//! `/admin/settings`: the settings in force, and where each is set.

use axum::response::Response;

use super::nav::Section;
use super::visit::Visit;
use crate::config::{DEFAULT_ORIGIN, Setting, explain};
use crate::templates::pages::{Block, Cell, FoldedTable, Table};
use crate::web::error::WebResult;

/// `GET /admin/settings`: all settings by section; secrets are hidden.
pub(super) async fn show(visit: Visit) -> WebResult<Response> {
    let app = visit.app();
    let definitions = app.store.definitions().current().await?;
    let path = app.config.path.clone();
    let text = tokio::fs::read_to_string(&path).await.unwrap_or_default();
    let env = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let settings = explain(&path, &text, env, &definitions, true);
    let mut page = visit.list_page(Section::Settings, Table::default());
    page.blocks.clear();
    page.lede = match &settings {
        Ok(_) => {
            visit.text("settings-lede", &[("path", path.display().to_string().as_str().into())])
        }
        Err(error) => error.to_string(),
    };
    page.is_failure = settings.is_err();
    let directory = path.parent().map(|parent| parent.join("").display().to_string());
    let mut settings = settings.unwrap_or_default();
    for setting in &mut settings {
        // The sentence above states the directory.
        if let Some(name) = directory.as_deref().and_then(|one| setting.origin.strip_prefix(one)) {
            setting.origin = name.to_owned();
        }
    }
    for of_section in settings.chunk_by(|one, next| one.section == next.section) {
        page.blocks.push(block(&visit, of_section));
    }
    page.frame.command = Some("courant config show --effective".to_owned());
    visit.render(&page).await
}

/// Returns the settings of a section; those with their defaults are folded.
fn block(visit: &Visit, settings: &[Setting]) -> Block {
    let section = settings.first().map_or("", |setting| setting.section);
    let (defaults, set): (Vec<&Setting>, Vec<&Setting>) =
        settings.iter().partition(|setting| setting.origin == DEFAULT_ORIGIN);
    let table = |rows: &[&Setting]| Table {
        columns: visit.columns(&["settings-key", "settings-value", "settings-origin"], &[]),
        rows: rows.iter().map(|setting| row(setting)).collect(),
        ..Table::default()
    };
    let count = i64::try_from(defaults.len()).unwrap_or(i64::MAX);
    let folded = (count > 0).then(|| FoldedTable {
        text: visit.text("settings-defaults", &[("count", count.into())]),
        table: table(&defaults),
    });
    Block { folded, ..Block::new(format!("[{section}]"), table(&set)) }
}

fn row(setting: &Setting) -> Vec<Cell> {
    vec![
        Cell::text(&setting.key).with_detail(setting.table.clone().unwrap_or_default()),
        Cell::code(&setting.value),
        Cell::text(&setting.origin),
    ]
}
