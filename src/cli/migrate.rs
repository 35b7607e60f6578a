//! `courant migrate`: brings the database schema up to date.

use std::process::ExitCode;

use super::output;
use crate::app::App;
use crate::wire::system::Migration;

/// Reports success; opening the store already applied the migrations.
pub(crate) async fn run(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    app.store.ping().await?;
    let text = "The database schema is up to date.";
    output::result(json, &Migration { up_to_date: true }, text)?;
    Ok(ExitCode::SUCCESS)
}
