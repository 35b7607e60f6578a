//! `courant init`: asks for the settings of a site, writes a short configuration file and checks it.

mod authority;
mod config_file;
mod next_steps;
mod questions;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::tz::TimeZone;
use url::{Host, Url};

use self::authority::Authority;
use self::config_file::{Answers, DEFAULT_PORT};
use self::questions::{DefaultAnswer, Question, Questions};
use super::usage::UsageError;
use super::{check, output};
use crate::config::Config;
use crate::sources;

/// Kinds of sources with their labels in the question.
const SOURCE_KINDS: [(&str, &str); 5] = [
    ("builtin", "none: I import files with `courant articles import`"),
    ("wordpress", "the database of a WordPress site"),
    ("ghost", "the database of a Ghost site"),
    ("drupal", "the database of a Drupal site"),
    ("query", "any other database, with a SELECT statement"),
];

/// Options of `courant init`; missing values are asked for on the terminal.
#[derive(Debug, Default, Args)]
pub(crate) struct InitArgs {
    /// Name of the publisher
    #[arg(long)]
    title: Option<String>,
    /// Public URL of this service, for example https://news.example.edu
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Language of the articles, as a language tag [default: en]
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// IANA time zone [default: of the WordPress site or machine]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Domain or address, date for article ids [default: host, today]
    #[arg(long, value_name = "DOMAIN,DATE")]
    id_authority: Option<String>,
    /// Port of the web server on 127.0.0.1 [default: 8080]
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// Postal address, printed in every digest
    #[arg(long, value_name = "TEXT")]
    postal_address: Option<String>,
    /// Kind of the source: builtin, wordpress, ghost, drupal or query
    #[arg(long, value_name = "KIND")]
    source: Option<String>,
    /// URL of the source's database, for example mysql://user:password@127.0.0.1/wordpress
    #[arg(long, value_name = "URL")]
    source_url: Option<String>,
    /// SELECT statement of a source of kind query
    #[arg(long, value_name = "SQL")]
    query: Option<String>,
    /// Sender of digests, for example "College News <news@example.edu>"
    #[arg(long, value_name = "MAILBOX")]
    from: Option<String>,
    /// URL of the relay, for example smtp+starttls://mail.example.edu:587 [default: file://outbox]
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// User name for the relay
    #[arg(long, value_name = "NAME")]
    relay_username: Option<String>,
    /// File that contains the password for the relay
    #[arg(long, value_name = "FILE")]
    relay_password_file: Option<PathBuf>,
    /// Check the new configuration without connecting to the relay
    #[arg(long)]
    offline: bool,
}

impl InitArgs {
    /// Returns `true` if neither an option nor the host of the base URL names the authority of the
    /// ids.
    fn lacks_authority(&self) -> bool {
        let (given, from) = (self.id_authority.as_ref(), self.from.as_deref());
        let derived = |url: &String| Authority::new(url, from, "UTC").default.is_some();
        given.is_none() && self.base_url.as_ref().is_some_and(|url| !derived(url))
    }
}

/// Writes the file, checks it and prints the next steps; refuses to replace an existing file.
pub(crate) async fn run(args: InitArgs, path: &Path, json: bool) -> anyhow::Result<ExitCode> {
    if path.exists() {
        return Err(UsageError(format!(
            "{} already exists; edit it, or choose another file with --config FILE",
            path.display()
        ))
        .into());
    }
    let questions = Questions::new();
    let required = [
        ("--title", args.title.is_none()),
        ("--base-url", args.base_url.is_none()),
        ("--id-authority", args.lacks_authority()),
        ("--from", args.from.is_none()),
    ];
    questions.require(required.into_iter().filter(|(_, missing)| *missing).map(|(o, _)| o))?;
    let answers = collect_answers(&args, path, &questions).await?;
    write_new(path, &answers.render())?;
    output::note(&format!("wrote {}\n", path.display()));
    let code = check::run(path, args.offline, json).await?;
    output::note(&next_steps::text(&answers, path));
    Ok(code)
}

