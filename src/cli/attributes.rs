//! `courant attributes`: lists, creates and deletes the attributes that subscribers can have.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Subcommand, ValueEnum};

use super::output::{self, pluralize};
use super::table::Column::{Key, Number, Text};
use super::table::TextTable;
use super::usage::UsageError;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::attribute::AttributeType;
use crate::subscribers::attributes;
use crate::wire::attributes::{AddedAttribute, Attribute, RemovedAttribute};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List attributes, ordered by name
    List,
    /// Create an attribute of a type
    Add {
        /// Name of the attribute, for example `city`
        name: String,
        /// Type of all values
        #[arg(long = "type", value_enum)]
        attribute_type: TypeArg,
    },
    /// Delete an attribute with all of its values; irrevocable
    Remove {
        /// Name of the attribute
        name: String,
    },
}

/// Type argument of the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TypeArg {
    /// Any text of one line
    Text,
    /// A decimal number, such as 12.5
    Number,
    /// A date such as 2026-11-29
    Date,
    /// Either true or false
    Boolean,
}

impl From<TypeArg> for AttributeType {
    fn from(argument: TypeArg) -> Self {
        match argument {
            TypeArg::Text => Self::Text,
            TypeArg::Number => Self::Number,
            TypeArg::Date => Self::Date,
            TypeArg::Boolean => Self::Boolean,
        }
    }
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List => list(app, json).await?,
            Self::Add { name, attribute_type } => {
                let kind = AttributeType::from(attribute_type);
                let added = attributes::add(&app.store, &name, kind, &Actor::Cli, app.now())
                    .await?
                    .map_err(UsageError)?;
                let text = if added {
                    format!("Created the attribute {name} of type {kind}.")
                } else {
                    format!("The attribute {name} of type {kind} exists already.")
                };
                output::result(json, &AddedAttribute { name, added }, &text)?;
            }
            Self::Remove { name } => {
                let (store, config) = (&app.store, &app.config);
                let removed =
                    attributes::remove(store, config, &name, &Actor::Cli, app.now()).await?;
                let values = removed.map_err(|reason| anyhow!(reason))?;
                let text = format!(
                    "Deleted the attribute {name} with {}.",
                    pluralize(usize::try_from(values)?, "value")
                );
                output::result(json, &RemovedAttribute { name, values }, &text)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(app: &App, json: bool) -> anyhow::Result<()> {
    let mut documents = Vec::new();
    for attribute in app.store.attributes().list().await? {
        documents.push(Attribute {
            subscribers: app.store.attributes().count_values(&attribute.name).await?,
            attribute_type: attribute.attribute_type.as_str().to_owned(),
            created_at: attribute.created_at.rfc3339(),
            name: attribute.name,
        });
    }
    if json {
        return output::json(&documents);
    }
    let mut table = TextTable::new(&[Key("name"), Text("type"), Number("subscribers")]);
    for attribute in documents {
        let subscribers = attribute.subscribers.to_string();
        table.row([attribute.name, attribute.attribute_type, subscribers]);
    }
    table.print("There are no attributes.")
}
