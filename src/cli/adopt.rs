//! `courant adopt`: allows a copied database to send under the configured base URL.

use std::process::ExitCode;

use super::output;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::wire::system::Adoption;

/// Stores the configured base URL in the database, which allows it to send again.
pub(crate) async fn run(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let base_url = &app.config.site.base_url;
    app.store.adopt(base_url, &Actor::Cli, app.now()).await?;
    let text =
        format!("This database now sends as {base_url}. Restart `courant serve` if it is running.");
    output::result(json, &Adoption { base_url: base_url.clone() }, &text)?;
    Ok(ExitCode::SUCCESS)
}
