//! `/admin/settings`: the settings in force, and where each is set.

use axum::response::Response;

use super::nav::Section;
use super::visit::Visit;
use crate::config::{Setting, explain};
use crate::templates::pages::{Block, Cell, Table};
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
    let mut settings = settings.unwrap_or_default().into_iter().peekable();
    while let Some(section) = settings.peek().map(|setting| setting.section) {
        let of_section = std::iter::from_fn(|| settings.next_if(|next| next.section == section));
        let table = Table {
            columns: visit.columns(&["settings-key", "settings-value", "settings-origin"], &[]),
            rows: of_section.map(row).collect(),
            ..Table::default()
        };
        page.blocks.push(Block { title: format!("[{section}]"), table });
    }
    page.frame.command = Some("courant config show --effective".to_owned());
    visit.render(&page).await
}

fn row(setting: Setting) -> Vec<Cell> {
    vec![
        Cell::text(setting.key).with_detail(setting.table.unwrap_or_default()),
        Cell::code(setting.value),
        Cell::text(setting.origin),
    ]
}