/// Asks all questions; each answer is valid in the configuration that the previous ones make.
async fn collect_answers(
    args: &InitArgs,
    path: &Path,
    questions: &Questions,
) -> anyhow::Result<Answers> {
    let mut answers = Answers::default();
    let ask = |answers: &mut Answers,
               field: fn(&mut Answers) -> &mut String,
               question: Question<'_>,
               given: Option<&String>| {
        let answer = questions.ask(question, given, |text| {
            let mut candidate = answers.clone();
            text.trim().clone_into(field(&mut candidate));
            validate(path, &candidate)
        })?;
        *field(answers) = answer;
        anyhow::Ok(())
    };
    let required =
        |text, option, why| Question { text, option, default: DefaultAnswer::Required(why) };
    let optional = |text, option| Question { text, option, default: DefaultAnswer::LeftOut };
    let with_default =
        |text, option, value| Question { text, option, default: DefaultAnswer::Value(value) };

    let why = "feeds and digests show it";
    let question = required("Name of the publisher", "--title", why);
    ask(&mut answers, |a| &mut a.title, question, args.title.as_ref())?;
    let why = "links in feeds and digests begin with it";
    let question = required("Public URL of this service (https://…)", "--base-url", why);
    ask(&mut answers, |a| &mut a.base_url, question, args.base_url.as_ref())?;
    let port = default_port(&answers.base_url);
    let question = with_default("Port of the web server on 127.0.0.1", "--port", &port);
    ask(&mut answers, |a| &mut a.port, question, args.port.as_ref())?;
    let question = with_default("Language of the articles", "--language", "en");
    ask(&mut answers, |a| &mut a.language, question, args.language.as_ref())?;
    ask_source(args, path, questions, &mut answers)?;
    let zone = default_zone(args, path, &answers).await;
    let question = with_default("Time zone", "--timezone", &zone);
    ask(&mut answers, |a| &mut a.timezone, question, args.timezone.as_ref())?;
    ask_authority(args, path, questions, &mut answers)?;
    let question =
        optional("Postal address, which many countries require in digests", "--postal-address");
    ask(&mut answers, |a| &mut a.postal_address, question, args.postal_address.as_ref())?;
    let why = "every digest names its sender, for example College News <news@example.edu>";
    let question = required("Sender of digests (Name <address>)", "--from", why);
    ask(&mut answers, |a| &mut a.from, question, args.from.as_ref())?;
    let question = with_default(
        "URL of the relay (smtp+starttls://HOST:587, smtps://HOST), or a directory for .eml files",
        "--relay",
        "file://outbox",
    );
    ask(&mut answers, |a| &mut a.relay, question, args.relay.as_ref())?;
    ask_login(args, path, questions, &mut answers)?;
    Ok(answers)
}

/// Returns the time zone of the site whose database is the source, else that of this machine.
async fn default_zone(args: &InitArgs, path: &Path, answers: &Answers) -> String {
    if args.timezone.is_none()
        && let Ok(config) = Config::parse(path, &answers.render(), std::iter::empty())
        && let Some(source) = config.sources.first()
        // The check of the new configuration reports a database that cannot be read.
        && let Ok(Some(zone)) = sources::site_zone(source).await
    {
        let from = "the time zone in the settings of the WordPress site";
        output::note(&format!("The default time zone is {zone}, {from}."));
        return zone;
    }
    let zone = TimeZone::system();
    // Both names mean the same zone; the second is the one that people know.
    zone.iana_name().filter(|name| *name != "Etc/UTC").unwrap_or("UTC").to_owned()
}

/// Asks for the part of the ids of articles that only this publisher may use.
fn ask_authority(
    args: &InitArgs,
    path: &Path,
    questions: &Questions,
    answers: &mut Answers,
) -> anyhow::Result<()> {
    let authority = Authority::new(&answers.base_url, args.from.as_deref(), &answers.timezone);
    let question = Question {
        text: if authority.default.is_some() {
            "Domain or e-mail address, and date, for the ids of articles, which never change"
        } else {
            "A domain or e-mail address of yours, for the ids of articles, which never change"
        },
        option: "--id-authority",
        default: authority.default.as_deref().map_or(
            DefaultAnswer::Required(
                "the ids of articles begin with it, and nobody owns the host of the public URL forever",
            ),
            DefaultAnswer::Value,
        ),
    };
    let answer = questions.ask(question, args.id_authority.as_ref(), |text| {
        let id_authority = authority.complete(text)?;
        validate(path, &Answers { id_authority, ..answers.clone() })
    })?;
    answers.id_authority = authority
        .complete(&answer)
        .map_err(|reason| UsageError(format!("--id-authority: {reason}")))?;
    Ok(())
}

