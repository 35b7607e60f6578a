//! `courant backup`: writes a consistent copy of a SQLite database.

use std::path::Path;
use std::process::ExitCode;

use super::output;
use crate::app::App;
use crate::wire::system::Backup;

/// Writes the copy to `file`, which must not exist; the copy does not send until `courant adopt`.
pub(crate) async fn run(app: &App, file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    app.store.backup(file).await?;
    let text = format!(
        "Wrote the backup to {}. A copy sends nothing until you run `courant adopt`.",
        file.display()
    );
    output::result(json, &Backup { file: file.display().to_string() }, &text)?;
    Ok(ExitCode::SUCCESS)
}
