//! `courant backup`: writes a consistent copy of a SQLite database.

use std::path::Path;
use std::process::ExitCode;

use super::output;
use crate::app::App;

/// Writes the copy to `file`, which must not exist; the copy does not send until `courant adopt`.
pub(crate) async fn run(app: &App, file: &Path) -> anyhow::Result<ExitCode> {
    app.store.backup(file).await?;
    output::line(&format!(
        "Wrote backup to {}. Copies do not send mail until you run `courant adopt`.",
        file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