/// Asks for the source: its kind, its database and its query.
fn ask_source(
    args: &InitArgs,
    path: &Path,
    questions: &Questions,
    answers: &mut Answers,
) -> anyhow::Result<()> {
    let kind = questions.choose("Where are your articles?", args.source.as_ref(), &SOURCE_KINDS)?;
    if !SOURCE_KINDS.iter().any(|(known, _)| *known == kind) {
        let known: Vec<&str> = SOURCE_KINDS.iter().map(|(known, _)| *known).collect();
        let error = format!("--source: unknown kind `{kind}`; expected {}", known.join(", "));
        return Err(UsageError(error).into());
    }
    let unused = [("--source-url", &args.source_url), ("--query", &args.query)].into_iter().find(
        |(option, given)| {
            given.is_some() && (kind == "builtin" || (*option == "--query" && kind != "query"))
        },
    );
    if let Some((option, _)) = unused {
        return Err(
            UsageError(format!("{option} does not apply to a source of kind {kind}")).into()
        );
    }
    kind.clone_into(&mut answers.source_kind);
    if kind == "builtin" {
        return Ok(());
    }
    // A query source is only complete with both answers, so its URL is checked with a sample query.
    if kind == "query" {
        "SELECT 1 AS id, 'x' AS title, 0 AS published_at".clone_into(&mut answers.query);
    }
    let url = Question {
        text: "URL of its database (mysql://USER:PASSWORD@HOST/NAME, postgres://…, sqlite:///PATH)",
        option: "--source-url",
        default: DefaultAnswer::Required("the articles are read from there"),
    };
    answers.source_url = questions.ask(url, args.source_url.as_ref(), |text| {
        validate(path, &Answers { source_url: text.trim().to_owned(), ..answers.clone() })
    })?;
    if kind == "query" {
        let query = Question {
            text: "SELECT with the columns id, title, published_at, url, body_html … (docs/query.md)",
            option: "--query",
            default: DefaultAnswer::Required("it selects the articles"),
        };
        answers.query = questions.ask(query, args.query.as_ref(), |text| {
            validate(path, &Answers { query: text.trim().to_owned(), ..answers.clone() })
        })?;
    }
    Ok(())
}

/// Asks for the user name and password for the relay.
fn ask_login(
    args: &InitArgs,
    path: &Path,
    questions: &Questions,
    answers: &mut Answers,
) -> anyhow::Result<()> {
    if answers.relay.starts_with("file:") {
        if args.relay_username.is_some() || args.relay_password_file.is_some() {
            let error = "--relay-username and --relay-password-file need --relay with an smtp URL";
            return Err(UsageError(error.to_owned()).into());
        }
        return Ok(());
    }
    let question = Question {
        text: "User name for the relay (empty for none)",
        option: "--relay-username",
        default: DefaultAnswer::LeftOut,
    };
    let username = questions.ask(question, args.relay_username.as_ref(), |_| Ok(()))?;
    if username.is_empty() {
        return Ok(());
    }
    answers.password = match &args.relay_password_file {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read --relay-password-file {}", file.display()))?
            .trim_end_matches(['\r', '\n'])
            .to_owned(),
        None => questions.password("Password for the relay")?,
    };
    answers.username = username;
    validate(path, answers).map_err(|reason| UsageError(reason).into())
}

/// Checks a configuration; the error is that of the key that a new answer sets.
fn validate(path: &Path, answers: &Answers) -> Result<(), String> {
    match Config::parse(path, &answers.render(), std::iter::empty()) {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            // The line and key of a file that does not exist yet would only confuse.
            let reason = first.split_once("`: ").or(first.split_once("]: "));
            Err(reason.map_or(first, |(_, reason)| reason).to_owned())
        }
    }
}

/// Returns the port of a URL on this machine, and otherwise that of a file without the key.
fn default_port(base_url: &str) -> String {
    let url = Url::parse(base_url).ok();
    let is_here = |url: &Url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.filter(is_here)
        .and_then(|url| url.port())
        .map_or_else(|| DEFAULT_PORT.to_owned(), |port| port.to_string())
}

/// Writes a file that only its owner may read, since it may contain passwords.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let create = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    create().with_context(|| format!("cannot write {}", path.display()))
}
