//! `courant subscribers`: people, one by one and by file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::progress::Progress;
use super::{Usage, address, count, output};
use crate::app::App;
use crate::config::Digest;
use crate::digests::named;
use crate::domain::subscription::Asker;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::subscribers::{self, Person, export, import};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everybody, newest first
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<i64>,
    },
    /// One person: subscriptions, and the last 20 mails with the servers' answers
    Show {
        /// The address
        email: String,
    },
    /// Add one person
    Add(Add),
    /// End all subscriptions of a person
    Remove {
        /// The address
        email: String,
    },
    /// Import a CSV file with columns email, name, language, timezone, sections
    Import(Import),
    /// Write everybody as CSV to standard output
    Export {
        /// Only those with a subscription to this digest
        #[arg(long)]
        digest: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    /// You hold the owner's consent
    Confirmed,
    /// The owner is asked by mail
    Pending,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The address
    email: String,
    /// A digest, may be given several times; default: the only one
    #[arg(long)]
    digest: Vec<String>,
    /// Whether the owner is asked first
    #[arg(long, value_enum, default_value = "pending")]
    status: Status,
    /// The person's name
    #[arg(long)]
    name: Option<String>,
    /// Their language
    #[arg(long)]
    language: Option<String>,
    /// Their time zone
    #[arg(long)]
    timezone: Option<String>,
    /// A section, may be given several times; default: all
    #[arg(long)]
    section: Vec<String>,
    /// What they agreed to, and how you know
    #[arg(long)]
    consent: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file
    file: PathBuf,
    /// The digest
    #[arg(long)]
    digest: String,
    /// Whether the owners are asked first
    #[arg(long, value_enum, default_value = "pending")]
    status: Status,
    /// Our columns by the file's, as email=E-Mail,name=Name
    #[arg(long, value_delimiter = ',', value_name = "OURS=THEIRS")]
    map: Vec<String>,
    /// Check the file only
    #[arg(long)]
    dry_run: bool,
    /// Import the good lines although some are refused
    #[arg(long)]
    skip_bad: bool,
    /// What they agreed to, and how you know
    #[arg(long, value_name = "TEXT")]
    consent: Option<String>,
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await,
            Self::Show { email } => show(app, &email, json).await,
            Self::Add(add) => add.run(app).await,
            Self::Remove { email } => {
                let left = subscribers::remove(&app.store, &address(&email)?, app.now())
                    .await?
                    .ok_or_else(|| anyhow!("{email} is no subscriber"))?;
                output::line(&format!("{email} left {}", count(usize::try_from(left)?, "digest")))?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Import(import) => import.run(app).await,
            Self::Export { digest } => {
                if let Some(name) = &digest {
                    named(&app.config, name).map_err(|e| Usage(format!("{e:#}")))?;
                }
                export::export(&app.store, digest.as_deref(), std::io::stdout().lock()).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

async fn found(app: &App, email: &str) -> anyhow::Result<Subscriber> {
    app.store
        .find_subscriber(&address(email)?.key())
        .await?
        .ok_or_else(|| anyhow!("{email} is no subscriber"))
}

fn links(all: &[Subscription]) -> Vec<Value> {
    all.iter().map(|l| json!({"digest": l.digest, "status": l.status.word(), "sections": l.sections, "since": l.since.rfc3339()})).collect()
}

/// People read at a time.
const PAGE: i64 = 500;

async fn list(app: &App, limit: Option<i64>, json: bool) -> anyhow::Result<ExitCode> {
    let (mut rows, mut before, mut left) = (Vec::new(), i64::MAX, limit.unwrap_or(i64::MAX));
    let mut table = output::Table::new(&["address", "name", "language", "subscriptions"]);
    loop {
        let people = app.store.subscribers_before(before, left.min(PAGE)).await?;
        let Some(last) = people.last() else { break };
        before = last.id;
        left -= i64::try_from(people.len())?;
        let all =
            app.store.subscriptions_of(&people.iter().map(|p| p.id).collect::<Vec<_>>()).await?;
        for p in people {
            let own: Vec<Subscription> =
                all.iter().filter(|l| l.subscriber_id == p.id).cloned().collect();
            if json {
                rows.push(person(&p, &own));
            } else {
                let words: Vec<String> =
                    own.iter().map(|l| format!("{} {}", l.digest, l.status.word())).collect();
                table.row([
                    p.address,
                    p.name.unwrap_or_default(),
                    p.language.unwrap_or_default(),
                    words.join(", "),
                ]);
            }
        }
    }
    if json {
        output::json(&rows.into())?
    } else {
        table.print("there are no subscribers yet")?
    }
    Ok(ExitCode::SUCCESS)
}

fn person(p: &Subscriber, own: &[Subscription]) -> Value {
    json!({"email": p.address, "name": p.name, "language": p.language, "timezone": p.timezone, "tags": p.tags, "subscriptions": links(own)})
}

async fn show(app: &App, email: &str, json: bool) -> anyhow::Result<ExitCode> {
    let p = found(app, email).await?;
    let own = app.store.subscriptions_of(&[p.id]).await?;
    let mails = app.store.deliveries_to(p.id, 20).await?;
    if json {
        let mut value = person(&p, &own);
        value["deliveries"] = mails
            .iter()
            .map(|d| json!({"edition": d.edition_id, "kind": d.kind, "state": d.state, "attempts": d.attempts, "answer": d.answer}))
            .collect();
        output::json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!("{}  {}", p.address, p.name.as_deref().unwrap_or("")))?;
    for (what, value) in [("language", &p.language), ("timezone", &p.timezone)] {
        output::line(&format!("  {what}: {}", value.as_deref().unwrap_or("the site's")))?;
    }
    for l in &own {
        let sections =
            if l.sections.is_empty() { "all sections".into() } else { l.sections.join(", ") };
        let since = l.since.in_zone(&app.config.site.timezone);
        output::line(&format!(
            "  {}: {} since {since}, {sections}; {}",
            l.digest,
            l.status.word(),
            l.consent
        ))?;
    }
    for d in mails {
        let what = d.edition_id.map_or(d.kind, |e| format!("edition {e}"));
        output::line(&format!(
            "  {what}: {} after {} {}",
            d.state,
            count(usize::try_from(d.attempts)?, "attempt"),
            d.answer.unwrap_or_default()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Add {
    async fn run(self, app: &App) -> anyhow::Result<ExitCode> {
        let digests: Vec<&Digest> = match (self.digest.as_slice(), app.config.digests.as_slice()) {
            ([], [only]) => vec![only],
            ([], _) => return Err(Usage("say to which digest with --digest NAME".into()).into()),
            (names, _) => subscribers::digests_named(&app.config, names).map_err(Usage)?,
        };
        let confirmed = matches!(self.status, Status::Confirmed);
        let asker = if confirmed { Asker::AdminWithConsent } else { Asker::Admin };
        let consent =
            self.consent.unwrap_or_else(|| format!("added by an admin, {}", app.now().rfc3339()));
        let email = self.email.clone();
        let person = Person {
            email: self.email,
            name: self.name,
            language: self.language,
            timezone: self.timezone,
            sections: self.section,
        };
        let request = subscribers::request(&person, &digests, &consent, &app.instance.secret)
            .map_err(|why| anyhow!("{email}: {why}"))?;
        let done =
            subscribers::carry_out(&app.store, vec![request], &digests, asker, app.now()).await?;
        let r = done.first().copied().unwrap_or_default();
        if r.suppressed {
            return Err(anyhow!(
                "{email} is suppressed and is never mailed; `courant suppressions remove {email}` lifts that"
            ));
        }
        let said = [
            (r.confirmed, "confirmed"),
            (r.asked, "asked by mail to confirm"),
            (r.kept, "already there"),
            (r.left, "left before, and comes back only by their own confirmation on the page"),
        ];
        let said: Vec<String> = said
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{}: {what}", count(n, "digest")))
            .collect();
        output::line(&format!("{email}: {}", said.join("; ")))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Import {
    async fn run(self, app: &App) -> anyhow::Result<ExitCode> {
        let digest = named(&app.config, &self.digest).map_err(|e| Usage(format!("{e:#}")))?;
        let manner = import::Manner {
            confirmed: matches!(self.status, Status::Confirmed),
            map: mapping(&self.map)?,
            dry_run: self.dry_run,
            skip_bad: self.skip_bad,
            consent: self.consent.unwrap_or_default(),
        };
        let mut progress = Progress::new("lines", app.clock);
        let told = |done, total| progress.tell(done, total);
        let r = import::import(
            &app.store,
            &app.instance.secret,
            &self.file,
            digest,
            &manner,
            app.now(),
            told,
        )
        .await?;
        progress.finish();
        for (line, why) in &r.refused {
            output::remark(&format!("{}:{line}: {why}", self.file.display()));
        }
        let refused = count(r.refused.len(), "line");
        if manner.dry_run {
            output::line(&format!(
                "{} can be imported, {refused} refused; nothing was changed",
                count(r.good, "line")
            ))?;
            return Ok(if r.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        if !r.imported {
            output::complain(&format!(
                "nothing was imported, because {refused} can't be used; mend them, or use --skip-bad"
            ));
            return Ok(ExitCode::FAILURE);
        }
        output::line(&format!(
            "confirmed {}, asked {}, already there {}, left before {}, suppressed {}, refused {}",
            r.confirmed,
            r.asked,
            r.kept,
            r.left,
            r.suppressed,
            r.refused.len()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn mapping(pairs: &[String]) -> anyhow::Result<HashMap<String, String>> {
    let mut map = HashMap::new();
    for pair in pairs {
        let (ours, theirs) = pair
            .split_once('=')
            .ok_or_else(|| Usage(format!("--map {pair:?}: write it as email=E-Mail")))?;
        if !import::COLUMNS.contains(&ours) {
            return Err(Usage(format!(
                "--map: {ours:?} is no column of ours; there are: {}",
                import::COLUMNS.join(", ")
            ))
            .into());
        }
        map.insert(ours.to_owned(), theirs.to_owned());
    }
    Ok(map)
}
