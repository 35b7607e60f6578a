//! `courant migrate`, `backup` and `adopt`: the store as a whole.

use std::path::Path;
use std::process::ExitCode;

use super::output;
use crate::app::App;

pub(crate) async fn migrate(app: &App) -> anyhow::Result<ExitCode> {
    app.store.ping().await?;
    output::line("the database is up to date")?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn backup(app: &App, file: &Path) -> anyhow::Result<ExitCode> {
    app.store.backup(file).await?;
    output::line(&format!(
        "wrote {}; it does not send by itself: `courant adopt` lets it",
        file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn adopt(app: &App) -> anyhow::Result<ExitCode> {
    let base_url = &app.config.site.base_url;
    app.store.adopt(base_url).await?;
    output::line(&format!(
        "this store may send as {base_url} now; restart `courant serve` if it runs"
    ))?;
    Ok(ExitCode::SUCCESS)
}
