//! The first minutes of a new user: `courant init` writes a configuration, and `courant check`
//! tries what it names.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::smtp_server::{Script, SmtpServer};
use crate::support::{Shell, Terminal};

/// Options that answer all required questions.
const ANSWERS: [&str; 6] = [
    "--title",
    "Harbour School",
    "--base-url",
    "https://news.harbour.school",
    "--from",
    "Harbour School <news@harbour.school>",
];

/// Returns a directory without a configuration.
fn empty_directory() -> Shell {
    let shell = Shell::new();
    fs::remove_file(shell.path("config.toml")).unwrap();
    shell
}

#[test]
fn options_answer_all_questions_and_the_new_configuration_works() {
    let shell = empty_directory();
    let output = shell.courant(&[&["init", "--timezone", "Europe/Lisbon"], &ANSWERS[..]].concat());
    assert_eq!(output.status, 0, "{output:?}");
    assert!(output.out.lines().all(|line| !line.starts_with("error")), "{output:?}");
    assert!(!output.out.contains("is an example"), "{output:?}");
    for step in ["courant serve", "courant users add NAME --role admin"] {
        assert!(output.err.contains(step), "the next steps are named: {output:?}");
    }
    let file = shell.path("config.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("timezone = \"Europe/Lisbon\""), "{text}");
    assert!(text.contains("id_authority = \"news.harbour.school,20"), "{text}");
    shell.write("articles.jsonl", "{\"id\":\"a\",\"title\":\"First\"}\n");
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    shell.run_ok(&["digests", "test", "weekly", "--to", "me@harbour.school"]);
    shell.run_ok(&["deliver"]);
    assert_eq!(shell.mails(), 1);
}

#[test]
fn the_title_of_the_first_digest_does_not_repeat_that_of_the_site() {
    for (language, title) in [("en", "Weekly digest"), ("zh", "每周文摘"), ("zh-TW", "每週文摘")]
    {
        let shell = empty_directory();
        let output = shell.courant(&[&["init", "--language", language], &ANSWERS[..]].concat());
        assert_eq!(output.status, 0, "{output:?}");
        let text = fs::read_to_string(shell.path("config.toml")).unwrap();
        assert!(text.contains(&format!("name = \"weekly\"\ntitle = \"{title}\"\n")), "{text}");
    }
}

#[test]
fn an_existing_configuration_is_never_replaced() {
    let shell = Shell::new();
    let before = fs::read(shell.path("config.toml")).unwrap();
    let output = shell.courant(&[&["init"], &ANSWERS[..]].concat());
    assert_eq!(output.status, 2);
    assert!(output.err.contains("config.toml already exists"), "{output:?}");
    assert_eq!(fs::read(shell.path("config.toml")).unwrap(), before);
}

#[test]
fn a_missing_or_invalid_answer_names_its_option_and_writes_nothing() {
    let shell = empty_directory();
    let complete = ["init", "--title", "T", "--base-url", "https://x.org", "--from", "a@b.org"];
    let cases: [(&[&str], &[&str], &str); 11] = [
        (&complete[..1], &[], "--title, --base-url, --from are missing"),
        (&complete[..5], &[], "--from is missing"),
        (
            &complete[..3],
            &["--base-url", "news.harbour.school", "--from", "a@b.org"],
            "--base-url: `news.harbour.school` is not a valid URL",
        ),
        (&complete[..5], &["--from", "nobody"], "--from: `nobody` is not a valid e-mail address"),
        (&complete, &["--source", "joomla"], "--source: unknown kind `joomla`; expected builtin"),
        (&complete, &["--source", "wordpress"], "--source-url is missing"),
        (&complete, &["--query", "SELECT 1"], "--query does not apply"),
        (&complete, &["--port", "http"], "--port: "),
        (&complete, &["--id-authority", "10.0.0.1,2026"], "--id-authority: `10.0.0.1` does not"),
        (
            &complete,
            &["--id-authority", "x.org,soon"],
            "--id-authority: `x.org,soon` is not a valid",
        ),
        (&complete, &["--timezone", "Mars/Base"], "--timezone: `Mars/Base`"),
    ];
    for (answers, others, part) in cases {
        let arguments = [answers, others].concat();
        let output = shell.courant(&arguments);
        assert_eq!(output.status, 2, "{arguments:?}: {output:?}");
        assert!(output.err.contains(part), "{arguments:?}: {output:?}");
        assert!(!shell.path("config.toml").exists());
    }
}

