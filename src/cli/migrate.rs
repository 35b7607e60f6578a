//! `courant migrate`: brings the database schema up to date.

use std::process::ExitCode;

use super::output;
use crate::app::App;

/// Reports success; opening the store already applied the migrations.
pub(crate) async fn run(app: &App) -> anyhow::Result<ExitCode> {
    app.store.ping().await?;
    output::line("The database schema is up to date.")?;
    Ok(ExitCode::SUCCESS)
}
