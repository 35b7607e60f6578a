//! `courant config`: shows the configuration with its origins, and exports what the database defines.

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use super::output;
use super::table::Column::{Key, Text};
use super::table::TextTable;
use crate::app::App;
use crate::config::{Setting, explain, export_definitions};
use crate::wire::definitions::ConfigSetting;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all values and where each is set; hides secrets
    Show {
        /// Also show the defaults of keys that are not set
        #[arg(long)]
        effective: bool,
    },
    /// Print what the database defines as TOML, with secrets
    Export,
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let definitions = app.store.definitions().current().await?;
        match self {
            Self::Show { effective } => {
                let path = &app.config.path;
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let env = std::env::vars_os()
                    .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
                show(&explain(path, &text, env, &definitions, effective)?, json)
            }
            Self::Export => {
                let text = export_definitions(&definitions);
                if json {
                    output::json(&text)?;
                } else if !text.is_empty() {
                    output::verbatim(text.trim_end())?;
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn show(settings: &[Setting], json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::json(&settings.iter().map(ConfigSetting::from).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = TextTable::new(&[Key("key"), Text("value"), Text("origin")]);
    for setting in settings {
        let parts = [Some(setting.section), setting.table.as_deref(), Some(&setting.key)];
        let parts: Vec<&str> =
            parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        table.row([parts.join("."), setting.value.clone(), setting.origin.clone()]);
    }
    table.print("The configuration has no keys.")?;
    Ok(ExitCode::SUCCESS)
}