#[tokio::test]
async fn a_query_source_is_read_with_the_statement_that_was_given() {
    let shell = empty_directory();
    let database = shell.path("site.db");
    let create = "CREATE TABLE news (nr INTEGER, head TEXT, day TEXT);\
                  INSERT INTO news VALUES (7, 'Open \"day\"', '2026-11-20')";
    let options = SqliteConnectOptions::new().filename(&database).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let url = format!("sqlite://{}", database.display());
    let source = [
        "init",
        "--source",
        "query",
        "--source-url",
        &url,
        "--query",
        "SELECT nr AS id, head AS title, day AS published_at FROM news WHERE head <> 'it''s \"x\"'",
    ];
    let output = shell.courant(&[&source[..], &ANSWERS[..]].concat());
    assert_eq!(output.status, 0, "{output:?}");
    assert!(output.out.contains("source site: readable"), "{output:?}");
    assert!(output.out.contains("warn  source site: articles have no links; add"), "{output:?}");
    let check = ["sources", "check", "site"];
    assert!(shell.run_ok(&check).contains("set `article_url`"), "articles have no links");
    let synced = shell.run_ok(&["sources", "sync"]);
    assert_eq!(synced.matches("has a link").count(), 1, "{synced}");
    shell.replace("query = ", "article_url = \"https://harbour.school/{id}\"\nquery = ");
    assert!(!shell.run_ok(&check).contains("set `article_url`"));
    assert!(!shell.run_ok(&["check"]).contains("no links"));
    assert!(!shell.run_ok(&["sources", "sync"]).contains("has a link"));
    assert!(shell.run_ok(&["articles", "list"]).contains("Open \"day\""));
}

#[test]
fn a_person_on_a_terminal_is_asked_and_wrong_answers_are_explained() {
    let shell = empty_directory();
    let shown = Terminal::default().answer(
        &shell,
        &["init"],
        &[
            ("Name of the publisher", "Harbour School\r"),
            ("Public URL", "news.harbour.school\r"),
            ("is not a valid URL", "\u{15}https://news.harbour.school\r"),
            ("Port of the web server", "9090\r"),
            ("Language", "\r"),
            ("Where are your articles?", "\r"),
            ("Time zone", "Europe/Lisbon\r"),
            ("ids of articles", "\r"),
            ("Postal address", "\r"),
            ("Sender", "\r"),
            ("an answer is required: every digest names its sender", "news@harbour.school\r"),
            ("URL of the relay", "\r"),
        ],
    );
    assert!(shown.contains("postal_address is empty"), "check follows: {shown}");
    let text = fs::read_to_string(shell.path("config.toml")).unwrap();
    assert!(text.contains("base_url = \"https://news.harbour.school\""), "{text}");
    assert!(!text.contains("postal_address"), "{text}");
    assert!(text.contains("listen = \"127.0.0.1:9090\""), "{text}");
    assert!(shown.contains("serves feeds on 127.0.0.1:9090"), "{shown}");
}

#[test]
fn a_url_on_an_ip_address_needs_a_domain_or_an_address_for_the_ids() {
    let url = ["--base-url", "http://127.0.0.1:9191"];
    let shell = empty_directory();
    let shown = Terminal::default().answer(
        &shell,
        &[&["init", "--title", "T"], &url[..]].concat(),
        &[
            ("Port of the web server", "\r"),
            ("Language", "\r"),
            ("Where are your articles?", "\r"),
            ("Time zone", "UTC\r"),
            ("A domain or e-mail address of yours", "\r"),
            ("an answer is required: the ids of articles begin with it", "127.0.0.1\r"),
            ("does not belong to one publisher", "\u{15}ann@harbour.school\r"),
            ("Postal address", "\r"),
            ("Sender", "ann@harbour.school\r"),
            ("URL of the relay", "\r"),
        ],
    );
    let text = fs::read_to_string(shell.path("config.toml")).unwrap();
    assert!(text.contains("id_authority = \"ann@harbour.school,20"), "{text}\n{shown}");
    assert!(text.contains("listen = \"127.0.0.1:9191\""), "{text}");
    let shell = empty_directory();
    let output = shell.courant(&[&["init", "--title", "T", "--from", "t@x"], &url[..]].concat());
    assert_eq!(output.status, 2, "{output:?}");
    assert!(output.err.contains("--id-authority is missing"), "{output:?}");
    let sender = ["init", "--title", "T", "--from", "t@mail.harbour.school"];
    let output = shell.courant(&[&sender[..], &url].concat());
    assert_eq!(output.status, 0, "{output:?}");
    let text = fs::read_to_string(shell.path("config.toml")).unwrap();
    assert!(text.contains("id_authority = \"mail.harbour.school,20"), "{text}");
}

