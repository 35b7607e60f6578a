//! World of a story: a database, a relay, the running program, and a user who can sign in.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;

use super::story::Tools;
use crate::server_process::ServerProcess;
use crate::smtp_server::{Script, SmtpServer};
use crate::support::Shell;

/// Name of the user of the stories, an administrator.
pub(super) const USER: &str = "lin";
/// Password of this user.
pub(super) const PASSWORD: &str = "Teekanne-am-Fluss";

/// Number of connections to the relay.
pub(super) const CONNECTIONS: usize = 2;

/// A running installation with its relay.
pub(super) struct Site {
    pub(super) tools: Tools,
    pub(super) shell: Shell,
    pub(super) relay: SmtpServer,
    pub(super) server: ServerProcess,
    pub(super) base_url: String,
}

/// Returns a port that no program uses. It is outside of the range from which the system chooses ports for
/// the other tests, because the config has to name it before the program listens.
fn free_port() -> u16 {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let port = 20_000 + (first + COUNT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn config(base_url: &str, relay: &SmtpServer, more: &str) -> String {
    format!(
        r#"[site]
title = "College News"
base_url = "{base_url}"
language = "en"
timezone = "UTC"
id_authority = "news.example.edu,2026"
postal_address = "1 College Road"
[database]
url = "sqlite://courant.db"
[server]
listen = "{listen}"
[[feeds]]
name = "news"
[[digests]]
name = "weekly"
title = "The week"
schedule = "0 8 1 1 *"
from = "College News <news@example.edu>"
[[transports]]
name = "default"
url = "smtp://{relay}"
connections = {CONNECTIONS}
{more}
"#,
        listen = base_url.trim_start_matches("http://"),
        relay = relay.address(),
    )
}

impl Site {
    /// Starts the program with further tables in its config, after `prepare` filled the database; returns
    /// `None` if the tools of the browser tests are missing.
    pub(super) async fn start(more: &str, prepare: impl FnOnce(&Shell)) -> Option<Self> {
        let tools = Tools::find()?;
        let (shell, relay) = (Shell::new(), SmtpServer::start(Script::new()).await);
        let base_url = format!("http://127.0.0.1:{}", free_port());
        shell.write("config.toml", config(&base_url, &relay, more));
        shell.write("password", PASSWORD);
        shell.run_ok(&["users", "add", USER, "--role", "admin", "--password-file", "password"]);
        prepare(&shell);
        let mut server = ServerProcess::start(&shell.path(""));
        server.wait_until_ready();
        Some(Self { tools, shell, relay, server, base_url })
    }

    /// Runs a command and returns its JSON.
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        self.shell.courant(&[arguments, &["--json"]].concat()).json()
    }

    /// Returns the changes of the user in the audit log, oldest first: each action with its kind of object.
    pub(super) fn audit(&self) -> Vec<String> {
        self.audit_of(USER)
    }

    /// Like [`Self::audit`], of another user.
    pub(super) fn audit_of(&self, user: &str) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = self.json(&["audit", "list"]);
        let entries = list.as_array().unwrap().iter().rev();
        entries
            .filter(|entry| entry["actor"]["name"] == user)
            .map(|entry| format!("{} {}", text(&entry["action"]), text(&entry["object"]["kind"])))
            .collect()
    }
}

/// The builtin source, to which `articles import` adds.
pub(super) const BUILTIN: &str = "[[sources]]\nname = \"college\"\nkind = \"builtin\"\n";

/// Adds this number of articles, published now.
pub(super) fn add_articles(shell: &Shell, number: usize) {
    let now = courant::clock::now().rfc3339();
    let article = |n| {
        serde_json::json!({"id": format!("a{n}"), "title": format!("Title of a{n}"),
            "url": format!("https://college.example/a{n}.html"), "body_html": format!("<p>Text of a{n}.</p>"),
            "section": if n % 2 == 0 { "Campus" } else { "Workshops" }, "author": "Mei Müller",
            "language": "en", "published_at": now})
        .to_string()
    };
    shell.write("articles.jsonl", (0..number).map(article).collect::<Vec<_>>().join("\n"));
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
}

/// Adds `r0@example.org` to `r(n-1)@example.org` as confirmed subscribers of the weekly digest.
pub(super) fn add_readers(shell: &Shell, number: usize) {
    let lines: String = (0..number).map(|n| format!("r{n}@example.org,Reader {n},en\n")).collect();
    shell.write("people.csv", format!("email,name,language\n{lines}"));
    let consent = ["--status", "confirmed", "--consent", "form of the open day"];
    let import = ["subscribers", "import", "people.csv", "--digest", "weekly"];
    shell.run_ok(&[&import[..], &consent].concat());
}
