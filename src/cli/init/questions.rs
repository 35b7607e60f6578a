//! Questions of `courant init`, answered by options or on the terminal.

use std::io::IsTerminal as _;

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, Password, Select};

use crate::cli::usage::UsageError;

/// A question whose answer becomes a key of the configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// Text of the question.
    pub(super) text: &'a str,
    /// Option that answers it, such as `--title`.
    pub(super) option: &'a str,
    /// Answer if none is given, or the reason why one is required.
    pub(super) default: DefaultAnswer<'a>,
}

/// Answer of a question to which a person gives none.
#[derive(Debug, Clone, Copy)]
pub(super) enum DefaultAnswer<'a> {
    /// There is none, for this reason.
    Required(&'a str),
    /// The key is left out.
    LeftOut,
    /// The key has this value.
    Value(&'a str),
}

/// Asks on the terminal, or takes defaults if there is none.
#[derive(Debug)]
pub(super) struct Questions {
    is_terminal: bool,
}

impl Questions {
    /// Asks only if both ends are a terminal.
    pub(super) fn new() -> Self {
        Self { is_terminal: std::io::stdin().is_terminal() && std::io::stderr().is_terminal() }
    }

    /// Rejects a command that lacks these options and has no terminal on which to ask.
    pub(super) fn require<'a>(
        &self,
        missing: impl Iterator<Item = &'a str>,
    ) -> Result<(), UsageError> {
        let missing: Vec<&str> = missing.collect();
        match missing.as_slice() {
            [] => Ok(()),
            _ if self.is_terminal => Ok(()),
            [one] => Err(UsageError(format!(
                "{one} is missing; give it, or run the command on a terminal, where it asks"
            ))),
            all => Err(UsageError(format!(
                "{} are missing; give them, or run the command on a terminal, where it asks",
                all.join(", ")
            ))),
        }
    }

    /// Returns the answer of the option, of the person or the default, once `validate` accepts it.
    ///
    /// # Errors
    /// Fails with a [`UsageError`] if the option is not valid, or if a required answer is missing and
    /// there is no terminal.
    pub(super) fn ask(
        &self,
        question: Question<'_>,
        given: Option<&String>,
        validate: impl Fn(&str) -> Result<(), String>,
    ) -> anyhow::Result<String> {
        let Question { text, option, default } = question;
        match (given, default) {
            (Some(answer), _) => {
                validate(answer).map_err(|reason| UsageError(format!("{option}: {reason}")))?;
                Ok(answer.clone())
            }
            (None, _) if self.is_terminal => {
                let theme = ColorfulTheme::default();
                // An empty answer is allowed to reach the check, which says why it needs another one.
                let mut input = Input::with_theme(&theme)
                    .with_prompt(text)
                    .validate_with(|answer: &String| match default {
                        DefaultAnswer::Required(why) if answer.trim().is_empty() => {
                            Err(format!("an answer is required: {why}"))
                        }
                        _ => validate(answer),
                    })
                    .allow_empty(true);
                if let DefaultAnswer::Value(value) = default {
                    input = input.default(value.to_owned());
                }
                Ok(input.interact_text()?.trim().to_owned())
            }
            (None, DefaultAnswer::Value(value)) => Ok(value.to_owned()),
            (None, DefaultAnswer::LeftOut) => Ok(String::new()),
            (None, DefaultAnswer::Required(why)) => Err(UsageError(format!(
                "{option} is missing ({why}); specify it, or answer the question on a terminal"
            ))
            .into()),
        }
    }

    /// Returns the option's answer or the one chosen from a list; the first is the default.
    pub(super) fn choose(
        &self,
        text: &str,
        given: Option<&String>,
        choices: &[(&str, &str)],
    ) -> anyhow::Result<String> {
        if let Some(given) = given {
            return Ok(given.clone());
        }
        if !self.is_terminal {
            return Ok(choices[0].0.to_owned());
        }
        let labels: Vec<&str> = choices.iter().map(|(_, label)| *label).collect();
        let theme = ColorfulTheme::default();
        let chosen = Select::with_theme(&theme).with_prompt(text).items(&labels).default(0);
        Ok(choices[chosen.interact()?].0.to_owned())
    }

    /// Asks for a password without showing it; returns an empty one if there is no terminal.
    pub(super) fn password(&self, text: &str) -> anyhow::Result<String> {
        if !self.is_terminal {
            return Ok(String::new());
        }
        let theme = ColorfulTheme::default();
        Ok(Password::with_theme(&theme).with_prompt(text).allow_empty_password(true).interact()?)
    }
}