/// Replaces the outbox of the example by a relay with a login.
fn with_relay(url: &str) -> Shell {
    let shell = Shell::with(
        "url = \"file://outbox\"",
        &format!("url = \"{url}\"\nusername = \"ann\"\npassword = \"sesame\""),
    );
    shell.run_ok(&["migrate"]);
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn check_logs_in_to_the_relay_and_offline_leaves_that_out() {
    let server = SmtpServer::start(Script::new().login("ann", "sesame")).await;
    let shell = with_relay(&format!("smtp://{}", server.address()));
    let output = shell.courant(&["check"]);
    assert_eq!(output.status, 0, "{output:?}");
    assert!(
        output.out.contains("accepts connections (without TLS) and the login of ann"),
        "{output:?}"
    );
    server.set_script(Script::new().login("ann", "another"));
    let output = shell.courant(&["check"]);
    assert_eq!(output.status, 1, "{output:?}");
    assert!(output.out.contains("rejected the user name or password: 535"), "{output:?}");
    assert!(!output.out.contains("sesame"));
    assert_eq!(shell.courant(&["check", "--offline"]).status, 0);
}

#[test]
fn a_relay_that_is_down_is_a_warning_because_messages_wait_for_it() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shell = with_relay(&format!("smtp://127.0.0.1:{port}"));
    let output = shell.courant(&["check"]);
    assert_eq!(output.status, 0, "{output:?}");
    let warning = output.out.lines().find(|line| line.starts_with("warn  transport default:"));
    assert!(warning.is_some_and(|line| line.contains("cannot reach the relay")), "{output:?}");
}

#[test]
fn check_names_every_value_that_was_left_from_the_shipped_configuration() {
    let shell = empty_directory();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    fs::copy(shipped, shell.path("config.toml")).unwrap();
    let output = shell.courant(&["check"]);
    assert_eq!(output.status, 0, "{output:?}");
    for part in [
        "site.title",
        "site.base_url",
        "site.id_authority",
        "site.postal_address",
        "digest weekly: from",
    ] {
        let warned = |line: &&str| line.starts_with("warn") && line.contains(part);
        assert!(
            output.out.lines().any(|line| warned(&line) && line.contains("example")),
            "{part}: {output:?}"
        );
    }
}

#[test]
fn check_warns_of_a_subscription_page_with_more_than_15_sections() {
    let shell = Shell::new();
    let publish = |sections: usize| {
        let line = |n| format!("{{\"id\":\"{n}\",\"title\":\"T\",\"section\":\"Section {n}\"}}\n");
        shell.write("articles.jsonl", (0..sections).map(line).collect::<String>());
        shell.run_ok(&["articles", "import", "articles.jsonl"]);
        shell.run_ok(&["check"])
    };
    assert!(!publish(15).contains("sections"));
    let warned = publish(16);
    let warning = warned.lines().find(|line| line.contains("offers 16 sections"));
    assert!(
        warning.is_some_and(|line| line.starts_with("warn") && line.contains("`offer_sections`")),
        "{warned}"
    );
    let offer = "name = \"weekly\"\noffer_sections = [\"Section 1\", \"Section 2\"]";
    shell.replace("name = \"weekly\"", offer);
    assert!(!shell.run_ok(&["check"]).contains("sections"));
}
